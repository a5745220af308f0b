"""A whole Forewarn in processes of its own, and a ledger of what was acknowledged to its senders."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2
import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from forewarn.api.main_process import free_port
from forewarn.api.settings import HANDOVER, HttpSettings, MqttSettings, Settings
from forewarn.ingest.store.reader import PackedReader

UP = [sys.executable, "-P", "-m", "forewarn.api", "up"]
HANG_GUARD_S = 60.0
GOOD = "hall/press-1/pieces"
"""Topic of the signal on which the good readings are counted: their values are 0, 1, 2, ..."""

PLANT = """\
plant: Bad weather
sites:
  works: {timezone: Europe/Berlin}
assets:
  press-1:
    name: Press 1
    class: press
    area: hall
    components:
      brg: {kind: bearing}
    signals:
      pieces: {topic: hall/press-1/pieces, quantity: counter, unit: count}
      temp: {topic: hall/press-1/temp, unit: degC, range: [-40, 150]}
      vib: {kind: waveform, topic: hall/press-1/vib, unit: m/s^2, component: brg}
      oil: {topic: hall/press-1/oil, field: oil, unit: degC}
      current: {topic: hall/press-1/oil, field: current, unit: A}
"""


def settings_for(folder: Path, plant: str = PLANT) -> Settings:
    """Settings on free ports of loopback, with this plant file and a state folder that does not exist yet."""
    file = folder / "plant.yaml"
    file.write_text(plant)
    return Settings(
        state_dir=folder / "state",
        plant=file,
        log="warning",
        mqtt=MqttSettings(port=free_port("127.0.0.1", 0)),
        http=HttpSettings(port=free_port("127.0.0.1", 0)),
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """What a parent process hands down."""
    return {**os.environ, HANDOVER: settings.model_dump_json()}


@dataclass
class Sender:
    """One paho client. What it publishes with QoS 1 is in the system's ledger once it is acknowledged."""

    client: paho.Client
    system: RunningSystem

    def publish(self, topic: str, payload: bytes, readings: int = 1, retain: bool = False) -> None:
        """Send one message and wait for its PUBACK."""
        self.publish_all([(topic, payload)], readings, retain)

    def publish_all(self, messages: Iterable[tuple[str, bytes]], readings: int = 1, retain: bool = False) -> None:
        """Send messages of so many readings each, and wait for all PUBACKs."""
        sent = [self.client.publish(topic, payload, 1, retain) for topic, payload in messages]
        for message in sent:
            message.wait_for_publish(HANG_GUARD_S)
            assert message.is_published()
        self.system.acked += readings * len(sent)

    def good(self, count: int = 1) -> None:
        """Send the next good readings."""
        self.publish_all((GOOD, self.system.next_good()) for _ in range(count))

    def close(self) -> None:
        """Say goodbye."""
        self.client.disconnect()
        self.client.loop_stop()


@dataclass
class RunningSystem:
    """`forewarn up` as a child. `acked` is the ledger: readings whose PUBACK a sender has seen."""

    settings: Settings
    process: subprocess.Popen[bytes]
    log: Path
    reader: PackedReader
    acked: int = 0
    sent_good: int = 0
    start_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000 - 3_600_000)
    _http: httpx2.Client | None = None

    @classmethod
    def start(cls, folder: Path, settings: Settings | None = None) -> Self:
        """Start it and return when it serves."""
        settings = settings or settings_for(folder)
        log = folder / "up.log"
        with log.open("wb") as stderr:
            process = subprocess.Popen(UP, stderr=stderr, env=environment_of(settings))
        system = cls(settings, process, log, PackedReader(settings.series_dir))
        system._wait_until_serving()
        return system

    def _wait_until_serving(self) -> None:
        deadline = time.monotonic() + HANG_GUARD_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                httpx2.get(f"{self.home}/api/me", timeout=5.0)
            except httpx2.TransportError:
                time.sleep(0.05)
            else:
                token = (self.settings.state_dir / "api-token").read_text().strip()
                self._http = httpx2.Client(base_url=self.home, headers={"Authorization": f"Bearer {token}"})
                return
        raise AssertionError(f"the system does not serve:\n{self.log.read_text()}")

    @property
    def home(self) -> str:
        """Address of the page."""
        return f"http://127.0.0.1:{self.settings.http.port}"

    @property
    def mqtt_port(self) -> int:
        """Port of the front door."""
        return self.settings.mqtt.port

    def get(self, path: str) -> Any:
        """What the API answers to a program with the token."""
        assert self._http is not None
        answer = self._http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object) -> Any:
        """What it answers to a request that makes something."""
        assert self._http is not None
        answer = self._http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def sender(self, client_id: str, version: int = 4, login: tuple[str, str] | None = None) -> Sender:
        """A client that is connected, logged in by name and password."""
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion(version))
        if login is not None:
            client.username_pw_set(*login)
        client.connect("127.0.0.1", self.mqtt_port)
        client.loop_start()
        return Sender(client, self)

    def next_good(self) -> bytes:
        """A good reading that was not sent before: one more piece, one millisecond later."""
        number, self.sent_good = self.sent_good, self.sent_good + 1
        return b'{"value":%d,"ts":%d}' % (number, self.start_ms + number)

    def settle(self) -> dict[str, int]:
        """Wait until everything acknowledged is in the books, and answer them."""
        deadline = time.monotonic() + HANG_GUARD_S
        while time.monotonic() < deadline:
            books: dict[str, int] = self.get("/api/overview")["counts"]
            if books["acked"] >= self.acked:
                return books
            time.sleep(0.02)
        raise AssertionError(f"{self.acked} readings are acknowledged, the books show {books}")

    def refused(self, source: str) -> list[dict[str, Any]]:
        """Quarantine rows of one client, as the API gives them."""
        self.settle()
        return [row for row in self.get("/api/quarantine?limit=500") if row["source"] == source]

    def wait_for_refusal(self, source: str) -> list[dict[str, Any]]:
        """The same, for what was never acknowledged and so is not in the ledger."""
        deadline = time.monotonic() + HANG_GUARD_S
        while not (rows := self.refused(source)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return rows

    def check_books(self) -> None:
        """Every good reading is stored once with its value and time, nothing else is missing, and nobody died."""
        books = self.settle()
        parts = ("stored", "duplicates", "conflicts", "quarantined", "summarised")
        assert books["acked"] == self.acked == sum(books[part] for part in parts), books
        assert books["duplicates"] == books["conflicts"] == 0
        good = self.reader.read(self.reader.names()["press-1/pieces"], 0, 2**62)
        assert good.value.tolist() == list(range(self.sent_good))
        assert np.array_equal(good.at, (self.start_ms + np.arange(self.sent_good)) * 1000)
        assert self.process.poll() is None
        assert "child_died" not in self.log.read_text()

    def stop(self) -> None:
        """SIGTERM, as systemd would; its exit status is 0, and nothing surprised it in its life."""
        if self._http is not None:
            self._http.close()
        self.reader.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(HANG_GUARD_S)
        finally:
            self.process.kill()
        said = self.log.read_text()
        assert status == 0, said
        for trouble in ("Traceback", '"level": "error"', '"level": "critical"'):
            assert trouble not in said, said
