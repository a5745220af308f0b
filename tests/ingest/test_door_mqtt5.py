"""What MQTT 5 adds, and the words in which each version is told that it broke a rule."""

from __future__ import annotations

import pytest

from forewarn.ingest.door.codes import Reason
from forewarn.ingest.door.packets import Publish
from forewarn.ingest.door.properties import Property, encode_properties
from forewarn.ingest.door.reader import PacketReader
from forewarn.ingest.door.rights import RuleBook
from forewarn.ingest.door.session import Session, SessionLimits
from tests.ingest.mqtt_client import (
    PING,
    VERSIONS,
    RawClient,
    connect_packet,
    connected,
    field,
    packet,
    publish_packet,
    subscribe_packet,
    unsubscribe_packet,
    varint,
)
from tests.ingest.running_door import RunningDoor

USER_PROPERTY = b"\x26" + field("k") + field("v")


def publish_with(properties: bytes, topic: str = "t", payload: bytes = b"1", packet_id: int = 1) -> bytes:
    body = field(topic) + packet_id.to_bytes(2, "big") + varint(len(properties)) + properties + payload
    return packet(0x32, body)


def alias(number: int) -> bytes:
    return b"\x23" + number.to_bytes(2, "big")


# Topic aliases


def test_an_alias_stands_for_its_topic_and_may_be_given_another(running: RunningDoor) -> None:
    messages = [("press/oil", 1), ("", 1), ("pump/oil", 32), ("", 32), ("fan/oil", 1), ("", 1)]
    with connected(running.port, 5) as client:
        for number, (topic, short) in enumerate(messages, 1):
            client.send(publish_with(alias(short), topic, packet_id=number))
        assert client.acked_ids(6) == [1, 2, 3, 4, 5, 6]
    expected = ["press/oil", "press/oil", "pump/oil", "pump/oil", "fan/oil", "fan/oil"]
    assert [frame.topic for frame in running.log.frames] == expected


@pytest.mark.parametrize(("number", "topic", "reason"), [(0, "t", 0x94), (33, "t", 0x94), (7, "", 0x82)])
def test_an_alias_that_is_none_ends_the_connection(running: RunningDoor, number: int, topic: str, reason: int) -> None:
    with connected(running.port, 5) as client:
        client.send(publish_with(alias(number), topic))
        assert client.last_reason() == reason
    assert running.log.frames == []


def test_an_alias_ends_with_its_connection(running: RunningDoor) -> None:
    with connected(running.port, 5) as client:
        client.send(publish_with(alias(1), "press/oil"))
        assert client.acked_ids(1) == [1]
    with connected(running.port, 5) as client:
        client.send(publish_with(alias(1), ""))
        assert client.last_reason() == 0x82


def test_an_alias_does_not_go_round_the_rights(running: RunningDoor) -> None:
    running.forbidden.add("secret")
    with connected(running.port, 5) as client:
        client.send(publish_with(alias(1), "secret", packet_id=1) + publish_with(alias(1), "", packet_id=2))
        assert [client.read(), client.read()] == [(0x40, b"\0\x01\x87"), (0x40, b"\0\x02\x87")]


# Properties of messages


def test_a_lie_about_utf_8_is_stored_and_acknowledged_for_the_decoder_to_find(running: RunningDoor) -> None:
    with connected(running.port, 5) as client:
        client.send(publish_with(b"\x01\x01", payload=b"\xff\xfe"))
        assert client.acked_ids(1) == [1]
    assert running.log.payloads() == [b"\xff\xfe"]


def test_properties_that_concern_receivers_are_checked_and_dropped(running: RunningDoor) -> None:
    many = b"\x02\0\0\0\x01" + b"\x03" + field("text/plain") + b"\x08" + field("answer") + b"\x09" + field(b"id")
    with connected(running.port, 5) as client:
        client.send(publish_with(many + USER_PROPERTY))
        assert client.acked_ids(1) == [1]
    assert running.log.payloads() == [b"1"]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (USER_PROPERTY * 65, 0x83),
        (b"\x7f\x00", 0x81),  # unknown
        (b"\x11\0\0\0\x01", 0x82),  # belongs in CONNECT
        (b"\x0b\x01", 0x82),  # a subscription identifier from a client
        (b"\x01\x02", 0x82),  # a flag of 2
        (b"\x01\x01\x01\x01", 0x82),  # twice
        (b"\x03\0\x02\xff\xfe", 0x81),  # no UTF-8
        (b"\x08" + field("answer/#"), 0x82),  # a wildcard in the response topic
        (b"\x02\0\0", 0x81),  # cut off
    ],
)
def test_broken_properties_end_the_connection_with_their_reason(
    running: RunningDoor, properties: bytes, reason: int
) -> None:
    with connected(running.port, 5) as client, connected(running.port, 5, "other") as other:
        client.send(publish_with(properties))
        assert client.last_reason() == reason
        assert other.is_silent()


# CONNECT


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (b"\x21\0\0", 0x82),  # receive maximum 0
        (b"\x27\0\0\0\0", 0x82),  # maximum packet size 0
        (b"\x15" + field("SCRAM"), 0x8C),
        (b"\x16" + field(b"data"), 0x82),  # data without a method
        (b"\x19\x02", 0x82),  # a flag of 2
        (b"\x7f\x00", 0x81),
        (USER_PROPERTY * 65, 0x83),
    ],
)
def test_a_connect_that_breaks_a_rule_is_told_which(running: RunningDoor, properties: bytes, reason: int) -> None:
    with RawClient(running.port) as client:
        client.send(connect_packet(5, properties=properties))
        answer = client.read()
        assert answer is not None
        assert (answer[0], answer[1][:2]) == (0x20, bytes((0, reason)))
        assert client.read() is None


def test_a_3_1_1_connect_that_breaks_a_rule_is_closed_without_a_word(running: RunningDoor) -> None:
    with RawClient(running.port) as client:
        client.send(connect_packet(4)[:-1] + b"\xff")
        assert client.read() is None


def test_a_client_that_asks_for_an_answer_topic_gets_none(running: RunningDoor) -> None:
    with RawClient(running.port) as client:
        client.send(connect_packet(5, properties=b"\x19\x01\x17\x00"))
        answer = client.read()
        assert answer is not None
        assert answer[1][:2] == b"\0\0"
        assert b"\x1a" not in answer[1]


def test_a_client_without_a_name_is_given_one_of_its_own(running: RunningDoor) -> None:
    names = set()
    for _ in range(2):
        with RawClient(running.port) as client:
            client.send(connect_packet(5, ""))
            answer = client.read()
            assert answer is not None
            names.add(answer[1].split(b"\x12", 1)[1])
    assert len(names) == 2
    assert all(b"auto-" in name for name in names)


@pytest.mark.parametrize("longest", [5, 200])
def test_nothing_longer_than_the_client_takes_is_sent(longest: int) -> None:
    def opened(limit: int) -> Session:
        session = Session(SessionLimits(1 << 20, 100, 600), RuleBook())
        session.receive(connect_packet(5, properties=b"\x27" + limit.to_bytes(4, "big")), 0)
        return session

    turn = opened(longest).admit("press-1", "press-1", False, 0)
    assert all(len(reply) <= longest for reply in turn.reply)
    assert (turn.ending is None) == (longest == 200)
    session = opened(200)
    session.admit("press-1", "press-1", False, 0)
    many = subscribe_packet(5, 1, *((f"forewarn/{n}", 0) for n in range(250)))
    assert session.receive(many, 0).reply == [], "its SUBACK would be too long"
    assert len(session.subscriptions) == 250
    refusal = opened(200).refuse(Reason.NOT_AUTHORIZED, "a long word " * 30)
    assert refusal.last_words == b"\x20\x03\x00\x87\x00", "without its reason string"


# AUTH, DISCONNECT, packets that a client does not send


def test_auth_without_a_method_is_a_protocol_error(running: RunningDoor) -> None:
    with connected(running.port, 5) as client:
        client.send(packet(0xF0, b"\x19" + b"\0"))
        assert client.last_reason() == 0x82


@VERSIONS
@pytest.mark.parametrize("head", [0x20, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0])
def test_packets_of_a_server_and_of_qos_2_end_the_connection(running: RunningDoor, version: int, head: int) -> None:
    with connected(running.port, version) as client:
        client.send(packet(head, b"\0\x01"))
        assert client.last_reason() == (0x82 if version == 5 else None)


@pytest.mark.parametrize(("reason", "wills"), [(0x00, 0), (0x04, 1), (0x80, 1), (0x98, 1)])
def test_only_a_normal_goodbye_takes_the_will_back(running: RunningDoor, reason: int, wills: int) -> None:
    with connected(running.port, 5, will=("press/status", b"gone", 0, False)) as client:
        client.send(packet(0xE0, bytes((reason,))))
        assert client.is_closed()
    running.drain()
    assert len(running.log.frames) == wills


def test_a_goodbye_cannot_ask_for_a_session_that_connect_did_not_ask_for(running: RunningDoor) -> None:
    properties = encode_properties({Property.SESSION_EXPIRY_INTERVAL: 60})
    with connected(running.port, 5) as client:
        client.send(packet(0xE0, b"\0" + properties))
        assert client.last_reason() == 0x82


# Subscriptions


@pytest.mark.parametrize(
    "wanted", ["", "a/#/b", "forewarn/a#", "+a", "$share//t", "$share/g/", "$share/g+/t", "$share"]
)
def test_filters_that_are_none_are_refused_one_by_one(running: RunningDoor, wanted: str) -> None:
    with connected(running.port, 5) as client:
        client.send(subscribe_packet(5, 1, ("forewarn/a", 0), (wanted, 0), ("forewarn/b", 2)))
        assert client.read() == (0x90, b"\0\x01\0" + bytes((0, 0x8F, 0)))


def test_no_local_on_a_shared_subscription_is_a_protocol_error(running: RunningDoor) -> None:
    with connected(running.port, 5) as client:
        client.send(subscribe_packet(5, 1, ("$share/g/forewarn/a", 0x04)))
        assert client.last_reason() == 0x82


@VERSIONS
def test_unsubscribing_from_nothing_is_answered_too(running: RunningDoor, version: int) -> None:
    with connected(running.port, version) as client:
        client.send(unsubscribe_packet(version, 3, "forewarn/a", "forewarn/b"))
        assert client.read() == (0xB0, b"\0\x03" + (b"\0\x11\x11" if version == 5 else b""))


@pytest.mark.parametrize(("handling", "again"), [(0, True), (1, False), (2, False)])
def test_a_repeated_subscription_gets_the_retained_value_as_it_asked(
    running: RunningDoor, handling: int, again: bool
) -> None:
    running.publish("forewarn/a", b"3", retain=True)
    with connected(running.port, 5) as client:
        client.send(subscribe_packet(5, 1, ("forewarn/a", 0)))
        assert [client.read(), client.read()] == [(0x90, b"\0\x01\0\0"), (0x31, b"\0\x0aforewarn/a\x003")]
        client.send(subscribe_packet(5, 2, ("forewarn/a", handling << 4)))
        assert client.read() == (0x90, b"\0\x02\0\0")
        if again:
            assert client.read() == (0x31, b"\0\x0aforewarn/a\x003")
        running.publish("forewarn/a", b"4")
        assert client.read() == (0x30, b"\0\x0aforewarn/a\x004"), "once, not once for each subscription"
        assert client.is_silent()


@VERSIONS
def test_our_sparkplug_topics_may_be_subscribed_and_those_of_devices_not(running: RunningDoor, version: int) -> None:
    wanted = ["spBv1.0/STATE/forewarn", "spBv1.0/hall/NCMD/edge", "spBv1.0/hall/DCMD/edge/drive", "$SYS/uptime"]
    with connected(running.port, version) as client:
        client.send(subscribe_packet(version, 1, *((topic, 1) for topic in wanted)))
        suback = client.read()
        assert suback is not None
        refused = b"\x87\x87" if version == 5 else b"\x80\x80"
        assert suback[1][-4:] == b"\0\0" + refused
        running.publish("spBv1.0/hall/NCMD/edge", b"rebirth")
        told = client.read()
        assert told is not None
        assert told[1].endswith(b"rebirth")


# Text


def test_a_byte_order_mark_is_a_part_of_its_topic(running: RunningDoor) -> None:
    with connected(running.port) as client:
        client.send(publish_packet(4, "\ufeffpress/oil", b"x", 1))
        assert client.acked_ids(1) == [1]
    assert running.log.frames[0].topic == "\ufeffpress/oil"


@VERSIONS
@pytest.mark.parametrize("name", ["a", "0123456789abcdefghijklm", "ABCXYZ", "ABCDEFGHIJKLMNOPQRSTUVW"])
def test_plain_names_of_up_to_23_letters_are_always_allowed(running: RunningDoor, version: int, name: str) -> None:
    with connected(running.port, version, name) as client:
        client.send(PING)
        assert client.read() == (0xD0, b"")


def test_a_message_without_qos_has_no_identifier() -> None:
    assert PacketReader(1024, 4).feed(packet(0x30, field("t") + b"\0\x07")) == [Publish(0x30, b"t", b"", b"\0\x07")]


@VERSIONS
def test_the_same_identifier_again_is_a_new_message(running: RunningDoor, version: int) -> None:
    with connected(running.port, version) as client:
        for head in (0x32, 0x3A):
            client.send(publish_packet(version, "t", b"x", 9, head=head))
            assert client.acked_ids(1) == [9]
    assert len(running.log.frames) == 2
