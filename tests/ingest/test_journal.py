"""The journal keeps its promise: what append returned for is there, whole, whatever happens to the tail."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.errors import Conflict, Retriable
from forewarn.ingest.delivery import Frame
from forewarn.ingest.journal import Journal, JournalDamaged, segment_path, segment_starts
from forewarn.ingest.journal_records import BadRecord, decode_frames, encode_record, read_record
from forewarn.ingest.journal_repair import repair

FRAMES = st.builds(
    Frame,
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 15),
    st.text(st.characters(exclude_categories=())),
    st.text(st.characters(exclude_categories=())),
    st.binary(max_size=300),
)
BATCHES = st.lists(st.lists(FRAMES, min_size=1, max_size=5), min_size=1, max_size=6)


def frame(n: int, size: int = 10) -> Frame:
    return Frame(n, 1, "gateway", f"plant/{n}", bytes([n % 256]) * size)


def read_all(journal: Journal, position: int = 0, max_bytes: int = 1 << 20) -> list[Frame]:
    found: list[Frame] = []
    while (batch := journal.read(position, max_bytes)) is not None:
        assert batch.start == position < batch.end
        found += batch.frames
        position = batch.end
    assert position == journal.end
    return found


def fill(folder: Path, batches: list[list[Frame]], **options: int) -> list[int]:
    journal = Journal(folder, **options)
    ends = [journal.append(batch) for batch in batches]
    journal.close()
    return ends


@pytest.mark.parametrize("tail_bytes", [0, 1 << 20])
@settings(max_examples=40)
@given(batches=BATCHES, max_bytes=st.integers(1, 2000), segment_bytes=st.integers(1, 2000))
def test_any_frames_come_back_in_order_from_memory_and_from_disk(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[Frame]],
    max_bytes: int,
    segment_bytes: int,
    tail_bytes: int,
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = Journal(folder, segment_bytes=segment_bytes, tail_bytes=tail_bytes)
    ends = [journal.append(batch) for batch in batches]
    assert ends == sorted(set(ends))
    assert ends[-1] == journal.end
    everything = [one for batch in batches for one in batch]
    assert read_all(journal, 0, max_bytes) == everything
    journal.close()
    reopened = Journal(folder, segment_bytes=segment_bytes)
    assert read_all(reopened, 0, max_bytes) == everything
    reopened.close()


def test_a_file_cut_at_any_byte_gives_a_prefix_of_whole_appends_and_goes_on(tmp_path: Path) -> None:
    batches = [[frame(1)], [frame(2), frame(3, 40)], [frame(4)]]
    ends = fill(tmp_path / "whole", batches)
    whole = segment_path(tmp_path / "whole", 0).read_bytes()
    for cut in range(len(whole) + 1):
        folder = tmp_path / f"cut{cut}"
        folder.mkdir()
        segment_path(folder, 0).write_bytes(whole[:cut])
        journal = Journal(folder)
        kept = sum(end <= cut for end in ends)
        assert read_all(journal) == [one for batch in batches[:kept] for one in batch]
        assert journal.append([frame(9)]) > journal.start
        journal.close()
        reopened = Journal(folder)
        assert read_all(reopened) == [one for batch in [*batches[:kept], [frame(9)]] for one in batch]
        reopened.close()


@given(st.lists(FRAMES, min_size=1, max_size=4), st.data())
def test_a_flipped_bit_is_always_found(frames: list[Frame], data: st.DataObject) -> None:
    record = bytearray(encode_record(77, frames))
    bit = data.draw(st.integers(0, 8 * len(record) - 1))
    assert decode_frames(read_record(memoryview(bytes(record)), 0, 77)) == frames
    record[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadRecord):
        read_record(memoryview(bytes(record)), 0, 77)


def test_damage_before_acknowledged_records_is_an_error_that_names_the_place_and_repair_keeps_the_rest(
    tmp_path: Path,
) -> None:
    ends = fill(tmp_path, [[frame(n)] for n in range(5)])
    path = segment_path(tmp_path, 0)
    data = bytearray(path.read_bytes())
    data[ends[1] + 30] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalDamaged, match=f"{path.name}, byte {ends[1]}"):
        Journal(tmp_path)
    (damage,) = repair(tmp_path)
    assert (damage.position, damage.length) == (ends[1], ends[2] - ends[1])
    assert damage.saved.read_bytes() == data[ends[1] : ends[2]]
    journal = Journal(tmp_path)
    assert read_all(journal) == [frame(n) for n in (0, 1, 3, 4)]
    assert journal.end == ends[-1]
    journal.close()
    assert repair(tmp_path) == []


def test_damage_in_an_older_segment_is_found_when_it_is_read_and_does_not_hide_what_follows(tmp_path: Path) -> None:
    ends = fill(tmp_path, [[frame(n)] for n in range(6)], segment_bytes=100)
    assert len(segment_starts(tmp_path)) == 3
    path = segment_path(tmp_path, 0)
    data = bytearray(path.read_bytes())
    data[ends[0] + 25] ^= 128
    path.write_bytes(data)
    journal = Journal(tmp_path, segment_bytes=100)
    first = journal.read(0)
    assert first is not None
    assert first.frames == [frame(0)]
    with pytest.raises(JournalDamaged, match=f"byte {ends[0]}"):
        journal.read(first.end)
    journal.close()
    assert [d.position for d in repair(tmp_path)] == [ends[0]]
    journal = Journal(tmp_path, segment_bytes=100)
    assert read_all(journal) == [frame(n) for n in (0, 2, 3, 4, 5)]
    journal.close()


def test_a_shortened_older_segment_is_an_error_until_repaired(tmp_path: Path) -> None:
    fill(tmp_path, [[frame(n)] for n in range(6)], segment_bytes=100)
    path = segment_path(tmp_path, 0)
    os.truncate(path, path.stat().st_size - 3)
    with pytest.raises(JournalDamaged, match="next segment begins"):
        Journal(tmp_path, segment_bytes=100)
    assert len(repair(tmp_path)) == 1
    journal = Journal(tmp_path, segment_bytes=100)
    assert read_all(journal) == [frame(n) for n in (0, 2, 3, 4, 5)]
    journal.close()


def test_nothing_is_written_past_the_limit_until_a_consumer_has_made_room(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=200, limit_bytes=600)
    endless = (journal.append([frame(n)]) for n in range(100))
    with pytest.raises(Retriable, match="limit"):
        list(endless)
    end, size = journal.end, sum(p.stat().st_size for p in tmp_path.glob("segment-*"))
    assert end == size <= 600
    assert journal.trim(end) == 2
    assert journal.append([frame(200)]) > end
    assert read_all(journal, end) == [frame(200)]
    with pytest.raises(ValueError, match="not in the journal"):
        journal.read(0)
    journal.close()
    reopened = Journal(tmp_path)
    assert reopened.start > 0
    assert read_all(reopened, end) == [frame(200)]
    reopened.close()


def test_a_limit_smaller_than_a_segment_still_makes_room_once_everything_is_consumed(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=10_000, limit_bytes=600)
    for n in range(20):
        journal.trim(journal.append([frame(n)]))
    assert read_all(journal, journal.start)[-1] == frame(19)
    journal.close()


def test_trim_keeps_every_segment_that_a_consumer_still_needs(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=100)
    ends = [journal.append([frame(n)]) for n in range(8)]
    journal.trim(ends[4])
    assert read_all(journal, ends[4]) == [frame(n) for n in (5, 6, 7)]
    journal.trim(ends[-1])
    assert len(segment_starts(tmp_path)) == 1
    journal.close()


def test_after_an_fsync_error_every_append_raises_and_a_restart_is_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    journal.append([frame(1)])
    calls = []

    def broken(descriptor: int) -> None:
        calls.append(descriptor)
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(os, "fdatasync", broken)
    for _ in range(2):
        with pytest.raises(OSError, match="no"):
            journal.append([frame(2)])
    assert len(calls) == 1
    assert read_all(journal) == [frame(1)]
    monkeypatch.undo()
    with pytest.raises(OSError, match="stopped"):
        journal.append([frame(3)])
    journal.close()
    reopened = Journal(tmp_path)
    assert read_all(reopened)[0] == frame(1)
    reopened.close()


def test_a_full_disk_keeps_nothing_of_the_append_and_the_same_call_works_after_room_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    journal.append([frame(1)])
    write, room = os.write, 20

    def small_disk(descriptor: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(errno.ENOSPC, "full")
        taken, room = min(room, len(data)), room - min(room, len(data))
        return write(descriptor, data[:taken])

    monkeypatch.setattr(os, "write", small_disk)
    with pytest.raises(Retriable, match="no space"):
        journal.append([frame(2)])
    assert segment_path(tmp_path, 0).stat().st_size == journal.end
    room = 1000
    journal.append([frame(2)])
    assert read_all(journal) == [frame(1), frame(2)]
    journal.close()
    reopened = Journal(tmp_path)
    assert read_all(reopened) == [frame(1), frame(2)]
    reopened.close()


def test_a_second_process_may_not_write_the_same_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(Conflict):
        Journal(tmp_path)
    journal.close()
    Journal(tmp_path).close()


def test_a_reader_beside_an_appender_sees_every_frame_once_and_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=2000, tail_bytes=3000)
    seen: list[Frame] = []

    def consume() -> None:
        position = 0
        while len(seen) < 300:
            if (batch := journal.read(position, 500)) is None:
                journal.wait(position, 5.0)
            else:
                seen.extend(batch.frames)
                position = batch.end
                journal.trim(position)

    reader = threading.Thread(target=consume)
    reader.start()
    for n in range(300):
        journal.append([frame(n)])
    reader.join(30)
    assert seen == [frame(n) for n in range(300)]
    journal.close()


def test_a_position_inside_a_record_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([frame(1)])
    with pytest.raises(ValueError, match="inside a record"):
        journal.read(3)
    journal.close()
