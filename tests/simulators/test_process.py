"""The simulator as the demo starts it: a child process with orders on standard input and one report at its end."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from forewarn.core.clock import US_PER_DAY, US_PER_S, PlantClock
from forewarn.core.errors import Rejected
from forewarn.ingest.formats.waveform import decode_block
from forewarn.simulators.publisher import Target
from forewarn.simulators.run import STOP, Control, Repair, read_control, run_fleet, wall_us
from tests.simulators.small_server import SmallServer

pytestmark = pytest.mark.slow

ORIGIN_US = 1_795_392_000_000_000


def start(server: SmallServer, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "forewarn.simulators", "fleet", "--port", str(server.port)]
    origin = ["--origin-wall-us", str(wall_us()), "--origin-plant-us", str(ORIGIN_US)]
    pipe = subprocess.PIPE
    return subprocess.Popen([*command, *origin, *more], stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def report_of(process: subprocess.Popen[str], said: str | None) -> dict[str, Any]:
    out, errors = process.communicate(said, timeout=60)
    assert process.returncode == 0, errors
    assert len(out.splitlines()) == 1, "the report is all that standard output carries"
    report: dict[str, Any] = json.loads(out)
    return report


def test_a_timed_run_ends_by_itself_and_its_ledger_is_what_the_server_took() -> None:
    with SmallServer() as server:
        report = report_of(start(server, "--for", "1"), "")
    assert report["messages_acked"] == report["messages_sent"] == len(server.received) > 150
    sent = b"".join(payload for _, payload in server.received)
    assert not [word for word in (b"fault", b"onset", b"truth", b"spall") if word in sent], (
        "the truth is told at the end"
    )
    assert report["complete"] is True
    assert report["outstanding"] == 0
    assert len(report["truth"]) == 12
    assert report["plant_until_us"] < ORIGIN_US + (10_800 + 900) * US_PER_S


def test_each_topic_counts_its_waveforms_by_itself_so_that_no_gap_shows() -> None:
    with SmallServer() as server:
        clock = PlantClock(wall_us(), ORIGIN_US, 21_600.0)
        run_fleet(Target(port=server.port), clock, 1, 1.0, SimpleQueue())
    numbers: dict[str, set[int]] = {}
    for topic, payload in server.received:
        if topic.endswith("/vib_de"):
            with suppress(Rejected):  # the fleet also sends what is broken
                numbers.setdefault(topic, set()).add(decode_block(payload).seq)
    assert len(numbers) > 6
    assert all(seen == set(range(1, len(seen) + 1)) for seen in numbers.values()), numbers


def test_the_end_of_standard_input_stops_a_run_without_an_end() -> None:
    with SmallServer() as server:
        report = report_of(start(server, "--rate", "1"), '{"nonsense": 1}\n')
    assert report["complete"] is True


def test_sigterm_stops_a_run_and_its_last_readings_are_still_acknowledged() -> None:
    with SmallServer() as server:
        process = start(server)
        while not server.received:
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        report = report_of(process, None)
    assert report["messages_acked"] == len(server.received) > 0


def test_a_repair_ordered_while_it_runs_is_obeyed_and_reported() -> None:
    control: SimpleQueue[Control] = SimpleQueue()
    due_us = ORIGIN_US + 12 * US_PER_DAY
    control.put(Repair("pump-02", "de_bearing:outer_race_spall", due_us))
    control.put(Repair("pump-99", "de_bearing:outer_race_spall", due_us))
    with SmallServer() as server:
        clock = PlantClock(wall_us(), ORIGIN_US, 10_800.0)
        report = run_fleet(Target(port=server.port), clock, 1, 0.5, control)
    cured = [row["cured"] for row in report["repairs"]]  # type: ignore[attr-defined]  # JSON
    assert cured == [True, False]
    truth = {row["asset"]: row for row in report["truth"]}  # type: ignore[attr-defined]  # JSON
    assert truth["pump-02"]["repaired_us"] == due_us


def test_orders_are_read_line_by_line_and_what_is_none_is_told() -> None:
    lines = iter(
        [
            '{"repair": {"asset": "a", "fault": "b:c", "at_us": 5}}\n',
            "\n",
            "{broken\n",
            '{"repair": "a"}\n',
            '{"repair": {"asset": "a"}}\n',
            "[]\n",
            '{"repair": {"asset": "a", "fault": "b:c"}}\n',
            '{"stop": true}\n',
            "",
        ]
    )
    control: SimpleQueue[Control] = SimpleQueue()
    said: list[str] = []
    read_control(lambda: next(lines), control, said.append, stop_at_end=True)
    orders = [control.get_nowait() for _ in range(control.qsize())]
    assert orders == [Repair("a", "b:c", 5), Repair("a", "b:c", None), STOP, STOP]
    assert len(said) == 4


def test_a_refusing_server_ends_the_process_with_a_sentence_and_no_report() -> None:
    with SmallServer(refuse=5) as server:
        process = start(server, "--for", "2")
        out, errors = process.communicate("", timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "mqtt_refused" in errors


@pytest.mark.parametrize("folder", ["models", "maintenance", "pipeline", "api"])
def test_neither_side_can_see_the_other(folder: str, root: Path) -> None:
    def imports(of: str) -> set[str]:
        found: set[str] = set()
        for path in (root / of).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module)
        return found

    assert not [name for name in imports("simulators") if name.startswith(f"forewarn.{folder}")]
    if folder != "api":
        assert not [name for name in imports(folder) if name.startswith("forewarn.simulators")]
