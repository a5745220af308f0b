"""The whole ingest process behind Debian's Mosquitto: killed, started without a broker, examined and drained."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forewarn.api.broker_doctor import run_doctor
from forewarn.api.broker_drain import run_drain
from forewarn.api.children import Child
from forewarn.api.settings import HANDOVER, BrokerSettings, MqttSettings, Settings
from forewarn.ingest.brokers.promise import read_promises
from forewarn.ingest.store.reader import PackedReader
from tests.ingest.brokers.running_source import published, until
from tests.servers import Mosquitto, free_port

pytestmark = pytest.mark.server
Broker = Callable[..., Mosquitto]

PLANT = """
plant: Test
sites:
  site: {name: Site, timezone: UTC}
assets:
  p1:
    name: Pump
    class: pump
    site: site
    area: hall
    signals:
      temp: {topic: plant/p1/temp, quantity: counter, unit: count}
"""


def settings_in(folder: Path, port: int, **broker: Any) -> Settings:
    plant = folder / "plant.yaml"
    plant.write_text(PLANT)
    told = BrokerSettings.model_validate({"host": "127.0.0.1", "port": port, "filters": ["plant/#"], **broker})
    return Settings(
        state_dir=folder / "state", plant=plant, mqtt=MqttSettings(port=free_port()), brokers={"hall": told}
    )


def ingest(settings: Settings) -> Child:
    child = Child("ingest", "forewarn.api", ["ingest", "--as-child"], {HANDOVER: settings.model_dump_json()})
    child.start(keep=False)
    return child


def readings(start: int, count: int) -> list[bytes]:
    return [b'{"value":%d,"ts":%d}' % (i, 1_790_000_000_000 + i) for i in range(start, start + count)]


def stored(settings: Settings) -> int:
    return PackedReader(settings.series_dir).counts().stored


def state_of(settings: Settings) -> str:
    return str(read_promises(settings.broker_promises).get("hall", {}).get("state"))


@pytest.mark.slow
def test_killed_between_delivery_and_commit_nothing_is_lost_and_nothing_is_stored_twice(
    broker: Broker, tmp_path: Path
) -> None:
    server = broker()
    settings = settings_in(tmp_path, server.port)
    child = ingest(settings)
    until(lambda: state_of(settings) == "connected")
    for round_ in range(4):
        published(server.port, readings(3000 * round_, 3000))
        os.kill(child.pid, signal.SIGKILL)
        child.stop()
        child = ingest(settings)
    until(lambda: stored(settings) >= 12_000)
    child.stop()
    counts = PackedReader(settings.series_dir).counts()
    assert (counts.stored, counts.quarantined) == (12_000, 0)


def test_without_its_broker_the_process_serves_its_own_front_door(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, free_port())
    child = ingest(settings)
    published(settings.mqtt.port, readings(0, 10))
    until(lambda: stored(settings) == 10)
    assert state_of(settings) == "away"
    child.stop()


@pytest.mark.slow
def test_a_drained_session_is_stored_and_ended(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    settings = settings_in(tmp_path, server.port, group="hall")
    child = ingest(settings)
    until(lambda: state_of(settings) == "connected")
    child.stop()
    published(server.port, readings(0, 500))
    assert run_drain(settings, "hall") == 500
    assert stored(settings) == 500
    published(server.port, readings(500, 5))
    assert run_drain(settings, "hall") == 0  # nobody queued it: the session had been ended


def test_the_doctor_finds_the_traps_of_a_default_mosquitto(broker: Broker, tmp_path: Path) -> None:
    port = free_port()
    broker(f"listener {port} 127.0.0.1\nallow_anonymous true\n", port=port)
    (row,) = run_doctor(settings_in(tmp_path, port), None, None)
    said = " ".join(finding["what"] for finding in row["findings"])
    assert "were dropped (Mosquitto: max_queued_messages 0)" in said
    assert "without a password" in said
    assert row["level"] == "D3'"
    assert row["facts"]["software"].startswith("mosquitto")


def hardened(program: Callable[[str], str], root: Path, folder: Path, port: int) -> str:
    """The configuration of deploy/ with its paths and port replaced."""
    passwords = folder / "passwords"
    passwords.touch()
    for user in ("forewarn", "p1"):
        subprocess.run([program("mosquitto_passwd"), "-b", passwords, user, f"secret-{user}"], check=True)
    text = (root / "deploy/mosquitto.conf").read_text()
    for old, new in (
        ("/etc/mosquitto/forewarn.passwd", str(passwords)),
        ("/etc/mosquitto/forewarn.acl", str(root / "deploy/mosquitto.acl")),
        ("/var/lib/mosquitto/", f"{folder}/"),
        ("listener 1883 ", f"listener {port} "),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


def test_the_shipped_configuration_starts_and_the_doctor_has_nothing_to_mend(
    broker: Broker, tmp_path: Path, program: Callable[[str], str], root: Path
) -> None:
    port = free_port()
    server = broker(hardened(program, root, tmp_path, port), port=port)
    settings = settings_in(tmp_path, port, username="forewarn", password="secret-forewarn")
    rows = run_doctor(settings, "hall", server.config)
    assert [row["findings"] for row in rows] == [[], []]
    assert rows[0]["level"] == "D3'"
    command = [program("mosquitto_pub"), "-p", str(port), "-u", "p1", "-P", "secret-p1", "-q", "1", "-m", "1"]
    seen = [program("mosquitto_sub"), "-p", str(port), "-u", "forewarn", "-P", "secret-forewarn", "-t", "plant/#"]
    subscriber = subprocess.Popen([*seen, "-W", "3", "-C", "1", "-v"], stdout=subprocess.PIPE)
    until(lambda: "as auto-" in server.log)
    for topic in ("plant/p2/temp", "plant/p1/temp"):  # the first is not its own
        subprocess.run([*command, "-t", topic], check=True)
    assert subscriber.communicate()[0] == b"plant/p1/temp 1\n"


def test_the_command_names_what_has_to_be_mended(broker: Broker, tmp_path: Path, root: Path) -> None:
    settings = settings_in(tmp_path, broker("").port)
    environment = {**os.environ, HANDOVER: settings.model_dump_json()}
    command = [sys.executable, "-P", "-m", "forewarn.api", "doctor", "broker", "--json"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 1, said.stderr
    assert "clients without a password" in said.stdout
    assert json.loads(said.stdout.splitlines()[-1])["brokers"][0]["broker"] == "hall"
