"""Time passes for those who wait, although nothing arrives: by ticks, as few as will do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from forewarn.core.readings import SignalSpec
from forewarn.ingest.commit import GroupCommit
from forewarn.ingest.consumer import Consumer
from forewarn.ingest.delivery import Frame
from forewarn.ingest.desk import TICK_TOPIC
from forewarn.ingest.intake import Intake
from forewarn.ingest.journal import Journal
from forewarn.ingest.store.memory import MemoryStore
from forewarn.ingest.ticking import tick

NOW_US = 1_795_392_000_000_000
SPEC = SignalSpec("p1", "temp", "temperature", "degC", "plant/p1/temp")


async def wait_for(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  # another thread writes the store, which has no event for it
        await asyncio.sleep(0.002)


def test_one_tick_is_written_when_something_is_due_and_none_when_nothing_waits(tmp_path: Path) -> None:
    journal, store, told = Journal(tmp_path / "journal"), MemoryStore(), list[int]()
    consumer = Consumer(
        journal,
        Intake([SPEC], store.assign([SPEC.name])),
        store,
        lambda _: None,
        on_commands=lambda commands: told.extend(json.loads(command.payload)["seq"] for command in commands),
    )

    async def scenario() -> None:
        clock = [NOW_US]
        commit = GroupCommit(journal, lambda _: consumer.wake())
        task = asyncio.create_task(tick([consumer], commit, lambda: clock[0], period_s=0.001))
        for sequence in (1, 2):  # the second mark may only leave a second after the first
            commit.submit_silently(numbered(sequence))
            await commit.drain()
            await wait_for(lambda: store.position == journal.end)
        await asyncio.sleep(0.05)
        assert told == [1]
        clock[0] += 1_000_000
        await wait_for(lambda: told == [1, 2])
        await asyncio.sleep(0.05)
        task.cancel()
        await commit.close()

    consumer.start()
    asyncio.run(scenario())
    consumer.stop()
    batch = journal.read(0)
    assert batch is not None
    assert [frame.topic == TICK_TOPIC for frame in batch.frames] == [False, False, True]
    journal.close()


def numbered(sequence: int) -> Frame:
    payload = json.dumps({"value": 20, "ts": NOW_US // 1000 + sequence, "seq": sequence}).encode()
    return Frame(NOW_US, 1, "gw", SPEC.topic, payload)
