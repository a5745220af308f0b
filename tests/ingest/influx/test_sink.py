"""The InfluxDB sink against a small FAKE server: it answers as told and checks nothing but the path and the token.

That real servers take these lines is another test's subject.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from forewarn.core.errors import Retriable
from forewarn.core.ports import Refusal
from forewarn.core.readings import Readings, SignalSpec, Waveform
from forewarn.core.telemetry import Notes
from forewarn.ingest.influx.cursor import SinkCursor
from forewarn.ingest.influx.lines import encode_lines, line_key
from forewarn.ingest.influx.server import InfluxServer
from forewarn.ingest.influx.sink import InfluxSink
from tests.ingest.fake_influx import FakeInflux

SIGNALS = {
    1: SignalSpec("pump 7", "temp,DE", "temperature", "degC", topic="x"),
    3: SignalSpec("pump=8", "speed\\", "rotational speed", "rpm", topic="y"),
}
READINGS = Readings.of([1, 2, 3, 1], [1000, 2000, 3000, -4000], [71.25, 1.0, 1e-300, 0.1])
LINES = [
    r"temperature,asset=pump\ 7,signal=temp\,DE value=71.25 1000",
    r"rotational\ speed,asset=pump\=8,signal=speed\_ value=1e-300 3000",
    r"temperature,asset=pump\ 7,signal=temp\,DE value=0.1 -4000",
]


@pytest.fixture
def server() -> Iterator[FakeInflux]:
    fake = FakeInflux()
    yield fake
    fake.stop()


def sink_to(port: int, cursor: SinkCursor, token: str = "secret") -> InfluxSink:
    return InfluxSink(InfluxServer(f"http://127.0.0.1:{port}", token, "plant", "raw", timeout_s=5), SIGNALS, cursor)


@pytest.fixture
def sink(server: FakeInflux, tmp_path: Path) -> Iterator[InfluxSink]:
    made = sink_to(server.server_port, SinkCursor(tmp_path / "cursor"))
    yield made
    made.close()


def test_lines_are_escaped_exact_and_leave_out_unknown_series() -> None:
    assert list(encode_lines(READINGS, {series: line_key(signal) for series, signal in SIGNALS.items()})) == LINES


def test_a_batch_arrives_in_microseconds_and_is_not_sent_twice(server: FakeInflux, sink: InfluxSink) -> None:
    sink.write(10, READINGS)
    sink.write(10, READINGS)
    assert server.lines == LINES
    assert "precision=us" in server.paths[0]
    assert "bucket=raw" in server.paths[0]
    assert sink.position == 10


def test_a_large_batch_is_cut_into_requests(server: FakeInflux, sink: InfluxSink) -> None:
    n = 12_000
    sink.write(1, Readings.of([1] * n, range(n), [1.5] * n))
    assert len(server.lines) == n
    assert len(server.paths) == 3


@pytest.mark.parametrize("status", [503, 500, 429, 401, 404])
def test_a_server_that_cannot_now_is_asked_again_later(server: FakeInflux, sink: InfluxSink, status: int) -> None:
    server.status = status
    with pytest.raises(Retriable, match=str(status)):
        sink.write(10, READINGS)
    assert sink.position == 0
    server.status = 204
    sink.write(10, READINGS)
    assert server.lines == LINES


@pytest.mark.parametrize("status", [400, 413, 422])
def test_data_that_the_server_calls_wrong_is_counted_and_passed_over(
    server: FakeInflux, sink: InfluxSink, status: int
) -> None:
    server.status = status
    sink.write(10, READINGS)
    assert (sink.skipped, sink.position) == (len(LINES), 10)
    server.status = 204
    sink.write(20, READINGS)
    assert (sink.skipped, server.lines) == (len(LINES), LINES)


def test_waveforms_and_refusals_are_not_for_it(server: FakeInflux, sink: InfluxSink) -> None:
    wave = Waveform(1, 5, 1000.0, np.ones(64, np.float32))
    sink.write(10, Readings.empty(), [wave], [Refusal(1, "gw", "t", "not_json", "", b"")])
    sink.flush()
    assert (server.lines, sink.position) == ([], 10)


@pytest.mark.parametrize(("kept", "held", "goes_on", "missed"), [
    (0, (0, 50), 0, 0), (30, (10, 50), 30, 0), (0, (10, 50), 10, 10), (90, (0, 50), 50, 40), (50, (50, 50), 50, 0),
])  # fmt: skip
def test_a_cursor_outside_of_the_journal_goes_to_its_nearest_end_and_tells_the_gap(
    tmp_path: Path, kept: int, held: tuple[int, int], goes_on: int, missed: int
) -> None:
    cursor = SinkCursor(tmp_path / "cursor")
    cursor.advance(kept)
    assert cursor.enter(*held) == missed
    assert SinkCursor(tmp_path / "cursor").position == goes_on


def test_a_cursor_that_cannot_be_kept_is_tried_again(server: FakeInflux, tmp_path: Path) -> None:
    cursor = SinkCursor(tmp_path / "cursor")
    sink = sink_to(server.server_port, cursor)
    cursor._db.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(tmp_path / "cursor", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Retriable, match="cursor"):
        sink.write(10, READINGS)
    other.execute("ROLLBACK")
    other.close()
    sink.write(10, READINGS)
    assert sink.position == 10
    sink.close()


def test_what_the_decoders_remember_is_kept_with_the_cursor(server: FakeInflux, tmp_path: Path) -> None:
    sink = sink_to(server.server_port, SinkCursor(tmp_path / "cursor"))
    sink.write(10, READINGS, notes=Notes(memory={"a": b"1", "b": b"2"}))
    sink.write(20, READINGS, notes=Notes(memory={"a": None}))
    sink.close()
    again = sink_to(server.server_port, SinkCursor(tmp_path / "cursor"))
    assert (again.position, again.memory()) == (20, {"b": b"2"})
    again.close()


def test_after_an_outage_and_a_restart_it_goes_on_where_it_was(server: FakeInflux, tmp_path: Path) -> None:
    port = server.server_port
    sink = sink_to(port, SinkCursor(tmp_path / "cursor"))
    sink.write(10, READINGS)
    sink.close()
    gone = FakeInflux()
    gone.stop()  # its port refuses now
    away = sink_to(gone.server_port, SinkCursor(tmp_path / "cursor"))
    assert away.position == 10
    with pytest.raises(Retriable, match="cannot be reached"):
        away.write(20, READINGS)
    away.close()
    again = sink_to(port, SinkCursor(tmp_path / "cursor"))
    again.write(again.position + 10, READINGS)
    assert server.lines == LINES * 2
    assert SinkCursor(tmp_path / "cursor").position == 20
    again.close()
