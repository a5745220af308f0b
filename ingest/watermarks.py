"""Watermarks: what senders are told about how far their stream is stored. Pure.

A gateway that keeps its last minutes repeats what lies behind its watermark, and duplicates are dropped by identity. So
a mark may come late or be lost (in a crash, say: after a start every stream is told again), but it never runs ahead of
the store.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from forewarn.core.clock import US_PER_S
from forewarn.ingest.desk import Command
from forewarn.ingest.own_topics import WATERMARK_PREFIX
from forewarn.ingest.sequences import GapTracker

PERIOD_US = US_PER_S


def watermark_topic(stream: str) -> str:
    """Where the watermark of a stream is published: characters that mean something in a topic are percent-encoded.

    >>> watermark_topic("plant/p1/temp"), watermark_topic("gw #7+")
    ('forewarn/watermark/plant/p1/temp', 'forewarn/watermark/gw%20%237%2B')
    """
    return WATERMARK_PREFIX + quote(stream, safe="/", errors="replace")


class Watermarks:
    """Says when which stream is told: at most once a second each, by the time at which frames arrived."""

    def __init__(self, tracker: GapTracker) -> None:
        self._tracker = tracker
        self._due: list[tuple[int, str]] = []  # heap; each stream stands here once at the most
        self._waiting: set[str] = set()
        self._told: dict[str, tuple[int, tuple[str, int]]] = {}

    def touch(self, stream: str, now_us: int) -> None:
        """Something of this stream arrived."""
        if stream in self._waiting:
            return
        told = self._told.get(stream)
        self._waiting.add(stream)
        heapq.heappush(self._due, (max(now_us, told[0] + PERIOD_US) if told else now_us, stream))

    def touch_all(self) -> None:
        """After a start nobody knows what the senders were told: tell everything again."""
        for stream in self._tracker.streams():
            self.touch(stream, 0)

    @property
    def wakes_at_us(self) -> int | None:
        """When the next one is due."""
        return self._due[0][0] if self._due else None

    def forget(self, streams: Iterable[str]) -> list[Command]:
        """These streams are not followed any more: an empty retained message takes their mark away."""
        found = [stream for stream in streams if self._told.pop(stream, None)]
        return [Command(watermark_topic(stream), b"", retain=True) for stream in found]

    def due(self, now_us: int) -> list[Command]:
        """What is to be told now, once the store has taken everything that arrived until now."""
        found = []
        while self._due and self._due[0][0] <= now_us:
            _, stream = heapq.heappop(self._due)
            self._waiting.discard(stream)
            mark, told = self._tracker.mark(stream), self._told.get(stream)
            if mark is not None and (told is None or told[1] != mark):
                self._told[stream] = (now_us, mark)
                found.append(Command(watermark_topic(stream), _written(stream, mark, now_us), retain=True))
        return found


def _written(stream: str, mark: tuple[str, int], now_us: int) -> bytes:
    boot, sequence = mark
    return msgspec.json.encode({"stream": stream, "boot": boot, "seq": sequence, "ts": now_us // 1000})
