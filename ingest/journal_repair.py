"""Repair of a damaged journal, by hand and offline: the damaged bytes are set aside, everything else stays readable."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from forewarn.ingest.folder_lock import FolderLock, sync_folder
from forewarn.ingest.journal import segment_path, segment_starts
from forewarn.ingest.journal_records import HEADER, BadRecord, encode_hole, next_good, walk


@dataclass(frozen=True, slots=True)
class Damage:
    """A hole: `length` bytes from global `position` that no consumer will see. `saved` keeps what was found there."""

    path: Path
    position: int
    length: int
    saved: Path


def repair(folder: Path) -> list[Damage]:
    """Turn every unreadable stretch of a closed journal into a hole that readers skip; what became holes.

    The bytes found there are kept in `damaged-POSITION.bin`. A torn tail of the last segment is left for `Journal` to
    cut. Positions of everything else stay as they are. Raises `core.errors.Conflict` while a journal is open.
    """
    lock = FolderLock(folder)
    try:
        starts = segment_starts(folder)
        ends = [*starts[1:], None]
        return [
            damage for start, end in zip(starts, ends, strict=True) for damage in _repair_segment(folder, start, end)
        ]
    finally:
        lock.release()


def _repair_segment(folder: Path, start: int, end: int | None) -> list[Damage]:
    path = segment_path(folder, start)
    found = []
    while (stretch := _first_bad(path.read_bytes(), start, end)) is not None:
        found.append(_make_hole(folder, path, start, *stretch))
    return found


def _first_bad(data: bytes, start: int, end: int | None) -> tuple[int, int] | None:
    """[from, to) of the first unreadable stretch of a segment, as offsets in its file; `end`: where it should end."""
    good = 0
    should_end = len(data) if end is None else end - start
    try:
        for record in walk(memoryview(data), start):
            good = record.end - start
    except BadRecord:
        following = next_good(data, good + 1, start)
        if following is None and end is None:
            return None  # a torn tail
        return good, should_end if following is None else following
    return (good, should_end) if good < should_end else None


def _make_hole(folder: Path, path: Path, start: int, begin: int, stop: int) -> Damage:
    position, length = start + begin, stop - begin
    if length < HEADER.size:
        raise ValueError(f"{path}: {length} bytes are missing at byte {begin}, too few to mark as a hole")
    saved = folder / f"damaged-{position:020d}.bin"
    with path.open("r+b") as file:
        file.seek(begin)
        saved.write_bytes(file.read(length))
        file.seek(begin)
        file.write(encode_hole(position, length))
        file.truncate(max(start + stop, path.stat().st_size + start) - start)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(folder)
    return Damage(path, position, length, saved)
