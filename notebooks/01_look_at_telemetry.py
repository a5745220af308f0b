# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     name: python3
#     display_name: Python 3
# ---

# %% [markdown]
# # 1. Look at a plant's telemetry
#
# Which machines are there, what do they send, what did the system make of it? The same tables come from three places:
# the state folder on this machine (here), an InfluxDB (`forewarn.api.frames.of_influx`), and a running server
# (`forewarn.api.client.Client`, with the token in the file `api-token`).
#
# Without `FOREWARN_STATE` a sandbox is made first: a simulated works with a past of three months.

# %%
from sandbox import state_folder

from forewarn.api.frames import of_state

folder = state_folder()
frames = of_state(folder)
frames.assets()

# %% [markdown]
# ## What does a machine send?
# Values are in canonical units. A waveform signal has features, computed when it arrived by the same code as below.

# %%
asset = "pump-02"
frames.signals(asset)

# %% [markdown]
# ## Two weeks of it, with load and ambient beside
# Readings that the quality rules doubt are left out; `doubtful=True` brings them back.

# %%
slow = frames.telemetry(asset, ["temperature_winding", "flow", "load", "ambient"])
print(slow.attrs["units"])
last = slow[slow.index > slow.index[-1] - slow.index.to_series().diff().median() * 24 * 14]
axes = last.plot(
    subplots=True, figsize=(10, 7), title=[f"{c} ({slow.attrs['units'][c]})" for c in last.columns], legend=False
)
slow.resample("D").agg(["mean", "min", "max"]).tail(5)

# %% [markdown]
# ## Where are the gaps?
# The longest pauses between readings of a signal. A machine that stands may also send nothing.

# %%
import pandas as pd

flow = slow["flow"].dropna()
pauses = flow.index.to_series().diff().sort_values(ascending=False).head(5)
pd.DataFrame({"pause": pauses, "share of time known": len(flow) / len(slow)})

# %% [markdown]
# ## Features of the waveforms over the months
# Velocity in the band of ISO 20816, the high band where a bearing speaks first, and the tone of its outer race.

# %%
features = ["vib_de:velocity_rms", "vib_de:band_2000_4000", "vib_de:tone_bpfo"]
vibration = frames.telemetry(asset, features)
units = vibration.attrs["units"]
vibration.plot(subplots=True, figsize=(10, 6), title=[f"{c} ({units[c]})" for c in vibration.columns], legend=False)

# %% [markdown]
# ## From samples to features by hand
# The functions that the stream uses are plain functions of samples and a sample rate.

# %%
import numpy as np

from forewarn.models.features.vibration import waveform_features

t = np.arange(8192) / 12_800
sine = (10.0 * np.sin(2 * np.pi * 100.0 * t)).astype(np.float32)
waveform_features(sine, 12_800.0, None, None)
