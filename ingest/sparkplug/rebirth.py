"""When to ask which edge node for its births again: rarely each, and not all at once.

A host that begins with a thousand nodes at work must not ask them all in one second: their births are large. Each
node is asked again, after an interval that doubles, until it answers or was asked `MAX_ASKS` times; from then on only
when it sends something.
"""

from __future__ import annotations

from forewarn.core.clock import US_PER_S
from forewarn.ingest.desk import Command
from forewarn.ingest.formats.sparkplug_payload import Payload, encode
from forewarn.ingest.formats.sparkplug_types import DataType, metric_of
from forewarn.ingest.sparkplug.node import Row
from forewarn.ingest.sparkplug.topics import command_topic

REBIRTH = "Node Control/Rebirth"
MAX_ASKS = 8
PER_SECOND = 10
"""Requests to all nodes together, per second of plant time."""


def request(group: str, node: str, now_us: int) -> Command:
    """The NCMD. It carries no sequence number: a host does not count.

    >>> request("press shop", "edge-1", 1_795_392_000_000_000).topic
    'spBv1.0/press shop/NCMD/edge-1'
    """
    now_ms = now_us // 1000
    wanted = metric_of(REBIRTH, DataType.BOOLEAN, True, now_ms)
    return Command(command_topic(group, node), encode(Payload(now_ms, [wanted])))


class Asks:
    """Which nodes are to be asked, and when at the earliest. Keys are edge node descriptors."""

    def __init__(self, interval_us: int) -> None:
        self._interval_us = interval_us
        self._earliest: dict[str, int] = {}
        self._second_us = 0
        self._used = 0

    def want(self, key: str, row: Row, now_us: int) -> None:
        """Ask when its turn comes; once, however often it is wanted meanwhile."""
        row.wants_birth = True
        if key not in self._earliest:
            pause_us = self._interval_us << min(max(row.asks - 1, 0), MAX_ASKS)
            self._earliest[key] = max(now_us, row.asked_at_us + pause_us) if row.asked_at_us else now_us

    def forget(self, key: str) -> None:
        """It was born, or died."""
        self._earliest.pop(key, None)

    @property
    def next_us(self) -> int | None:
        """When the next one may be asked."""
        if not self._earliest:
            return None
        first = min(self._earliest.values())
        return max(first, self._second_us + US_PER_S) if self._used >= PER_SECOND else first

    def due(self, now_us: int) -> list[str]:
        """The nodes to ask now, in the order in which they were wanted."""
        if now_us >= self._second_us + US_PER_S:
            self._second_us, self._used = now_us, 0
        ready = [key for key, earliest in self._earliest.items() if earliest <= now_us]
        chosen = ready[: PER_SECOND - self._used]
        self._used += len(chosen)
        for key in chosen:
            del self._earliest[key]
        return chosen
