"""Demand for a part from what asks for it: failures that are coming, open orders, preventive plans, and the rest.

Pure, and exact: over each length of the window causes are independent of one another, so the number of pieces is
their convolution on whole pieces; the demand is the mean over the window's lengths. Faults that one diagnosis holds
possible at once exclude each other: at most one of them asks for pieces.

Each cause is traced by its expected pieces, and the traces add up to the mean: a piece more for one machine is a piece
more in its own trace and in no other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.demand import CauseKind, PartDemand, Trace, Window
from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.readings import Floats
from forewarn.maintenance.evidence import fault_label

DAYS_PER_MONTH = 365.25 / 12
SURE_DAYS = 1e-6
"""A slot whose earliest and latest time lie closer together has one time."""


@dataclass(frozen=True, slots=True)
class Threat:
    """A fault that an asset may have, and when the failure comes if it does.

    `probability` in [0, 1]: that it is this fault. `levels` and `days`: quantiles of the remaining life in days of the
    calendar, counted from now; the forecast was made `age_days` ago, so that quantiles may lie behind us. The last
    level is never exceeded: a life that goes beyond the horizon of its forecast asks for nothing. `quantity`: pieces
    of its repair, without those that an order holds already (`held`).
    """

    asset: str
    fault: Fault
    probability: float
    levels: tuple[float, ...]
    days: tuple[float, ...]
    quantity: int
    held: int = 0
    age_days: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise Rejected("probability", f"{self.asset} {self.fault}: a probability lies between 0 and 1")
        if len(self.levels) != len(self.days) or self.quantity < 0:
            raise Rejected("threat", f"{self.asset} {self.fault}: as many levels as days, and 0 or more pieces")

    def within(self, days: Floats) -> Floats:
        """float64 like `days`: the chance that it fails of this fault within so many days.

        >>> spall = Threat("pump-02", Fault("de_bearing", "outer_race_spall"), 0.8, (0.1, 0.5), (10.0, 30.0), 1)
        >>> spall.within(np.array([0.0, 10.0, 20.0, 90.0])).round(2).tolist()
        [0.0, 0.08, 0.24, 0.4]
        """
        if not self.levels:
            return np.zeros(len(days))
        reached = np.round((-self.age_days, *self.days), 9)  # no slope is too steep for a float
        found = np.interp(days, reached, (0.0, *self.levels))
        return np.asarray(self.probability * found, np.float64)

    def middle_days(self) -> float | None:
        """Days to the middle of the failures that its forecast can date; None without a forecast."""
        if not self.levels:
            return None
        return max(float(np.interp(self.levels[-1] / 2, (0.0, *self.levels), (-self.age_days, *self.days))), 0.0)

    def why(self, at_us: int) -> str:
        """A sentence for a person."""
        held = f"; {_pieces(self.held)} held for its order already" if self.held else ""
        if not self.levels:
            return f"{fault_label(self.fault)} at {self.probability:.0%}, no forecast of its life{held}"
        within = f"{self.levels[-1]:.0%} of its lives end within {self.days[-1]:.0f} days"
        return f"{fault_label(self.fault)} at {self.probability:.0%}; {within}{held}"


@dataclass(frozen=True, slots=True)
class Asked:
    """An open, approved order that still has to be given pieces: none reserved, none issued. For sure, from
    `from_days` on (0: at any time)."""

    number: str
    asset: str
    kind: CauseKind
    cause: str
    quantity: int
    from_days: float = 0.0

    def within(self, days: Floats) -> Floats:
        """float64 like `days`: 1 from its date on."""
        return np.where(days >= self.from_days, 1.0, 0.0)

    @property
    def middle_days(self) -> float:
        """Days until it asks."""
        return self.from_days


@dataclass(frozen=True, slots=True)
class Occasion:
    """One coming slot of a preventive plan: its pieces are asked for between two times, any as likely as another.

    `kept` in [0, 1]: the share of its slots that are done at all and not left out.
    """

    plan: str
    asset: str
    quantity: int
    early_days: float
    late_days: float
    kept: float = 1.0

    def __post_init__(self) -> None:
        if not (self.early_days <= self.late_days and 0 <= self.kept <= 1 and self.quantity >= 0):
            raise Rejected("occasion", f"{self.plan} of {self.asset}: early before late, a share of 0 to 1, 0+ pieces")

    def within(self, days: Floats) -> Floats:
        """float64 like `days`: the chance that it has asked within so many days.

        >>> Occasion("lube", "fan-1", 1, 10.0, 20.0, kept=0.9).within(np.array([5.0, 15.0, 20.0])).tolist()
        [0.0, 0.45, 0.9]
        """
        if self.late_days - self.early_days < SURE_DAYS:
            return np.where(days >= self.early_days, self.kept, 0.0)
        return self.kept * np.clip((days - self.early_days) / (self.late_days - self.early_days), 0.0, 1.0)

    @property
    def middle_days(self) -> float:
        """Days until it asks, in the middle."""
        return (self.early_days + self.late_days) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What is used without a known reason: for some numbers of months, rising, the chance of 0, 1, 2 ... pieces.

    Between two of them a window is the shorter one with a chance and the longer one with the other (a lump stays a
    lump); beyond the last one it is that one and what remains, independent. `name`: the class of parts.
    """

    months: tuple[int, ...]
    chances: tuple[Floats, ...]
    name: str = "unexplained"

    def __post_init__(self) -> None:
        rising = all(first < second for first, second in pairwise((0, *self.months)))
        if not self.months or len(self.months) != len(self.chances) or not rising:
            raise Rejected("rest", "give the chances for at least one number of months, in rising order")

    def over(self, days: float) -> Floats:
        """float64[k]: chances of 0, 1, ... pieces in so many days.

        >>> Rest((1,), (np.array([0.5, 0.5]),)).over(DAYS_PER_MONTH / 2).tolist()
        [0.75, 0.25]
        """
        wanted = days / DAYS_PER_MONTH
        if wanted > self.months[-1]:
            return np.convolve(self.chances[-1], self.over((wanted - self.months[-1]) * DAYS_PER_MONTH))
        months, chances = (0, *self.months), (np.ones(1), *self.chances)
        right = int(np.searchsorted(months, wanted))
        if months[right] == wanted:
            return chances[right]
        share = (wanted - months[right - 1]) / (months[right] - months[right - 1])
        short, long = chances[right - 1], chances[right]
        mixed = np.zeros(max(len(short), len(long)))
        mixed[: len(short)] += (1 - share) * short
        mixed[: len(long)] += share * long
        return mixed


@dataclass(frozen=True, slots=True, eq=False)
class Causes:
    """Everything that asks for a part from `at_us` on."""

    part: str
    at_us: int
    threats: tuple[Threat, ...] = ()
    asked: tuple[Asked, ...] = ()
    occasions: tuple[Occasion, ...] = ()
    rest: Rest | None = None

    def over(self, window: Window) -> PartDemand:
        """The demand inside a window, with its traces, most pieces first.

        Example: a bearing that fails within 30 days with chance 0.8 x 0.5, and an order that waits for two pieces:

        >>> spall = Threat("pump-02", Fault("de_bearing", "outer_race_spall"), 0.8, (0.1, 0.5), (10.0, 30.0), 1)
        >>> order = Asked("WO-000007", "pump-01", CauseKind.ORDER, "WO-000007", 2)
        >>> demand = Causes("6205", 0, (spall,), (order,)).over(Window.of_days(30))
        >>> demand.chances.round(2).tolist(), [(t.asset, round(t.pieces, 2)) for t in demand.traces]
        ([0.0, 0.0, 0.6, 0.4], [('pump-01', 2.0), ('pump-02', 0.4)])
        """
        days = window.days
        found = _Counting(len(days))
        traces = [*self._of_threats(days, found), *self._of_orders_and_plans(days, found)]
        if self.rest is not None:
            traces.append(self._of_rest(self.rest, days, found))
        shown = sorted((trace for trace in traces if trace.pieces > 0), key=lambda t: (-t.pieces, t.key))
        return PartDemand(self.part, self.at_us, window, found.mean(), tuple(shown))

    def _of_threats(self, days: Floats, found: _Counting) -> Iterable[Trace]:
        by_asset: dict[str, list[tuple[Threat, Floats]]] = defaultdict(list)
        for threat in self.threats:
            by_asset[threat.asset].append((threat, threat.within(days)))
        for several in by_asset.values():
            together = sum(threat.probability for threat, _ in several)
            if together <= 1 + 1e-12:
                found.one_of([(threat.quantity, chance) for threat, chance in several])
            else:  # no single diagnosis: faults that may be there at once
                for threat, chance in several:
                    found.one_of([(threat.quantity, chance)])
            for threat, chance in several:
                yield self._trace(threat, chance)

    def _trace(self, threat: Threat, chance: Floats) -> Trace:
        mean, middle = float(chance.mean()), threat.middle_days()
        return Trace(
            CauseKind.FAULT,
            threat.asset,
            str(threat.fault),
            threat.quantity * mean,
            mean if threat.quantity else 0.0,
            threat.quantity,
            None if middle is None else self._us(middle),
            threat.why(self.at_us),
        )

    def _of_orders_and_plans(self, days: Floats, found: _Counting) -> Iterable[Trace]:
        """An open order of a plan and the plan's further slots are one cause."""
        by_cause: dict[tuple[CauseKind, str, str], list[tuple[Asked | Occasion, Floats]]] = defaultdict(list)
        for order in self.asked:
            by_cause[order.kind, order.asset, order.cause].append((order, order.within(days)))
        for slot in self.occasions:
            by_cause[CauseKind.PLAN, slot.asset, slot.plan].append((slot, slot.within(days)))
        for (kind, asset, cause), several in by_cause.items():
            for one, chance in several:
                found.one_of([(one.quantity, chance)])
            pieces = sum(one.quantity * float(chance.mean()) for one, chance in several)
            nothing = np.prod([1 - chance for one, chance in several if one.quantity], axis=0)
            quantities = {one.quantity for one, _ in several}
            quantity = quantities.pop() if len(quantities) == 1 else 0
            first = min((one for one, _ in several), key=lambda one: one.middle_days)
            why = _why([(one, float(chance.mean())) for one, chance in several])
            middle_us = self._us(first.middle_days)
            yield Trace(kind, asset, cause, pieces, float(np.mean(1 - nothing)), quantity, middle_us, why)

    def _of_rest(self, rest: Rest, days: Floats, found: _Counting) -> Trace:
        each = [rest.over(float(length)) for length in days]
        found.add(each)
        pieces = float(np.mean([chances @ np.arange(len(chances)) for chances in each]))
        none = float(np.mean([chances[0] for chances in each]))
        why = "used as often as before, without a fault or a plan behind it"
        return Trace(CauseKind.UNEXPLAINED, "", rest.name, pieces, 1.0 - none, 0, None, why)

    def _us(self, days: float) -> int:
        return self.at_us + round(days * US_PER_DAY)


@dataclass(slots=True)
class _Counting:
    """Chances of so many pieces for each length of a window, float64[m, k]: one more cause at a time."""

    lengths: int
    chances: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.chances = np.ones((self.lengths, 1))

    def one_of(self, asks: Sequence[tuple[int, Floats]]) -> None:
        """One cause that asks once or not at all, for one of some quantities, each with its chance per length."""
        asks = [(quantity, chance) for quantity, chance in asks if quantity and chance.any()]
        if not asks:
            return
        most = max(quantity for quantity, _ in asks)
        before, width = self.chances, self.chances.shape[1]
        nothing = np.maximum(1.0 - np.sum([chance for _, chance in asks], axis=0), 0.0)
        after = np.zeros((self.lengths, width + most))
        after[:, :width] = before * nothing[:, None]
        for quantity, chance in asks:
            after[:, quantity : quantity + width] += before * chance[:, None]
        self.chances = after

    def add(self, each: Sequence[Floats]) -> None:
        """One cause with its own chances for each length."""
        width = self.chances.shape[1]
        after = np.zeros((self.lengths, width + max(len(chances) for chances in each) - 1))
        for row, chances in enumerate(each):
            after[row, : width + len(chances) - 1] = np.convolve(self.chances[row], chances)
        self.chances = after

    def mean(self) -> Floats:
        """The mean over all lengths, without pieces that nothing asks for at its end."""
        mean = np.asarray(self.chances.mean(axis=0), np.float64)
        last = int(np.flatnonzero(mean > 0)[-1])
        return mean[: last + 1]


def _why(several: Sequence[tuple[Asked | Occasion, float]]) -> str:
    """A sentence about open orders and coming slots of one cause."""
    numbers = [one.number for one, _ in several if isinstance(one, Asked)]
    slots = [(one, chance) for one, chance in several if isinstance(one, Occasion)]
    told = []
    if numbers:
        told.append(f"{', '.join(numbers)} {'is' if len(numbers) == 1 else 'are'} open and not given all its parts")
    if slots:
        expected = sum(chance for _, chance in slots)
        told.append(f"{expected:.1f} slots of {slots[0][0].plan} are expected, {slots[0][0].kept:.0%} of all are kept")
    return "; ".join(told)


def _pieces(count: int) -> str:
    return f"{count} piece" if count == 1 else f"{count} pieces"


def demands(causes: Mapping[str, Causes], windows: Mapping[str, Window]) -> dict[str, PartDemand]:
    """Every part's demand over its window."""
    return {part: causes[part].over(window) for part, window in windows.items() if part in causes}
