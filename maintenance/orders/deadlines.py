"""Clocks of orders: how long until somebody acts, how long until the work is done; who is called when they slip. Pure.

A clock is a function of the status history and nothing else, so that it can be told for any order at any time. It runs
from the opening of the order; it pauses while the order waits for what maintenance cannot hurry (`PAUSES`). Response
ends with the first step that a person takes, completion with COMP; rework lets it run on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.work import OrderKind, Status
from forewarn.maintenance.advice.numbers import PRIORITIES, URGENCY_BELOW_H

StatusAt = tuple[int, Status]
"""When an order came into a status (UTC, microseconds), and which."""

PAUSES = (Status.WMATL, Status.WPCOND)
ENDS = (Status.COMP, Status.CLOSE, Status.CAN)
WARN_SHARE = 0.8


class ClockName(StrEnum):
    """What is timed."""

    RESPONSE = "response"  # until somebody has looked at the order
    COMPLETION = "completion"  # until the work is done


class ClockState(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    WARNING = "warning"  # running, and most of the time is gone
    BREACHED = "breached"


Limits = Mapping[OrderKind, tuple[float, ...]]
"""Hours for priority 1 to 5. A kind that is not named has no such clock: its dates come from elsewhere."""

RESPONSE_H: Limits = {
    OrderKind.EMERGENCY: (0.5, 1.0, 2.0, 4.0, 8.0),
    OrderKind.CORRECTIVE: (1.0, 4.0, 24.0, 72.0, 168.0),
    OrderKind.CONDITION: (2.0, 8.0, 48.0, 120.0, 240.0),
    OrderKind.INSTRUMENT: (8.0, 24.0, 72.0, 168.0, 336.0),
}
COMPLETION_H: Limits = {
    OrderKind.EMERGENCY: (12.0, 24.0, 48.0, 72.0, 168.0),
    OrderKind.CORRECTIVE: (24.0, 72.0, 336.0, 720.0, 2_160.0),
    OrderKind.CONDITION: (72.0, 168.0, 720.0, 1_440.0, 2_880.0),
    OrderKind.INSTRUMENT: (72.0, 168.0, 720.0, 1_440.0, 2_160.0),
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One row of the escalation table: who is called so many hours of the clock after the warning (`breach` False) or
    after the breach. Each is called once for each order and clock."""

    level: int
    rota: str
    breach: bool
    after_h: float = 0.0


LADDER = (
    Rung(1, "planner", breach=False),
    Rung(2, "supervisor", breach=True),
    Rung(3, "manager", breach=True, after_h=24.0),
)


@dataclass(frozen=True, slots=True)
class DeadlineSettings:
    """Hours by kind and priority, statuses that stop the clock, the share from which it warns, and the ladder."""

    response_h: Limits = field(default_factory=lambda: RESPONSE_H)
    completion_h: Limits = field(default_factory=lambda: COMPLETION_H)
    pauses: tuple[Status, ...] = PAUSES
    warn_share: float = WARN_SHARE
    ladder: tuple[Rung, ...] = LADDER


AS_USUAL = DeadlineSettings()


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of one order now. `used_h` counts without pauses; `due_us` is when it would breach if it ran on from
    now (None once it has ended)."""

    name: ClockName
    state: ClockState
    limit_h: float
    used_h: float
    paused_h: float
    due_us: int | None
    ended_at_us: int | None

    @property
    def over_h(self) -> float:
        """Hours beyond the limit, 0 within it."""
        return max(self.used_h - self.limit_h, 0.0)


def clocks_of(
    kind: OrderKind, priority: int, history: Sequence[StatusAt], now_us: int, settings: DeadlineSettings = AS_USUAL
) -> list[Clock]:
    """The clocks of an order from its status history, ascending in time, the opening first.

    >>> hour = 3_600_000_000
    >>> went = [(0, Status.WAPPR), (2 * hour, Status.APPR), (3 * hour, Status.WMATL), (40 * hour, Status.APPR)]
    >>> for clock in clocks_of(OrderKind.CORRECTIVE, 2, went, 50 * hour):
    ...     print(clock.name.value, clock.state.value, clock.used_h, clock.paused_h)
    response met 2.0 0.0
    completion running 13.0 37.0
    """
    made = []
    for name, limits in ((ClockName.RESPONSE, settings.response_h), (ClockName.COMPLETION, settings.completion_h)):
        if kind in limits and history:
            made.append(_clock(name, limits[kind][priority - 1], history, now_us, settings))
    return made


def _clock(
    name: ClockName, limit_h: float, history: Sequence[StatusAt], now_us: int, settings: DeadlineSettings
) -> Clock:
    used_us = paused_us = 0
    ended_us = _end(name, history)
    stop_us = now_us if ended_us is None else ended_us
    for (at_us, status), (next_us, _) in zip(history, [*history[1:], (stop_us, Status.CAN)], strict=True):
        span_us = max(min(next_us, stop_us) - at_us, 0)
        if status in settings.pauses:
            paused_us += span_us
        elif status not in ENDS:
            used_us += span_us
    used_h = used_us / US_PER_HOUR
    state = _state(history[-1][1], used_h, limit_h, ended_us is not None, settings)
    due_us = None if ended_us is not None else now_us + round((limit_h - used_h) * US_PER_HOUR)
    return Clock(name, state, limit_h, used_h, paused_us / US_PER_HOUR, due_us, ended_us)


def _end(name: ClockName, history: Sequence[StatusAt]) -> int | None:
    """When the clock stopped for good: the first step of a person, or the end of the work that was not taken up again.

    A cancelled order stops both.
    """
    if name is ClockName.RESPONSE:
        return next((at_us for at_us, status in history[1:] if status is not Status.WAPPR), None)
    if history[-1][1] not in ENDS:
        return None
    first = len(history) - 1
    while first > 0 and history[first - 1][1] in ENDS:
        first -= 1
    return history[first][0]


def _state(status: Status, used_h: float, limit_h: float, ended: bool, settings: DeadlineSettings) -> ClockState:
    if used_h > limit_h:
        return ClockState.BREACHED
    if ended:
        return ClockState.MET
    if status in settings.pauses:
        return ClockState.PAUSED
    return ClockState.WARNING if used_h >= settings.warn_share * limit_h else ClockState.RUNNING


def rungs_due(clock: Clock, settings: DeadlineSettings = AS_USUAL) -> list[Rung]:
    """Rungs of the ladder that a clock has passed and that still matter: nobody is called for one that has ended, or
    that is paused within its limit.

    >>> running = Clock(ClockName.RESPONSE, ClockState.BREACHED, 4.0, 5.0, 0.0, 0, None)
    >>> [rung.rota for rung in rungs_due(running)]
    ['planner', 'supervisor']
    """
    if clock.ended_at_us is not None or clock.state is ClockState.PAUSED:
        return []
    since_warning_h = clock.used_h - settings.warn_share * clock.limit_h
    since_breach_h = clock.used_h - clock.limit_h
    return [rung for rung in settings.ladder if _passed(rung, since_warning_h, since_breach_h)]


def _passed(rung: Rung, since_warning_h: float, since_breach_h: float) -> bool:
    if rung.breach:
        return since_breach_h > 0 and since_breach_h >= rung.after_h
    return since_warning_h >= rung.after_h


@dataclass(frozen=True, slots=True)
class Urgency:
    """A priority, 1 emergency to 5 at an opportunity, and why."""

    priority: int
    slack_h: float | None
    reason: str


def dynamic_priority(criticality: str, start_by_us: int | None, earliest_start_us: int, planned: int) -> Urgency:
    """Priority from the criticality of the machine (A to C) and the slack: hours between the earliest possible start
    and "start work by". Slack is eaten by waiting: the same order rises while nobody works on it. Never below what was
    `planned`; without a date it stays so.

    >>> day = 86_400_000_000
    >>> dynamic_priority("A", 40 * day, 10 * day, 3).priority, dynamic_priority("A", 12 * day, 10 * day, 3).priority
    (3, 2)
    >>> dynamic_priority("B", 10 * day, 12 * day, 3).reason
    'criticality B, 48 h late: start now'
    """
    if start_by_us is None:
        return Urgency(planned, None, f"criticality {criticality}, no date to start by: as planned")
    slack_h = (start_by_us - earliest_start_us) / US_PER_HOUR
    column = next((name for name, below_h in URGENCY_BELOW_H if slack_h < below_h), "later")
    found = PRIORITIES[criticality][column]
    said = f"{-slack_h:.0f} h late: start now" if slack_h < 0 else f"{slack_h:.0f} h of slack ({column})"
    kept = ", as planned" if planned < found else ""
    return Urgency(min(planned, found), slack_h, f"criticality {criticality}, {said}{kept}")
