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
# # 5. What if, and promote
#
# Before anything changes, it is run over history: which orders would have been opened, which not, which earlier, and
# what the findings say of it. Then a model of one's own is trained, put on the shelf, tried in the same way, and
# promoted with the report that it rests on. The same from a shell: `forewarn whatif`, `train`, `evaluate`, `compare`,
# `promote`.

# %%
import shutil
import tempfile
from pathlib import Path

import pandas as pd
from rich.progress import Progress
from sandbox import settings_of_notebooks

from forewarn.api import model_tools
from forewarn.core.clock import US_PER_DAY
from forewarn.pipeline.whatif_run import WhatIfRequest, what_if

# a copy, so that a promotion here changes nothing in the folder itself
original = settings_of_notebooks()
copy = Path(tempfile.mkdtemp(prefix="forewarn-")) / "state"
shutil.copytree(original.state_dir, copy)
settings = original.model_copy(update={"state_dir": copy, "plant": copy / "plant.yaml"})

# %% [markdown]
# ## Another rate of false alarms
# Today an asset may cost 0.1 false alarms a year. What would 2 a year have brought?

# %%
with model_tools.opened(settings) as tools, Progress() as progress:
    now_us = max(order.updated_at_us for order in tools.archive.orders.orders(evidence=False, limit=1000)) + 1
    bar = progress.add_task("replaying", total=1.0)

    def shown(share, what):
        progress.update(bar, completed=share, description=what)

    request = WhatIfRequest(now_us - 30 * US_PER_DAY, now_us, every_h=24.0, false_alarms=2.0)
    report = what_if(tools.archive, tools.today, request, progress=shown)
    kept = tools.reports.put(report)
print("report", kept[:12])


def verdicts(run):
    return {
        "orders": run.orders,
        "confirmed": run.confirmed,
        "for nothing": run.false,
        "missed": run.missed,
        "nobody looked": run.unknown,
    }


pd.DataFrame({"today": verdicts(report.before), "2 a year": verdicts(report.after), "really": verdicts(report.real)})

# %%
pd.DataFrame(
    {"asset": c.asset, "change": c.what, "hours": c.moved_h, "fault": (c.after or c.before).fault}
    for c in report.changes
)

# %% [markdown]
# ## Train a version
# Lives begin at a repair and end with a failure, or, as here, also with a confirmed repair. Only what was known at each
# moment teaches. Too little data is refused with every reason.

# %%
from forewarn.core.errors import ForewarnError
from forewarn.pipeline.training import TrainRequest, train
from forewarn.pipeline.training_set import SetRequest

with model_tools.opened(settings) as tools:
    classes = sorted({asset.asset_class for asset in tools.archive.plant.assets})
    entries = []
    for asset_class in classes:
        data = SetRequest(asset_class, now_us, every_h=24.0, ends="confirmed")
        try:
            done = train(tools.archive, TrainRequest("age-only", "life", "weibull", data), now_us)
        except ForewarnError as error:
            print(f"{asset_class}: {error}")
            continue
        entry = tools.registry.register(done.model, done.card, model_tools.CONSOLE, now_us)
        entries.append(entry)
        print(f"{asset_class}: version {entry.version}, {done.card.rows} rows of {done.card.assets} machines")
        print(dict(done.card.metrics))
        break

# %% [markdown]
# ## The card
# What taught it, how well it did on machines that did not, and what it must not be used for.

# %%
if entries:
    card = entries[0].card
    print(card.limits)
    pd.Series(
        {"data": card.data_digest[:16], "rows": card.rows, "assets": card.assets, "stage": entries[0].stage.value}
        | dict(card.metrics)
    )

# %% [markdown]
# ## Try it over history, then promote it
# A promotion without a report is refused; with `forced="reason"` it goes, and the reason stands in the record.

# %%
from forewarn.pipeline.promotion import promote

if entries:
    version = f"{entries[0].name}:{entries[0].version}"
    with model_tools.opened(settings) as tools:
        try:
            promote(tools.registry, tools.reports, entries[0].name, entries[0].version, model_tools.CONSOLE, now_us)
        except ForewarnError as error:
            print("refused:", error)
        request = WhatIfRequest(
            now_us - 20 * US_PER_DAY, now_us, model=version, asset_class=entries[0].card.schema.asset_class
        )
        tried = what_if(tools.archive, tools.today, request, voices=model_tools.voices_with(tools, version))
        tools.reports.put(tried)
        champion = promote(
            tools.registry, tools.reports, entries[0].name, entries[0].version, model_tools.CONSOLE, now_us
        )
        print(version, "is", champion.stage.value, "and rests on", champion.report_sha256[:12])
        record = tools.registry.book.history(entries[0].name)
    pd.DataFrame(record)[["action", "actor"]]
