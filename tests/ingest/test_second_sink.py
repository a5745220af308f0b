"""Store and second sink behind one journal: each at its own pace, nothing lost, the journal trimmed behind the slower.

Against a FAKE server; that a real one takes these lines and gives the values back is the last test (VictoriaMetrics).
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from forewarn.core.ports import Refusal
from forewarn.core.readings import Readings, SignalSpec, Waveform
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.ingest.consumer import OF_A_SINK, Consumer, Manner, Trimmer
from forewarn.ingest.delivery import Frame
from forewarn.ingest.influx.cursor import SinkCursor
from forewarn.ingest.influx.server import InfluxServer
from forewarn.ingest.influx.sink import InfluxSink
from forewarn.ingest.intake import Intake
from forewarn.ingest.journal import Journal
from forewarn.ingest.store.memory import MemoryStore
from tests.ingest.fake_influx import FakeInflux

pytestmark = pytest.mark.slow

NOW_US = 1_795_392_000_000_000
SPEC = SignalSpec("p1", "temp", "temperature", "degC", "plant/p1/temp")
QUICK = Manner(max_backoff_s=0.05, finishes=False)


def frame(i: int, at_us: int | None = None) -> Frame:
    payload = json.dumps({"value": 20 + i, "ts": (at_us or NOW_US + i * 1_000_000) // 1000}).encode()
    return Frame(NOW_US + i * 1_000_000, 1, "gw", SPEC.topic, payload)


def line(i: int) -> str:
    return f"temperature,asset=p1,signal=temp value={20.0 + i} {NOW_US + i * 1_000_000}"


def soon(holds: Callable[[], bool]) -> None:
    """Wait until it holds; pytest's own timeout is the guard."""
    while not holds():
        threading.Event().wait(0.01)


@dataclass
class Pair:
    """A store and a sink behind one journal, as `api.wiring` joins them."""

    journal: Journal
    store: MemoryStore
    sink: InfluxSink
    consumers: tuple[Consumer, Consumer]
    fatal: list[BaseException]

    def append(self, frames: Sequence[Frame]) -> None:
        self.journal.append(frames)
        for consumer in self.consumers:
            consumer.wake()

    def stop(self) -> None:
        for consumer in self.consumers:
            consumer.stop()
        self.sink.close()
        self.journal.close()


def pair(
    folder: Path, port: int, store: MemoryStore, token: str = "secret", now_us: int = NOW_US + 86_400_000_000
) -> Pair:
    journal = Journal(folder / "journal", segment_bytes=65_536)
    cursor, numbers = SinkCursor(folder / "influx.cursor"), store.assign([SPEC.name])
    cursor.enter(journal.start, journal.end)
    server = InfluxServer(f"http://127.0.0.1:{port}", token, "", "raw", timeout_s=5)
    sink = InfluxSink(server, {numbers[0]: SPEC}, cursor)
    trimmer, fatal = Trimmer(journal, [store, sink]), list[BaseException]()
    a = Consumer(journal, Intake([SPEC], numbers), store, fatal.append, trimmer)
    b = Consumer(journal, Intake([SPEC], numbers), sink, fatal.append, trimmer, QUICK)
    made = Pair(journal, store, sink, (a, b), fatal)
    a.start()
    b.start()
    return made


@pytest.fixture
def server() -> Iterator[FakeInflux]:
    fake = FakeInflux()
    yield fake
    fake.stop()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_stored_reading_is_also_written_to_the_sink(server: FakeInflux, tmp_path: Path) -> None:
    both = pair(tmp_path, server.server_port, MemoryStore())
    for i in range(30):
        both.append([frame(i)])
    soon(lambda: both.sink.position == both.journal.end == both.store.position)
    both.stop()
    assert server.lines == [line(i) for i in range(30)]
    assert both.store.counts().stored == 30


def test_while_the_server_is_away_the_store_goes_on_and_afterwards_nothing_is_missing(tmp_path: Path) -> None:
    port = closed_port()
    both = pair(tmp_path, port, MemoryStore())
    for start in range(0, 6_000, 500):
        both.append([frame(start + i) for i in range(500)])
    soon(lambda: both.store.position == both.journal.end)
    assert both.store.counts().stored == 6_000
    assert (both.sink.position, both.journal.start) == (0, 0)  # kept for the sink
    late = FakeInflux(port)
    soon(lambda: both.sink.position == both.journal.end)
    both.stop()
    late.stop()
    assert late.lines == [line(i) for i in range(6_000)]
    assert both.journal.start > 0  # and then given back to the disk
    assert both.fatal == []


def test_a_server_that_refuses_for_a_while_gets_everything_once_it_takes_it(server: FakeInflux, tmp_path: Path) -> None:
    server.status = 503
    both = pair(tmp_path, server.server_port, MemoryStore())
    both.append([frame(0), frame(1)])
    soon(lambda: both.store.position == both.journal.end)
    both.append([frame(2)])
    server.status = 204
    soon(lambda: both.sink.position == both.journal.end)
    both.stop()
    assert server.lines == [line(i) for i in range(3)]


def test_after_a_restart_the_sink_goes_on_at_its_own_cursor(server: FakeInflux, tmp_path: Path) -> None:
    store = MemoryStore()
    both = pair(tmp_path, server.server_port, store)
    both.append([frame(0), frame(1)])
    soon(lambda: both.sink.position == both.journal.end)
    both.stop()
    away = pair(tmp_path, closed_port(), store)
    away.append([frame(2), frame(3)])
    soon(lambda: store.position == away.journal.end)
    away.stop()  # it stops although the server is away
    again = pair(tmp_path, server.server_port, store)
    soon(lambda: again.sink.position == again.journal.end)
    again.stop()
    assert server.lines == [line(i) for i in range(4)]
    assert store.counts().stored == 4


def test_data_that_the_server_calls_wrong_blocks_nothing(server: FakeInflux, tmp_path: Path) -> None:
    server.status = 400
    both = pair(tmp_path, server.server_port, MemoryStore())
    both.append([frame(0), frame(1)])
    soon(lambda: both.sink.position == both.journal.end)
    server.status = 204
    both.append([frame(2)])
    soon(lambda: both.sink.position == both.journal.end)
    both.stop()
    assert (both.sink.skipped, server.lines) == (2, [line(2)])


def test_a_sink_hours_behind_judges_times_as_of_the_arrival(server: FakeInflux, tmp_path: Path) -> None:
    """What the store quarantined as lying in the future, the sink leaves out too, although that time has come since."""
    both = pair(tmp_path, server.server_port, MemoryStore(), now_us=NOW_US)
    both.append([frame(0), frame(1, at_us=NOW_US + 3_000_000_000)])
    soon(lambda: both.sink.position == both.journal.end)
    both.stop()
    assert server.lines == [line(0)]
    assert both.store.counts().quarantined == 1


def test_a_sink_that_stops_leaves_its_backlog_for_the_next_start(tmp_path: Path) -> None:
    class Slow(MemoryStore):
        """Is told to stop while it takes the first batch."""

        def write(
            self,
            position: int,
            readings: Readings,
            waveforms: Sequence[Waveform],
            refused: Sequence[Refusal],
            notes: Notes = NO_NOTES,
        ) -> None:
            consumer._stopping.set()
            super().write(position, readings, waveforms, refused, notes)

    journal, slow = Journal(tmp_path / "journal", tail_bytes=0), Slow()
    for i in range(2):
        journal.append([frame(i * 70_000 + k) for k in range(70_000)])
    intake = Intake([SPEC], slow.assign([SPEC.name]))
    consumer = Consumer(journal, intake, slow, lambda _: None, manner=OF_A_SINK)
    consumer.start()
    consumer._thread.join()
    assert 0 < slow.position < journal.end
    journal.close()


@pytest.fixture
def victoria(program: Callable[[str], str], tmp_path: Path) -> Iterator[str]:
    """A real VictoriaMetrics on a free port of loopback; gives its address."""
    port = closed_port()
    address = f"http://127.0.0.1:{port}"
    command = [program("victoria-metrics"), f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"]
    log = (tmp_path / "victoria.log").open("w")
    process = subprocess.Popen(
        [*command, f"-storageDataPath={tmp_path / 'victoria'}"], stdout=log, stderr=subprocess.STDOUT
    )

    def answers() -> bool:
        assert process.poll() is None, (tmp_path / "victoria.log").read_text()[-2000:]
        try:
            return httpx2.get(f"{address}/health", trust_env=False).is_success
        except httpx2.TransportError:
            return False

    soon(answers)
    yield address
    process.terminate()
    process.wait()
    log.close()


@pytest.mark.server
def test_a_real_server_gives_the_values_back(victoria: str, tmp_path: Path) -> None:
    port = int(victoria.rpartition(":")[2])
    both = pair(tmp_path, port, MemoryStore(), token="")
    both.append([frame(i) for i in range(1_000)])
    soon(lambda: both.sink.position == both.journal.end)
    both.stop()
    httpx2.get(f"{victoria}/internal/force_flush", trust_env=False)
    query = {"match[]": '{asset="p1",signal="temp"}', "start": "2020-01-01T00:00:00Z", "end": "2030-01-01T00:00:00Z"}
    told = httpx2.get(f"{victoria}/api/v1/export", params=query, trust_env=False).text.splitlines()
    (series,) = [json.loads(one) for one in told]
    assert series["metric"]["__name__"] == "temperature_value"
    assert series["values"] == [20 + i for i in range(1_000)]
    assert series["timestamps"] == [NOW_US // 1000 + i * 1000 for i in range(1_000)]
