"""What it costs when parts come late, and the chance to be in time. Pure.

An order that rests on a forecast is asked by its race: part and crew against the failure, as its advice was
(`maintenance.advice`). Everything else pays so much for each day after the day it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.readings import Floats
from forewarn.core.work import WorkOrder
from forewarn.maintenance.advice.costs import weigh
from forewarn.maintenance.advice.numbers import Inputs
from forewarn.maintenance.advice.race import LEAD_POINTS, Lead, latest, lead_hours, lognormal_points, race
from forewarn.maintenance.buying.learned import LeadTime


class LateCost(Protocol):
    """Asked with equally likely days until the pieces are there, float64[n]."""

    def expected(self, days: Floats) -> float:
        """Expected money lost by waiting for them, in the plant's currency."""
        ...


@dataclass(frozen=True, slots=True)
class PerDay:
    """`per_day` for each day after `needed_in_days` from now.

    >>> round(PerDay(5.0, 100.0).expected(np.array([4.0, 6.0, 8.0])), 2)
    133.33
    """

    needed_in_days: float
    per_day: float

    def expected(self, days: Floats) -> float:
        """See `LateCost`."""
        return float(np.maximum(days - self.needed_in_days, 0.0).mean() * self.per_day)


@dataclass(frozen=True, slots=True)
class Raced:
    """An order with a forecast: `inputs` of its newest advice, asked at `now_us` about `part`."""

    inputs: Inputs
    part: str
    now_us: int

    def expected(self, days: Floats) -> float:
        """What acting costs when the part comes so late, above what it would cost with the part on the shelf."""
        return max(self._acting({self.part: days * 24.0}) - self._acting({self.part: np.zeros(1)}), 0.0)

    def _acting(self, arrivals_h: Mapping[str, Floats]) -> float:
        inputs = self.inputs
        if inputs.costs is None:
            return 0.0
        lives_h, ready_h = racing(inputs, arrivals_h, self.now_us)
        share = inputs.operating_hours_per_day / 24.0
        return weigh(inputs.costs, inputs.repair_hours, share, False, lives_h, ready_h, inputs.repairs_h()).acting


def racing(inputs: Inputs, arrivals_h: Mapping[str, Floats], now_us: int) -> tuple[Floats, Floats]:
    """Both sides of the race as of now: remaining lives of a machine that still runs, and hours until everything is
    there when the parts of `arrivals_h` come in so many hours from now."""
    passed_h = max(now_us - inputs.at_us, 0) / US_PER_HOUR
    lives_h = inputs.lives_h()
    left_h = lives_h[lives_h > passed_h] - passed_h
    crew_h = lognormal_points(inputs.crew_p50_h, inputs.crew_p90_h, len(lead_hours(Lead("", 0.0, 0.0))))
    others = [lead_hours(lead) for lead in inputs.leads if lead.part not in arrivals_h]
    coming = [np.interp(_levels(len(crew_h)), _levels(len(points)), points) for points in arrivals_h.values()]
    return (left_h if len(left_h) else np.zeros(1)), latest([*others, *coming, crew_h])


def win_probability(inputs: Inputs, arrivals_h: Mapping[str, Floats], now_us: int) -> float:
    """Chance that parts and crew are there, and the repair is done, before the failure."""
    lives_h, ready_h = racing(inputs, arrivals_h, now_us)
    return 1.0 - race(lives_h, ready_h, inputs.repairs_h()).lost


def arrival_hours(lead: LeadTime, passed_days: float) -> Floats:
    """Equally likely hours from now until a delivery with this lead time comes, that was ordered `passed_days` ago and
    has not come: what lies in the past is ruled out. One beyond every expectation may come any day (24 h).

    >>> late = arrival_hours(LeadTime(5.0, 9.0), 30.0)
    >>> late.tolist(), round(float(np.median(arrival_hours(LeadTime(5.0, 9.0), 0.0))))
    ([24.0], 120)
    """
    hours = lognormal_points(lead.p50_days * 24.0, lead.p90_days * 24.0, LEAD_POINTS) - passed_days * 24.0
    left = hours[hours > 0]
    return left if len(left) else np.full(1, 24.0)


def inputs_of(order: WorkOrder) -> Inputs | None:
    """What the numbers of an order's newest forecast were made of; None where no forecast drives it."""
    kept: Sequence[Any] = [cause.evidence.get("inputs") for cause in reversed(order.causes)]
    found = next((one for one in kept if one), None)
    inputs = None if found is None else Inputs.from_json(dict(found))
    return inputs if inputs is not None and inputs.hours else None


def _levels(count: int) -> Floats:
    return (np.arange(count) + 0.5) / count
