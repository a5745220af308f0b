"""Everything about models that the interface offers: versions, promotion, what-if jobs, drift, retraining."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from forewarn.api.model_jobs import Job, Jobs
from forewarn.api.whatif_reports import WhatIfReports
from forewarn.core.errors import Rejected
from forewarn.core.model_cards import ModelEntry, Stage
from forewarn.core.plant import Asset
from forewarn.core.ports import Actor
from forewarn.core.retraining import RetrainingTask
from forewarn.maintenance.registry.retraining import RetrainingBook
from forewarn.models.registry.registry import Registry
from forewarn.pipeline.drift_watch import DriftReport, trained_again
from forewarn.pipeline.promotion import known_entry, promote
from forewarn.pipeline.scorecard import Costs
from forewarn.pipeline.text_in_use import TrainedText
from forewarn.pipeline.training_set import Progress
from forewarn.pipeline.versions_in_use import VersionsInUse
from forewarn.pipeline.whatif_run import WhatIfRequest

Cancelled = Callable[[], bool]
RunWhatIf = Callable[[WhatIfRequest, Progress, Cancelled], str]
"""Runs it and keeps the report; its SHA-256."""

RunTrain = Callable[[ModelEntry, Progress, Cancelled], str]
"""Trains a name anew as its entry was trained; the name of the waiting version (`TakeIn`)."""

TakeIn = Callable[[str, Actor, int], ModelEntry]
"""(waiting version, actor, at_us) -> registers a version that another process has trained."""


@dataclass(slots=True)
class ModelsDesk:
    """Shared by the routes of one main process. `set_rate`: false alarms an asset may cost in a year."""

    registry: Registry
    reports: WhatIfReports
    retraining: RetrainingBook
    run_what_if: RunWhatIf
    run_train: RunTrain
    take_in: TakeIn
    set_rate: float
    costs: Costs | None = None
    jobs: Jobs = field(default_factory=Jobs)
    drift: tuple[DriftReport, ...] = ()
    looked_at_us: int | None = None
    in_use: VersionsInUse = field(init=False)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.in_use = VersionsInUse(self.registry)

    def reader(self, asset: Asset, now_us: int) -> TrainedText | None:
        """The champion that reads texts about a machine; None where there is none, or it cannot be used."""
        with self.turn:
            found = self.in_use.of_task("text", asset.asset_class, now_us)
        return found if isinstance(found, TrainedText) else None

    def what_if(self, request: WhatIfRequest, now_us: int) -> Job:
        """Queue a what-if run."""

        def work(progress: Progress, cancelled: Cancelled) -> dict[str, Any]:
            return {"report": self.run_what_if(request, progress, cancelled)}

        return self.jobs.add("whatif", work, now_us)

    def train_again(self, task: RetrainingTask, actor: Actor, now_us: Callable[[], int]) -> Job:
        """Queue a training for a retraining task: the newest version of its model, with all that is known by now.

        Raises Rejected for a task of the models that ship: these are not trained."""
        entries = self.registry.book.entries(task.model, limit=1)
        if not entries:
            raise Rejected("not_trained", f"{task.model} is not trained here: look at its settings and at the plant")

        def work(progress: Progress, cancelled: Cancelled) -> dict[str, Any]:
            entry = self.register(self.run_train(entries[0], progress, cancelled), actor, now_us())
            return {"trained": f"{entry.name}:{entry.version}"}

        return self.jobs.add("train", work, now_us())

    def register(self, incoming: str, actor: Actor, at_us: int) -> ModelEntry:
        """Take a waiting version in, and close the task that asked for it."""
        entry = self.take_in(incoming, actor, at_us)
        trained_again(self.retraining, entry.card, at_us)
        return entry

    def promote(
        self, name: str, version: int, actor: Actor, at_us: int, revision: int, report_sha256: str | None, forced: str
    ) -> ModelEntry:
        """See `pipeline.promotion.promote`."""
        return promote(self.registry, self.reports, name, version, actor, at_us, revision, report_sha256, forced)

    def move(self, name: str, version: int, stage: Stage, actor: Actor, at_us: int, revision: int) -> ModelEntry:
        """Into the shadow, back among the candidates, or into retirement. Raises Conflict where that is no step."""
        known_entry(self.registry, name, version)
        return self.registry.book.move(name, version, stage, actor, revision, at_us)

    def noted(self, reports: tuple[DriftReport, ...], at_us: int) -> None:
        """What the drift watch found at its newest look."""
        self.drift, self.looked_at_us = reports, at_us

    def close(self) -> None:
        """End its jobs."""
        self.jobs.close()
