"""What the front door says to a client that is in: what it turns away and why, and what it publishes itself."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from forewarn.core.errors import Rejected
from forewarn.ingest.door.codes import Reason
from forewarn.ingest.door.front_door import FrontDoorSettings
from tests.ingest.mqtt_client import (
    VERSIONS,
    RawClient,
    connect_packet,
    connected,
    paho_client,
    publish_packet,
    subscribe_packet,
    unsubscribe_packet,
)
from tests.ingest.running_door import AllBut, RunningDoor, running_door

# What is turned away


@VERSIONS
def test_ten_megabytes_are_refused_with_topic_and_size_and_the_others_go_on(running: RunningDoor, version: int) -> None:
    with connected(running.port, version, "camera") as big, connected(running.port, version, "press-1") as other:
        film = publish_packet(version, "press/film", bytes(10_000_000), 1)
        sender = threading.Thread(target=big.send, args=[film])
        sender.start()
        assert big.last_reason() == (0x95 if version == 5 else None)
        sender.join()
        other.send(publish_packet(version, "t", b"small", 1))
        assert other.acked_ids(1) == [1]
    assert running.log.payloads() == [b"small"]
    client, topic, reason, size = running.refused[0]
    assert (client, topic, reason) == ("camera", "press/film", "packet_too_large")
    assert size > 10_000_000


def test_paho_is_told_why_its_ten_megabytes_are_refused(running: RunningDoor) -> None:
    said: list[Any] = []
    client = paho_client(5, "camera")
    client.on_disconnect = lambda client, data, flags, reason, properties: said.append((str(reason), properties))
    client.connect("127.0.0.1", running.port)
    client.publish("press/film", bytes(10_000_000), 1)
    while not said:
        client.loop(0.1)
    reason, properties = said[0]
    assert reason == "Packet too large"
    assert "over the limit of 1048576" in properties.ReasonString


def test_an_announced_quarter_gigabyte_ends_the_connection_at_once(running: RunningDoor) -> None:
    with connected(running.port) as client:
        client.send(b"\x32\xff\xff\xff\x7f" + b"\0")
        assert client.is_closed()


@VERSIONS
@pytest.mark.parametrize(
    ("topic", "reason"), [(b"press/+", 0x90), (b"press/#", 0x90), (b"", 0x82), (b"a\0b", 0x81), (b"\xff", 0x81)]
)
def test_a_topic_that_is_no_topic_ends_the_connection(
    running: RunningDoor, version: int, topic: bytes, reason: int
) -> None:
    with connected(running.port, version) as client:
        client.send(publish_packet(version, topic, b"x", 1))
        assert client.last_reason() == (reason if version == 5 else None)
    assert running.log.frames == []
    assert [away[2] for away in running.refused] == [Reason(reason).slug]


@pytest.mark.parametrize(
    ("topic", "reason"), [("$SYS/broker", 0x87), ("$CONTROL/x", 0x87), ("secret", 0x87), ("/" * 65_535, 0x90)]
)
def test_a_forbidden_topic_is_answered_in_the_acknowledgement_and_the_stream_goes_on(
    running: RunningDoor, topic: str, reason: int
) -> None:
    running.forbidden.add("secret")
    with connected(running.port, 5) as client:
        messages = [("t", b"1", 1), (topic, b"22", 2), ("t", b"3", 3)]
        client.send(b"".join(publish_packet(5, *message) for message in messages))
        assert client.acked_ids(1) == [1]
        assert client.read() == (0x40, bytes((0, 2, reason)))
        assert client.acked_ids(1) == [3]
    assert running.log.payloads() == [b"1", b"3"]
    slug = {0x87: "not_authorized", 0x90: "topic_name_invalid"}[reason]
    assert running.refused == [("press-1", topic, slug, 2)]


def test_a_forbidden_topic_ends_a_3_1_1_connection_because_an_acknowledgement_means_stored(
    running: RunningDoor,
) -> None:
    running.forbidden.add("secret")
    with connected(running.port) as client:
        client.send(publish_packet(4, "secret", b"x", 1))
        assert client.read() is None
    assert running.refused == [("press-1", "secret", "not_authorized", 1)]


def test_changed_rights_count_for_topics_that_were_already_in_use(running: RunningDoor) -> None:
    async def recheck() -> None:
        running.door.change_rights(AllBut({"t"}))

    with connected(running.port, 5) as client:
        client.send(publish_packet(5, "t", b"x", 1))
        assert client.acked_ids(1) == [1]
        running.call(recheck())
        client.send(publish_packet(5, "t", b"x", 2))
        assert client.read() == (0x40, b"\0\x02\x87")


@VERSIONS
def test_qos_2_is_refused_also_on_a_topic_in_use(running: RunningDoor, version: int) -> None:
    with connected(running.port, version) as client:
        client.send(publish_packet(version, "press/oil", b"x", 1))
        assert client.acked_ids(1) == [1]
        client.send(publish_packet(version, "press/oil", b"x", 1, qos=2))
        assert client.last_reason() == (0x9B if version == 5 else None)
    assert running.refused == [("press-1", "press/oil", "qos_not_supported", 1)]


def test_more_in_flight_than_the_receive_maximum_ends_the_connection(tmp_path: Path) -> None:
    with running_door(tmp_path, FrontDoorSettings(port=0, receive_maximum=3)) as running:
        running.log.gate.clear()
        with connected(running.port, 5) as client:
            for number in range(1, 5):
                client.send(publish_packet(5, "t", b"x", number))
            assert client.last_reason() == 0x93


def test_acknowledged_messages_no_longer_count_against_the_receive_maximum(tmp_path: Path) -> None:
    with (
        running_door(tmp_path, FrontDoorSettings(port=0, receive_maximum=3)) as running,
        connected(running.port, 5) as client,
    ):
        for number in range(1, 31):
            client.send(publish_packet(5, "t", b"x", number))
            assert client.acked_ids(1) == [number]


# What the product publishes


@VERSIONS
def test_a_subscriber_gets_the_retained_value_and_what_follows(running: RunningDoor, version: int) -> None:
    nothing = b"\0" if version == 5 else b""
    running.publish("forewarn/orders", b"3", retain=True)
    with connected(running.port, version) as client:
        client.send(subscribe_packet(version, 9, ("forewarn/orders", 1)))
        assert client.read() == (0x90, b"\0\x09" + nothing + b"\0")
        assert client.read() == (0x31, b"\0\x0fforewarn/orders" + nothing + b"3")
        running.publish("forewarn/orders", b"4")
        assert client.read() == (0x30, b"\0\x0fforewarn/orders" + nothing + b"4")
        client.send(unsubscribe_packet(version, 10, "forewarn/orders"))
        assert client.read() == (0xB0, b"\0\x0a" + (b"\0\0" if version == 5 else b""))
        running.publish("forewarn/orders", b"5")
        assert client.is_silent()


def test_subscribing_and_unsubscribing_in_one_breath_leaves_no_subscription(running: RunningDoor) -> None:
    with connected(running.port) as client:
        client.send(subscribe_packet(4, 1, ("forewarn/a", 0)) + unsubscribe_packet(4, 2, "forewarn/a"))
        assert [client.read(), client.read()] == [(0x90, b"\0\x01\0"), (0xB0, b"\0\x02")]
        running.publish("forewarn/a", b"x")
        assert client.is_silent()


def test_other_subscriptions_are_refused_each_with_its_reason(running: RunningDoor) -> None:
    filters = [("forewarn/a", 0), ("press/oil", 0), ("forewarn/#", 0), ("$SYS/+", 0), ("$share/g/forewarn/a", 0)]
    with connected(running.port, 5) as client:
        client.send(subscribe_packet(5, 1, *filters))
        assert client.read() == (0x90, b"\0\x01\0" + bytes((0x00, 0x87, 0xA2, 0xA2, 0x9E)))
    with connected(running.port, 4) as client:
        client.send(subscribe_packet(4, 1, *filters))
        assert client.read() == (0x90, b"\0\x01" + bytes((0x00, 0x80, 0x80, 0x80, 0x80)))


def test_an_empty_retained_value_forgets_and_foreign_topics_are_not_ours_to_publish(running: RunningDoor) -> None:
    running.publish("forewarn/a", b"x", retain=True)
    running.publish("forewarn/a", b"", retain=True)
    with connected(running.port) as client:
        client.send(subscribe_packet(4, 1, ("forewarn/a", 0)))
        assert client.read() == (0x90, b"\0\x01\0")
        assert client.is_silent()
    with pytest.raises(Rejected, match="topic_not_ours"):
        running.publish("press/oil", b"x")


def test_a_subscriber_that_takes_only_short_packets_gets_only_those(running: RunningDoor) -> None:
    with connected(running.port, 5, properties=b"\x27\x00\x00\x00\x40") as client:
        client.send(subscribe_packet(5, 1, ("forewarn/a", 0)))
        assert client.read() == (0x90, b"\0\x01\0\0")
        running.publish("forewarn/a", bytes(100))
        running.publish("forewarn/a", b"short")
        assert client.read() == (0x30, b"\0\x0aforewarn/a\0short")
    assert running.door.counters.unsent == 1


def test_a_subscriber_that_does_not_read_misses_messages_and_costs_no_memory(running: RunningDoor) -> None:
    with connected(running.port) as client:
        client.send(subscribe_packet(4, 1, ("forewarn/a", 0)))
        assert client.read() == (0x90, b"\0\x01\0")
        for _ in range(40):
            running.publish("forewarn/a", bytes(1_000_000))
        assert running.door.counters.unsent > 0


def test_who_arrives_while_reading_is_stopped_is_read_later(tmp_path: Path) -> None:
    with running_door(tmp_path, window_bytes=1000) as running, connected(running.port, client_id="first") as first:
        running.log.is_full = True
        first.send(publish_packet(4, "t", bytes(2000), 1))
        running.log.refused_often.wait()
        with RawClient(running.port) as late:
            late.send(connect_packet(client_id="late") + publish_packet(4, "t", b"x", 1))
            while running.door.counters.connections < 2:
                time.sleep(0.001)
            assert running.door.counters.messages == 1
            running.log.is_full = False
            connack = late.read()
            assert connack is not None
            assert connack[0] == 0x20
            assert late.acked_ids(1) == [1]
