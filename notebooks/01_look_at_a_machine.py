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
# # Look at a machine
#
# Start a plant first: `sh run demo --state-dir /tmp/forewarn-demo`. It prints its address; the token for programs is
# the file `api-token` in that folder. Then tell this notebook, in the shell that starts it:
#
# ```
# export FOREWARN_URL=http://127.0.0.1:8080 FOREWARN_TOKEN_FILE=/tmp/forewarn-demo/api-token
# ```

# %%
import os

import pandas as pd

from forewarn.api.client import Client

client = Client(
    os.environ.get("FOREWARN_URL", "http://127.0.0.1:8080"),
    token_file=os.environ.get("FOREWARN_TOKEN_FILE", "/tmp/forewarn-demo/api-token"),
)

# %% [markdown]
# ## Which machine?
# Health is 100 as new and 0 at the failure level; an anomaly of 0.5 is the limit. Remaining life is in operating hours.

# %%
fleet = client.assets().sort_values("health", na_position="last")
fleet[["name", "state", "health", "anomaly", "fault_label", "rul_p10_h", "rul_p50_h", "rul_p90_h"]]

# %%
worst = str(fleet.index[0])
machine = client.asset(worst)
pd.DataFrame(machine["contributions"], columns=["feature", "share", "value", "baseline", "unit"])

# %% [markdown]
# ## What pulls its score, day by day
# Without an anomaly the first slow signal is shown.

# %%
slow = [s["name"] for s in machine["signals"] if s["kind"] == "scalar"]
pulling = [c["feature"] for c in machine["contributions"]] or slow
trend = client.trend(worst, pulling[0], hours=24 * 30)
daily = trend["value"].resample("D").agg(["count", "median", "max"])
print(pulling[0], "in", trend.attrs["unit"])
daily

# %% [markdown]
# ## How the judgement developed

# %%
assessments = client.assessments(worst)
assessments.tail(10)

# %% [markdown]
# ## Two other methods look at the same readings

# %%
opinion = client.second_opinion(worst)
print("outside of the baseline:", opinion["isolation"])
pd.DataFrame(opinion["trends"])

# %% [markdown]
# ## Its orders
# `client.act(number, "APPR", note="...")` approves one.

# %%
client.orders(asset=worst)

# %%
client.close()
