"""What a chart of one signal shows: every peak and nothing doubtful, in time that does not grow with the readings.

A short chart, or one of few readings, is drawn from the readings. A long one from rollups: of each bucket the lowest
and the highest value, in hours where the step allows. A bucket that holds a doubtful reading is looked at in finer
ones, in the end as readings, so that an hour with one jump costs a minute of readings and not a year.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from forewarn.core.ports import RollupReader
from forewarn.core.readings import NOT_SCORED, Floats, Int64s
from forewarn.core.rollups import HOUR_US, MINUTE_US, Rollup

Points = tuple[Int64s, Floats]
_WIDTHS = (HOUR_US, MINUTE_US)


def envelope(reader: RollupReader, series: int, start_us: int, stop_us: int, most: int) -> Points:
    """Times (ascending) and values of a series in [start, stop): about `most` points.

    Few readings, and those of a short span, are shown as they are. Of a bucket without doubtful readings its lowest and
    its highest value stand at its begin and its middle; no good value is above or below what is shown. A bucket that
    was kept when its readings were dropped, and holds a doubtful one, is left out: nobody can tell any more which of
    its values is right.
    """
    widths = steps(stop_us - start_us, most)
    if widths and _is_few(reader, series, start_us, stop_us, widths[0], most):
        widths = ()
    at, value = zip(*_points(reader, series, start_us, stop_us, widths), strict=True)
    return np.concatenate(at), np.concatenate(value)


def _is_few(reader: RollupReader, series: int, start_us: int, stop_us: int, width: int, most: int) -> bool:
    """Whether so few readings were stored that all of them may be shown, and all are still there."""
    first, last = start_us // width * width, -(-stop_us // width) * width
    stored = int(reader.rollup(series, first, last, width).n.sum())
    return stored <= most and len(reader.read(series, first, last)) == stored


def steps(span_us: int, most: int) -> tuple[int, ...]:
    """Widths of buckets to look at, the widest first; none where a bucket would be shorter than a minute.

    >>> [step // MINUTE_US for step in steps(365 * 24 * HOUR_US, 1200)], steps(HOUR_US, 1200)
    ([900, 60, 1], ())
    """
    wanted = 2 * span_us // most
    for at, width in enumerate(_WIDTHS):
        if wanted >= width:
            widest = -(-wanted // width) * width
            return (widest, *(finer for finer in _WIDTHS[at:] if finer < widest))
    return ()


def _points(reader: RollupReader, series: int, start_us: int, stop_us: int, widths: tuple[int, ...]) -> list[Points]:
    """Pieces that follow one another."""
    if not widths:
        readings = reader.read(series, start_us, stop_us)
        good = readings.take((readings.quality & int(NOT_SCORED)) == 0)
        return [(good.at, good.value)]
    width, finer = widths[0], widths[1:]
    rollup = reader.rollup(series, start_us, stop_us, width)
    doubtful = rollup.doubtful > 0
    edges = [0, *(np.flatnonzero(doubtful[1:] != doubtful[:-1]) + 1).tolist(), len(rollup)]
    pieces: list[Points] = [(rollup.start[:0], rollup.low[:0])]
    for i, j in pairwise(edges):
        if i < j and doubtful[i]:
            first, last = int(rollup.start[i]), int(rollup.start[j - 1]) + width
            pieces += _points(reader, series, max(start_us, first), min(stop_us, last), finer)
        elif i < j:
            pieces.append(_extremes(rollup.take(slice(i, j)), start_us, width))
    return pieces


def _extremes(rollup: Rollup, start_us: int, width: int) -> Points:
    """Lowest and highest value of each bucket; one point where they are the same."""
    begin = np.maximum(rollup.start, start_us)
    at = np.column_stack((begin, np.maximum(rollup.start + width // 2, begin + 1))).reshape(-1)
    shown = np.column_stack((np.ones(len(rollup), bool), rollup.low != rollup.high)).reshape(-1)
    return at[shown], np.column_stack((rollup.low, rollup.high)).reshape(-1)[shown]
