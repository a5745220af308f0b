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
# # 4. Learn from closed orders
#
# Who completes an order says whether the fault was confirmed, partly, or not found. That is a label, and "no fault
# found" is one as good as any. Here: the labels of a plant, the scorecard made of them, what they taught the diagnosis,
# and what texts of work orders say.

# %%
import pandas as pd
from rich.progress import Progress
from sandbox import settings_of_notebooks

from forewarn.api import model_tools
from forewarn.core.clock import US_PER_DAY
from forewarn.models.diagnosis.taught import what_taught
from forewarn.pipeline.labels import labels_from
from forewarn.pipeline.scorecard import scorecard_of

settings = settings_of_notebooks()
with model_tools.opened(settings) as tools:
    orders = tools.archive.orders.orders(evidence=False, limit=1000)
    now_us = max(order.updated_at_us for order in orders) + 1
    labels = labels_from(tools.archive.orders, tools.archive.plant, now_us)
pd.DataFrame(
    {"number": o.number, "asset": o.asset, "kind": o.kind.value, "status": o.status.value, "priority": o.priority}
    for o in orders
).set_index("number")

# %% [markdown]
# ## Labels
# A label counts from the moment when it was told: a training set of last month does not know it.

# %%
pd.DataFrame(
    {
        "order": label.number, "asset": label.asset, "advised": str(label.fault),
        "its probability": label.probability,
        "finding": label.finding.value, "found": str(label.fault_found or ""),
        "told": pd.to_datetime(label.completed_at_us, unit="us", utc=True),
    }
    for label in labels
)  # fmt: skip

# %% [markdown]
# ## The scorecard
# Every share stands with its interval: with few orders it is wide, and says so.

# %%
with model_tools.opened(settings) as tools:
    card = scorecard_of(
        tools.archive.orders, tools.archive.plant, now_us - 365 * US_PER_DAY, now_us,
        tools.assessments.watched_since().get, settings.scoring.false_alarms_per_asset_year,
    )  # fmt: skip


def share(told):
    return None if told.value is None else f"{told.value:.0%} ({told.low:.0%} to {told.high:.0%})"


def row(score):
    rate = score.false_alarms_per_year
    return {
        "of": score.of or "all", "orders": score.orders, "right": share(score.precision),
        "failures announced": share(score.recall), "warning (days)": score.warning_days.value,
        "false alarms per asset-year": rate.value, "set": score.set_rate, "asset-years": round(score.asset_years, 1),
    }  # fmt: skip


pd.DataFrame([row(card.total), *(row(score) for score in card.by_class)]).set_index("of")

# %% [markdown]
# ## What did the findings teach the diagnosis?
# Each order is left out once: the physics alone against the physics with what the others taught. Zero labels give
# exactly the physics.

# %%
with Progress() as progress:
    progress.add_task("leaving one machine out after the other", total=None)
    taught = what_taught(labels)
print(taught.sentence)
pd.DataFrame(taught.factors, columns=["class", "mechanism", "odds times"]).sort_values("odds times", ascending=False)

# %% [markdown]
# ## Texts
# A table of words reads the texts of old orders without training: the ISO 14224 failure mode, or that it cannot tell.

# %%
from forewarn.models.diagnosis.symptoms import failure_modes, suggested_fault

pump = tools.archive.plant.asset("pump-02")
texts = ["o/h motor winding burnt", "brg noisy DE", "seal leaking at gland", "replace blown fuse", "inspect"]
pd.DataFrame(
    {
        "text": text,
        "failure modes": ", ".join(failure_modes(text)),
        "fault of pump-02": str(suggested_fault(text, pump)),
    }
    for text in texts
)
