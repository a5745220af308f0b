"""From the first day: what machines of the same class show, blended into the machine's own past as it grows.

Sisters share how a column answers to the regime and how far it scatters; each has a level of its own. The spread of
these levels says how much a new machine may differ, and how soon its own rows should be believed (random effects;
Gelman et al., Bayesian Data Analysis, chapter 5). With no row of its own a machine is judged by scatter and spread
together; with n independent windows the level of the class weighs scatter^2 / (scatter^2 + n spread^2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import NotReady
from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.calibration import correlation_rows
from forewarn.models.detectors.learnt_limits import LimitsJudge
from forewarn.models.detectors.usual import Usual, checked, learn_usual, regime_matrix

FEWEST_SISTERS = 2
CLASS_WINDOWS = 20.0  # the scatter of the class counts as so many windows
ROUNDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class MachineClass:
    """Learnt from `machines` healthy sisters: their shared `usual` (its level is that of the mean sister), and
    between float64[k], the spread of their levels in the unit of each column."""

    usual: Usual
    between: Floats
    machines: int

    def blended(self, own: Window) -> Usual:
        """What to expect of a machine of which these rows (0 or more, healthy) are known."""
        expected, seen = expectation(self.usual, own)
        columns = [
            self._column(j, (own.values[:, j] - expected[:, j])[seen & ~np.isnan(own.values[:, j])])
            for j in range(len(own.names))
        ]
        coefficients = self.usual.coefficients.copy()
        coefficients[0] += [level for level, _ in columns]
        return replace(self.usual, coefficients=coefficients, spread=np.array([spread for _, spread in columns]))

    def _column(self, j: int, rest: Floats) -> tuple[float, float]:
        """Level beside the class's, and predictive scatter around it."""
        scatter, between = float(self.usual.spread[j]), float(self.between[j])
        if len(rest) == 0 or math.isnan(scatter):
            return 0.0, math.hypot(scatter, between)
        windows = len(rest) / correlation_rows(rest)
        weight = windows * between**2 / (windows * between**2 + scatter**2)
        level = float(np.median(rest))
        own = 1.4826 * float(np.median(np.abs(rest - level)))
        blended = (CLASS_WINDOWS * scatter**2 + windows * own**2) / (CLASS_WINDOWS + windows)
        return weight * level, math.sqrt(blended + (1 - weight) * between**2)


@dataclass(frozen=True, slots=True)
class FirstDays:
    """Limits that begin with the class. `duration` rows in a row must be beyond, as in `learnt_limits`."""

    machine_class: MachineClass
    duration: int = 5
    name: str = "first_days"

    def learn(self, past: Window) -> LimitsJudge:
        """Never "warming up": a past of no row will do. Raises Rejected when the columns are not those of the class."""
        return LimitsJudge(self.machine_class.blended(checked(past, self.machine_class.usual.names)), self.duration)


def learn_class(sisters: Sequence[Window]) -> MachineClass:
    """Learn from the healthy pasts of at least two sisters with the same columns, regime columns included."""
    if len(sisters) < FEWEST_SISTERS:
        raise NotReady(f"{len(sisters)} of the {FEWEST_SISTERS} sister machines that a class needs")
    for sister in sisters:
        checked(sister, sisters[0].names)
    levels = np.zeros((len(sisters), len(sisters[0].names)))
    for _ in range(ROUNDS):  # shared answer to the regime and own levels, in turn
        usual = learn_usual(pooled(sisters, levels))
        levels = np.array([level_beside(usual, sister) for sister in sisters])
        levels -= levels.mean(axis=0)
    between = levels.std(axis=0, ddof=1) * math.sqrt(1 + 1 / len(sisters))
    return MachineClass(usual, between, len(sisters))


def pooled(sisters: Sequence[Window], levels: Floats) -> Window:
    """All rows, each machine's own level taken off. The times mean nothing."""
    values = np.vstack([s.values - own for s, own in zip(sisters, levels, strict=True)])
    return Window.of(np.arange(len(values)), sisters[0].names, values, np.vstack([s.regime for s in sisters]))


def level_beside(usual: Usual, machine: Window) -> Floats:
    """float64[k]: how far the machine stands from the class; 0 for a column that it does not have."""
    rest = machine.values - expectation(usual, machine)[0]
    return np.array([float(np.median(r[~np.isnan(r)])) if (~np.isnan(r)).any() else 0.0 for r in rest.T])


def expectation(usual: Usual, window: Window) -> tuple[Floats, NDArray[np.bool_]]:
    """What the regime lets expect, float64[n, k], and which rows lie in a regime that is known."""
    matrix, seen = regime_matrix(usual.ends, window.regime)
    return np.asarray(matrix @ usual.coefficients, np.float64), seen


def distances_of_class(sisters: Sequence[Window], duration: int = 5) -> Floats:
    """Each sister judged as a new machine by the class of the others, one after the other: what `calibrated` needs to
    set a rate of false alarms from the first day. Raises NotReady below three sisters."""
    if len(sisters) <= FEWEST_SISTERS:
        raise NotReady(f"{len(sisters)} of the {FEWEST_SISTERS + 1} sister machines that a rate needs")
    found = []
    for i, sister in enumerate(sisters):
        others = learn_class([s for j, s in enumerate(sisters) if j != i])
        judge = FirstDays(others, duration).learn(sister.rows(slice(0, 0)))
        found.append(judge.strangeness(sister).distance)
    return np.concatenate(found)
