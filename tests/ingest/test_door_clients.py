"""The same flows with three clients that share no protocol code: paho, Debian's mosquitto clients, gmqtt."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from gmqtt.mqtt.handler import MQTTConnectError

from forewarn.ingest.delivery import DUP, WILL
from forewarn.ingest.door.codes import Reason
from forewarn.ingest.door.front_door import FrontDoorSettings
from forewarn.ingest.door.tls import TlsFiles
from tests.ingest.certificates import Authority
from tests.ingest.gmqtt_client import GmqttClient
from tests.ingest.mqtt_client import VERSIONS, paho_client
from tests.ingest.running_door import RunningDoor, running_door

WINDOWS = pytest.mark.parametrize("window", [1, 20, 1000])
QOS = pytest.mark.parametrize("qos", [0, 1])
PAYLOADS = [b"%d" % number for number in range(200)]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]) -> Authority:
    return Authority(tmp_path_factory.mktemp("papers") / "plant", program("openssl"))


@pytest.fixture
def secret(tmp_path: Path, authority: Authority) -> Iterator[RunningDoor]:
    """TLS and a user."""
    files = TlsFiles(*authority.issue("server", "127.0.0.1"))
    users = {"press": lambda given: given == b"oil"}
    with running_door(tmp_path, FrontDoorSettings(port=0, tls=files, users=users)) as running:
        yield running


def arrived(running: RunningDoor, count: int) -> list[bytes]:
    """The payloads, when so many are durable (QoS 0 tells the sender nothing)."""
    while len(running.log.frames) < count:
        running.drain()
    return running.log.payloads()


# paho


def started(client: paho.Client, port: int) -> None:
    ready = threading.Event()
    client.on_connect = lambda client, data, flags, reason, properties: ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert ready.wait(60.0)


@VERSIONS
@QOS
@WINDOWS
def test_paho_publishes_with_every_window(running: RunningDoor, version: int, qos: int, window: int) -> None:
    client = paho_client(version)
    client.max_inflight_messages_set(window)
    started(client, running.port)
    sent = [client.publish("t", payload, qos) for payload in PAYLOADS]
    for message in sent:
        message.wait_for_publish(60.0)
    assert arrived(running, len(PAYLOADS)) == PAYLOADS
    client.disconnect()
    client.loop_stop()


@VERSIONS
def test_paho_repeats_what_was_not_acknowledged_after_a_new_connection(running: RunningDoor, version: int) -> None:
    async def throw_out() -> None:
        for connection in tuple(running.door._sockets):
            connection.end(Reason.SERVER_BUSY, "a test")

    client = paho_client(version)
    client.reconnect_delay_set(1, 1)
    started(client, running.port)
    running.log.gate.clear()
    message = client.publish("t", b"x", 1)
    running.log.hanging.wait()
    running.call(throw_out())
    running.log.gate.set()
    message.wait_for_publish(60.0)
    assert [frame.flags & DUP for frame in running.log.frames] == [0, DUP]
    client.disconnect()
    client.loop_stop()


@VERSIONS
def test_paho_logs_in_through_tls_and_is_told_when_the_password_is_wrong(
    secret: RunningDoor, authority: Authority, version: int
) -> None:
    said: list[str] = []
    for password in ("water", "oil"):
        client = paho_client(version)
        client.tls_set(ca_certs=str(authority.ca))
        client.username_pw_set("press", password)
        client.on_connect = lambda client, data, flags, reason, properties: said.append(str(reason))
        client.connect("127.0.0.1", secret.port)
        before = len(said)
        while len(said) == before:
            client.loop(0.1)
        client.disconnect()
        client.loop(0.1)
    assert said == ["Bad user name or password", "Success"]


@VERSIONS
def test_paho_subscribes_to_a_topic_of_ours_and_leaves_a_will(running: RunningDoor, version: int) -> None:
    running.publish("forewarn/orders/open", b"3", retain=True)
    received: list[Any] = []
    client = paho_client(version)
    client.will_set("press/status", b"gone", 1)
    client.on_message = lambda client, data, message: received.append((message.topic, message.payload, message.retain))
    started(client, running.port)
    client.subscribe("forewarn/orders/open", 1)
    while not received:
        threading.Event().wait(0.005)
    assert received == [("forewarn/orders/open", b"3", True)]
    peer = client.socket()
    assert peer is not None
    client.loop_stop()
    peer.close()  # without a goodbye
    assert arrived(running, 1) == [b"gone"]
    assert running.log.frames[0].flags & WILL


# mosquitto_pub and mosquitto_sub

MOSQUITTO_VERSIONS = pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])


def mosquitto(program: str, port: int, version: str, *more: str) -> list[str]:
    return [program, "-h", "127.0.0.1", "-p", str(port), "-V", version, "-i", "gateway", *more]


@pytest.mark.server
@MOSQUITTO_VERSIONS
@QOS
def test_mosquitto_pub_publishes_line_by_line(
    running: RunningDoor, program: Callable[[str], str], version: str, qos: int
) -> None:
    command = mosquitto(program("mosquitto_pub"), running.port, version, "-q", str(qos), "-t", "t", "-l")
    subprocess.run(command, input=b"\n".join(PAYLOADS), check=True, timeout=60)
    assert arrived(running, len(PAYLOADS)) == PAYLOADS


@pytest.mark.server
@MOSQUITTO_VERSIONS
def test_mosquitto_pub_logs_in_through_tls_and_is_told_when_the_password_is_wrong(
    secret: RunningDoor, authority: Authority, program: Callable[[str], str], version: str
) -> None:
    login = ("--cafile", str(authority.ca), "-u", "press", "-q", "1", "-t", "t", "-m", "x", "-P")
    command = mosquitto(program("mosquitto_pub"), secret.port, version, *login)
    refused = subprocess.run([*command, "water"], capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode != 0
    assert "user name or password" in refused.stderr.lower()
    subprocess.run([*command, "oil"], check=True, timeout=60)
    assert secret.log.payloads() == [b"x"]


@pytest.mark.server
@MOSQUITTO_VERSIONS
def test_mosquitto_sub_gets_our_retained_value_and_leaves_a_will(
    running: RunningDoor, program: Callable[[str], str], version: str
) -> None:
    running.publish("forewarn/orders/open", b"3", retain=True)
    more = ("-t", "forewarn/orders/open", "-q", "1", "--will-topic", "press/status", "--will-payload", "gone")
    command = mosquitto(program("mosquitto_sub"), running.port, version, *more)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == b"3\n"
        running.publish("forewarn/orders/open", b"4")
        assert listener.stdout.readline() == b"4\n"
        listener.kill()
    assert arrived(running, 1) == [b"gone"]


@pytest.mark.server
@MOSQUITTO_VERSIONS
def test_mosquitto_sub_is_refused_what_is_not_ours(
    running: RunningDoor, program: Callable[[str], str], version: str
) -> None:
    for wanted in ("#", "$SYS/#", "press/oil"):
        command = mosquitto(program("mosquitto_sub"), running.port, version, "-t", wanted, "-W", "5")
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert "denied" in (told.stderr + told.stdout).lower(), wanted


# gmqtt


@VERSIONS
@QOS
def test_gmqtt_publishes(running: RunningDoor, version: int, qos: int) -> None:
    client = GmqttClient(version, "gateway")
    client.connect(running.port)
    client.publish("t", PAYLOADS, qos)
    assert arrived(running, len(PAYLOADS)) == PAYLOADS
    client.close()


@VERSIONS
def test_gmqtt_logs_in_through_tls_and_is_told_when_the_password_is_wrong(
    secret: RunningDoor, authority: Authority, version: int
) -> None:
    context = ssl.create_default_context(cafile=authority.ca)
    stranger = GmqttClient(version, "gateway")
    with pytest.raises(MQTTConnectError):
        stranger.connect(secret.port, "press", "water", context)
    stranger.close()
    client = GmqttClient(version, "gateway")
    client.connect(secret.port, "press", "oil", context)
    client.publish("t", [b"x"], 1)
    assert secret.log.payloads() == [b"x"]
    client.close()


@VERSIONS
def test_gmqtt_subscribes_to_a_topic_of_ours_and_leaves_a_will(running: RunningDoor, version: int) -> None:
    running.publish("forewarn/orders/open", b"3", retain=True)
    client = GmqttClient(version, "gateway", will=("press/status", b"gone"))
    client.connect(running.port)
    client.subscribe("forewarn/orders/open")
    assert client.has_received.wait(60.0)
    assert client.received == [("forewarn/orders/open", b"3")]
    client.vanish()
    assert arrived(running, 1) == [b"gone"]
    client.close()
