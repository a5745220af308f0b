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
# # 3. Train and judge a remaining-life model
#
# On NASA's C-MAPSS engines, run to failure. Name the folder of the publisher's files in `FOREWARN_CMAPSS`; set
# `DOWNLOAD = True` to have them fetched from the publisher into that folder. Without either the notebook makes a fleet
# of its own by a law of wear, so that every cell can be run; its figures say nothing of real engines.

# %%
import os
from pathlib import Path

import numpy as np
import pandas as pd
from rich.progress import track

from forewarn.models.life.contract import Life
from forewarn.pipeline.recorded_fleets import cmapss

DOWNLOAD = False
folder = os.environ.get("FOREWARN_CMAPSS")


def made_fleet(engines: int, seed: int = 0) -> list[Life]:
    """Lives of 80 to 160 cycles with three noisy columns that bend towards the end."""
    rng, lives = np.random.default_rng(seed), []
    for number in range(engines):
        cycles = int(rng.integers(80, 160))
        share = np.arange(1, cycles + 1) / cycles
        bend = np.expm1(4 * share)[:, None] / np.expm1(4) * np.array([4.0, -3.0, 2.0])
        values = rng.normal(size=3) * 0.3 + bend + rng.normal(size=(cycles, 3)) * 0.4
        lives.append(Life(f"made-{number}", np.arange(1.0, cycles + 1), ("a", "b", "c"), values, True))
    return lives


engines = list(cmapss(Path(folder), "FD001", DOWNLOAD).train) if folder else made_fleet(20)
print(f"{len(engines)} engines,", "C-MAPSS FD001" if folder else "made up by a formula")
pd.DataFrame({"cycles to failure": [life.age[-1] for life in engines]}).describe().T

# %% [markdown]
# ## Split by engine
# Rows of one engine resemble one another: who has seen half of a life has seen its end coming. So whole engines are
# held out. (By time as well, where the fleet has a calendar: `forewarn.models.training.splits`.)

# %%
taught = min(40, len(engines) - 5)
teach, ask = engines[:taught], engines[taught : taught + 10]
teach[0].names

# %% [markdown]
# ## A column that knows the answer is refused
# "Days until the next PM" counts down to the repair that ends the record. A model with it looks brilliant and is worth
# nothing.

# %%
from dataclasses import replace

from forewarn.core.errors import Rejected
from forewarn.models.life.table import LIFE_MODELS

leaky = [
    replace(life, names=(*life.names, "until_pm"), values=np.column_stack([life.values, life.remaining]))
    for life in teach
]
try:
    LIFE_MODELS["boosted"].learn(leaky)
except Rejected as refused:
    print(refused)

# %% [markdown]
# ## Learn
# Each model says quantiles, never one number. `weibull` knows the age alone: what signals must beat.

# %%
learnt = {}
for name in track(["weibull", "similarity", "boosted"], description="learning"):
    if name in LIFE_MODELS:
        learnt[name] = LIFE_MODELS[name].learn(teach, seed=0)
sorted(learnt)

# %% [markdown]
# ## Judge, at ten moments of each held-out life
# The loss is twice the mean pinball loss over the levels (low is good); an 80 % interval should hold about 80 %.

# %%
from forewarn.models.life.conformal import coverage

moments = [(life, row) for life in ask for row in np.linspace(30, len(life.age) - 2, 10).astype(int)]
left = np.array([life.remaining[row] for life, row in moments])
rows = []
for name, prognosis in track(learnt.items(), description="judging"):
    told = prognosis.forecast([life.until(row) for life, row in moments])
    low, middle, high = (told.at(level) for level in (0.1, 0.5, 0.9))
    known = np.isfinite(middle)
    miss = left[known, None] - told.left[known]
    loss = 2 * np.maximum(told.levels * miss, (told.levels - 1) * miss).mean()
    near = known & (left <= 60)
    rows.append(
        {
            "model": name, "told": known.sum(), "loss (cycles)": loss,
            "RMSE (cycles)": np.sqrt(np.mean((middle - left)[known] ** 2)),
            "in 80 %": coverage(low[known], high[known], left[known]),
            "in 80 %, near the end": coverage(low[near], high[near], left[near]) if near.any() else np.nan,
            "width near the end": (high - low)[near].mean() if near.any() else np.nan,
        }
    )  # fmt: skip
pd.DataFrame(rows).set_index("model").round(2)

# %% [markdown]
# ## One life, as it went on
# The band is P10 to P90 of what was said when only the past was known; the line is the truth.

# %%
best = min(rows, key=lambda row: row["loss (cycles)"])["model"]
life = ask[0]
seen = np.arange(30, len(life.age), 5)
told = learnt[best].forecast([life.until(int(row)) for row in seen])
story = pd.DataFrame(
    {f"P{round(100 * level)}": told.at(level) for level in (0.1, 0.5, 0.9)} | {"truth": life.remaining[seen]},
    index=pd.Index(life.age[seen], name="age (cycles)"),
)
axes = story.plot(figsize=(10, 4), title=f"{best}: remaining life of one engine (cycles)")
axes.fill_between(story.index, story["P10"], story["P90"], alpha=0.2)

# %% [markdown]
# ## On your own plant
# `forewarn train NAME --task life --kind boosted --class "centrifugal pump"` does the same with the lives that closed
# orders tell, point in time, and puts the version on the shelf: see notebook 5.
