"""Rows 39 to 46: sessions, and bytes on the wire, that the front door does not take."""

from __future__ import annotations

import random
import resource
from collections.abc import Callable
from contextlib import ExitStack

from forewarn.ingest.door.guards import TAKE_OVERS_PER_MINUTE
from tests.bad_inputs.case import REFUSED_NAME, called, ended, shut_out, story
from tests.bad_inputs.plant import TEMP
from tests.bad_inputs.world import OTHER, World, good_message
from tests.conftest import ROOT
from tests.ingest.mqtt_client import RawClient, field, packet, publish_packet, subscribe_packet, varint

NOT_MQTT = {
    "a question of HTTP": b"GET / HTTP/1.1\r\nHost: plant\r\n\r\n",
    "a hello of TLS": bytes.fromhex("16030100c8010000c40303") + bytes(190),
    "PINGREQ": packet(0xC0),
    "a message before CONNECT": publish_packet(4, TEMP, b"1", 1),
    "an endless length": b"\x10\xff\xff\xff\xff\x7f",
    "zeros": bytes(64),
    "noise": random.Random(1).randbytes(2000),
    "a first packet of 256 MB": b"\x10" + varint(268_435_455) + bytes(1000),
}
USER_PROPERTY = b"\x26" + field("a") + field("b")


def with_properties(properties: bytes, topic: str = TEMP, payload: bytes = b"1") -> bytes:
    """PUBLISH of MQTT 5, QoS 1, packet 1."""
    return packet(0x32, field(topic) + b"\0\x01" + varint(len(properties)) + properties + payload)


def first(data: bytes) -> Callable[[World, int], bytes]:
    """These bytes instead of a CONNECT."""
    return lambda world, version: data


CASES = [
    *(
        shut_out(
            40,
            f"client id {name}",
            called(name),
            REFUSED_NAME,
            "these names are kept for the product",
        )
        for name in ("forewarn", "forewarn-ingest", "Forewarn-x", "broker:plant")
    ),
    *(shut_out(41, name, first(data), {4: None}, "nothing is set aside for it") for name, data in NOT_MQTT.items()),
    ended(
        42,
        "QoS 2",
        lambda v: publish_packet(v, TEMP, b"1", 1, qos=2),
        0x9B,
        "qos_not_supported",
        "CONNACK offers QoS 1",
    ),
    ended(
        42,
        "100,000 PUBREL",
        lambda v: b"\x62\x02\0\x01" * 100_000,
        0x82,
        "protocol_error",
        "at the first; nothing is remembered of a handshake",
    ),
    ended(44, "topic alias 0", lambda v: with_properties(b"\x23\0\0"), 0x94, "topic_alias_invalid", versions=[5]),
    ended(
        44, "topic alias 33 of 32", lambda v: with_properties(b"\x23\0\x21"), 0x94, "topic_alias_invalid", versions=[5]
    ),
    ended(
        44,
        "a topic alias that stands for nothing",
        lambda v: with_properties(b"\x23\0\x01", ""),
        0x82,
        "protocol_error",
        versions=[5],
    ),
    ended(
        44,
        "a property that does not exist",
        lambda v: with_properties(b"\x7f\0"),
        0x81,
        "malformed_packet",
        versions=[5],
    ),
    ended(
        44,
        "65 user properties",
        lambda v: with_properties(USER_PROPERTY * 65),
        0x83,
        "implementation_specific_error",
        versions=[5],
    ),
    shut_out(44, "receive maximum 0", called("x", properties=b"\x21\0\0"), {5: 0x82}),
    shut_out(
        44,
        "65 user properties in CONNECT",
        called("x", properties=USER_PROPERTY * 65),
        {5: 0x83},
    ),
    shut_out(
        45,
        "MQTT 3.1",
        lambda world, v: world.hello(3, "old", protocol="MQIsdp"),
        {4: 1},
        "unacceptable protocol version",
    ),
    shut_out(45, "MQTT 6", lambda world, v: world.hello(6, "new"), {4: 1}, "unacceptable protocol version"),
    shut_out(45, "another protocol", called("x", protocol="AMQP"), {4: None}),
]


@story(
    CASES, 39, "a second client of the same user and name", "the first is cut with 0x8E, what it was promised is stored"
)
def _(world: World, client: str) -> None:
    with world.raw(5, client) as first:
        first.send(publish_packet(5, *good_message(world), 1))
        assert first.acked_ids(1) == [1]
        with world.raw(5, client) as second:
            assert first.last_reason() == 0x8E
            second.send(publish_packet(5, *good_message(world), 1))
            assert second.acked_ids(1) == [1]
    world.acked += 2


@story(
    CASES, 39, "a second client of the same name and another user", "refused with 0x85 (3.1.1: 2), the first one stays"
)
def _(world: World, client: str) -> None:
    with world.raw(5, client) as first:
        for version, code in REFUSED_NAME.items():
            thief, told = world.knock(world.hello(version, client, user=OTHER))
            with thief:
                assert told == code
        assert first.is_silent()


@story(
    CASES,
    39,
    "two clients that fight for a name",
    f"after {TAKE_OVERS_PER_MINUTE} take-overs a minute the name is banned for a minute (0x8A), who has it stays",
)
def _(world: World, client: str) -> None:
    with ExitStack() as stack:
        fighters = [stack.enter_context(world.raw(5, client)) for _ in range(TAKE_OVERS_PER_MINUTE + 1)]
        banned, told = world.knock(world.hello(5, client))
        with banned:
            assert told == 0x8A
        assert fighters[-1].is_silent()


@story(
    CASES,
    41,
    "two thousand sockets that say nothing, one that sends a byte now and then",
    "closed after 5 s, those beyond 500 sooner; devices come in meanwhile",
)
def _(world: World, client: str) -> None:
    with ExitStack() as stack:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
        crowd = [stack.enter_context(RawClient(world.mqtt_port)) for _ in range(min(2000, most))]
        slow = stack.enter_context(RawClient(world.mqtt_port))
        slow.socket.settimeout(0.5)
        device = stack.enter_context(world.raw(4, client))
        connect = iter(world.hello(4, "x" * 200)[:-1])
        ended = False
        while not ended:
            slow.send(bytes((next(connect),)))
            device.send(publish_packet(4, *good_message(world), 1))
            assert device.acked_ids(1) == [1]
            world.acked += 1
            try:
                ended = slow.socket.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionResetError:  # closed while a byte of ours was on its way
                ended = True
        assert all(stranger.is_closed() for stranger in crowd)


@story(
    CASES,
    43,
    "keep-alive 0 and 65,535, a session that never expires, 257 subscriptions",
    "MQTT 5 is told 600 s and session expiry 0; the 257th filter is refused (0x97)",
)
def _(world: World, client: str) -> None:
    for asked_s in (0, 65_535):
        with RawClient(world.mqtt_port) as door:
            door.send(world.hello(5, client, keep_alive_s=asked_s, clean=False, properties=b"\x11\xff\xff\xff\xff"))
            connack = door.read()
            assert connack is not None
            assert connack[1][:2] == b"\0\0"
            assert b"\x13\x02\x58" in connack[1]
            assert b"\x11\0\0\0\0" in connack[1]
            door.send(subscribe_packet(5, 1, *((f"forewarn/{n}", 0) for n in range(257))))
            suback = door.read()
            assert suback is not None
            assert suback[1][-257:] == bytes(256) + b"\x97"


@story(CASES, 44, "a payload that is not the UTF-8 it claims to be", "acknowledged, and quarantined as `bad_encoding`")
def _(world: World, client: str) -> None:
    with world.raw(5, client) as liar:
        liar.send(with_properties(b"\x01\x01", payload=b'{"value":1,"unit":"\xff"}'))
        assert liar.acked_ids(1) == [1]
    world.acked += 1
    assert [row.reason for row in world.rows(client, 1)] == ["bad_encoding"]


BROKER_TEST = "tests/ingest/brokers/test_trouble.py", "test_filters_that_are_no_longer_configured_are_unsubscribed"


@story(
    CASES,
    46,
    "filters of a broker that are configured no longer",
    f"unsubscribed in the session that the broker keeps (`{BROKER_TEST[1]}`, with a real Mosquitto)",
)
def _(world: World, client: str) -> None:
    path, name = BROKER_TEST
    assert f"def {name}(" in (ROOT / path).read_text()
