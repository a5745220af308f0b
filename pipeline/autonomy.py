"""Measures how right Forewarn was for each class of machines, and lets its level follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from forewarn.core.autonomy import Measured, Standing
from forewarn.core.labels import Finding, Label
from forewarn.core.plant import Plant
from forewarn.core.ports import OrderBook
from forewarn.maintenance.advice import AdviceSettings
from forewarn.models.training.intervals import wilson
from forewarn.pipeline.labels import labels_from

log = structlog.get_logger(__name__)

USUAL_WEIGHT = 5.0


class Ladder(Protocol):
    """Where levels are kept (`maintenance.autonomy.book.AutonomyBook`)."""

    def measure(self, of: str, measured: Measuring, at_us: int) -> Standing | None:
        """One rung up or down, or None."""
        ...

    def end_stale(self, now_us: int) -> int:
        """Held advices that were not given again end."""
        ...


class Measuring(Protocol):
    """Counts the findings told from a moment on."""

    def __call__(self, since_us: int, /) -> Measured:
        """The precision since then."""
        ...


def measured(labels: Sequence[Label], asset_class: str, since_us: int) -> Measured:
    """Precision of a class by the findings told from a moment on, as the scorecard counts it: partly right is right.

    >>> measured((), "pump", 0)
    Measured(right=0, judged=0, low=None, high=None)
    """
    mine = [label for label in labels if label.asset_class == asset_class and label.completed_at_us >= since_us]
    right = sum(label.finding is not Finding.NOT_FOUND for label in mine)
    share = wilson(right, len(mine))
    return Measured(right, len(mine), share.low, share.high)


class Precision:
    """How often an advice on a class is right, as it was measured last; while findings are few drawn to the usual
    share, which counts as much as `USUAL_WEIGHT` of them. Advice weighs waiting against acting by it."""

    def __init__(self, usual: AdviceSettings | None = None) -> None:
        self._usual = usual or AdviceSettings()
        self._by_class: dict[str, AdviceSettings] = {}

    def learn(self, labels: Sequence[Label]) -> None:
        """From every finding there is.

        >>> told = Precision()
        >>> told.learn([])
        >>> told.settings_for("pump").real_share
        0.8
        """
        found = {name: measured(labels, name, 0) for name in {label.asset_class for label in labels}}
        usual = self._usual.real_share * USUAL_WEIGHT
        self._by_class = {
            name: replace(self._usual, real_share=(usual + one.right) / (USUAL_WEIGHT + one.judged))
            for name, one in found.items()
        }

    def settings_for(self, asset_class: str) -> AdviceSettings:
        """The settings of advice on a machine of this class."""
        return self._by_class.get(asset_class, self._usual)


def measure_all(
    ladder: Ladder, orders: OrderBook, plant: Plant, now_us: int, precision: Precision | None = None
) -> list[Standing]:
    """Every class of the plant, one rung at most; the classes that moved. Held advices that ended are put away, and
    `precision` learns."""
    labels = labels_from(orders, plant, now_us)
    if precision is not None:
        precision.learn(labels)
    moved = []
    for asset_class in sorted({asset.asset_class for asset in plant.assets}):
        step = ladder.measure(asset_class, lambda since_us, of=asset_class: measured(labels, of, since_us), now_us)
        if step is not None:
            log.info("autonomy_moved", of=asset_class, level=step.level.value, reason=step.reason)
            moved.append(step)
    ladder.end_stale(now_us)
    return moved
