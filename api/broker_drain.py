"""`forewarn broker drain`: the ingest process without its front door, until a broker has nothing left for us."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import structlog

from forewarn.api import wiring_ingest
from forewarn.api.broker_sources import broker_targets
from forewarn.api.settings import Settings
from forewarn.core.errors import Rejected, Retriable
from forewarn.ingest.brokers.promise import PromiseBoard
from forewarn.ingest.brokers.source import PahoSource
from forewarn.ingest.brokers.target import Target
from forewarn.ingest.commit import GroupCommit

log = structlog.get_logger(__name__)
PATIENCE_S = 60.0


def run_drain(settings: Settings, name: str) -> int:
    """How many messages were still queued for us. The ingest process of these settings must have been stopped.

    Raises Rejected for a name that is not in the settings, Conflict when ingest runs, Retriable when the broker does
    not let us in.
    """
    return asyncio.run(_drained(settings, name))


async def _drained(settings: Settings, name: str) -> int:
    loop, clock = asyncio.get_running_loop(), settings.clock.clock()
    failed: list[BaseException] = []

    def now_us() -> int:
        return clock.plant_us(time.time_ns() // 1000)

    parts = wiring_ingest.ingest_parts(settings)
    try:
        target = _target(settings, name, broker_targets(settings, parts.plant.signals))
        consumers = parts.consumers(failed.append)

        def wake(position: int) -> None:
            for consumer in consumers:
                consumer.wake()

        commit = GroupCommit(parts.journal, wake, most_group_bytes=settings.journal.limit_bytes // 4)
        book = settings.broker_sessions_dir / f"{name}.json"
        source = PahoSource(target, commit, now_us, book, PromiseBoard(settings.broker_promises), draining=True)
        for consumer in consumers:
            consumer.start()
        source.start()
        empty = await loop.run_in_executor(None, _wait, source)
        await source.stop()
        await commit.close()
        await asyncio.gather(*(loop.run_in_executor(None, consumer.stop) for consumer in consumers))
    finally:
        parts.close()
    if failed or not empty:
        raise Retriable(f"{name} was not drained: {failed[0] if failed else 'the broker did not let us in'}")
    return source.messages


def _target(settings: Settings, name: str, targets: dict[str, Target]) -> Target:
    if name not in targets:
        raise Rejected("unknown_broker", f"{name!r}: the settings name {', '.join(targets) or 'none'}")
    return replace(targets[name], pace=replace(targets[name].pace, slow_s=5.0, longest_s=5.0))


def _wait(source: PahoSource) -> bool:
    """Until the queue is empty, as long as messages come; else for a minute."""
    seen, since_s = -1, time.monotonic()
    while not source.empty.wait(0.2):
        if source.messages != seen:
            seen, since_s = source.messages, time.monotonic()
        if time.monotonic() - since_s > PATIENCE_S:
            return False
    return True
