"""Training sets from the stored series and the finished orders, point in time: only what was known then.

Of a reading the stores keep its own time, not when it arrived. One that is flagged as late, or as told later by its
sender, is left out of training unless `told_later` says that its own time may be trusted (imported history); the set
counts how many. Features of waveforms have no such flag and count at the time of their waveform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.model_cards import FeatureSchema
from forewarn.core.plant import Asset, Plant
from forewarn.core.ports import OrderBook, SeriesReader
from forewarn.core.readings import NOT_SCORED, Floats, Int64s, Quality, Readings, Track
from forewarn.models.life.contract import Life
from forewarn.models.training.sets import DatedLife, TrainingSet
from forewarn.pipeline.running import known_of
from forewarn.pipeline.training_lives import Ends, LifeSpan, lives_of, repairs_of

TOLD_LATE = int(Quality.LATE | Quality.HISTORICAL)
REGIME = ("speed", "load", "ambient")
MOST_ROWS = 2_000
"""So many rows a life has at most; a longer one gets wider steps."""

Progress = Callable[[float, str], None]
"""(share done in [0, 1], what is being done)."""


def silent(share: float, what: str) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What was stored of a plant: its description, the raw and the derived series, the orders. Read only."""

    plant: Plant
    raw: SeriesReader
    derived: SeriesReader
    orders: OrderBook


@dataclass(frozen=True, slots=True)
class SetRequest:
    """Which data: machines of one class (or `assets` among them), from `since_us` to `as_of_us`, one row every
    `every_h` hours of calendar time while the machine runs."""

    asset_class: str
    as_of_us: int
    since_us: int = 0
    every_h: float = 12.0
    ends: Ends = "failures"
    told_later: bool = False
    assets: tuple[str, ...] = ()


def training_set(archive: Archive, request: SetRequest, progress: Progress = silent) -> TrainingSet:
    """The set as it could have been made at `request.as_of_us`; data that came since change nothing.

    Raises Rejected for a class that no machine has, a step that is not above 0, and a span without any time in it.
    Whether it may teach is another question: `models.training.sets.refuse`.
    """
    assets = chosen(archive.plant, request)
    stored, left_out = dict[str, dict[str, Track]](), 0
    for place, asset in enumerate(assets):
        progress(0.8 * place / len(assets), f"reading {asset.id}")
        stored[asset.id], late = tracks_as_of(archive, asset, request)
        left_out += late
    names = stored_columns(assets, stored)
    repairs = repairs_of(archive.orders, request.as_of_us)
    lives = list[DatedLife]()
    for place, asset in enumerate(assets):
        progress(0.8 + 0.2 * place / len(assets), f"lives of {asset.id}")
        tracks = stored[asset.id]
        begins = [int(track.at[0]) for track in tracks.values() if len(track)]
        if begins:
            spans = lives_of(asset.id, repairs.get(asset.id, ()), min(begins), request.as_of_us, request.ends)
            made = (dated_life(asset, span, tracks, tuple(names), request) for span in spans)
            lives += [life for life in made if life is not None]
    progress(1.0, "read")
    schema = FeatureSchema(tuple(names), tuple(names.values()), request.asset_class)
    imposed = {spec.signal for asset in assets for spec in asset.signals if spec.role in REGIME}
    regime = tuple(name for name in names if name in imposed)
    return TrainingSet(tuple(lives), schema, request.as_of_us, regime, left_out)


def chosen(plant: Plant, request: SetRequest) -> list[Asset]:
    """The machines that teach."""
    if not request.every_h > 0:
        raise Rejected("training_step", f"a row every {request.every_h:g} h makes no rows: give hours above 0")
    if request.since_us >= request.as_of_us:
        raise Rejected("training_span", "the span ends before it begins: --since lies before --until")
    known = [asset for asset in plant.assets if asset.asset_class == request.asset_class]
    if not known:
        classes = ", ".join(sorted({asset.asset_class for asset in plant.assets}))
        raise Rejected("asset_class", f"no machine is of class {request.asset_class!r}; there are: {classes}")
    found = [asset for asset in known if not request.assets or asset.id in request.assets]
    if not found:
        raise Rejected("assets", f"none of {', '.join(request.assets)} is of class {request.asset_class!r}")
    return found


def stored_columns(assets: Sequence[Asset], stored: Mapping[str, Mapping[str, Track]]) -> dict[str, str]:
    """Column -> unit: every measured signal and regime of these machines, and every feature of their waveforms, that
    had a value by then; in the order of the alphabet."""
    found: dict[str, str] = {}
    for asset in assets:
        for name, track in stored[asset.id].items():
            signal, colon, _ = name.partition(":")
            spec = asset.signal(signal)
            if spec is None or not len(track):
                continue
            if colon:
                found[name] = unit_of_feature(name)
            elif spec.role in ("measurement", *REGIME):
                found[name] = spec.unit
    return dict(sorted(found.items()))


def unit_of_feature(name: str) -> str:
    """Unit of `signal:feature`; "" for one that is not known any more."""
    from forewarn.models.features.vibration import FEATURE_UNITS

    return FEATURE_UNITS.get(name.partition(":")[2], "")


def _features_by_asset(derived: SeriesReader) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, number in derived.names().items():
        asset, _, column = name.partition("/")
        if ":" in column[1:]:  # not the machine's own, ":..."
            found.setdefault(asset, {})[column] = number
    return found


def _span(request: SetRequest) -> tuple[int, int]:
    return max(request.since_us, 0), request.as_of_us


def _believed(readings: Readings, request: SetRequest) -> tuple[Readings, int]:
    """Readings that may teach, and how many were told too late for it."""
    good = readings.take((readings.quality & int(NOT_SCORED)) == 0)
    if request.told_later:
        return good, 0
    in_time = good.take((good.quality & TOLD_LATE) == 0)
    return in_time, len(good) - len(in_time)


def tracks_as_of(archive: Archive, asset: Asset, request: SetRequest) -> tuple[dict[str, Track], int]:
    """Signals and features of an asset in the span, and how many readings were left out for being told later."""
    tracks, left_out, names = dict[str, Track](), 0, archive.raw.names()
    numbers = {s.signal: names[s.name] for s in asset.signals if s.kind == "scalar" and s.name in names}
    raw = read_all(archive.raw, list(numbers.values()), request)
    for signal, number in numbers.items():
        kept, late = _believed(raw[number], request)
        tracks[signal], left_out = Track(kept.at, kept.value), left_out + late
    features = _features_by_asset(archive.derived).get(asset.id, {})
    derived = read_all(archive.derived, list(features.values()), request)
    tracks |= {name: Track(derived[number].at, derived[number].value) for name, number in features.items()}
    return tracks, left_out


def read_all(reader: SeriesReader, numbers: Sequence[int], request: SetRequest) -> dict[int, Readings]:
    """Readings of several series in the span of a request."""
    return reader.read_many(numbers, *_span(request)) if numbers else {}


def dated_life(
    asset: Asset, span: LifeSpan, tracks: Mapping[str, Track], names: tuple[str, ...], request: SetRequest
) -> DatedLife | None:
    """One life as rows: a moment's row holds the median of each column since the moment before. Moments at which the
    machine has not run since the last one are left out, and so are rows without any value. None without a row."""
    step_us = max(round(request.every_h * US_PER_HOUR), (span.stop_us - span.start_us) // MOST_ROWS + 1)
    edges = moments(span, step_us)
    cuts = [np.searchsorted(tracks[n].at, edges, "right") if n in tracks else None for n in names]
    columns = [column_of(tracks[n], cut) if cut is not None else None for n, cut in zip(names, cuts, strict=True)]
    empty = np.full(len(edges) - 1, np.nan)
    values = np.column_stack([empty if c is None else c[0] for c in columns]) if names else np.empty((len(empty), 0))
    known_us = np.max([edges[:-1], *(c[1] for c in columns if c is not None)], axis=0)
    age = operating_age(asset, tracks, edges)
    keep = np.flatnonzero((np.diff(age, prepend=0.0) > 0) & np.isfinite(values).any(axis=1))
    if not len(keep):
        return None
    life = Life(asset.id, age[keep], names, values[keep], span.ended)
    return DatedLife(life, edges[1:][keep], np.asarray(known_us[keep], np.int64), span.ended_by)


def moments(span: LifeSpan, step_us: int) -> Int64s:
    """Edges of the rows, int64[n + 1]; the last one is the end of the life, so that its last row is the failure.

    >>> moments(LifeSpan("p1", 0, 25, True), 10).tolist()
    [0, 5, 15, 25]
    """
    back = np.arange(span.stop_us, span.start_us, -step_us, dtype=np.int64)[::-1]
    return np.concatenate(([span.start_us], back))


def column_of(track: Track, cuts: NDArray[np.intp]) -> tuple[Floats, Int64s]:
    """Median of the readings between neighbouring cuts (NaN: none), and the time of the newest (0: none)."""
    count = np.diff(cuts)
    seen = np.flatnonzero(count)
    middle, newest = np.full(len(count), np.nan), np.zeros(len(count), np.int64)
    within = track.value[cuts[0] : cuts[-1]]
    within = within[np.lexsort((within, np.repeat(np.arange(len(count)), count)))]
    first, many = (cuts[:-1] - cuts[0])[seen], count[seen]
    middle[seen] = (within[first + (many - 1) // 2] + within[first + many // 2]) / 2
    newest[seen] = track.at[cuts[1:][seen] - 1]
    return middle, newest


def operating_age(asset: Asset, tracks: Mapping[str, Track], edges: Int64s) -> Floats:
    """Operating hours from the first edge to each later one, float64[n]: measured where the plant file says how, else
    the calendar at the hours per day of the plant file.

    Hours between two readings count from the second one on: before, nobody knew that the machine would go on running.
    """
    rule = asset.running
    if rule is not None and rule.signal in tracks and len(tracks[rule.signal]) > 1:
        known = known_of(rule, tracks[rule.signal])
        lasted_h = (known.stop - known.start) / US_PER_HOUR * known.share
        total = np.concatenate(([0.0], np.cumsum(lasted_h)))[np.searchsorted(known.stop, edges, "right")]
        return np.asarray(total[1:] - total[0], np.float64)
    share = min(asset.operating_hours_per_day, 24.0) / 24.0
    return np.asarray((edges[1:] - edges[0]) / US_PER_HOUR * share, np.float64)
