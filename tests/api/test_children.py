"""Processes: kept alive by their parent, gone with it, and clear about why they do not start."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import structlog
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from forewarn.api.children import Child, ChildDied
from forewarn.api.main_process import free_port
from forewarn.api.settings import HANDOVER, HttpSettings, MqttSettings, Settings
from forewarn.ingest.store.reader import PackedReader
from tests.api.rooms import SMALL_PLANT, small_plant

GOOD = """
import json, os, sys, threading
from forewarn.api.children import when_parent_ends
done = threading.Event()
when_parent_ends(done.set)
print(json.dumps({"pid": os.getpid(), "word": sys.argv[1], "told": os.environ["TOLD"]}), flush=True)
done.wait()
print("last words", flush=True)
"""
BAD = "import sys\nsys.exit(3)\n"
DEAF = """
import json, time
print(json.dumps({"ready": True}), flush=True)
time.sleep(600)
"""


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    """Makes a child of a program text; ends it after the test."""
    made: list[Child] = []

    def make(text: str) -> Child:
        (tmp_path / f"small{len(made)}.py").write_text(text)
        environment = {"TOLD": "by environment", "PYTHONPATH": str(tmp_path)}
        made.append(Child("small", f"small{len(made)}", ["word"], environment))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def wait_until(true: Callable[[], bool]) -> None:
    while not true():  # the suite's guard against hanging ends it
        time.sleep(0.01)


def test_a_child_is_ready_with_its_first_line_and_ends_with_its_life_line(child: Callable[[str], Child]) -> None:
    small = child(GOOD)
    assert small.start(keep=False) == {"pid": small.pid, "word": "word", "told": "by environment"}
    assert not small.ended
    assert small.stop() == "last words\n"
    assert small.ended


def test_a_killed_child_is_started_again_after_pauses_that_grow(child: Callable[[str], Child]) -> None:
    small = child(GOOD)
    with structlog.testing.capture_logs() as told:
        small.start()
        for restarts in (1, 2, 3):
            before = small.pid
            os.kill(before, signal.SIGKILL)
            wait_until(lambda: small.restarts == restarts and small.ready["pid"] not in (before, None))  # noqa: B023 - called at once
    pauses = [line["restart_in_s"] for line in told if line["event"] == "child_died"]
    assert pauses == sorted(pauses)
    assert all(later == 2 * earlier for earlier, later in pairwise(pauses))
    assert {line["exit_status"] for line in told if line["event"] == "child_died"} == {-signal.SIGKILL}


def test_a_child_that_was_stopped_is_not_started_again(child: Callable[[str], Child]) -> None:
    small = child(GOOD)
    small.start()
    small.stop()
    time.sleep(0.4)
    assert small.ended
    assert small.restarts == 0


def test_a_child_that_dies_before_it_is_ready_is_a_clear_error(child: Callable[[str], Child]) -> None:
    with pytest.raises(ChildDied, match="small ended with exit status 3 before it was ready"):
        child(BAD).start()


def test_a_child_that_does_not_listen_is_killed(child: Callable[[str], Child]) -> None:
    deaf = child(DEAF)
    deaf.start(keep=False)
    with structlog.testing.capture_logs() as told:
        deaf.stop(timeout_s=0.2)
    assert deaf.ended
    assert [line["event"] for line in told] == ["child_killed"]


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(GOOD)
    (tmp_path / "parent.py").write_text(
        "import time\nfrom forewarn.api.children import Child\n"
        "child = Child('small', 'small', ['w'], {'TOLD': ''})\nprint(child.start()['pid'], flush=True)\n"
        "time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-P", "-m", "parent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        wait_until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


# ---- the real ingest process


def settings_in(folder: Path, **changes: Any) -> Settings:
    port = free_port("127.0.0.1", 0)
    given = {"state_dir": folder / "state", "plant": SMALL_PLANT, "mqtt": MqttSettings(port=port), **changes}
    return Settings(**{"http": HttpSettings(port=0), "log": "error", **given})


def ingest_of(settings: Settings) -> Child:
    return Child("ingest", "forewarn.api", ["ingest", "--as-child"], {HANDOVER: settings.model_dump_json()})


def forewarn(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is expected to end by itself."""
    environment = {**os.environ, HANDOVER: settings.model_dump_json()}
    command = [sys.executable, "-P", "-m", "forewarn.api", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, stdin=subprocess.PIPE, check=False)


class Publisher:
    """paho at QoS 1, one reading of the flow a millisecond; remembers what was acknowledged."""

    def __init__(self, port: int) -> None:
        spec = small_plant().asset("p101")
        assert spec is not None
        flow = spec.signal("flow")
        assert flow is not None
        self.topic = flow.topic
        self.base_ms = time.time_ns() // 1_000_000 - 60_000
        self.sent: dict[int, int] = {}
        self.acked: set[int] = set()
        self._lock = threading.Lock()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id="meter-1", clean_session=False)
        self.client.reconnect_delay_set(1, 1)
        self.client.max_inflight_messages_set(50)
        self.client.on_publish = self._on_publish
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _on_publish(self, client: object, userdata: object, mid: int, reason: object, properties: object) -> None:
        with self._lock:
            self.acked.add(mid)

    def publish(self, count: int) -> None:
        for _ in range(count):
            i = len(self.sent)
            payload = json.dumps({"value": 100 + i % 900, "ts": self.base_ms + i})
            self.sent[self.client.publish(self.topic, payload, qos=1).mid] = i

    def until_all_acked(self) -> None:
        wait_until(lambda: self.acked >= set(self.sent))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.slow
def test_ingest_loses_nothing_acknowledged_when_it_is_killed_and_stores_nothing_twice(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    ingest = ingest_of(settings)
    assert ingest.start() == {"ready": True, "mqtt_port": settings.mqtt.port}
    publisher = Publisher(settings.mqtt.port)
    try:
        for kills in range(2):
            publisher.publish(400)
            wait_until(lambda: len(publisher.acked) > 50 + 400 * kills)  # noqa: B023 - called at once
            os.kill(ingest.pid, signal.SIGKILL)
            wait_until(lambda: ingest.restarts > kills)  # noqa: B023 - called at once
        publisher.publish(400)
        publisher.until_all_acked()
    finally:
        publisher.close()
        with structlog.testing.capture_logs() as told:
            ingest.stop()
    assert told == []  # it ended by itself, and was not killed in the end
    assert ingest.restarts == 2
    reader = PackedReader(settings.series_dir)
    at = reader.read(reader.names()["p101/flow"], 0, 2**62).at
    assert (at // 1000 - publisher.base_ms).tolist() == list(range(1_200))
    counts = reader.counts()
    assert (counts.stored, counts.conflicts, counts.quarantined) == (1_200, 0, 0)
    assert counts.acknowledged >= 1_200


@pytest.mark.slow
def test_a_second_process_on_the_same_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    ingest = ingest_of(settings)
    ingest.start(keep=False)
    try:
        second = forewarn(settings_in(tmp_path), "ingest", "--as-child")
    finally:
        ingest.stop()
    assert second.returncode == 1
    assert "Traceback" not in second.stderr
    (line,) = second.stderr.splitlines()
    assert str(settings.state_dir) in line


def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


port_in_use = pytest.fixture(taken_port)


@pytest.mark.slow
@pytest.mark.parametrize("command", [("ingest", "--as-child"), ("up",)])
def test_an_mqtt_port_in_use_is_told_without_a_stack_trace(
    tmp_path: Path, port_in_use: int, command: tuple[str, ...]
) -> None:
    ended = forewarn(settings_in(tmp_path, mqtt=MqttSettings(port=port_in_use)), *command)
    assert ended.returncode == 1
    assert str(port_in_use) in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_an_http_port_in_use_is_one_clear_line(tmp_path: Path, port_in_use: int) -> None:
    ended = forewarn(settings_in(tmp_path, http=HttpSettings(port=port_in_use)), "up")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert f"127.0.0.1:{port_in_use}" in line
    assert "FOREWARN_HTTP__PORT" in line


@pytest.mark.slow
@pytest.mark.parametrize("command", [("ingest", "--as-child"), ("up",)])
def test_a_broken_plant_file_is_told_line_by_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    broken = tmp_path / "plant.yaml"
    broken.write_text("plant: P\nsites:\n  s: {timezon: Europe/Berlin}\nassetts: {}\n")
    ended = forewarn(settings_in(tmp_path, plant=broken), *command)
    assert ended.returncode == 1
    assert f"{broken}:3:" in ended.stderr
    assert f"{broken}:4:" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_the_api_is_not_served_to_strangers(tmp_path: Path) -> None:
    ended = forewarn(settings_in(tmp_path, http=HttpSettings(host="0.0.0.0", port=0)), "up")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "TLS" in line
    assert not (tmp_path / "state").exists()
