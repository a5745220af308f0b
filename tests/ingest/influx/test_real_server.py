"""Sink and reader on a real InfluxDB 1.x from Debian: outages, restarts, names with every sign in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forewarn.core.errors import Rejected, Retriable
from forewarn.core.readings import Readings, SignalSpec
from forewarn.ingest.influx.cursor import SinkCursor
from forewarn.ingest.influx.reader import InfluxReader
from forewarn.ingest.influx.server import InfluxServer
from forewarn.ingest.influx.sink import InfluxSink
from tests.influxd import Influxd, running_influxd

pytestmark = pytest.mark.server
NOW_US = 1_795_392_000_000_000
AWKWARD = ["pump 7", "temp,DE=1", 'it\'s "quoted"', "back\\slash", "ends\\", "Pumpe für Öl", "泵", "%", "a/b"]
SIGNALS = {n: SignalSpec(name, name, f"quantity {name}", "1", "t") for n, name in enumerate(AWKWARD, 1)}


@pytest.fixture
def influxd(program: Callable[[str], str], tmp_path: Path) -> Iterator[Influxd]:
    with running_influxd(program("influxd"), tmp_path) as server:
        server.make_database("plant")
        yield server


def sink_to(influxd: Influxd, folder: Path) -> InfluxSink:
    return InfluxSink(InfluxServer(influxd.url, "", "", "plant"), SIGNALS, SinkCursor(folder / "cursor.db"))


@pytest.fixture
def reader(influxd: Influxd) -> Iterator[InfluxReader]:
    made = InfluxReader(InfluxServer(influxd.url, "", "", "plant"), SIGNALS)
    yield made
    made.close()


def test_every_name_comes_back_with_its_values(influxd: Influxd, reader: InfluxReader, tmp_path: Path) -> None:
    sink = sink_to(influxd, tmp_path)
    for series in SIGNALS:
        sink.write(series, Readings.of([series], [NOW_US + series], [series + 0.5], [series]))
    sink.close()
    for series in SIGNALS:
        got = reader.read(series, 0, 1 << 60)
        assert (got.at.tolist(), got.value.tolist()) == ([NOW_US + series], [series + 0.5]), SIGNALS[series].asset
        assert got.quality.tolist() == [series]
    assert {value.series: value.value for value in reader.last_values()} == {n: n + 0.5 for n in SIGNALS}


def test_many_readings_come_back_in_several_chunks(influxd: Influxd, reader: InfluxReader, tmp_path: Path) -> None:
    sink, n = sink_to(influxd, tmp_path), 25_000
    sink.write(1, Readings.of([1] * n, [NOW_US + i for i in range(n)], [float(i) for i in range(n)]))
    sink.close()
    got = reader.read(1, NOW_US, NOW_US + n)
    assert got.value.tolist() == [float(i) for i in range(n)]


@pytest.mark.parametrize("kill", [False, True])
def test_what_comes_while_the_server_is_down_is_written_when_it_is_back(
    influxd: Influxd, reader: InfluxReader, tmp_path: Path, kill: bool
) -> None:
    sink = sink_to(influxd, tmp_path)
    sink.write(1, Readings.of([1], [NOW_US], [1.0]))
    influxd.stop(kill)
    for _ in range(2):
        with pytest.raises(Retriable, match="cannot be reached"):
            sink.write(2, Readings.of([1], [NOW_US + 1], [2.0]))
    influxd.start()
    sink.write(2, Readings.of([1], [NOW_US + 1], [2.0]))
    sink.close()
    assert reader.read(1, 0, 1 << 60).value.tolist() == [1.0, 2.0]


def test_after_a_restart_the_first_value_of_a_time_still_stays(
    influxd: Influxd, reader: InfluxReader, tmp_path: Path
) -> None:
    first = sink_to(influxd, tmp_path)
    first.write(1, Readings.of([1, 1], [NOW_US, NOW_US + 10 * 3_600_000_000], [1.0, 2.0]))
    first.close()
    again = sink_to(influxd, tmp_path)
    hours = [NOW_US, NOW_US + 3_600_000_000 * 5, NOW_US + 3_600_000_000 * 10]
    again.write(2, Readings.of([1, 1, 1], hours, [7.0, 8.0, 9.0]))
    again.close()
    assert reader.read(1, 0, 1 << 60).value.tolist() == [1.0, 8.0, 2.0]


def test_a_database_that_is_not_there_is_asked_for_again_and_nothing_is_skipped(
    influxd: Influxd, tmp_path: Path
) -> None:
    missing = InfluxSink(InfluxServer(influxd.url, "", "", "nowhere"), SIGNALS, SinkCursor(tmp_path / "cursor.db"))
    with pytest.raises(Retriable, match="404"):
        missing.write(1, Readings.of([1], [NOW_US], [1.0]))
    influxd.make_database("nowhere")
    missing.write(1, Readings.of([1], [NOW_US], [1.0]))
    missing.close()


def test_a_field_of_another_type_is_counted_and_passed_over(influxd: Influxd, tmp_path: Path) -> None:
    server = InfluxServer(influxd.url, "", "", "plant")
    server.write(b'quantity\\ pump\\ 7,asset=other,signal=s value="text" %d' % NOW_US)
    sink = InfluxSink(server, SIGNALS, SinkCursor(tmp_path / "cursor.db"))
    sink.write(1, Readings.of([1], [NOW_US], [1.0]))
    assert (sink.skipped, sink.position) == (1, 1)
    sink.close()
    server.close()


def test_a_question_that_the_server_calls_wrong_is_rejected(influxd: Influxd) -> None:
    server = InfluxServer(influxd.url, "", "", "plant")
    with pytest.raises(Rejected, match="error parsing query"):
        server.query("SELECT nonsense FROM")
    server.close()
