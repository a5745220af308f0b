"""The ingest process, alone: what it tells senders, and what it does when it is asked over its control socket."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from forewarn.api.settings import Settings
from forewarn.core.errors import Rejected, Retriable
from forewarn.ingest.control import ControlClient
from forewarn.ingest.store.reader import PackedReader
from forewarn.pipeline.adopted import adopt
from tests.system.running import HANG_GUARD_S, PLANT, environment_of, settings_for

pytestmark = pytest.mark.slow

INGEST = [sys.executable, "-P", "-m", "forewarn.api", "ingest"]
MARK = "forewarn/watermark/hall/press-1/temp"


class Ingest:
    """The process, its control client, and a client of its front door."""

    def __init__(self, settings: Settings) -> None:
        self.process = subprocess.Popen(INGEST, env=environment_of(settings), stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port: int = json.loads(self.process.stdout.readline())["mqtt_port"]
        self.control = ControlClient(settings.control_socket)
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gw")
        self.client.on_message = lambda client, userdata, message: self.heard.put(json.loads(message.payload))
        self.client.on_connect = lambda client, *_: client.subscribe(MARK)
        self.client.connect("127.0.0.1", self.port)
        self.client.loop_start()

    def publish(self, topic: str, **message: object) -> None:
        self.client.publish(topic, json.dumps(message), qos=1).wait_for_publish(HANG_GUARD_S)

    def next_mark(self, sequence: int) -> dict[str, Any]:
        """The watermark with this number."""
        while (mark := self.heard.get(timeout=HANG_GUARD_S))["seq"] != sequence:
            pass
        return mark

    def ask(self, command: str, **arguments: object) -> Any:
        return self.control.ask(command, HANG_GUARD_S, **arguments)

    def end(self, how: signal.Signals) -> int:
        self.client.disconnect()
        self.client.loop_stop()
        self.process.send_signal(how)
        status = self.process.wait(HANG_GUARD_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


@contextmanager
def ingest(settings: Settings) -> Iterator[Ingest]:
    found = Ingest(settings)
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.end(signal.SIGKILL)


def soon(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANG_GUARD_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


@pytest.mark.slow
def test_a_sender_hears_how_far_it_is_stored_also_after_a_kill_without_new_messages(settings: Settings) -> None:
    with ingest(settings) as running:
        for sequence in (1, 2, 3, 6):
            running.publish("hall/press-1/temp", value=20 + sequence, seq=sequence, boot="b1")
        mark = running.next_mark(3)
        assert (mark["stream"], mark["boot"]) == ("hall/press-1/temp", "b1")
        running.end(signal.SIGKILL)
    with ingest(settings) as running:
        running.next_mark(3)
        running.publish("hall/press-1/temp", value=30, seq=5, boot="b1")
        running.publish("hall/press-1/temp", value=31, seq=4, boot="b1")
        running.next_mark(6)
        assert running.end(signal.SIGTERM) == 0
    assert PackedReader(settings.series_dir).gaps() == []


def test_an_adopted_signal_is_taken_up_while_it_runs_and_its_old_messages_come_back(settings: Settings) -> None:
    reader = PackedReader(settings.series_dir)
    with ingest(settings) as running:
        for value in (61, 62):
            running.publish("hall/press-1/seal", value=value, ts=time.time_ns() // 1_000_000 - 1000 * value)
        soon(lambda: len(reader.places()) == 1)
        adopt(settings.plant, settings.adopted, "press-1", "seal", {"topic": "hall/press-1/seal", "unit": "degC"})
        assert running.ask("reload") == {"assets": 1, "signals": 6}
        running.publish("hall/press-1/seal", value=63, ts=time.time_ns() // 1_000_000)
        asked = running.ask("replay", reason="unknown_topic")
        assert asked == {"asked": 2, "payload_cut": [], "missing": [], "go_on_before": None}
        soon(lambda: reader.counts().quarantined == 0)
        stored = reader.read(reader.names()["press-1/seal"], 0, 2**62)
        assert sorted(stored.value.tolist()) == [61, 62, 63]
        assert running.ask("replay", rows=[1, 2])["missing"] == [1, 2]
        assert running.end(signal.SIGTERM) == 0
    counts = reader.counts()
    assert (counts.acknowledged, counts.stored, counts.replayed) == (3, 3, 0)


def test_a_broken_plant_file_leaves_the_old_plant_in_force(settings: Settings) -> None:
    with ingest(settings) as running:
        settings.plant.write_text(PLANT.replace("unit: A", "unit: furlong"))
        with pytest.raises(Rejected, match="furlong"):
            running.ask("reload")
        running.publish("hall/press-1/oil", oil=40, current=3)
        soon(lambda: PackedReader(settings.series_dir).counts().stored == 2)


def test_the_status_tells_where_everything_stands(settings: Settings) -> None:
    with ingest(settings) as running:
        for n in range(5):
            running.publish("hall/press-1/pieces", value=n)
        soon(lambda: running.ask("status")["consumers"][0]["lag_bytes"] == 0)
        status = running.ask("status")
        assert status["door"]["messages"] == 5
        assert status["commit"]["messages"] >= 5
        assert 0 < status["commit"]["fsync_s"]["p50"] <= status["commit"]["acknowledge_s"]["p99"]
        assert status["journal"]["end"] > 0
        assert status["brokers"] == {}
        with pytest.raises(Rejected, match="bad_request"):
            running.ask("replay", row=7)
    with pytest.raises(Retriable):
        running.ask("ping")
