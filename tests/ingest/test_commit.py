"""Group commit: nothing is acknowledged before its fsync, everything in order, and a full or broken disk is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.ingest.commit import FRAME_OVERHEAD_BYTES, GroupCommit, LatencyHistogram
from forewarn.ingest.delivery import Frame
from forewarn.ingest.journal import Journal
from tests.ingest.running_door import FsyncLog


@pytest.fixture
def log(tmp_path: Path) -> Iterator[FsyncLog]:
    log = FsyncLog(tmp_path / "journal")
    yield log
    log.gate.set()
    log.close()


class Sink:
    """Notes what it is told, and how many frames were durable at that moment."""

    def __init__(self, log: FsyncLog) -> None:
        self._log = log
        self.calls: list[tuple[bytes, int, int]] = []

    def acknowledge(self, acks: bytes, messages: int) -> None:
        self.calls.append((acks, messages, len(self._log.frames)))


def frame(number: int) -> Frame:
    return Frame(0, 1, "press-1", "t", b"%d" % number)


def submit(commit: GroupCommit, sink: Sink, number: int) -> None:
    commit.submit([frame(number)], sink, b"%d," % number, 1, 10)


def run(commit: GroupCommit, story: Coroutine[object, object, None]) -> None:
    async def whole() -> None:
        await story
        await commit.close()

    asyncio.run(whole())


def until(event: threading.Event) -> asyncio.Future[object]:
    return asyncio.get_running_loop().run_in_executor(None, event.wait)


def test_an_acknowledgement_follows_the_fsync(log: FsyncLog) -> None:
    positions: list[int] = []
    commit, sink = GroupCommit(log, positions.append), Sink(log)

    async def story() -> None:
        submit(commit, sink, 1)
        assert sink.calls == []
        await commit.drain()

    run(commit, story())
    assert sink.calls == [(b"1,", 1, 1)]
    assert positions == [1]
    assert commit.pending_bytes == 0


def test_what_arrives_during_an_fsync_is_one_commit_with_one_write_per_connection(log: FsyncLog) -> None:
    commit, first, second = GroupCommit(log), Sink(log), Sink(log)

    async def story() -> None:
        log.gate.clear()
        submit(commit, first, 0)
        await until(log.hanging)
        for number in range(1, 101):
            submit(commit, first if number % 2 else second, number)
        assert first.calls == []
        log.gate.set()
        await commit.drain()

    run(commit, story())
    assert log.groups == [1, 100]
    assert log.payloads() == [b"%d" % number for number in range(101)]
    assert [call[0] for call in first.calls] == [b"0,", b"".join(b"%d," % number for number in range(1, 101, 2))]
    assert second.calls == [(b"".join(b"%d," % number for number in range(2, 101, 2)), 50, 101)]
    assert (commit.counters.commits, commit.counters.messages) == (2, 101)
    assert commit.counters.acknowledge_latency.total == 101


def test_refusals_without_frames_keep_their_place_among_the_acknowledgements(log: FsyncLog) -> None:
    commit, sink = GroupCommit(log), Sink(log)

    async def story() -> None:
        submit(commit, sink, 1)
        commit.submit([], sink, b"no,", 1, 0)
        submit(commit, sink, 2)
        await commit.drain()
        commit.submit([], sink, b"no,", 1, 0)
        await commit.drain()

    run(commit, story())
    assert [call[0] for call in sink.calls] == [b"1,no,2,", b"no,"]
    assert log.groups == [2]


def test_a_full_journal_withholds_acknowledgements_and_loses_nothing(log: FsyncLog) -> None:
    commit, sink = GroupCommit(log, first_retry_s=0.001, longest_retry_s=0.002), Sink(log)

    async def story() -> None:
        log.is_full = True
        for number in range(10):
            submit(commit, sink, number)
        await until(log.refused_often)
        assert sink.calls == []
        log.is_full = False
        await commit.drain()

    run(commit, story())
    assert log.payloads() == [b"%d" % number for number in range(10)]
    assert sum(call[1] for call in sink.calls) == 10
    assert commit.counters.retries >= 5


def test_reading_is_asked_to_stop_above_the_window_and_to_go_on_below_half_of_it(log: FsyncLog) -> None:
    commit, sink = GroupCommit(log, window_bytes=10 * (10 + FRAME_OVERHEAD_BYTES)), Sink(log)
    asked: list[tuple[bool, int]] = []
    commit.watch(lambda pressed: asked.append((pressed, commit.pending_bytes)), lambda error: None)

    async def story() -> None:
        log.gate.clear()
        for number in range(12):
            submit(commit, sink, number)
        assert [pressed for pressed, _ in asked] == [True]
        log.gate.set()
        await commit.drain()

    run(commit, story())
    assert asked == [(True, 11 * 210), (False, 0)]


def test_after_a_failed_fsync_nothing_is_acknowledged_and_nothing_is_tried_again(log: FsyncLog) -> None:
    commit, sink = GroupCommit(log), Sink(log)
    told: list[BaseException] = []
    commit.watch(lambda pressed: None, told.append)

    async def story() -> None:
        submit(commit, sink, 1)
        await commit.drain()
        log.failure = OSError(5, "Input/output error")
        submit(commit, sink, 2)
        failure = await commit.failed()
        assert isinstance(failure, OSError)
        log.failure = None  # a second fsync that succeeds would prove nothing
        submit(commit, sink, 3)
        await commit.drain()

    run(commit, story())
    assert [call[0] for call in sink.calls] == [b"1,"]
    assert log.payloads() == [b"1"]
    assert [str(error) for error in told] == ["[Errno 5] Input/output error"]


def test_closing_leaves_what_is_pending_unacknowledged(log: FsyncLog) -> None:
    commit, sink = GroupCommit(log, first_retry_s=0.001, longest_retry_s=0.002), Sink(log)

    async def story() -> None:
        log.is_full = True
        submit(commit, sink, 1)
        await until(log.refused_often)

    run(commit, story())
    assert sink.calls == []


def test_a_quantile_is_the_upper_edge_of_its_bucket() -> None:
    histogram = LatencyHistogram()
    assert histogram.quantile_s(0.5) == 0.0
    histogram.add(0.001, 99)
    histogram.add(1.0)
    assert histogram.quantile_s(0.5) == pytest.approx(0.001, rel=0.1)
    assert histogram.quantile_s(0.99) == pytest.approx(0.001, rel=0.1)
    assert histogram.quantile_s(1.0) == pytest.approx(1.0, rel=0.1)


@given(st.floats(1e-6, 900.0))
def test_a_bucket_is_never_more_than_a_tenth_too_high(duration_s: float) -> None:
    histogram = LatencyHistogram()
    histogram.add(duration_s)
    assert duration_s * (1 - 1e-9) <= histogram.quantile_s(1.0) <= duration_s * 1.1


def test_more_than_the_log_can_take_at_once_is_committed_in_parts(tmp_path: Path) -> None:
    """What piled up behind a full journal must not become one group that never fits."""
    journal = Journal(tmp_path / "journal", segment_bytes=65_536, limit_bytes=1 << 20)

    def durable(end: int) -> None:
        journal.trim(end)

    commit = GroupCommit(journal, durable, most_group_bytes=1 << 18)
    frames = [Frame(0, 1, "press-1", "t", b"x" * 1000) for _ in range(2000)]
    told: list[int] = []

    class Counter:
        def acknowledge(self, acks: bytes, messages: int) -> None:
            told.append(messages)

    async def story() -> None:
        sink = Counter()
        for start in range(0, len(frames), 50):
            commit.submit(frames[start : start + 50], sink, b"", 50, 50_000)
        await commit.drain()

    run(commit, story())
    journal.close()
    assert sum(told) == 2000
    assert max(told) < 1000
