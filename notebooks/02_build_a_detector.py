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
# # 2. Build and judge a detector
#
# A detector learns what is usual and says of each row how strange it is. The rate of false alarms is not its business:
# calibration sets it. Here two of the shelf are tried on one machine, and then one is written by hand.

# %%
import numpy as np
import pandas as pd
from rich.progress import track
from sandbox import state_folder

from forewarn.api.frames import of_state
from forewarn.core.errors import NotReady
from forewarn.models.detectors.calibration import calibrate
from forewarn.models.detectors.table import DETECTORS
from forewarn.pipeline.frames import window_of

frames = of_state(state_folder())
list(DETECTORS)

# %% [markdown]
# ## The window: what is judged, and in which regime
# Load, speed and ambient are imposed by the plant. A detector takes out what they explain, and does not judge a regime
# that it has not seen.

# %%
VALUES, REGIME = ["temperature_winding", "temperature_de", "current", "velocity_rms"], ["load", "ambient"]


def machine(asset: str):
    table = frames.telemetry(asset, [*VALUES, *REGIME])
    return window_of(table[table["load"] > 20], VALUES, REGIME)


window = machine("pump-02")
past, later = window.rows(slice(0, 24 * 12)), window.rows(slice(24 * 12, None))
len(past), len(later)

# %% [markdown]
# ## Set a rate, look what the past supports
# One false alarm a year for this machine. A short past cannot prove rare things: it says what it can do.

# %%
RATE = 1.0
judged = {}
for name in track(["principal_components", "cross_prediction", "ewma"], description="learning"):
    try:
        judged[name] = calibrate(DETECTORS[name], past, RATE)
        print(name, "-", judged[name].support.says(RATE))
    except (NotReady, KeyError) as error:
        print(name, "-", error)

# %%
scores = pd.DataFrame(
    {name: known.score(later) for name, known in judged.items()}, index=pd.to_datetime(later.at, unit="us", utc=True)
)
scores.plot(figsize=(10, 4), title="anomaly score (0.5 = at the limit)", ylim=(0, 1)).axhline(0.5, color="red")

# %% [markdown]
# ## How often does it alarm on every machine, and where?
# The orders say what was really wrong, see notebook 4. Here: alarm events (alarms less than a day apart are one).

# %%
rows = []
for asset in track(list(frames.assets().index), description="judging every machine"):
    whole = machine(asset)
    first, rest = whole.rows(slice(0, 24 * 12)), whole.rows(slice(24 * 12, None))
    for name in judged:
        try:
            alarm = calibrate(DETECTORS[name], first, RATE).alarm(rest)
        except NotReady as error:
            rows.append((asset, name, np.nan, str(error)))
            continue
        begins = np.flatnonzero(np.diff(alarm.astype(int), prepend=0) == 1)
        rows.append(
            (asset, name, len(begins), str(pd.to_datetime(rest.at[begins[0]], unit="us")) if len(begins) else "")
        )
pd.DataFrame(rows, columns=["asset", "detector", "events", "first"]).pivot(
    index="asset", columns="detector", values="events"
)

# %% [markdown]
# ## One of your own
# A frozen dataclass with `name` and `learn`; what it learns has `strangeness`. That is the whole contract, and
# `tests/models/detectors` has the suite that every detector must pass before it goes live.

# %%
from dataclasses import dataclass

from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.contract import Strangeness


@dataclass(frozen=True)
class Furthest:
    """Distance of the column that is furthest from its median, in robust deviations."""

    name: str = "furthest"

    def learn(self, past: Window) -> "LearntFurthest":
        if len(past) < 50:
            raise NotReady(f"{len(past)} of 50 rows")
        middle = np.nanmedian(past.values, axis=0)
        return LearntFurthest(middle, 1.4826 * np.nanmedian(np.abs(past.values - middle), axis=0) + 1e-9)


@dataclass(frozen=True)
class LearntFurthest:
    middle: Floats
    spread: Floats

    def strangeness(self, window: Window) -> Strangeness:
        z = np.nan_to_num(np.abs(window.values - self.middle) / self.spread)
        total = z.sum(axis=1, keepdims=True)
        return Strangeness(z.max(axis=1), z / np.where(total > 0, total, 1.0))


own = calibrate(Furthest(), past, RATE)
print(own.support.says(RATE))
pd.Series(own.score(later), index=scores.index).plot(figsize=(10, 3), title="a detector of one's own", ylim=(0, 1))
