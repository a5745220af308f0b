"""The publisher's ledger: what it says was acknowledged is exactly what the server acknowledged."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from forewarn.core.errors import Rejected, Retriable
from forewarn.simulators.publisher import Publisher, Target
from forewarn.simulators.wire import Message
from tests.simulators.small_server import SmallServer

MESSAGES = [
    Message(f"plant1/water/pump-{i % 5}/values", b"%d" % i * (1 + 3_000 * (i % 7 == 0)), 1 + i % 3) for i in range(300)
]


def published(publisher: Publisher, messages: list[Message]) -> bool:
    for message in messages:
        publisher.send(message)
    complete = publisher.drain(20.0)
    publisher.close()
    return complete


def test_every_message_is_acknowledged_once_and_counted_with_its_readings() -> None:
    with SmallServer() as server:
        publisher = Publisher(Target(port=server.port))
        assert published(publisher, MESSAGES)
    assert server.received == [(m.topic, m.payload) for m in MESSAGES]
    assert publisher.ledger.messages_acked == publisher.ledger.messages_sent == 300
    assert publisher.ledger.readings_acked == publisher.ledger.readings_sent == sum(m.readings for m in MESSAGES)
    assert publisher.ledger.messages_resent == 0
    assert server.clean_goodbyes == 1


def test_what_was_not_acknowledged_before_a_cut_is_sent_again_in_order_on_the_next_connection() -> None:
    with SmallServer(acks_per_connection=40, cut_after=100, troubled=2) as server:
        publisher = Publisher(Target(port=server.port))
        assert published(publisher, MESSAGES)
    wanted = [(m.topic, m.payload) for m in MESSAGES]
    assert server.connections == publisher.ledger.connections == 3
    assert publisher.ledger.messages_acked == 300
    assert publisher.ledger.messages_resent > 0
    assert set(server.acked) == set(wanted)
    last = server.acked[80:]
    assert last == wanted[len(wanted) - len(last) :], "the last connection begins where the PUBACKs stopped"


def test_a_full_spool_makes_the_source_wait_and_drops_nothing() -> None:
    with SmallServer(acks_per_connection=5) as server:
        publisher = Publisher(Target(port=server.port), spool=20)
        sender = threading.Thread(target=published, args=(publisher, MESSAGES), daemon=True)
        sender.start()
        sender.join(0.5)
        assert sender.is_alive(), "the spool is full: the source has to wait"
        assert (publisher.outstanding, len(server.received)) == (20, 25)
        server.release()
        sender.join(20)
        assert server.received == [(m.topic, m.payload) for m in MESSAGES]
    assert publisher.ledger.messages_acked == len(MESSAGES)


def test_a_server_that_is_away_is_waited_for_and_then_given_up() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        publisher = Publisher(Target(port=unused.getsockname()[1]), give_up_s=0.2)
        with pytest.raises(Retriable, match="no MQTT server"):
            publisher.send(MESSAGES[0])
    assert publisher.ledger.messages_acked == 0


@pytest.mark.parametrize(("code", "name"), [(4, "user"), (5, "uthor")])
def test_a_server_that_refuses_us_is_not_asked_again(code: int, name: str) -> None:
    with SmallServer(refuse=code) as server:
        with pytest.raises(Rejected, match=name):
            Publisher(Target(port=server.port, username="sim", password="wrong")).send(MESSAGES[0])
        assert server.connections == 1


@pytest.fixture
def mosquitto(program: Callable[[str], str], tmp_path: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = tmp_path / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
    process = subprocess.Popen([program("mosquitto"), "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


@pytest.mark.server
def test_a_real_broker_delivers_exactly_what_the_ledger_says(mosquitto: int) -> None:
    received: list[tuple[str, bytes]] = []
    ready = threading.Event()
    watcher = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="watcher")
    watcher.on_connect = lambda client, *_: client.subscribe("plant1/#", qos=1)
    watcher.on_subscribe = lambda *_: ready.set()
    watcher.on_message = lambda _client, _data, message: received.append((message.topic, bytes(message.payload)))
    publisher = Publisher(Target(port=mosquitto))
    publisher.pump(0.0)  # waits until the broker answers
    watcher.connect("127.0.0.1", mosquitto)
    watcher.loop_start()
    assert ready.wait(20)
    assert published(publisher, MESSAGES)
    until = time.monotonic() + 20
    while len(received) < len(MESSAGES) and time.monotonic() < until:
        time.sleep(0.02)
    watcher.disconnect()
    watcher.loop_stop()
    assert received == [(m.topic, m.payload) for m in MESSAGES]
    assert publisher.ledger.messages_acked == len(MESSAGES)
