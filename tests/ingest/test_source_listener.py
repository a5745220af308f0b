"""The front door over real TCP: what is stored and acknowledged, in which order, and when nothing is."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.raw_publisher import publish
from forewarn.ingest.commit import GroupCommit
from forewarn.ingest.delivery import DUP, RETAIN, WILL, Frame
from forewarn.ingest.door.front_door import FrontDoor, FrontDoorSettings
from forewarn.ingest.journal import Journal
from tests.ingest.mqtt_client import (
    GOODBYE,
    PING,
    VERSIONS,
    RawClient,
    connect_packet,
    connected,
    packet,
    paho_client,
    publish_packet,
)
from tests.ingest.running_door import ARRIVAL_US, RunningDoor, running_door

# What is stored and acknowledged


@VERSIONS
@pytest.mark.parametrize("qos", [0, 1])
def test_paho_publishes_and_every_message_is_durable_in_order(running: RunningDoor, version: int, qos: int) -> None:
    client = paho_client(version)
    client.connect("127.0.0.1", running.port)
    client.loop_start()
    sent = [client.publish("press/vibration", b"%d" % number, qos) for number in range(50)]
    for message in sent:
        message.wait_for_publish()
    if qos == 1:
        assert len(running.log.frames) == 50, "every acknowledged message is durable"
    client.disconnect()
    client.loop_stop()
    while len(running.log.frames) < 50:
        running.drain()
    assert running.log.payloads() == [b"%d" % number for number in range(50)]
    assert set(running.log.frames[0][:4]) == {ARRIVAL_US, qos, "press-1", "press/vibration"}


@VERSIONS
def test_paho_learns_what_the_door_offers(running: RunningDoor, version: int) -> None:
    said: list[Any] = []
    client = paho_client(version, client_id="")
    client.on_connect = lambda client, data, flags, reason, properties: said.append((flags, reason, properties))
    client.connect("127.0.0.1", running.port)
    while not said:
        client.loop(0.1)
    client.disconnect()
    client.loop(0.1)
    flags, reason, properties = said[0]
    assert not flags.session_present
    assert reason == 0
    if version == 5:
        assert (properties.ReceiveMaximum, properties.MaximumPacketSize, properties.MaximumQoS) == (1000, 1048576, 1)
        assert (properties.SharedSubscriptionAvailable, properties.WildcardSubscriptionAvailable) == (0, 0)
        assert (properties.RetainAvailable, properties.TopicAliasMaximum) == (1, 32)
        assert re.fullmatch("auto-[0-9a-f]{16}", properties.AssignedClientIdentifier)


@pytest.mark.server
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_mosquitto_pub_publishes(running: RunningDoor, program: Callable[[str], str], version: str) -> None:
    command = [program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(running.port), "-V", version, "-q", "1"]
    subprocess.run([*command, "-t", "press/oil", "-m", "71.5", "-i", "gateway"], check=True)
    assert [frame[1:] for frame in running.log.frames] == [(1, "gateway", "press/oil", b"71.5")]


@VERSIONS
@pytest.mark.parametrize("window", [1, 20, 1000])
def test_no_acknowledgement_is_ever_ahead_of_the_disk(running: RunningDoor, version: int, window: int) -> None:
    seen: list[tuple[int, int]] = []
    received = 0

    def acks_on_the_wire() -> None:  # just after an fsync, just before the commit counts as done
        try:
            waiting = len(client.socket.recv(1_000_000, socket.MSG_DONTWAIT))
        except BlockingIOError:
            waiting = 0
        nonlocal received
        received += waiting // 4
        seen.append((received, len(running.log.frames)))

    with connected(running.port, version) as client:
        client.socket.settimeout(None)  # a timeout would make MSG_DONTWAIT wait
        running.log.before_return = acks_on_the_wire
        for number in range(1, window + 1):
            client.send(publish_packet(version, "t", b"%d" % number, number))
        while len(running.log.frames) < window:
            running.drain()
        client.acked_ids(window - received)
    assert seen
    assert all(acked <= durable for acked, durable in seen)


def test_nothing_is_acknowledged_while_the_fsync_hangs_but_pings_are(running: RunningDoor) -> None:
    running.log.gate.clear()
    with connected(running.port) as client:
        client.send(publish_packet(4, "t", b"x", 7))
        running.log.hanging.wait()
        assert client.is_silent()
        running.log.gate.set()
        assert client.acked_ids(1) == [7]
        assert running.log.payloads() == [b"x"]


@pytest.mark.parametrize("window", [1, 20, 1000])
def test_acknowledgements_come_in_the_order_of_arrival(running: RunningDoor, window: int) -> None:
    count = 5000 if window > 1 else 300
    payloads = [b"%d" % number for number in range(count)]
    result = publish("127.0.0.1", running.port, [b"t"] * count, payloads, window)
    assert (result.acked, result.in_order) == (count, True)
    assert running.log.payloads() == payloads


def test_flags_of_a_message_reach_the_journal(running: RunningDoor) -> None:
    with connected(running.port) as client:
        client.send(publish_packet(4, "t", b"r", 1, head=0x33) + publish_packet(4, "t", b"d", 2, head=0x3A))
        client.acked_ids(2)
    assert [frame.flags for frame in running.log.frames] == [1 | RETAIN, 1 | DUP]


@VERSIONS
def test_messages_sent_right_behind_connect_are_taken(running: RunningDoor, version: int) -> None:
    with RawClient(running.port) as client:
        client.send(connect_packet(version) + publish_packet(version, "t", b"hasty", 3))
        connack = client.read()
        assert connack is not None
        assert connack[0] == 0x20
        assert client.acked_ids(1) == [3]
    assert running.log.payloads() == [b"hasty"]


def test_what_was_acknowledged_is_in_the_journal_after_the_process_is_gone(tmp_path: Path) -> None:
    async def serve() -> int:
        journal = Journal(tmp_path / "journal")
        commit = GroupCommit(journal)
        door = FrontDoor(FrontDoorSettings(port=0), commit, lambda: ARRIVAL_US)
        port = await door.start()
        payloads = [b"%d" % number for number in range(1000)]
        result = await asyncio.to_thread(publish, "127.0.0.1", port, [b"press/oil"] * 1000, payloads, 100)
        await door.stop()
        await commit.close()
        journal.close()
        return result.acked

    assert asyncio.run(serve()) == 1000
    journal = Journal(tmp_path / "journal")
    batch = journal.read(0)
    journal.close()
    assert batch is not None
    assert [frame._replace(received_at_us=ARRIVAL_US) for frame in batch.frames] == [
        Frame(ARRIVAL_US, 1, "raw-publisher", "press/oil", b"%d" % number) for number in range(1000)
    ]


# The journal is full, or broken


@VERSIONS
def test_a_full_journal_withholds_acknowledgements_answers_pings_and_loses_nothing(
    running: RunningDoor, version: int
) -> None:
    with connected(running.port, version) as client:
        running.log.is_full = True
        for number in range(1, 101):
            client.send(publish_packet(version, "t", b"%d" % number, number))
        assert client.is_silent()
        assert running.log.frames == []
        running.log.is_full = False
        assert client.acked_ids(100) == list(range(1, 101))
    assert running.log.payloads() == [b"%d" % number for number in range(1, 101)]


def test_when_too_much_waits_reading_stops_and_goes_on_later_without_loss(tmp_path: Path) -> None:
    count, window_bytes = 4000, 200_000
    payloads = [b"%04d" % number * 1000 for number in range(count)]  # 16 MB
    with running_door(tmp_path, window_bytes=window_bytes) as running:
        running.log.is_full = True
        results = []
        sender = threading.Thread(
            target=lambda: results.append(publish("127.0.0.1", running.port, [b"t"] * count, payloads, count))
        )
        sender.start()
        running.log.refused_often.wait()
        while running.commit.pending_bytes < window_bytes:
            time.sleep(0.001)
        assert running.commit.pending_bytes < window_bytes + 600_000, "at most one more read on top"
        running.log.is_full = False
        sender.join()
    assert results[0].acked == count
    assert running.log.payloads() == payloads


def test_after_a_failed_fsync_nothing_is_acknowledged_and_nobody_is_let_in(running: RunningDoor) -> None:
    with connected(running.port, 5) as client:
        client.send(publish_packet(5, "t", b"1", 1))
        assert client.acked_ids(1) == [1]
        running.log.failure = OSError(5, "Input/output error")
        client.send(publish_packet(5, "t", b"2", 2))
        goodbye = client.read()
        assert goodbye is not None
        assert (goodbye[0], goodbye[1][0]) == (0xE0, 0x8B)
        assert client.read() is None
    assert str(running.call(running.commit.failed())) == "[Errno 5] Input/output error"
    with pytest.raises(ConnectionError):
        RawClient(running.port)
    assert running.log.payloads() == [b"1"]


# Wills


@VERSIONS
def test_a_will_is_stored_when_its_client_disappears(running: RunningDoor, version: int) -> None:
    with connected(running.port, version, will=("press/status", b"gone", 1, True)):
        pass
    while not running.log.frames:
        running.drain()
    assert [frame[1:] for frame in running.log.frames] == [(1 | RETAIN | WILL, "press-1", "press/status", b"gone")]


def test_a_will_is_dropped_after_a_goodbye_unless_the_goodbye_asks_for_it(running: RunningDoor) -> None:
    for last, client_id in [(GOODBYE, "dropped"), (packet(0xE0, b"\x04"), "wanted")]:
        with connected(running.port, 5, client_id, will=("press/status", b"gone", 0, False)) as client:
            client.send(last)
            assert client.is_closed()
    while not running.log.frames:
        running.drain()
    assert [frame.client for frame in running.log.frames] == ["wanted"]


@VERSIONS
def test_a_will_obeys_the_rights_of_its_client(running: RunningDoor, version: int) -> None:
    running.forbidden.add("secret")
    with RawClient(running.port) as client:
        client.send(connect_packet(version, will=("secret", b"x", 0, False)))
        answer = client.read()
        assert answer is not None
        assert answer[1][1] == (0x87 if version == 5 else 5)


# The end


@VERSIONS
def test_stopping_acknowledges_what_became_durable_and_says_goodbye(tmp_path: Path, version: int) -> None:
    with running_door(tmp_path) as running:
        client = connected(running.port, version)
        running.log.gate.clear()
        client.send(publish_packet(version, "t", b"last", 1))
        running.log.hanging.wait()
        running.log.gate.set()
        running.call(running.door.stop())
        assert client.acked_ids(1) == [1]
        assert client.last_reason() == (0x8B if version == 5 else None)
        client.socket.close()


def test_counters_tell_what_came_and_what_did_not(running: RunningDoor) -> None:
    with connected(running.port, 5) as client:
        client.send(publish_packet(5, "t", b"x", 1) + publish_packet(5, "$SYS/x", b"x", 2) + PING)
        assert [(client.read() or (0,))[0] for _ in range(3)] == [0xD0, 0x40, 0x40]
    running.drain()
    counts = running.door.counters.as_dict()
    assert (counts["connections"], counts["messages"], counts["refused_not_authorized"]) == (1, 1, 1)
    assert counts["bytes"] > 20
    assert running.commit.counters.acknowledge_latency.quantile_s(0.99) > 0.0


def test_the_front_door_needs_nothing_heavy_to_start() -> None:
    heavy = "numpy pandas scipy sklearn pydantic paho"
    code = f"import sys, forewarn.ingest.door.front_door; print([m for m in '{heavy}'.split() if m in sys.modules])"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"
