"""A front door on a thread of its own, and a journal that a test can stop, fill and break."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from forewarn.core.errors import Retriable
from forewarn.ingest.commit import GroupCommit
from forewarn.ingest.delivery import Frame
from forewarn.ingest.door.front_door import FrontDoor, FrontDoorSettings
from forewarn.ingest.door.rights import RuleBook

ARRIVAL_US = 1_700_000_000_000_000
T = TypeVar("T")


class FsyncLog:
    """Appends to one file and calls fsync. `frames` are those that are durable."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self.frames: list[Frame] = []
        self.groups: list[int] = []
        self.is_full = False
        self.refusals = 0
        self.refused_often = threading.Event()  # it was full five times
        self.failure: OSError | None = None
        self.gate = threading.Event()  # closed: an append hangs before its fsync
        self.gate.set()
        self.hanging = threading.Event()  # an append waits at the gate
        self.before_return: Callable[[], None] = lambda: None

    def append(self, frames: Sequence[Frame]) -> int:
        if self.is_full:
            self.refusals += 1
            if self.refusals >= 5:
                self.refused_often.set()
            raise Retriable("the journal is full")
        if not self.gate.is_set():
            self.hanging.set()
            self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self._file.write(repr(list(frames)).encode())
        os.fsync(self._file.fileno())
        self.before_return()
        self.frames += frames
        self.groups.append(len(frames))
        return len(self.frames)

    def payloads(self) -> list[bytes]:
        return [frame.payload for frame in self.frames]

    def close(self) -> None:
        self._file.close()


class AllBut:
    """Rights to everything but some topics, which a test may change while the door is open."""

    def __init__(self, forbidden: set[str]) -> None:
        self._forbidden = forbidden

    def may_publish(self, user: str, client: str, topic: str) -> bool:
        return topic not in self._forbidden

    def may_be_called(self, user: str, client: str) -> bool:
        return True


class RunningDoor:
    """What a test needs of a front door that is listening."""

    def __init__(self, log: FsyncLog, settings: FrontDoorSettings, window_bytes: int) -> None:
        self.log = log
        self.loop = asyncio.new_event_loop()
        self.refused: list[tuple[str, str | None, str, int]] = []
        self.forbidden: set[str] = set()  # topics that nobody may publish
        self.commit = GroupCommit(log, window_bytes=window_bytes, first_retry_s=0.005, longest_retry_s=0.02)
        self.door = self.call(self._make(settings))
        self.port = self.call(self.door.start())

    async def _make(self, settings: FrontDoorSettings) -> FrontDoor:
        if settings.rights == RuleBook():
            settings = replace(settings, rights=AllBut(self.forbidden))
        return FrontDoor(settings, self.commit, lambda: ARRIVAL_US, self._note)

    def _note(self, client: str, topic: str | None, reason: str, size: int) -> None:
        self.refused.append((client, topic, reason, size))

    def call(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine on the door's loop."""
        if not self.loop.is_running():
            threading.Thread(target=self.loop.run_forever, daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """As the product does."""

        async def publish() -> None:
            self.door.publish(topic, payload, retain)

        self.call(publish())

    def drain(self) -> None:
        """Return when everything that arrived is durable."""
        self.call(self.commit.drain())


@contextmanager
def running_door(
    folder: Path, settings: FrontDoorSettings | None = None, window_bytes: int = 32 * 1024 * 1024
) -> Iterator[RunningDoor]:
    log = FsyncLog(folder / "journal")
    running = RunningDoor(log, settings or FrontDoorSettings(port=0), window_bytes)
    try:
        yield running
    finally:
        log.gate.set()
        log.is_full = False
        running.call(running.door.stop())
        running.call(running.commit.close())
        running.loop.call_soon_threadsafe(running.loop.stop)
        while running.loop.is_running():
            time.sleep(0.001)
        running.loop.close()
        log.close()
