"""How a rollup over any interval comes out of raw readings, kept minutes and kept hours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from forewarn.core.readings import Readings
from forewarn.core.rollups import Rollup, joined, rollup_of
from forewarn.ingest.store.day_rows import day_of
from forewarn.ingest.store.day_view import DayViews, merged_readings, named
from forewarn.ingest.store.rollup_files import HOURS, MINUTES, RollupReader, Width

_MOST_ROWS = 1 << 20
Place = tuple[int, int]
"""Day and generation."""


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
    views: DayViews, raw_days: list[int], kept: RollupReader, series: int, interval_us: tuple[int, int], step: int
) -> Rollup:
    """Join everything there is of a series in an interval of whole steps. `raw_days`: the days that have a file.

    Days that still have their raw readings are exact for every step; they use kept rollups where those are true and fit
    the step. Of dropped days the finest rollups that serve the step are taken.

    While this runs, days are settled and dropped. So each day first says what is true of it, and the rollups are read
    after all of them: they are never older than what a day said.
    """
    widths = (HOURS, MINUTES) if step % HOURS.bucket_us == 0 else (MINUTES, HOURS)
    days = day_of(interval_us[0]), day_of(interval_us[1] - 1)
    places = {width: kept.places(width, series, *days) for width in widths if step % width.bucket_us == 0}
    found, live, chosen = _Sum(step), dict[int, int](), list[tuple[Width, Place]]()
    for day in raw_days:
        resting = views.resting(day)
        if resting is not None and (width := _kept_in(places, (day, resting))) is not None:
            live[day] = resting
            chosen.append((width, (day, resting)))
            continue
        if (view := views.get(day)) is None:
            continue  # dropped since it was listed
        with named(view.path), view.snapshot():
            place = day, view.generation
            live[day] = view.generation
            width = _kept_in(places, place)
            if width is not None and view.is_settled(series):
                chosen.append((width, place))
            else:
                found.add_raw(view.read(series, *interval_us))
    rows = {width: {(day, g): rollup for day, g, rollup in kept.rows(width, series, *days)} for width in widths}
    for width, place in chosen:
        if place in rows[width]:
            found.parts.append(rows[width][place])
        elif (view := views.get(place[0])) is not None:  # rollups are kept for less long than raw readings here
            with named(view.path), view.snapshot():
                found.add_raw(view.read(series, *interval_us))
    found.roll_raw()
    seen = set[Place]()
    for of_width in rows.values():
        dropped = {(day, g) for day, g in of_width if day not in live or g < live[day]} - seen
        found.parts += [of_width[place] for place in sorted(dropped)]
        seen |= dropped
    return joined([part.between(*interval_us) for part in found.parts], step)


def _kept_in(places: Mapping[Width, Collection[Place]], place: Place) -> Width | None:
    """The first width in which the rollup of a day was kept."""
    return next((width for width in places if place in places[width]), None)
