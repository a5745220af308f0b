"""Check of a whole series store: all chunks, log entries, waveforms and rollups are unpacked. Changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.readings import Readings
from forewarn.core.rollups import rollup_of
from forewarn.ingest.store.chunks import decode_chunk, decode_wave
from forewarn.ingest.store.day_rows import day_name, day_path, days_of
from forewarn.ingest.store.day_state import read_state
from forewarn.ingest.store.day_view import DayView, merged_readings
from forewarn.ingest.store.files import open_for_reading
from forewarn.ingest.store.history import FILE as HISTORY_FILE
from forewarn.ingest.store.history import dropped_days
from forewarn.ingest.store.log_entry import rows_of
from forewarn.ingest.store.rollup_files import WIDTHS, RollupReader
from forewarn.ingest.store.rollup_rows import decode_rollup


@dataclass(slots=True)
class Verdict:
    """What was looked at, and every damage found, the first one first; whole when there is none."""

    days: int = 0
    chunks: int = 0
    readings: int = 0
    waveforms: int = 0
    rollups: int = 0
    damages: list[str] = field(default_factory=list)


def verify(folder: Path) -> Verdict:
    """Check every file of a store, also while it is written. A folder without a catalogue is damaged."""
    verdict = Verdict()
    with _Connection(folder / "catalogue.db", verdict) as catalogue:
        cursor = None
        if catalogue is None:
            verdict.damages.append(f"{folder / 'catalogue.db'}: there is no catalogue")
        else:
            cursor = int(catalogue.execute("SELECT cursor FROM state").fetchone()[0])
    with _Connection(folder / HISTORY_FILE, verdict) as history:
        dropped = dropped_days(history)
    rollups = RollupReader(folder)
    for day in days_of(folder):
        with _Connection(day_path(folder, day), verdict) as db:
            if db is not None and read_state(db).generation >= dropped.get(day, 0):
                verdict.days += 1
                path = day_path(folder, day)
                verdict.damages += _guarded(path, _Day(db, path, day, cursor, rollups, verdict).damages())
    rollups.close()
    for width in WIDTHS:
        for path in width.files(folder):
            with _Connection(path, verdict) as db:
                if db is not None:
                    verdict.damages += _guarded(path, _rollup_damages(db, verdict))
    return verdict


class _Connection:
    """A file opened for reading; what is wrong with the file as a whole is a damage and not an error."""

    def __init__(self, path: Path, verdict: Verdict) -> None:
        self._path, self._verdict = path, verdict
        self._db: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection | None:
        try:
            self._db = open_for_reading(self._path)
            if self._db is not None:
                for (text,) in self._db.execute("PRAGMA quick_check(3)").fetchall():
                    if text != "ok":
                        self._verdict.damages.append(f"{self._path}: {text}")
        except sqlite3.DatabaseError as error:
            self._verdict.damages.append(f"{self._path}: {error}")
            self.__exit__()
        return self._db

    def __exit__(self, *_: object) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def _guarded(path: Path, damages: Iterator[str]) -> Iterator[str]:
    """Damages with the name of their file; an error that ends the search is one too."""
    try:
        for damage in damages:
            yield f"{path}: {damage}"
    except (sqlite3.DatabaseError, Rejected) as error:
        yield f"{path}: {error}"


def _rollup_damages(db: sqlite3.Connection, verdict: Verdict) -> Iterator[str]:
    for series, day, blob in db.execute("SELECT series, day, blob FROM rollup"):
        verdict.rollups += 1
        try:
            decode_rollup(blob)
        except Rejected as error:
            yield f"rollup of series {series} on {day_name(day)}: {error}"


class _Day:
    """One day file, all of it read in one transaction."""

    def __init__(
        self, db: sqlite3.Connection, path: Path, day: int, cursor: int | None, rollups: RollupReader, verdict: Verdict
    ) -> None:
        self._db, self._day, self._cursor, self._rollups, self._verdict = db, day, cursor, rollups, verdict
        self._view = DayView(db, path, day)

    def damages(self) -> Iterator[str]:
        """Everything that is wrong with the day."""
        with self._view.snapshot():
            yield from self._books()
            yield from self._chunk_damages()
            yield from self._wave_damages()
            yield from self._series_damages()

    def _books(self) -> Iterator[str]:
        state = self._view.state
        if self._cursor is not None and state.base > self._cursor:
            yield f"knows the catalogue at {state.base}, which stands at {self._cursor}: not of one moment"
        if state.pack_upto > state.last_id or state.packed > state.last_id:
            yield f"the log is packed to {max(state.pack_upto, state.packed)} and ends at {state.last_id}"
        for id_, n, columns in self._db.execute("SELECT id, n, columns FROM log"):
            try:
                if len(rows_of(columns)) != n:
                    yield f"log entry {id_}: {len(columns)} bytes for {n} readings"
            except Rejected as error:
                yield f"log entry {id_}: {error}"

    def _chunk_damages(self) -> Iterator[str]:
        read = "SELECT id, series, t0, t1, n, vmin, vmax, blob FROM chunk ORDER BY series, t0"
        for id_, series, t0, t1, n, low, high, blob in self._db.execute(read):
            self._verdict.chunks += 1
            try:
                at, value, _ = decode_chunk(blob)
            except Rejected as error:
                yield f"chunk {id_} of series {series}: {error}"
                continue
            if (int(at[0]), int(at[-1]), len(at), value.min(), value.max()) != (t0, t1, n, low, high):
                yield f"chunk {id_} of series {series}: its row tells of other readings than it holds"
            if t0 // US_PER_DAY != self._day or t1 // US_PER_DAY != self._day:
                yield f"chunk {id_} of series {series}: readings of another day"

    def _wave_damages(self) -> Iterator[str]:
        for id_, n, blob in self._db.execute("SELECT id, n, blob FROM waveform"):
            self._verdict.waveforms += 1
            try:
                if len(decode_wave(blob)) != n:
                    yield f"waveform {id_}: not {n} samples"
            except Rejected as error:
                yield f"waveform {id_}: {error}"

    def _series_damages(self) -> Iterator[str]:
        """Compare the books with what is there, and kept rollups with the readings."""
        found = 0
        for series in self._all_series():
            readings = self._readings(series)
            found += len(readings)
            if self._view.is_settled(series):
                yield from self._rollup_damages(series, readings)
        self._verdict.readings += found
        (waves,) = self._db.execute("SELECT count(*) FROM waveform").fetchone()
        state = self._view.state
        if found + waves + state.waves_dropped != state.stored:
            yield f"{found} readings and {waves} waveforms where the books say {state.stored - state.waves_dropped}"

    def _all_series(self) -> list[int]:
        chunks = {series for (series,) in self._db.execute("SELECT DISTINCT series FROM chunk")}
        return sorted(chunks | self._view.log_series())

    def _readings(self, series: int) -> Readings:
        midnight = self._day * US_PER_DAY
        try:
            return merged_readings(self._view.read(series, midnight, midnight + US_PER_DAY))
        except Rejected:  # told above already
            return Readings.empty()

    def _rollup_damages(self, series: int, readings: Readings) -> Iterator[str]:
        for width in WIDTHS:
            for _, generation, kept in self._rollups.rows(width, series, self._day, self._day):
                if generation != self._view.state.generation:
                    continue
                made = rollup_of(readings, width.bucket_us)
                if not all(map(np.array_equal, kept.columns(), made.columns())):
                    yield f"{width.name} of series {series} are not those of its readings"
