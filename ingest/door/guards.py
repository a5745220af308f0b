"""What keeps the front door calm: counters, a log that cannot be flooded, and a limit on fights for a client id."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

LOGGED_PER_MINUTE = 10  # lines per reason; the rest is counted and told with the next line
TAKE_OVERS_PER_MINUTE = 15
BAN_S = 60.0
_MINUTE_S = 60.0
_NAMES_MAXIMUM = 10_000
LONGEST_LOGGED = 200


@dataclass(slots=True)
class DoorCounters:
    """What came through the door since it opened, what did not, and what is on its way through."""

    connections: int = 0
    messages: int = 0
    in_flight: int = 0  # taken now, and not yet acknowledged
    bytes: int = 0
    take_overs: int = 0
    unsent: int = 0  # messages of ours that a slow subscriber missed
    paced: int = 0  # times that a client was not read because it owed time
    refused: dict[str, int] = field(default_factory=dict)  # reason -> times

    def count_refusal(self, reason: str) -> None:
        """Reasons come from a fixed set, so the dict stays small."""
        self.refused[reason] = self.refused.get(reason, 0) + 1

    def as_dict(self) -> dict[str, int]:
        """Flat, for a log line or a metrics page."""
        names = ("connections", "messages", "in_flight", "bytes", "take_overs", "unsent", "paced")
        plain = {name: getattr(self, name) for name in names}
        return plain | {f"refused_{reason}": count for reason, count in self.refused.items()}


class StructuredLog(Protocol):
    """What is needed of a structlog logger."""

    def info(self, event: str, **fields: object) -> object:
        """A line for what is normal."""
        ...

    def warning(self, event: str, **fields: object) -> object:
        """A line for what is not."""
        ...


class RateLimitedLog:
    """At most `LOGGED_PER_MINUTE` warnings per reason; `suppressed` tells how many were left out before."""

    def __init__(self, log: StructuredLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._windows: dict[str, tuple[float, int]] = {}  # reason -> (start of its minute, lines asked for)

    def info(self, event: str, **fields: object) -> None:
        """Not limited: for what happens once."""
        self._log.info(event, **fields)

    def warning(self, event: str, reason: str, **fields: object) -> None:
        """`reason` from a fixed set: each has its own budget."""
        now_s = self._clock()
        started_s, lines = self._windows.get(reason, (now_s, 0))
        suppressed = 0
        if now_s - started_s >= _MINUTE_S:
            suppressed, started_s, lines = max(0, lines - LOGGED_PER_MINUTE), now_s, 0
        self._windows[reason] = (started_s, lines + 1)
        if lines < LOGGED_PER_MINUTE:
            shown = {name: shortened(value) if isinstance(value, str) else value for name, value in fields.items()}
            self._log.warning(event, reason=reason, suppressed=suppressed, **shown)


def shortened(text: str) -> str:
    """A stranger's text for a log line: no control characters (they could forge lines), at most 200 signs."""
    text = text[:LONGEST_LOGGED]
    return text if text.isprintable() else repr(text)


class TakeOverGuard:
    """More than 15 take-overs of one client id within a minute ban that id for a minute.

    Two devices with the same id throw each other out for ever, and each reconnect repeats its unacknowledged
    messages. While the id is banned, the client that is connected stays.
    """

    def __init__(self) -> None:
        self._recent: dict[str, deque[float]] = {}
        self._banned_until: dict[str, float] = {}

    def allows(self, client: str, now_s: float, is_take_over: bool) -> bool:
        """Whether `client` may connect at `now_s` (monotonic seconds)."""
        if now_s < self._banned_until.get(client, 0.0):
            return False
        self._banned_until.pop(client, None)
        if not is_take_over:
            return True
        recent = self._recent.setdefault(client, deque())
        while recent and now_s - recent[0] > _MINUTE_S:
            recent.popleft()
        if len(recent) >= TAKE_OVERS_PER_MINUTE:
            self._banned_until[client] = now_s + BAN_S
            del self._recent[client]
            return False
        recent.append(now_s)
        if len(self._recent) > _NAMES_MAXIMUM:
            self._forget_old(now_s)
        return True

    def _forget_old(self, now_s: float) -> None:
        self._recent = {name: times for name, times in self._recent.items() if now_s - times[-1] <= _MINUTE_S}
        self._banned_until = {name: until for name, until in self._banned_until.items() if until > now_s}
