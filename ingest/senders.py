"""What each sender did in a batch, and whose clock is wrong. Vectorised over the batch, pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forewarn.core.readings import Int64s, Quality
from forewarn.core.telemetry import SourceSeen
from forewarn.ingest.batch import Batch, Table
from forewarn.ingest.delivery import QOS_MASK

_NO_TIME = np.iinfo(np.int64).max
_NOBODY = ""  # stands for frames of our own: no client has an empty name


def senders_seen(batch: Batch, table: Table) -> list[SourceSeen]:
    """One entry per sender of the frames that arrived, in the order of their first; our own frames have none.

    `table` holds the batch's readings before any is refused: the one from the future tells most about a clock.
    `skew_us` is the smallest (arrival - device time): a message is never older than it was on its way, so the smallest
    of many is the error of the clock plus the shortest way. Late and buffered messages do not disturb it.
    """
    frames = batch.frames[: batch.arrived]
    names = [frame.client for frame in frames]
    for place in batch.ours:
        names[place] = _NOBODY
    code_of: dict[str, int] = {}
    codes = np.array([code_of.setdefault(name, len(code_of)) for name in names], np.intp)
    n = len(code_of)
    received = np.array([frame.received_at_us for frame in frames], np.int64)
    is_qos0 = np.array([not frame.flags & QOS_MASK for frame in frames], np.bool_)
    newest = np.full(n, np.iinfo(np.int64).min)
    np.maximum.at(newest, codes, received)
    skew, timeless = _times(batch, table, codes, received, n)
    unnumbered = codes[np.array(batch.unnumbered, np.intp)]
    counts = (np.bincount(found, minlength=n).tolist() for found in (codes, codes[is_qos0], timeless, unnumbered))
    rows = zip(code_of, newest.tolist(), *counts, skew, strict=True)
    return [SourceSeen(*row) for row in rows if row[0] != _NOBODY]


def _times(
    batch: Batch, table: Table, codes: NDArray[np.intp], received: Int64s, n: int
) -> tuple[list[int | None], NDArray[np.intp]]:
    """(skew of each sender, sender of each message without a time), of the messages that arrived in this batch."""
    now = table.frame < batch.arrived
    has_time = (table.quality & np.uint8(Quality.ARRIVAL_TIME)) == 0
    timed, timeless = table.frame[now & has_time], np.unique(table.frame[now & ~has_time])
    skew = np.full(n, _NO_TIME)
    np.minimum.at(skew, codes[timed], received[timed] - table.at[now & has_time])
    return [None if found == _NO_TIME else found for found in skew.tolist()], codes[timeless]
