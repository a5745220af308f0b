"""How a rollup over any interval comes out of raw readings, kept minutes and kept hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from forewarn.core.readings import Readings
from forewarn.ingest.store.day_view import merged_readings
from forewarn.ingest.store.rollup_files import HOURS, MINUTES, RollupReader, Width
from forewarn.ingest.store.rollup_rows import Rollup, joined, rollup_of

_MOST_ROWS = 1 << 20


@dataclass(frozen=True, slots=True)
class LiveDay:
    """A day whose raw readings are there: its generation, whether its kept rollups are true, how to read it."""

    day: int
    generation: int
    settled: bool
    read: Callable[[], list[Readings]]


@dataclass(slots=True)
class _Sum:
    """What a rollup is joined of. Raw readings are rolled up a million at a time, so that memory stays bounded."""

    step_us: int
    parts: list[Rollup] = field(default_factory=list)
    raw: list[Readings] = field(default_factory=list)

    def add_raw(self, pieces: list[Readings]) -> None:
        if pieces:
            self.raw.append(merged_readings(pieces))
            if sum(map(len, self.raw)) > _MOST_ROWS:
                self.roll_raw()

    def roll_raw(self) -> None:
        if self.raw:
            self.parts.append(rollup_of(Readings.joined(self.raw), self.step_us))
            self.raw = []


def rolled_up(
    live: list[LiveDay], kept: RollupReader, series: int, days: tuple[int, int], interval_us: tuple[int, int], step: int
) -> Rollup:
    """Join everything there is of a series in an interval of whole steps.

    Days that still have their raw readings are exact for every step; they use kept rollups where those are true and fit
    the step. Of dropped days the finest rollups that serve the step are taken.
    """
    rows = {width: _by_day(kept, width, series, days) for width in _widths(step)}
    found, seen = _Sum(step), set[tuple[int, int]]()
    for day in live:
        seen.add((day.day, day.generation))
        fitting = (rows[width].get((day.day, day.generation)) for width in rows if step % width.bucket_us == 0)
        rollup = next((row for row in fitting if row is not None), None) if day.settled else None
        if rollup is None:
            found.add_raw(day.read())
        else:
            found.parts.append(rollup)
    found.roll_raw()
    for of_width in rows.values():
        for place, rollup in of_width.items():
            if place not in seen:
                seen.add(place)
                found.parts.append(rollup)
    return joined([part.between(*interval_us) for part in found.parts], step)


def _by_day(kept: RollupReader, width: Width, series: int, days: tuple[int, int]) -> dict[tuple[int, int], Rollup]:
    return {(day, generation): rollup for day, generation, rollup in kept.rows(width, series, *days)}


def _widths(step_us: int) -> tuple[Width, Width]:
    """In the order of preference."""
    return (HOURS, MINUTES) if step_us % HOURS.bucket_us == 0 else (MINUTES, HOURS)
