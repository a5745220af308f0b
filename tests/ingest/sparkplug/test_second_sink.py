"""A second sink that is switched on later reads data by aliases whose births only the first store has seen.

Against a FAKE server that notes the lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from forewarn.ingest.consumer import Consumer, Sink, Trimmer
from forewarn.ingest.delivery import Frame
from forewarn.ingest.influx.cursor import SinkCursor
from forewarn.ingest.influx.server import InfluxServer
from forewarn.ingest.influx.sink import InfluxSink
from forewarn.ingest.intake import Intake
from forewarn.ingest.journal import Journal
from forewarn.ingest.sparkplug.host import HostRules, SparkplugHost
from forewarn.ingest.store.memory import MemoryStore
from forewarn.simulators.sparkplug_node import Packet
from tests.ingest.fake_influx import FakeInflux
from tests.ingest.sparkplug.rig import DEVICE, SPECS, START_MS, edge_node

NUMBERS = list(range(1, len(SPECS) + 1))


def frames(*packets: Packet) -> list[Frame]:
    return [Frame(START_MS * 1000 + 1, 0, "gw", *packet) for packet in packets]


def drained(journal: Journal, store: Sink, trimmer: Trimmer | None = None) -> None:
    """What a consumer does between a start and a stop."""
    intake = Intake(SPECS, NUMBERS, desks=[partial(SparkplugHost, rules=HostRules())])
    failed = list[BaseException]()
    consumer = Consumer(journal, intake, store, failed.append, trimmer)
    consumer.start()
    consumer.stop()
    assert failed == []


@pytest.fixture
def server() -> Iterator[FakeInflux]:
    fake = FakeInflux()
    yield fake
    fake.stop()


def test_a_new_sink_goes_on_with_the_births_that_the_store_remembers(server: FakeInflux, tmp_path: Path) -> None:
    journal, store, node = Journal(tmp_path / "journal", segment_bytes=4096), MemoryStore(), edge_node()
    store.assign([spec.name for spec in SPECS])
    journal.append(frames(*node.births(START_MS)))
    for i in range(100):
        journal.append(frames(node.data(DEVICE, {"Speed": float(i)}, START_MS + i)))
    drained(journal, store)
    assert journal.start > 0  # the births are gone from there

    def opened() -> InfluxSink:
        cursor = SinkCursor(tmp_path / "cursor")
        cursor.enter(journal.start, journal.end, store.memory)
        address = f"http://127.0.0.1:{server.server_port}"
        return InfluxSink(
            InfluxServer(address, "secret", "", "raw", timeout_s=5), dict(zip(NUMBERS, SPECS, strict=True)), cursor
        )

    for value in (1000.0, 2000.0):  # the second time the sink only starts anew, from what it noted itself
        sink = opened()
        trimmer = Trimmer(journal, [store, sink])
        journal.append(frames(node.data(DEVICE, {"Speed": value}, START_MS + int(value))))
        drained(journal, sink, trimmer)
        drained(journal, store, trimmer)
        sink.close()
        assert server.lines[-1].endswith(f"value={value},quality=64i {(START_MS + int(value)) * 1000}")
    assert store.counts().stored == 102
    journal.close()
