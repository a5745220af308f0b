"""How a rollup over any interval comes out of raw readings, kept minutes and kept hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from forewarn.core.readings import Readings
from forewarn.ingest.store.day_rows import day_of
from forewarn.ingest.store.day_view import DayView, DayViews, merged_readings, named
from forewarn.ingest.store.rollup_files import HOURS, MINUTES, RollupReader, Width
from forewarn.ingest.store.rollup_rows import Rollup, joined, rollup_of

_MOST_ROWS = 1 << 20


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


Kept = dict[Width, dict[tuple[int, int], Rollup]]
"""Width -> (day, generation) -> rollup, the preferred width first."""


def rolled_up(
    views: DayViews, raw_days: list[int], kept: RollupReader, series: int, interval_us: tuple[int, int], step: int
) -> Rollup:
    """Join everything there is of a series in an interval of whole steps. `raw_days`: the days that have a file.

    Days that still have their raw readings are exact for every step; they use kept rollups where those are true and fit
    the step. Of dropped days the finest rollups that serve the step are taken.
    """
    rows = _kept(kept, series, interval_us, step)
    found, seen, gone = _Sum(step), set[tuple[int, int]](), set[int]()
    kept_days = {day for of_width in rows.values() for day, _ in of_width}
    for day in raw_days:
        view = views.get(day)
        if view is None:
            gone.add(day)
            continue
        with named(view.path), view.snapshot():
            rollup = None
            if day in kept_days:
                seen.add((day, view.state.generation))
                rollup = _true_rollup(rows, (day, view.state.generation), view, series, step)
            if rollup is None:
                found.add_raw(view.read(series, *interval_us))
            else:
                found.parts.append(rollup)
    found.roll_raw()
    found.parts += _dropped(rows, seen, lambda day: day not in gone)
    if gone:  # dropped since they were listed: what was kept of them is there now
        found.parts += _dropped(_kept(kept, series, interval_us, step), set(), lambda day: day in gone)
    return joined([part.between(*interval_us) for part in found.parts], step)


def _kept(kept: RollupReader, series: int, interval_us: tuple[int, int], step: int) -> Kept:
    widths = (HOURS, MINUTES) if step % HOURS.bucket_us == 0 else (MINUTES, HOURS)
    first, last = day_of(interval_us[0]), day_of(interval_us[1] - 1)
    return {width: {(day, g): rollup for day, g, rollup in kept.rows(width, series, first, last)} for width in widths}


def _true_rollup(rows: Kept, place: tuple[int, int], view: DayView, series: int, step: int) -> Rollup | None:
    """The kept rollup of a day that says the same as its raw readings would, in whole buckets of the step."""
    fitting = (rows[width].get(place) for width in rows if step % width.bucket_us == 0)
    rollup = next((row for row in fitting if row is not None), None)
    return rollup if rollup is not None and view.is_settled(series) else None


def _dropped(rows: Kept, seen: set[tuple[int, int]], wanted: Callable[[int], bool]) -> Iterator[Rollup]:
    """One rollup of each day and generation that was not seen yet."""
    for of_width in rows.values():
        for place, rollup in of_width.items():
            if place not in seen and wanted(place[0]):
                seen.add(place)
                yield rollup
