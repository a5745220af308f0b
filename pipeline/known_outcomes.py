"""How forecasts ended, as closed orders tell it, and the coverage that is kept by it (`models.life.adaptive`).

A condition order freezes the forecast that opened it. Once it is final, the first of these that follows says how that
ended: a breakdown of the machine (the life ended when it was reported), or a renewal (the life lasted at least until
the work began): its own repair with a finding that confirms it, or another order that renewed the machine. An order
that was cancelled, or whose fault was not found, renewed nothing; a breakdown within `LOOK_BACK_DAYS` is then its end
all the same.

An outcome is known when both orders are final, and a final order never changes. So the state for a moment is a fold
over the outcomes known before it, in the order in which they came to be known: whoever asks later gets the same. It is
kept by class of machines and model: a trained version starts anew, the built-in trend is one.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.health import Assessment, ModelRef, RulForecast
from forewarn.core.labels import Finding
from forewarn.core.plant import Plant
from forewarn.core.ports import OrderBook
from forewarn.core.readings import Floats
from forewarn.core.work import Json, OrderKind, Status, WorkOrder
from forewarn.models.life.adaptive import Adaptive
from forewarn.models.life.contract import LEVELS, Forecasts
from forewarn.models.say import Say
from forewarn.pipeline.drift_watch import BUILT_IN, LOOK_BACK_DAYS
from forewarn.pipeline.labels import EVERY_ORDER, assessment_of
from forewarn.pipeline.training_lives import Repair, repair_of
from forewarn.pipeline.version import Case

LOOK_S = 10.0
"""Wall seconds after which an order that was closed is noticed at the latest."""

FOREVER_US = 2**62
FINAL = (Status.CLOSE, Status.CAN)
FOUND = (Finding.CONFIRMED, Finding.PARTLY)

Key = tuple[str, str]
"""Class of machines, model ("built-in", or "name:version")."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """The forecast that an order froze: hours float64[q] at `LEVELS`; `share` of the calendar that the machine runs."""

    model: str
    at_us: int
    hours: Floats
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Final:
    """An order that changes no more: what it did, when it became final, and the forecast that it had frozen."""

    repair: Repair
    cancelled: bool
    final_us: int
    told: Told | None

    @property
    def end_us(self) -> int | None:
        """When a life ended or was renewed by it; None where it did neither."""
        repair = self.repair
        if repair.failed_us is not None and not self.cancelled:
            return repair.failed_us
        confirmed = repair.finding in FOUND or (repair.kind is OrderKind.PREVENTIVE and repair.finding is None)
        if self.cancelled or not confirmed or repair.done_us is None:
            return None
        return repair.done_us if repair.started_us is None else repair.started_us


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How one forecast ended: the life lasted `left_h` operating hours, or at least so many (`ended` false). It came to
    be known at `known_us`."""

    key: Key
    number: str
    told: Floats
    left_h: float
    ended: bool
    known_us: int


def outcomes_of(finals: Iterable[Final], plant: Plant) -> tuple[Outcome, ...]:
    """What final orders say, in the order in which it came to be known. Pure."""
    by_asset: dict[str, list[Final]] = {}
    for final in finals:
        by_asset.setdefault(final.repair.asset, []).append(final)
    found = list[Outcome]()
    for id, mine in by_asset.items():
        asset = plant.asset(id)
        ends = sorted((final for final in mine if final.end_us is not None), key=_ended)
        if asset is not None:
            found += [o for final in mine if (o := _outcome(final, ends, asset.asset_class)) is not None]
    return tuple(sorted(found, key=lambda o: (o.known_us, o.number)))


def _ended(final: Final) -> tuple[int, str]:
    assert final.end_us is not None  # those without an end are not sorted
    return final.end_us, final.repair.number


def _outcome(final: Final, ends: Sequence[Final], asset_class: str) -> Outcome | None:
    """What came of the forecast of one order, `ends` being those of its machine, the earliest first."""
    told = final.told
    place = bisect_right(ends, told.at_us, key=lambda end: _ended(end)[0]) if told else len(ends)
    if told is None or place == len(ends):
        return None
    by, (end_us, _) = ends[place], _ended(ends[place])
    if final.end_us is None and end_us - told.at_us > LOOK_BACK_DAYS * US_PER_DAY:
        return None
    left_h = (end_us - told.at_us) / US_PER_HOUR * told.share
    known_us = max(final.final_us, by.final_us)
    return Outcome(
        (asset_class, told.model), final.repair.number, told.hours, left_h, by.repair.failed_us is not None, known_us
    )


def final_of(order: WorkOrder, history: Sequence[Json], plant: Plant) -> Final:
    """A closed or cancelled order as it will stay."""
    steps = [cast(int, row["at_us"]) for row in history if row["action"] == order.status]
    final_us = max(steps, default=order.updated_at_us)
    repair = repair_of(order, history, FOREVER_US)
    return Final(repair, order.status is Status.CAN, final_us, told_by(order, plant))


def told_by(order: WorkOrder, plant: Plant) -> Told | None:
    """The forecast of the fault that opened a condition order; None where nothing was forecast."""
    if order.kind is not OrderKind.CONDITION or not order.causes:
        return None
    frozen = assessment_of(order.causes[0].evidence)
    forecasts = [f for f in frozen.get("forecasts", ()) if f["fault"] == str(order.causes[0].fault)]
    asset = plant.asset(order.asset)
    if not forecasts or asset is None:
        return None
    one = forecasts[0]
    hours = np.interp(LEVELS, one["levels"], one["hours"])
    per_day = float(frozen.get("hours_per_day") or asset.operating_hours_per_day)
    model = model_key(_ref(one["model"]), _ref(frozen["model"]))
    return Told(model, int(frozen["at_us"]), hours, min(per_day, 24.0) / 24.0)


def _ref(told: Mapping[str, Any]) -> ModelRef:
    return ModelRef(str(told["name"]), str(told["version"]), str(told["digest"]))


def model_key(said_by: ModelRef, built_in: ModelRef) -> str:
    """Whose outcomes count for a forecast.

    >>> model_key(ModelRef("pump-life", "2", "ab"), ModelRef("baseline", "2", "cd"))
    'pump-life:2'
    """
    return BUILT_IN if said_by.name == built_in.name else f"{said_by.name}:{said_by.version}"


class KnownOutcomes:
    """Outcomes of a plant by now, read anew from the book at most every `LOOK_S` of wall time; each final order is read
    once. `plant` tells the plant of now. One thread uses it."""

    def __init__(
        self, book: OrderBook, plant: Callable[[], Plant], clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._book, self._plant_now, self._clock_s = book, plant, clock_s
        self._plant: Plant | None = None
        self._looked_s = -LOOK_S
        self._finals: list[Final] = []
        self._known: set[str] = set()
        self._states: dict[int, dict[Key, Adaptive]] = {}

    def state(self, key: Key, at_us: int) -> Adaptive:
        """The levels of a class and model by a moment; as the model says them where no outcome was known."""
        plant = self._plant_now()
        if plant is not self._plant:  # machines came, went or changed: everything is read again
            self._plant, self._looked_s = plant, -LOOK_S
            self._finals, self._known, self._states = [], set(), {}
        self._look(plant)
        count = bisect_left(self._finals, at_us, key=lambda final: final.final_us)
        if count not in self._states:
            self._states[count] = folded(outcomes_of(self._finals[:count], plant))
        return self._states[count].get(key, TRUSTED)

    def _look(self, plant: Plant) -> None:
        if self._clock_s() - self._looked_s < LOOK_S:
            return
        self._looked_s = self._clock_s()
        orders = self._book.orders(limit=EVERY_ORDER, evidence=False)
        new = [o.id for o in orders if o.status in FINAL and o.kind is not OrderKind.INSTRUMENT]
        for id in new:
            order = self._book.order(id) if id not in self._known else None
            if order is not None:
                self._finals.append(final_of(order, self._book.history(id), plant))
                self._known.add(id)
                self._states.clear()
        self._finals.sort(key=lambda final: (final.final_us, final.repair.number))


TRUSTED = Adaptive.start()
"""The model as it is."""


def folded(outcomes: Iterable[Outcome]) -> dict[Key, Adaptive]:
    """State of every class and model after these outcomes, given in the order in which they came to be known."""
    states: dict[Key, Adaptive] = {}
    for outcome in outcomes:
        before = states.get(outcome.key, TRUSTED)
        states[outcome.key] = before.after_told(outcome.told, outcome.left_h, outcome.ended)
    return states


@dataclass(frozen=True, slots=True, eq=False)
class KeptCoverage:
    """The last voice: moves the levels of whatever forecast stands to where they have held so far."""

    outcomes: KnownOutcomes

    def before(self, case: Case, say: Say) -> Say:
        """Nothing."""
        return say

    def after(self, case: Case, assessment: Assessment) -> Assessment:
        """Each forecast with its levels moved; the very same assessment while nothing is known."""
        moved = tuple(self._moved(case, forecast, assessment.model) for forecast in assessment.forecasts)
        same = all(new is old for new, old in zip(moved, assessment.forecasts, strict=True))
        return assessment if same else replace(assessment, forecasts=moved)

    def _moved(self, case: Case, forecast: RulForecast, built_in: ModelRef) -> RulForecast:
        key = case.asset.asset_class, model_key(forecast.model, built_in)
        return adjusted(forecast, self.outcomes.state(key, case.at_us))


def adjusted(forecast: RulForecast, state: Adaptive) -> RulForecast:
    """A forecast read at the levels of a state, cut at its horizon; the very same where no outcome has moved them."""
    if not state.seen:
        return forecast
    read = state.adjusted(Forecasts(forecast.levels, forecast.hours[None, :], ("",))).left[0]
    hours = np.minimum(np.maximum.accumulate(read), forecast.horizon_h)
    return replace(forecast, levels=state.levels.copy(), hours=hours, outcomes=state.seen)
