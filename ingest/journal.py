"""The journal: raw frames in append-only segment files, on disk before anything is acknowledged.

A position is a global byte offset: it only rises, and every end of an append is a place to go on from. Segment files
are named by the position of their first byte. A consumer reads from memory while it keeps up and from disk when it has
fallen behind, by the same call.
"""

from __future__ import annotations

import errno
import os
import threading
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from forewarn.core.errors import Retriable
from forewarn.ingest.delivery import Frame
from forewarn.ingest.folder_lock import FolderLock, sync_folder
from forewarn.ingest.journal_records import (
    HEADER,
    BadRecord,
    decode_frames,
    encode_record,
    next_good,
    record_bytes,
    walk,
)

MIB = 1 << 20
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class JournalDamaged(OSError):
    """Bytes that were acknowledged cannot be read. `path` and `offset` name the place; `repair` keeps the rest."""

    def __init__(self, path: Path, offset: int, what: str) -> None:
        super().__init__(f"{path}, byte {offset}: {what}; `repair` sets the damaged part aside and keeps the rest")
        self.path = path
        self.offset = offset


@dataclass(frozen=True, slots=True)
class JournalBatch:
    """Frames of whole appends: everything in [start, end)."""

    start: int
    end: int
    frames: list[Frame]


@dataclass(frozen=True, slots=True)
class _Appended:
    """One append that is still in memory."""

    start: int
    end: int
    frames: Sequence[Frame]


def segment_path(folder: Path, start: int) -> Path:
    """File of the segment whose first byte has this position."""
    return folder / f"segment-{start:020d}.journal"


def segment_starts(folder: Path) -> list[int]:
    """Positions at which the segments of a folder begin, ascending."""
    return sorted(int(path.stem.removeprefix("segment-")) for path in folder.glob("segment-*.journal"))


class Journal:
    """Append-only log of frames. One appender and any number of reading threads at a time; one process per folder.

    Raises `core.errors.Conflict` when another process has the folder open, `JournalDamaged` when a record that was
    acknowledged is unreadable. A torn tail (the write that a crash cut short, never acknowledged) is cut off. An empty
    folder begins at position `first`: beside a store that was restored, where that store goes on.

    >>> journal = Journal(Path("data/journal"))                                   # doctest: +SKIP
    >>> journal.append([Frame(1, 1, "pump-7", "plant/pump-7/temp", b"71.2")])     # doctest: +SKIP
    76
    >>> journal.read(0).frames[0].payload                                         # doctest: +SKIP
    b'71.2'
    """

    def __init__(
        self,
        folder: Path,
        segment_bytes: int = 64 * MIB,
        limit_bytes: int = 2048 * MIB,
        tail_bytes: int = 16 * MIB,
        first: int = 0,
    ) -> None:
        self._folder, self._lock_file = folder, FolderLock(folder)
        self._limit_bytes, self._tail_bytes = limit_bytes, tail_bytes
        self._segment_bytes = min(segment_bytes, limit_bytes // 2)  # the newest segment is never trimmed
        self._appending, self._changed = threading.Lock(), threading.Condition()
        self._tail: list[_Appended] = []
        self._failure: OSError | None = None
        self._file = -1
        try:
            self._starts = segment_starts(folder)
            self._end = self._recover(first)
        except BaseException:
            self._lock_file.release()
            raise

    @property
    def end(self) -> int:
        """Position behind the last durable frame."""
        return self._end

    @property
    def start(self) -> int:
        """Position of the oldest frame that is still kept."""
        return self._starts[0]

    # ---- opening

    def _recover(self, first: int) -> int:
        if not self._starts:
            self._file = self._create_segment(first)
            self._starts = [first]
            sync_folder(self._folder)
            return first
        for start, following in zip(self._starts, self._starts[1:], strict=False):
            path = segment_path(self._folder, start)
            if start + path.stat().st_size != following:
                raise JournalDamaged(path, path.stat().st_size, f"the next segment begins at position {following}")
        last = self._starts[-1]
        self._file = os.open(segment_path(self._folder, last), os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        return last + self._cut_torn_tail(last)

    def _cut_torn_tail(self, start: int) -> int:
        path = segment_path(self._folder, start)
        data = path.read_bytes()
        good = 0
        try:
            for record in walk(memoryview(data), start):
                good = record.end - start
        except BadRecord as bad:
            if next_good(data, good + 1, start) is not None:
                raise JournalDamaged(path, good, str(bad)) from bad
            os.ftruncate(self._file, good)
            os.fsync(self._file)
        return good

    def _create_segment(self, start: int) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.open(segment_path(self._folder, start), flags, 0o644)

    # ---- appending

    def append(self, frames: Sequence[Frame]) -> int:
        """Write and fsync these frames as one record; the position behind them.

        Raises `core.errors.Retriable` when the byte limit would be passed or the disk is full (nothing was kept of the
        call: try again later), and `OSError` when the disk refuses; after that every append raises, for an fsync that
        failed once may lie the second time.
        """
        with self._appending:
            if self._failure is not None:
                raise OSError(self._failure.errno, f"the journal stopped at {self._end}: {self._failure}")
            if not frames:
                return self._end
            record = encode_record(self._end, frames)
            if self._end + len(record) - self._starts[0] > self._limit_bytes:
                raise Retriable(f"the journal holds its limit of {self._limit_bytes} bytes; a consumer has stalled")
            try:
                self._roll_when_full()
                self._write(record)
                os.fdatasync(self._file)
            except OSError as error:
                self._failure = error
                raise
            return self._remember(frames, len(record))

    def _roll_when_full(self) -> None:
        if self._end - self._starts[-1] < self._segment_bytes:
            return
        try:
            created = self._create_segment(self._end)
        except OSError as error:
            raise self._retriable(error) from error
        os.close(self._file)
        self._file = created
        with self._changed:
            self._starts = [*self._starts, self._end]
        sync_folder(self._folder)

    def _write(self, record: bytes) -> None:
        left = memoryview(record)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            os.ftruncate(self._file, self._end - self._starts[-1])  # what was half written never happened
            raise self._retriable(error) from error

    def _retriable(self, error: OSError) -> Exception:
        """A full disk may have space again later; any other error is given back as it is."""
        return Retriable(f"no space for the journal in {self._folder}") if error.errno in _NO_SPACE else error

    def _remember(self, frames: Sequence[Frame], size: int) -> int:
        with self._changed:
            self._tail.append(_Appended(self._end, self._end + size, frames))
            self._end += size
            if self._end - self._tail[0].start > self._tail_bytes:  # cut by quarters: a cut moves the whole list
                keep_from = self._end - self._tail_bytes * 3 // 4
                del self._tail[: bisect_left(self._tail, keep_from, hi=len(self._tail) - 1, key=_start_of)]
            self._changed.notify_all()
            return self._end

    # ---- reading

    def wait(self, position: int, timeout_s: float) -> bool:
        """Block until something is behind a position (True), or the time is over (False)."""
        with self._changed:
            return self._changed.wait_for(lambda: self._end > position, timeout_s)

    def read(self, position: int, max_bytes: int = 8 * MIB) -> JournalBatch | None:
        """Whole appends from a position, at least one and about `max_bytes`; None when there is nothing yet.

        Raises `ValueError` for a position that is trimmed, in the future or inside a record, and `JournalDamaged`.
        """
        with self._changed:
            starts, end = self._starts, self._end
            if not starts[0] <= position <= end:
                raise ValueError(f"position {position} is not in the journal [{starts[0]}, {end}]")
            if position == end:
                return None
            if self._tail and self._tail[0].start <= position:
                return _from_memory(self._tail, position, max_bytes)
        return self._from_disk(starts, position, end, max_bytes)

    def _from_disk(self, starts: list[int], position: int, end: int, max_bytes: int) -> JournalBatch:
        start = max(s for s in starts if s <= position)
        stop = min([s for s in starts if s > position], default=end)
        path = segment_path(self._folder, start)
        last, frames = position, list[Frame]()
        try:
            with path.open("rb") as file:
                file.seek(position - start)
                header = file.read(HEADER.size)
                wanted = max(record_bytes(header, position), min(max_bytes, stop - position))
                data = memoryview(header + file.read(wanted - len(header)))
            for record in walk(data, position):
                frames += decode_frames(record)
                last = record.end
        except BadRecord as bad:
            if last == position:
                raise JournalDamaged(path, last - start, str(bad)) from bad
        return JournalBatch(position, last, frames)

    # ---- trimming

    def trim(self, before: int) -> int:
        """Delete the segments that lie wholly before a position; the number of files that went. The newest stays."""
        with self._changed:
            going = [s for s, following in zip(self._starts, self._starts[1:], strict=False) if following <= before]
            self._starts = self._starts[len(going) :]
        for start in going:
            segment_path(self._folder, start).unlink()
        if going:
            sync_folder(self._folder)
        return len(going)

    def close(self) -> None:
        """Release the folder. What was appended is on disk already."""
        with self._appending:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1
                self._failure = self._failure or OSError(errno.EBADF, "it was closed")
            self._lock_file.release()


def _start_of(appended: _Appended) -> int:
    return appended.start


def _from_memory(kept: list[_Appended], position: int, max_bytes: int) -> JournalBatch:
    first = bisect_left(kept, position, key=_start_of)
    if first == len(kept) or kept[first].start != position:
        raise ValueError(f"position {position} lies inside a record")
    frames, last = list[Frame](), position
    for appended in islice(kept, first, None):
        if frames and appended.end - position > max_bytes:
            break
        frames += appended.frames
        last = appended.end
    return JournalBatch(position, last, frames)
