"""The waveforms of one day: packed blobs with the same identity rule as readings."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from forewarn.core.readings import Waveform
from forewarn.ingest.store.chunks import decode_wave, encode_wave


@dataclass(slots=True)
class JudgedWaves:
    """What became of some waveforms."""

    new: list[Waveform] = field(default_factory=list)
    duplicates: int = 0
    conflicts: list[Waveform] = field(default_factory=list)


def rms(waveform: Waveform) -> float:
    """Root mean square of the samples.

    >>> rms(Waveform(1, 0, 100.0, np.array([3.0, -3.0], np.float32)))
    3.0
    """
    return float(np.sqrt(np.mean(np.square(waveform.samples, dtype=np.float64))))


def same_wave(one: Waveform, other: Waveform) -> bool:
    """The same samples at the same rate."""
    return one.sample_rate_hz == other.sample_rate_hz and np.array_equal(one.samples, other.samples)


class WaveTable:
    """The tables `waveform` and `waveform_conflict` of a day file, inside the caller's transactions."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._newest: dict[int, int] = dict(db.execute("SELECT series, max(at) FROM waveform GROUP BY series"))

    def judge(self, waveforms: Sequence[Waveform]) -> JudgedWaves:
        """Part waveforms by identity (series, at): new, repeated, contradicting. In order of arrival."""
        judged, here = JudgedWaves(), dict[tuple[int, int], Waveform]()
        for wave in waveforms:
            identity = (wave.series, wave.at)
            known = here.get(identity)
            if known is None and wave.at <= self._newest.get(wave.series, wave.at - 1):
                known = self._stored(*identity)
            if known is None:
                here[identity] = wave
                judged.new.append(wave)
            elif same_wave(known, wave):
                judged.duplicates += 1
            else:
                judged.conflicts.append(wave)
        return judged

    def _stored(self, series: int, at: int) -> Waveform | None:
        found = self._db.execute(
            "SELECT series, at, rate, blob, quality FROM waveform WHERE series = ? AND at = ?", (series, at)
        ).fetchone()
        return wave_of(found) if found else None

    def put(self, position: int, judged: JudgedWaves) -> None:
        """Store the new ones and set the contradicting ones aside."""
        for w in judged.new:
            row = (w.series, w.at, w.sample_rate_hz, len(w.samples), w.quality, rms(w), encode_wave(w.samples))
            columns = "series, at, rate, n, quality, rms, blob"
            self._db.execute(f"INSERT INTO waveform ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            self._newest[w.series] = max(w.at, self._newest.get(w.series, w.at))
        for w in judged.conflicts:
            aside = (position, w.series, w.at, w.sample_rate_hz, w.quality, encode_wave(w.samples))
            columns = "position, series, at, rate, quality, blob"
            self._db.execute(f"INSERT INTO waveform_conflict ({columns}) VALUES (?, ?, ?, ?, ?, ?)", aside)


def wave_of(row: tuple[int, int, float, bytes, int]) -> Waveform:
    """A waveform out of its columns series, at, rate, blob, quality."""
    series, at, rate, blob, quality = row
    return Waveform(series, at, rate, decode_wave(blob), quality)
