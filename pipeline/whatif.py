"""What if: history is replayed step by step with other settings, and the orders that would have been opened stand
beside those of today's settings and those that were. Deterministic; reads only.

Every step judges as the live road does: the newest 120 days up to then, the baseline from the last repair by then, the
sensors that were doubted then, what findings had taught by then. Orders go into a book in memory by the same rules.
What people did to machines stays what it was: a repair that was done closes the order that stands open in the replay,
too.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.failure_codes import UNKNOWN_CODES
from forewarn.core.health import Assessment, SensorEvent, SensorProblem, State
from forewarn.core.labels import Label
from forewarn.core.plant import Asset
from forewarn.core.ports import Actor
from forewarn.core.work import Json, OrderKind, Status, Verification, WorkOrder
from forewarn.maintenance.advice import AdviceSettings, advise
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.orders.rules import OrderSettings
from forewarn.models.assess import AssessSettings, assess
from forewarn.models.detectors.own_past import Memory
from forewarn.models.diagnosis.learned import NOTHING_LEARNED, Learned, learn
from forewarn.models.say import Say
from forewarn.pipeline.history import AssetHistory
from forewarn.pipeline.labels import labels_from
from forewarn.pipeline.running import WINDOW_DAYS, hours_between, hours_per_day, known_of, with_hours
from forewarn.pipeline.training_lives import Repair
from forewarn.pipeline.training_set import Archive, Progress, silent
from forewarn.pipeline.version import Case, VoicesOf, judged_with, nobody

KEEP_US = 120 * US_PER_DAY
"""As much of the past as the live road keeps (`AssetHistory`)."""

MOST_STEPS = 200_000
PLAYER = Actor("forewarn", "what-if")
NOTICES = ("gap", "clock")
"""Sensor events that say nothing against the values."""


class Cancelled(Conflict):
    """Somebody ended it before it was done."""


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to decide: settings of models, advice and order book; `voices` are the versions that have a say."""

    assess: AssessSettings = field(default_factory=AssessSettings)
    advice: AdviceSettings = field(default_factory=AdviceSettings)
    orders: OrderSettings = field(default_factory=OrderSettings)
    voices: VoicesOf = nobody


@dataclass(frozen=True, slots=True)
class Span:
    """From `since_us` to `until_us`, a look every `every_h` hours. Raises Rejected for a span or step without time."""

    since_us: int
    until_us: int
    every_h: float = 24.0

    def __post_init__(self) -> None:
        if self.until_us <= self.since_us:
            raise Rejected("whatif_span", "the span ends before it begins: since lies before until")
        if not self.every_h > 0:
            raise Rejected("whatif_step", "a look every 0 hours never ends: give hours above 0")

    @property
    def moments(self) -> list[int]:
        """Moments of the looks, the last one at the end of the span."""
        step = max(round(self.every_h * US_PER_HOUR), 1)
        return list(range(self.until_us, self.since_us, -step))[::-1]


@dataclass(frozen=True, slots=True)
class Opened:
    """An order of a replay (or a real one): what it was for, when it was opened, and its dates when it was opened.

    `slot` counts the repairs of the machine before it: orders of two replays in one slot are about the same trouble.
    """

    asset: str
    fault: str
    machine: bool
    slot: int
    opened_us: int
    order_by_us: int | None
    start_by_us: int | None
    p50_h: float | None

    @property
    def place(self) -> tuple[str, int, str]:
        """What it is compared by: one order per machine and slot, and per doubted sensor."""
        return self.asset, self.slot, "" if self.machine else self.fault


@dataclass(frozen=True, slots=True)
class Replayed:
    """Orders oldest first; alarms that began; days that were looked at, over all machines."""

    orders: tuple[Opened, ...]
    alarms: int
    days: float


def replay(
    archive: Archive,
    assets: Sequence[Asset],
    setup: Setup,
    span: Span,
    repairs: Mapping[str, Sequence[Repair]],
    events: Sequence[SensorEvent] = (),
    progress: Progress = silent,
    cancelled: Callable[[], bool] = bool,
) -> Replayed:
    """Replay some machines, one after the other. Raises Rejected for more than `MOST_STEPS` looks, and Cancelled."""
    looks = len(span.moments) * max(len(assets), 1)
    if looks > MOST_STEPS:
        raise Rejected("whatif_too_long", f"{looks} looks, at most {MOST_STEPS}: take a longer step or a shorter span")
    found, alarms, days = list[Opened](), 0, 0.0
    taught = Taught(labels_from(archive.orders, archive.plant, span.until_us))
    for place, asset in enumerate(assets):
        mine = [event for event in events if event.asset == asset.id]
        player = Player(archive, asset, setup, repairs.get(asset.id, ()), mine, taught)
        for number, at_us in enumerate(span.moments):
            if cancelled():
                raise Cancelled("the what-if run was cancelled")
            player.look(at_us)
            progress((place + number / len(span.moments)) / len(assets), f"replaying {asset.id}")
        found, alarms = found + player.opened, alarms + player.alarms
        days += (span.until_us - span.since_us) / US_PER_DAY
    progress(1.0, "replayed")
    return Replayed(tuple(sorted(found, key=lambda o: (o.opened_us, o.place))), alarms, days)


class Taught:
    """What findings had taught the diagnosis by a moment, from labels read once. Moments may come in any order."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self._labels = sorted(labels, key=lambda label: (label.completed_at_us, label.number))
        self._told_us = [label.completed_at_us for label in self._labels]
        self._known: dict[int, Learned] = {0: NOTHING_LEARNED}

    def by(self, at_us: int) -> Learned:
        """Only what had been told before counts."""
        count = bisect_left(self._told_us, at_us)
        if count not in self._known:
            self._known[count] = learn(self._labels[:count])
        return self._known[count]


class Player:
    """Replays one machine; `look` at rising moments."""

    def __init__(
        self,
        archive: Archive,
        asset: Asset,
        setup: Setup,
        repairs: Sequence[Repair],
        events: Sequence[SensorEvent],
        taught: Taught,
    ) -> None:
        self._plant, self._asset, self._setup, self._taught = archive.plant, asset, setup, taught
        self._events = [event for event in events if event.kind not in NOTICES]
        self._repaired = sorted(r.done_us for r in repairs if r.done_us is not None)
        history = AssetHistory(asset, archive.raw.names(), archive.raw)
        history.refresh()
        history.load_features(archive.derived)
        self._tracks = history.tracks
        self._book, self._memory, self._slot = MemoryOrderBook(setup.orders), Memory(), 0
        self._in_alarm = False
        self.opened: list[Opened] = []
        self.alarms = 0

    def look(self, at_us: int) -> None:
        """Judge at a moment, and do what the advice says."""
        self._note_repairs(at_us)
        assessment = self._assess(at_us)
        in_alarm = assessment.state is State.ALARM
        self.alarms += in_alarm and not self._in_alarm
        self._in_alarm = in_alarm
        for advice in advise(assessment, self._running(at_us), self._plant, self._setup.advice):
            outcome = self._book.advise(advice)
            if outcome.what == "opened" and outcome.order is not None:
                self.opened.append(opened_of(outcome.order, self._slot))

    def _note_repairs(self, at_us: int) -> None:
        slot = int(np.searchsorted(self._repaired, at_us, "right"))
        if slot == self._slot:
            return
        self._slot, done_us = slot, self._repaired[slot - 1]
        for order in self._book.orders(open_only=True):
            if order.kind is not OrderKind.INSTRUMENT:
                _close(self._book, order, done_us)

    def _assess(self, at_us: int) -> Assessment:
        from_us = self._repaired[self._slot - 1] if self._slot else None
        tracks = {name: track.between(at_us - KEEP_US, at_us + 1) for name, track in self._tracks.items()}
        doubted = [
            SensorProblem(e.signal, e.kind, e.since_us, e.text)
            for e in self._events
            if e.since_us <= at_us and (e.until_us is None or at_us < e.until_us)
        ]
        asset = self._running(at_us)
        signals, settings = frozenset(p.signal for p in doubted), self._setup.assess
        case = Case(asset, tracks, from_us or 0, at_us, signals, settings.detector.false_alarms_per_year)
        learned = self._taught.by(at_us)

        def judge(say: Say) -> Assessment:
            return assess(
                asset, tracks, doubted, at_us, settings, from_us, self._memory, learned=learned, say=say
            )  # fmt: skip

        return judged_with(self._setup.voices(asset.asset_class, at_us), case, judge)

    def _running(self, at_us: int) -> Asset:
        """The machine with the operating hours per day that were measured by then."""
        rule = self._asset.running
        track = self._tracks.get(rule.signal) if rule else None
        if rule is None or track is None or len(track) < 2:
            return self._asset
        from_us = at_us - WINDOW_DAYS * US_PER_DAY
        spans = known_of(rule, track.between(from_us, at_us + 1))
        run, known = hours_between(spans, np.array([from_us, at_us], np.int64))
        return with_hours(self._asset, hours_per_day(float(run[0]), float(known[0])))


def _close(book: MemoryOrderBook, order: WorkOrder, at_us: int) -> None:
    """The repair that was really done ends the order of the replay."""
    for status in (Status.APPR, Status.INPRG, Status.COMP):
        report: Json | None = dict(UNKNOWN_CODES) if status is Status.COMP else None
        order = book.act(order.id, status, PLAYER, order.revision, at_us, report)
    book.verify(order.id, Verification.WAIVED, PLAYER, at_us)
    verified = book.order(order.id)
    if verified is not None:
        book.act(order.id, Status.CLOSE, PLAYER, verified.revision, at_us)


def opened_of(order: WorkOrder, slot: int) -> Opened:
    """An order as it was opened."""
    fault = str(order.causes[0].fault) if order.causes else ""
    machine = order.kind is not OrderKind.INSTRUMENT
    dates = order.order_by_us, order.start_by_us, order.rul_p50_h
    return Opened(order.asset, fault, machine, slot, order.created_at_us, *dates)


def decided(orders: Sequence[WorkOrder], span: Span, repairs: Mapping[str, Sequence[Repair]]) -> tuple[Opened, ...]:
    """The orders that Forewarn really opened in a span, to compare with; their dates are those of now."""
    found = []
    for order in orders:
        if (
            order.kind in (OrderKind.CONDITION, OrderKind.INSTRUMENT)
            and span.since_us <= order.created_at_us < span.until_us
        ):
            done = sorted(r.done_us for r in repairs.get(order.asset, ()) if r.done_us is not None)
            found.append(opened_of(order, int(np.searchsorted(done, order.created_at_us, "right"))))
    return tuple(sorted(found, key=lambda o: (o.opened_us, o.place)))


def digest_of(text: str) -> str:
    """SHA-256 of a report's canonical text: what a promotion refers to."""
    return hashlib.sha256(text.encode()).hexdigest()
