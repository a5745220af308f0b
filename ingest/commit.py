"""Group commit: many connections, one fsync, and an acknowledgement only after it.

There is no timer. A commit takes everything that is pending and starts as soon as the last one has returned, so the
group grows by itself when the disk is slow and stays at one message when nobody else is waiting. The blocking
`FrameLog.append` (write and fsync) runs in one worker thread; everything else happens on the event loop.

What happens when the log cannot take more:

* `Retriable` (byte limit reached): the same frames are offered again with a growing pause. Nothing is acknowledged,
  nothing is dropped; once `window_bytes` are pending the `on_pressure` watchers hear True and stop reading.
* `OSError` (the disk refused): final. After a failed fsync nobody knows what is on the disk, and a second fsync that
  succeeds proves nothing (the kernel may have dropped the dirty pages). Nothing is acknowledged any more, the watchers
  are told, and the process has to end: `await commit.failed()` returns the error to whoever runs it.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import structlog

from forewarn.core.errors import Retriable
from forewarn.ingest.delivery import Frame, FrameLog

LOG = structlog.get_logger("forewarn.ingest.commit")
MOST_GROUP_BYTES = 16 * 1024 * 1024
FRAME_OVERHEAD_BYTES = 200  # what a frame costs in memory beyond its bytes on the wire


class AckSink(Protocol):
    """Where the acknowledgements of one connection go. Must take calls after the connection has ended."""

    def acknowledge(self, acks: bytes, messages: int) -> None:
        """`messages` frames of this connection are durable: send `acks`, which are in arrival order."""
        ...


class NoAck:
    """The sink of frames that nobody waits for: wills, and what the front door notes about refusals."""

    def acknowledge(self, acks: bytes, messages: int) -> None:
        """Nobody to tell."""


NO_ACK = NoAck()


class Submission(NamedTuple):
    """What one read of one connection brought."""

    frames: Sequence[Frame]
    sink: AckSink
    acks: bytes
    messages: int  # how many of the frames are acknowledged by `acks`
    size_bytes: int
    submitted_at_s: float


class LatencyHistogram:
    """Counts durations in buckets 9 % wide, from 1 us to 1000 s; quantiles are the upper edge of their bucket."""

    _PER_OCTAVE, _BUCKETS = 8, 240

    def __init__(self) -> None:
        self._counts = [0] * self._BUCKETS
        self.total = 0

    def add(self, duration_s: float, count: int = 1) -> None:
        """Count `count` events that took `duration_s` each."""
        octaves = math.log2(max(duration_s * 1e6, 1.0))
        self._counts[min(int(octaves * self._PER_OCTAVE), self._BUCKETS - 1)] += count
        self.total += count

    def quantile_s(self, share: float) -> float:
        """The duration that `share` of the events did not exceed, in seconds; 0.0 before the first event."""
        rank, seen = share * self.total, 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= rank:
                return float(2.0 ** ((bucket + 1) / self._PER_OCTAVE)) * 1e-6
        return 0.0


@dataclass(slots=True)
class CommitCounters:
    """What the commit did since the start; `acknowledge_latency` runs from submission to the write of the ack."""

    messages: int = 0
    commits: int = 0
    retries: int = 0
    acknowledge_latency: LatencyHistogram = field(default_factory=LatencyHistogram)
    fsync_latency: LatencyHistogram = field(default_factory=LatencyHistogram)


class GroupCommit:
    """Makes frames durable in groups and then lets their acknowledgements go.

    `on_durable(end_position)` is called on the event loop after each commit, before the acknowledgements leave.
    All methods belong to the thread of the event loop.
    """

    def __init__(
        self,
        log: FrameLog,
        on_durable: Callable[[int], None] | None = None,
        window_bytes: int = 32 * 1024 * 1024,
        most_group_bytes: int = MOST_GROUP_BYTES,
        first_retry_s: float = 0.02,
        longest_retry_s: float = 1.0,
    ) -> None:
        self.counters = CommitCounters()
        self.failure: BaseException | None = None
        self.pending_bytes = 0  # submitted and not yet durable
        self._log = log
        self._on_durable = on_durable
        self._window_bytes, self._most_group_bytes = window_bytes, most_group_bytes
        self._first_retry_s, self._longest_retry_s = first_retry_s, longest_retry_s
        self._pending: list[Submission] = []
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._task: asyncio.Task[None] | None = None
        self._failed = asyncio.Event()
        self._pressed = False
        self._on_pressure: list[Callable[[bool], None]] = []
        self._on_failure: list[Callable[[BaseException], None]] = []

    def watch(self, on_pressure: Callable[[bool], None], on_failure: Callable[[BaseException], None]) -> None:
        """`on_pressure(True)` asks to stop reading, `on_pressure(False)` to go on; `on_failure` is final."""
        self._on_pressure.append(on_pressure)
        self._on_failure.append(on_failure)

    def submit(self, frames: Sequence[Frame], sink: AckSink, acks: bytes, messages: int, size_bytes: int) -> None:
        """Queue frames; `sink.acknowledge(acks, messages)` is called once they are durable.

        `acks` may be submitted without frames (refusals): they keep their place in the order. After a failure
        nothing is taken and nothing is acknowledged.
        """
        if self.failure is not None:
            return
        size_bytes += FRAME_OVERHEAD_BYTES * len(frames)
        self._pending.append(Submission(frames, sink, acks, messages, size_bytes, time.perf_counter()))
        self.pending_bytes += size_bytes
        if self.pending_bytes > self._window_bytes and not self._pressed:
            self._press(True)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._commit_all())

    def submit_silently(self, frame: Frame) -> None:
        """Queue one frame that nobody waits for."""
        self.submit((frame,), NO_ACK, b"", 0, len(frame.topic) + len(frame.payload))

    async def drain(self) -> None:
        """Return when nothing is pending (or the commit has failed). Waits as long as the log stays full."""
        while self._task is not None:
            await asyncio.wait((self._task,))

    async def failed(self) -> BaseException:
        """Wait for the failure after which the process has to end, and return it."""
        await self._failed.wait()
        assert self.failure is not None
        return self.failure

    async def close(self) -> None:
        """Give up what is still pending (it was never acknowledged) and end the worker thread."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
        self._worker.shutdown(wait=True)

    async def _commit_all(self) -> None:
        """Commit until nothing is pending. Any exception at all means that durability is unknown: final."""
        try:
            while self._pending:
                group = self._next_group()
                self._release(group, await self._make_durable(group))
        except Exception as error:
            self._fail(error)
        finally:
            self._task = None

    def _next_group(self) -> list[Submission]:
        """Everything that is pending, or the oldest part of it: a group larger than what the log can ever take would
        wait for ever."""
        size, count = 0, 0
        for submission in self._pending:
            if count and size + submission.size_bytes > self._most_group_bytes:
                break
            size, count = size + submission.size_bytes, count + 1
        group, self._pending = self._pending[:count], self._pending[count:]
        return group

    async def _make_durable(self, group: Sequence[Submission]) -> int:
        """The end position in the log after `group`; comes back only when the frames are on the disk."""
        frames = [frame for submission in group for frame in submission.frames]
        if not frames:
            return -1
        pause_s = self._first_retry_s
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._worker, self._append, frames)
            except Retriable as full:
                self.counters.retries += 1
                if pause_s == self._first_retry_s:
                    LOG.warning("journal_full", reason=str(full), withheld_bytes=self.pending_bytes)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, self._longest_retry_s)

    def _append(self, frames: Sequence[Frame]) -> int:
        started_s = time.perf_counter()
        position = self._log.append(frames)
        self.counters.fsync_latency.add(time.perf_counter() - started_s)
        return position

    def _release(self, group: Sequence[Submission], position: int) -> None:
        """One write per connection, in arrival order."""
        if position >= 0 and self._on_durable is not None:
            self._on_durable(position)
        answers: dict[AckSink, list[bytes]] = {}
        messages: dict[AckSink, int] = {}
        for submission in group:
            answers.setdefault(submission.sink, []).append(submission.acks)
            messages[submission.sink] = messages.get(submission.sink, 0) + submission.messages
        for sink, acks in answers.items():
            sink.acknowledge(b"".join(acks), messages[sink])
        self._count(group)
        if self._pressed and self.pending_bytes <= self._window_bytes // 2:
            self._press(False)

    def _count(self, group: Sequence[Submission]) -> None:
        counters, now_s = self.counters, time.perf_counter()
        counters.commits += 1
        for submission in group:
            counters.messages += len(submission.frames)
            self.pending_bytes -= submission.size_bytes
            if submission.messages:
                counters.acknowledge_latency.add(now_s - submission.submitted_at_s, submission.messages)

    def _press(self, pressed: bool) -> None:
        self._pressed = pressed
        LOG.warning("reading_stopped" if pressed else "reading_resumed", pending_bytes=self.pending_bytes)
        for tell in self._on_pressure:
            tell(pressed)

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self._pending.clear()
        LOG.critical(
            "journal_failed", error=str(error), consequence="nothing is acknowledged any more; the process ends"
        )
        self._failed.set()
        for tell in self._on_failure:
            tell(error)
