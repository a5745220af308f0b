"""By how much did closed orders improve the diagnosis? Each order is judged by what all the others taught.

Leave one order out: its own finding has no say in what is said of it. The interval resamples machines, for orders of
one machine resemble one another. Only orders that name what was there can be scored; "not found" teaches all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.labels import Finding, Label
from forewarn.core.readings import Floats
from forewarn.models.diagnosis.learned import PRODUCT_DEFAULTS, Bools, Learned, LearnSettings, Task, learn
from forewarn.models.training.intervals import NOTHING, Estimate, paired_difference


@dataclass(frozen=True, slots=True)
class Skill:
    """How good a diagnosis was over the scored orders.

    `log_loss` in nats (low is good, 0 is certain and right), `right` the share of orders whose first fault was the one
    that was there, `claimed` the mean probability of the first fault: honest where it is near `right`.
    """

    log_loss: float
    right: float
    claimed: float


@dataclass(frozen=True, slots=True)
class Taught:
    """`scored` of all `labels` name a fault; physics alone, physics with labels (None: nothing can be scored).

    `less_log_loss` and `more_right` are the gains of the second over the first, above 0 where labels helped, with their
    95 % intervals over machines. `factors`: by how much the odds of (asset class, mechanism) were raised or lowered.
    """

    labels: int
    confirmed: int
    partly: int
    not_found: int
    scored: int
    physics: Skill | None
    with_labels: Skill | None
    less_log_loss: Estimate
    more_right: Estimate
    factors: tuple[tuple[str, str, float], ...]

    @property
    def sentence(self) -> str:
        """What it comes to, for a person.

        >>> what_taught(()).sentence
        'No closed order has told a finding yet: the diagnosis is physics alone.'
        """
        if not self.labels:
            return "No closed order has told a finding yet: the diagnosis is physics alone."
        if self.physics is None or self.with_labels is None:
            return f"{self.labels} findings, none of which names a fault: nothing can be scored yet."
        gain = self.less_log_loss
        sure = "" if gain.low is not None and gain.low > 0 else ", which may be chance"
        return (
            f"{self.labels} findings. First cause right in {self.with_labels.right:.0%} of {self.scored} orders instead"
            f" of {self.physics.right:.0%}; log loss {self.with_labels.log_loss:.3f} instead of"
            f" {self.physics.log_loss:.3f}{sure}."
        )


def what_taught(labels: Sequence[Label], settings: LearnSettings = PRODUCT_DEFAULTS) -> Taught:
    """Judge what these labels taught: one small fit per label, started from the common one."""
    believed = (label for label in labels if label.is_believed)
    ordered = sorted(believed, key=lambda label: (label.completed_at_us, label.number, label.order_id))
    counts = {f: sum(label.finding is f for label in ordered) for f in Finding}
    named = [i for i, label in enumerate(ordered) if label.truth is not None]
    told = (len(ordered), counts[Finding.CONFIRMED], counts[Finding.PARTLY], counts[Finding.NOT_FOUND], len(named))
    factors = factors_of(ordered, learn(ordered, settings))
    if not named:
        return Taught(*told, None, None, NOTHING, NOTHING, factors)
    task = Task.of(ordered, settings)
    physics = task.shares(np.zeros(len(task.keys)))[named]
    without = left_out(task, named)
    hit, groups = task.hit[named], [ordered[i].asset for i in named]
    less = paired_difference(losses(without, hit), losses(physics, hit), groups)
    more = paired_difference(rights(physics, hit), rights(without, hit), groups)
    return Taught(*told, skill(physics, hit), skill(without, hit), less, more, factors)


def left_out(task: Task, rows: Sequence[int]) -> Floats:
    """float64[rows, c]: what is said of each of these labels by a fit to all others."""
    everybody = np.ones(len(task.z))
    start, said = task.solve(everybody, np.zeros(len(task.keys))), []
    for i in rows:
        use = everybody.copy()
        use[i] = 0.0
        said.append(task.shares(task.solve(use, start))[i])
    return np.array(said)


def losses(share: Floats, hit: Bools) -> Floats:
    """float64[n]: surprise at what was found."""
    return np.asarray(-np.log(np.maximum((share * hit).sum(axis=1), 1e-12)), np.float64)


def rights(share: Floats, hit: Bools) -> Floats:
    """float64[n]: 1 where the first fault was the one that was there."""
    return np.asarray(hit[np.arange(len(share)), share.argmax(axis=1)], np.float64)


def skill(share: Floats, hit: Bools) -> Skill:
    """The three means."""
    return Skill(
        float(losses(share, hit).mean()), float(rights(share, hit).mean()), float(share.max(axis=1, initial=0.0).mean())
    )


def factors_of(labels: Sequence[Label], learned: Learned) -> tuple[tuple[str, str, float], ...]:
    """Factor on the odds for each (asset class, mechanism) that was advised or found, the largest change first."""
    pairs = {(label.asset_class, f.mechanism) for label in labels for f in (label.fault, label.truth) if f is not None}
    rows = [(kind, mechanism, learned.factor(kind, mechanism)) for kind, mechanism in pairs]
    return tuple(sorted(rows, key=lambda row: (-abs(np.log(row[2])), row)))
