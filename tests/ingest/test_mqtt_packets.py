"""The codec: the same packets for every way of cutting the stream, and nothing but its own error for broken bytes."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.ingest.door.answers import encode_connack, encode_disconnect, encode_publish
from forewarn.ingest.door.codes import PacketError, Reason
from forewarn.ingest.door.packets import (
    Connect,
    Disconnect,
    Filter,
    Packet,
    PingRequest,
    Publish,
    PublishAck,
    Subscribe,
    Unsubscribe,
    Will,
)
from forewarn.ingest.door.properties import (
    IN_CONNECT,
    IN_PUBLISH,
    KINDS,
    Cursor,
    Kind,
    Properties,
    Property,
    encode_properties,
    encode_varint,
    read_properties,
)
from forewarn.ingest.door.reader import PacketReader
from forewarn.ingest.door.rights import Rule, RuleBook
from forewarn.ingest.door.session import Session, SessionLimits
from tests.ingest.mqtt_client import (
    connect_packet,
    field,
    packet,
    publish_packet,
    subscribe_packet,
    unsubscribe_packet,
    varint,
)

LIMIT = 4096
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
versions = st.sampled_from([4, 5])
identifiers = st.integers(1, 65_535)


@st.composite
def client_packets(draw: st.DrawFn, version: int) -> bytes:
    """One packet that a client may send after CONNECT."""
    made: bytes = draw(
        st.one_of(
            st.builds(publish_packet, st.just(version), texts, st.binary(max_size=300), st.integers(0, 65_535)),
            st.builds(subscribe_packet, st.just(version), identifiers, st.tuples(texts, st.integers(0, 2))),
            st.builds(unsubscribe_packet, st.just(version), identifiers, texts),
            st.just(packet(0xC0)),
            st.just(packet(0xE0)),
            st.builds(lambda identifier: packet(0x40, identifier.to_bytes(2, "big")), identifiers),
        )
    )
    return made


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """What a client sends, sometimes with an error in it."""
    version = draw(versions)
    parts = [connect_packet(version, draw(texts)), *draw(st.lists(client_packets(version), max_size=8))]
    stream = bytearray(b"".join(parts))
    for _ in range(draw(st.integers(0, 2))):
        stream[draw(st.integers(0, len(stream) - 1))] = draw(st.integers(0, 255))
    return bytes(stream) + draw(st.binary(max_size=4))


def told(fault: PacketError | None) -> tuple[Reason, str, int] | None:
    return None if fault is None else (fault.reason, fault.detail, fault.size)


@given(streams(), st.lists(st.integers(0, 3000), max_size=12))
def test_the_packets_do_not_depend_on_how_the_stream_is_cut(stream: bytes, cuts: list[int]) -> None:
    whole = PacketReader(LIMIT)
    expected = whole.feed(stream)
    pieces = PacketReader(LIMIT)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    found: list[Packet] = []
    for start, end in pairwise(edges):
        found += pieces.feed(stream[start:end])
    assert found == expected
    assert told(pieces.fault) == told(whole.fault)


@given(streams())
def test_a_stream_byte_by_byte_gives_the_same_packets(stream: bytes) -> None:
    whole, single = PacketReader(LIMIT), PacketReader(LIMIT)
    found = [found for byte in stream for found in single.feed(bytes((byte,)))]
    assert found == whole.feed(stream)
    assert told(single.fault) == told(whole.fault)


@given(st.sampled_from([0, 4, 5]), st.lists(st.binary(max_size=60), max_size=5))
def test_random_bytes_raise_nothing(version: int, pieces: list[bytes]) -> None:
    reader = PacketReader(LIMIT, version)
    for piece in pieces:
        reader.feed(piece)
    assert reader.fault is None or isinstance(reader.fault, PacketError)


@given(streams(), st.integers(1, 500))
def test_a_session_survives_every_stream(stream: bytes, piece: int) -> None:
    session = Session(SessionLimits(LIMIT, 10, 60), RuleBook(Rule(("+", "a/#"))))
    for start in range(0, len(stream), piece):
        turn = session.receive(stream[start : start + piece], 0)
        if turn.connect is not None:
            turn = session.admit("press-1", "press-1", False, 0)
        assert len(turn.acks) == turn.acknowledged
        if turn.ending is not None:
            break


@given(st.sampled_from([4, 5]), texts, st.binary(max_size=300), st.integers(0, 65_535), st.booleans())
def test_a_publish_comes_back_as_it_was_encoded(
    version: int, topic: str, payload: bytes, packet_id: int, retain: bool
) -> None:
    reader = PacketReader(LIMIT, version)
    identifier = packet_id.to_bytes(2, "big") if packet_id else b""
    head = 0x30 | (2 if packet_id else 0) | retain
    encoded = encode_publish(version, topic.encode(), payload, packet_id, retain)
    assert reader.feed(encoded) == [Publish(head, topic.encode(), identifier, payload)]


@given(
    versions,
    texts,
    st.booleans(),
    st.integers(0, 65_535),
    st.none() | st.tuples(texts, st.binary(max_size=50), st.integers(0, 2), st.booleans()),
    st.none() | st.tuples(texts, st.binary(max_size=20)),
)
def test_a_connect_comes_back_as_it_was_encoded(
    version: int,
    client_id: str,
    clean: bool,
    keep_alive_s: int,
    will: tuple[str, bytes, int, bool] | None,
    login: tuple[str, bytes] | None,
) -> None:
    user, password = login or (None, None)
    encoded = connect_packet(version, client_id, clean, keep_alive_s, will, user, password)
    wanted = Connect(version, clean, keep_alive_s, client_id, Will(*will) if will else None, user, password)
    assert PacketReader(LIMIT).feed(encoded) == [wanted]


@given(versions, identifiers, st.lists(st.tuples(texts, st.integers(0, 2)), min_size=1, max_size=5))
def test_subscriptions_come_back_as_they_were_encoded(
    version: int, packet_id: int, wanted: list[tuple[str, int]]
) -> None:
    reader = PacketReader(LIMIT, version)
    names = tuple(topic for topic, _ in wanted)
    stream = subscribe_packet(version, packet_id, *wanted) + unsubscribe_packet(version, packet_id, *names)
    filters = tuple(Filter(topic, qos) for topic, qos in wanted)
    assert reader.feed(stream) == [Subscribe(packet_id, filters), Unsubscribe(packet_id, names)]


@given(st.integers(0, 268_435_455))
def test_a_length_comes_back_as_it_was_encoded(value: int) -> None:
    encoded = encode_varint(value)
    assert Cursor(encoded, 0, len(encoded)).varint() == value
    assert encoded == varint(value)


def a_value(name: Property) -> st.SearchStrategy[object]:
    return {
        Kind.FLAG: st.integers(0, 1),
        Kind.TWO: st.integers(1, 0xFFFF),
        Kind.FOUR: st.integers(1, 0xFFFF_FFFF),
        Kind.VARINT: st.integers(1, 268_435_455),
        Kind.TEXT: texts,
        Kind.BINARY: st.binary(max_size=20),
        Kind.PAIR: st.lists(st.tuples(texts, texts), min_size=1, max_size=3),
    }[KINDS[name]]


@given(st.fixed_dictionaries({}, optional={name: a_value(name) for name in Property}))
def test_properties_come_back_as_they_were_encoded(properties: Properties) -> None:
    encoded = encode_properties(properties)
    assert read_properties(Cursor(encoded, 0, len(encoded)), frozenset(Property)) == properties


@pytest.mark.parametrize(
    ("version", "stream", "reason"),
    [
        (0, b"GET / HTTP/1.1\r\n", Reason.PROTOCOL_ERROR),
        (0, packet(0xC0), Reason.PROTOCOL_ERROR),
        (0, packet(0x10, b"\xff" * 70_000), Reason.PACKET_TOO_LARGE),
        (0, connect_packet(3, protocol="MQIsdp"), Reason.UNSUPPORTED_PROTOCOL_VERSION),
        (0, connect_packet(6), Reason.UNSUPPORTED_PROTOCOL_VERSION),
        (0, connect_packet(protocol="AMQP"), Reason.PROTOCOL_ERROR),
        (0, connect_packet(4, user=None, password=b"x"), Reason.MALFORMED_PACKET),
        (0, packet(0x10, field("MQTT") + b"\x04\x03\0\0\0\0"), Reason.MALFORMED_PACKET),  # reserved flag
        (0, packet(0x10, field("MQTT") + b"\x04\x0a\0\0\0\0"), Reason.MALFORMED_PACKET),  # will QoS without a will
        (0, connect_packet(4)[:-1] + b"\xff", Reason.MALFORMED_PACKET),  # client id is not UTF-8
        (0, connect_packet(5, properties=b"\x21\x00\x00"), Reason.PROTOCOL_ERROR),  # receive maximum 0
        (0, connect_packet(5, properties=b"\x21\x00\x01\x21\x00\x01"), Reason.PROTOCOL_ERROR),  # twice
        (0, connect_packet(5, properties=b"\x7f\x00"), Reason.MALFORMED_PACKET),  # unknown
        (0, connect_packet(5, properties=b"\x23\x00\x01"), Reason.PROTOCOL_ERROR),  # a topic alias in CONNECT
        (0, connect_packet(5, properties=b"\x17\x02"), Reason.PROTOCOL_ERROR),  # a flag of 2
        (0, connect_packet(5, properties=b"\x26\0\0\0\0" * 65), Reason.IMPLEMENTATION_SPECIFIC_ERROR),
        (4, connect_packet(4), Reason.PROTOCOL_ERROR),  # a second CONNECT
        (4, packet(0xF0), Reason.MALFORMED_PACKET),  # AUTH does not exist in 3.1.1
        (4, packet(0x36, b"\0\1t\0\1"), Reason.MALFORMED_PACKET),  # QoS 3
        (4, packet(0x38, b"\0\1t"), Reason.MALFORMED_PACKET),  # DUP without QoS
        (4, packet(0x80, b""), Reason.MALFORMED_PACKET),  # SUBSCRIBE with flags 0
        (4, packet(0x30, b"\0"), Reason.MALFORMED_PACKET),  # no room for the topic length
        (4, packet(0x30, b"\0\5t"), Reason.MALFORMED_PACKET),  # the topic reaches past the end
        (4, packet(0x32, b"\0\1t\0"), Reason.MALFORMED_PACKET),  # half a packet identifier
        (4, packet(0x32, b"\0\1t\0\0"), Reason.PROTOCOL_ERROR),  # packet identifier 0
        (4, packet(0x82, b"\0\1"), Reason.PROTOCOL_ERROR),  # no filter
        (4, packet(0xA2, b"\0\1"), Reason.PROTOCOL_ERROR),
        (4, packet(0x82, b"\0\1\0\1t\x03"), Reason.MALFORMED_PACKET),  # subscription with QoS 3
        (4, packet(0xC0, b"!"), Reason.MALFORMED_PACKET),  # a byte too many
        (4, b"\x30\xff\xff\xff\xff\x01", Reason.MALFORMED_PACKET),  # a length of five bytes
        (4, b"\x30\x83\x00" + b"\0\1t", Reason.MALFORMED_PACKET),  # not the shortest form
        (4, b"\x30\xff\xff\xff\x7f", Reason.PACKET_TOO_LARGE),
        (5, packet(0x30, b"\0\1t\x03\x23\0\1"), Reason.TOPIC_ALIAS_INVALID),
        (5, packet(0x30, b"\0\1t\x09\x01"), Reason.MALFORMED_PACKET),  # properties past the end
        (5, packet(0x30, b"\0\1t"), Reason.MALFORMED_PACKET),  # no properties at all
        (5, packet(0x82, b"\0\1\x02\x0b\x05\0\1t\0"), Reason.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED),
    ],
)
def test_a_broken_rule_is_named_by_its_reason(version: int, stream: bytes, reason: Reason) -> None:
    reader = PacketReader(1024 * 1024, version)
    assert reader.feed(stream) == []
    assert reader.fault is not None
    assert reader.fault.reason is reason
    assert reader.feed(packet(0xC0)) == [], "nothing is read behind a fault"


def test_packets_before_a_fault_are_still_given() -> None:
    reader = PacketReader(LIMIT, 4)
    assert reader.feed(packet(0xC0) + packet(0x40, b"\0\7") + packet(0xE0) + b"\0\0") == [
        PingRequest(),
        PublishAck(7),
        Disconnect(),
    ]
    assert reader.fault is not None


def test_an_announced_quarter_gigabyte_costs_no_memory() -> None:
    reader = PacketReader(1024 * 1024, 4)
    tracemalloc.start()
    reader.feed(b"\x32\xff\xff\xff\x7f" + b"\0")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reader.fault is not None
    assert reader.fault.reason is Reason.PACKET_TOO_LARGE
    assert peak_bytes < 20_000


def test_a_packet_over_the_limit_is_refused_with_its_topic_and_size() -> None:
    reader = PacketReader(1000, 4)
    reader.feed(publish_packet(4, "press/vibration", b"x" * 2000, 1)[:100])
    assert reader.fault is not None
    assert (reader.fault.topic, reader.fault.size) == ("press/vibration", 2022)


def test_a_packet_of_exactly_the_limit_is_taken() -> None:
    message = publish_packet(4, "t", b"x" * 200, 1)
    assert PacketReader(len(message), 4).feed(message)
    assert PacketReader(len(message) - 1, 4).feed(message) == []


def test_properties_of_a_message_are_skipped_and_the_payload_begins_behind_them() -> None:
    properties: Properties = {Property.CONTENT_TYPE: "application/json", Property.USER_PROPERTY: [("a", "b")] * 2}
    body = field("t") + b"\0\7" + encode_properties(properties) + b"21.5"
    assert PacketReader(LIMIT, 5).feed(packet(0x32, body)) == [Publish(0x32, b"t", b"\0\7", b"21.5")]
    encoded = encode_properties(properties)
    with pytest.raises(PacketError, match="does not belong"):
        read_properties(Cursor(encoded, 0, len(encoded)), IN_CONNECT)
    assert read_properties(Cursor(encoded, 0, len(encoded)), IN_PUBLISH) == properties


def test_refusals_exist_in_the_words_of_each_version() -> None:
    assert encode_connack(4, Reason.BAD_USER_NAME_OR_PASSWORD, {}) == b"\x20\x02\x00\x04"
    assert encode_connack(4, Reason.MALFORMED_PACKET, {}) == b""
    assert encode_connack(5, Reason.BAD_USER_NAME_OR_PASSWORD, {}) == b"\x20\x03\x00\x86\x00"
    assert encode_disconnect(4, Reason.SERVER_SHUTTING_DOWN) == b""
    assert encode_disconnect(5, Reason.SERVER_SHUTTING_DOWN, "bye") == b"\xe0\x08\x8b\x06\x1f\x00\x03bye"
