"""Time for those who wait while nothing arrives: a frame in the journal that carries the moment and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from forewarn.ingest.commit import GroupCommit
from forewarn.ingest.consumer import Consumer, Progress
from forewarn.ingest.delivery import Frame
from forewarn.ingest.desk import TICK_TOPIC
from forewarn.ingest.replay import CLIENT

PERIOD_S = 0.25


def is_due(progress: Sequence[Progress], now_us: int) -> bool:
    """Does a consumer that has read everything have something to do? One that lags gets its time from what it reads.

    >>> is_due([Progress(100, 0, 5)], 5), is_due([Progress(100, 0, 6)], 5), is_due([Progress(50, 50, 5)], 5)
    (True, False, False)
    """
    return any(one.lag_bytes == 0 and one.wakes_at_us is not None and one.wakes_at_us <= now_us for one in progress)


async def tick(
    consumers: Sequence[Consumer], commit: GroupCommit, now_us: Callable[[], int], period_s: float = PERIOD_S
) -> None:
    """Look every `period_s` (wall time) and write a tick when one is due. Runs until it is cancelled."""
    while True:
        await asyncio.sleep(period_s)
        moment = now_us()
        if not commit.pending_bytes and is_due([consumer.progress for consumer in consumers], moment):
            commit.submit_silently(Frame(moment, 0, CLIENT, TICK_TOPIC, b""))
