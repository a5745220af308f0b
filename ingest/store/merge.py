"""Which packed chunks of a series on one day are joined next, and the joining itself. Pure.

Late readings make chunks that overlap older ones. Reading them together is right but slow, so they are merged: while a
day is written, small chunks as soon as several have gathered, and everything where too many lie over one another;
later, when the day is settled, until nothing overlaps and chunks are full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from forewarn.core.readings import Floats, Int64s, UInt8s

MAX_CHUNK_ROWS = 8192
WINDOW_ROWS = 8 * MAX_CHUNK_ROWS
_SMALL_ROWS = 256
_MANY_SMALL = 8
_DEEP = 12


class Span(NamedTuple):
    """Where a chunk lies: first and last time (UTC microseconds), rows, and its row id."""

    t0: int
    t1: int
    n: int
    id: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings of one series, ascending: at int64[n], value float64[n], quality uint8[n]."""

    at: Int64s
    value: Floats
    quality: UInt8s


def next_while_written(spans: Sequence[Span]) -> list[Span]:
    """Chunks to join while a day is written: eight small ones, else a window where twelve or more lie over one another.

    Empty when there is nothing to do. Each reading is rewritten a few times at most: chunks of 256 rows and more wait
    until the day is settled.
    """
    small = sorted(span for span in spans if span.n < _SMALL_ROWS)
    if len(small) >= _MANY_SMALL:
        return small
    deep = (cluster for cluster in clusters(spans) if len(cluster) >= _DEEP and depth(cluster) >= _DEEP)
    return next((window(cluster) for cluster in deep), [])


def next_when_settled(spans: Sequence[Span]) -> list[Span]:
    """Chunks to join until none overlap and neighbours would not fit into one chunk; empty when it is so."""
    run: list[Span] = []
    for cluster in clusters(spans):
        if len(cluster) > 1:
            return window(cluster)
        if run and sum(span.n for span in run) + cluster[0].n > MAX_CHUNK_ROWS:
            if len(run) > 1:
                return run
            run = []
        run += cluster
    return run if len(run) > 1 else []


def clusters(spans: Sequence[Span]) -> list[list[Span]]:
    """Groups in which each chunk overlaps the ones before, in the order of time.

    >>> [[span.id for span in group] for group in clusters([Span(5, 9, 1, 1), Span(0, 3, 1, 2), Span(2, 4, 1, 3)])]
    [[2, 3], [1]]
    """
    groups: list[list[Span]] = []
    end = 0
    for span in sorted(spans):
        if groups and span.t0 <= end:
            groups[-1].append(span)
            end = max(end, span.t1)
        else:
            groups.append([span])
            end = span.t1
    return groups


def depth(spans: Sequence[Span]) -> int:
    """How many chunks lie over one another at most."""
    begins, ends = np.sort([span.t0 for span in spans]), np.sort([span.t1 for span in spans])
    return int((np.arange(1, len(spans) + 1) - np.searchsorted(ends, begins, side="left")).max())


def window(cluster: list[Span]) -> list[Span]:
    """The first chunks of a cluster: some 65,000 rows, and so many that the next chunk begins later than the first.

    Merged, the rows before that next chunk overlap nothing any more, so that window after window ends the cluster.
    """
    rows = 0
    for count, span in enumerate(cluster):
        if count > 1 and rows + span.n > WINDOW_ROWS and span.t0 > cluster[0].t0:
            return cluster[:count]
        rows += span.n
    return cluster


def merged(parts: Sequence[Columns]) -> Columns:
    """All readings of these chunks, ascending; of equal times the first part's stays."""
    at = np.concatenate([part.at for part in parts])
    order = np.argsort(at, kind="stable")
    order = order[np.append(True, np.diff(at[order]) > 0)]
    value, quality = (np.concatenate(column) for column in zip(*((p.value, p.quality) for p in parts), strict=True))
    return Columns(at[order], value[order], quality[order])


def cuts(at: Int64s, next_t0: int | None) -> list[slice]:
    """Slices of at most 8,192 rows, none across the begin of the chunk that follows the window."""
    split = len(at) if next_t0 is None else int(np.searchsorted(at, next_t0))
    edges = sorted({*range(0, split, MAX_CHUNK_ROWS), *range(split, len(at), MAX_CHUNK_ROWS), len(at)})
    return [slice(i, j) for i, j in pairwise(edges)]
