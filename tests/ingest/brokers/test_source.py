"""A source at Debian's Mosquitto: what arrives, what is acknowledged, and what comes back after each kind of end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from forewarn.ingest.desk import Command
from tests.ingest.brokers.running_source import numbers, published, running_source, target_at, until
from tests.servers import Mosquitto

pytestmark = pytest.mark.server
Broker = Callable[..., Mosquitto]


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
@pytest.mark.parametrize("window", [1, 20, 1000])
def test_every_window_and_protocol_keeps_flowing(broker: Broker, tmp_path: Path, window: int, protocol: str) -> None:
    server = broker(f"max_inflight_messages {window}")
    with running_source(tmp_path, target_at(server.port, window=window, protocol=protocol)) as running:
        running.listening()
        published(server.port, numbers(1500))
        assert running.received(1500) == numbers(1500)
        until(lambda: running.commit.pending_bytes == 0)
        frame = running.log.frames[0]
        assert (frame.client, frame.flags, frame.topic) == ("broker:hall", 1, "plant/p1/temp")
        assert running.row["facts"]["protocol"] == protocol
        assert running.source.connections == 1
    # who comes back before the broker has read our last acknowledgements gets their messages once more
    until(lambda: "Client hall-0 disconnected" in server.log)
    with running_source(tmp_path / "again", target_at(server.port, protocol=protocol)) as running:
        running.listening()
        published(server.port, [b"new"])
        assert running.received(1) == [b"new"]  # everything before was acknowledged


def test_what_comes_while_we_are_away_waits_for_us(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    with running_source(tmp_path, target_at(server.port)) as running:
        running.listening()
    published(server.port, numbers(3000))
    with running_source(tmp_path, target_at(server.port)) as running:
        assert running.received(3000) == numbers(3000)
        assert running.row["facts"]["session_kept"] is True
        assert running.row["level"] == "D3'"


def test_qos_0_and_retained_messages_carry_their_marks(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    published(server.port, [b"old"], retain=True)
    with running_source(tmp_path, target_at(server.port)) as running:
        running.listening()
        published(server.port, [b"loose"], qos=0)
        running.received(2)
        assert [(f.payload, f.flags) for f in running.log.frames] == [(b"old", 1 | 4), (b"loose", 0)]


def test_requests_to_edge_nodes_go_out_at_most_once_and_certificates_at_least_once(
    broker: Broker, tmp_path: Path
) -> None:
    server, heard = broker(), list[tuple[str, int]]()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda client, data, message: heard.append((message.topic, message.qos))
    client.connect("127.0.0.1", server.port)
    client.subscribe("spBv1.0/#", 1)
    client.loop_start()
    with running_source(tmp_path, target_at(server.port)) as running:
        running.listening()
        request, certificate = "spBv1.0/hall/NCMD/edge-1", "spBv1.0/STATE/forewarn"
        running.source.publish([Command(request, b"x"), Command(certificate, b"{}"), Command(request, b"y")])
        until(lambda: len(heard) == 3, "they never came")
        until(lambda: running.source.outbox.empty, "something still waits for a confirmation")
    client.disconnect()
    client.loop_stop()
    assert sorted(heard) == [(certificate, 1), (request, 0), (request, 0)]


def test_nothing_is_acknowledged_before_the_fsync(broker: Broker, tmp_path: Path) -> None:
    server = broker()
    with running_source(tmp_path, target_at(server.port)) as running:
        running.listening()
        running.log.gate.clear()
        published(server.port, numbers(10))
        assert running.log.hanging.wait(20)
        with running_source(tmp_path / "other", target_at(server.port)) as other:  # takes over the session
            other.listening()
            assert sorted(other.received(10), key=int) == numbers(10)
            assert all(frame.flags & 8 for frame in other.log.frames)  # DUP: delivered before, never acknowledged
