"""Rows 31 to 38: topics, names, subscriptions and wills that the front door does not take."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from argon2 import PasswordHasher
from pydantic import ValidationError

from forewarn.api.door_settings import MqttSettings
from forewarn.core.readings import Quality
from forewarn.ingest.delivery import WILL
from tests.bad_inputs.case import REFUSED_NAME, VERSIONS, Case, added, called, ended, quarantined, shut_out, story
from tests.bad_inputs.plant import GOOD, TEMP
from tests.bad_inputs.world import World, good_message
from tests.ingest.mqtt_client import publish_packet, subscribe_packet

SLASHES = "/" * 65_535
LATE = int(Quality.LATE)
STATUS = "hall/press-1/status"


def refused_topic(row: int, name: str, topic: str, reason: str = "not_authorized", code: int = 0x87) -> Case:
    """MQTT 5 says it in the acknowledgement, and the stream goes on; 3.1.1 cannot, so the connection ends."""

    def play(world: World, client: str) -> None:
        before = world.books()
        for version in VERSIONS:
            with world.raw(version, f"{client}-v{version}") as sender:
                sender.send(publish_packet(version, topic, b"1", 1) + publish_packet(version, *good_message(world), 2))
                if version == 5:
                    assert sender.read() == (0x40, bytes((0, 1, code)))
                    assert sender.acked_ids(1) == [2]
                    world.acked += 1
                else:
                    world.sent_good -= 1  # it stood behind the end
                    assert sender.is_closed()
            (row,) = world.rows(f"{client}-v{version}", 1)
            assert (row.topic, row.reason, row.readings) == (topic, reason, 0)
        assert added(before, world.books()) == {"stored": 1}

    told = f"not stored, noted as `{reason}`; MQTT 5: 0x{code:02X} in the acknowledgement, 3.1.1: the connection ends"
    return Case(row, name, told, play)


def refused_filters(row: int, name: str, filters: Sequence[str], codes: Sequence[int], expected: str) -> Case:
    """SUBACK says no for each, the connection lives."""

    def play(world: World, client: str) -> None:
        for version in VERSIONS:
            with world.raw(version, f"{client}-v{version}") as listener:
                listener.send(subscribe_packet(version, 1, *((wanted, 1) for wanted in filters)))
                answer = listener.read()
                assert answer is not None
                told = bytes(codes) if version == 5 else b"\x80" * len(codes)
                assert (answer[0], answer[1][-len(codes) :]) == (0x90, told)
                assert listener.is_silent()
            assert "refused_subscribe_" in str(world.ask("status")["door"])

    return Case(row, name, expected, play)


CASES = [
    ended(31, "+ in a topic", lambda v: publish_packet(v, "hall/+/temp", b"1", 1), 0x90, "topic_name_invalid"),
    ended(31, "# in a topic", lambda v: publish_packet(v, "hall/#", b"1", 1), 0x90, "topic_name_invalid"),
    ended(31, "no topic", lambda v: publish_packet(v, "", b"1", 1), 0x82, "protocol_error"),
    ended(31, "U+0000 in a topic", lambda v: publish_packet(v, "hall\0/temp", b"1", 1), 0x81, "malformed_packet"),
    ended(
        31, "a topic that is not UTF-8", lambda v: publish_packet(v, b"hall/\xff", b"1", 1), 0x81, "malformed_packet"
    ),
    ended(
        31,
        "half a surrogate pair in a topic",
        lambda v: publish_packet(v, b"hall/\xed\xa0\x80", b"1", 1),
        0x81,
        "malformed_packet",
    ),
    refused_topic(31, "65,535 slashes", SLASHES, "topic_name_invalid", 0x90),
    *(
        shut_out(32, f"client id {name}", called(name), REFUSED_NAME)
        for name in ("#", "+", "a/b", "../x", "$SYS", "a\nb")
    ),
    quarantined(
        33,
        "a machine that nobody named",
        b'{"value":1}',
        "unknown_topic",
        "its number is offered for adoption; nothing is created",
        topic="hall/press-9/temp",
    ),
    refused_filters(
        34,
        "# and $SYS/# and + and $share and a topic of others",
        ["#", "$SYS/#", "+", "$share/g/hall", GOOD],
        [0xA2, 0xA2, 0xA2, 0x9E, 0x87],
        "refused one by one in SUBACK (wildcards 0xA2, shared 0x9E, else 0x87; 3.1.1: 0x80), counted and logged",
    ),
    refused_topic(35, "$SYS", "$SYS/broker/uptime"),
    refused_topic(35, "$CONTROL", "$CONTROL/dynamic-security/v1"),
    refused_topic(35, "a topic of ours", "forewarn/watermark/x"),
    *(
        shut_out(
            38,
            f"a will on {topic}",
            called("dying", will=(topic, b"1", 1, False)),
            {5: 0x87, 4: 5},
            "a will may only go to a status topic",
        )
        for topic in (TEMP, "forewarn/status", "$SYS/status")
    ),
]


@story(CASES, 32, "user names #, +, a/b, ../x", "refused when the settings are read")
def _(world: World, client: str) -> None:
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(b"x")
    for name in ("#", "+", "a/b", "../x", "$SYS", "forewarn", "broker:x"):
        for given in ({"users": {name: hashed}}, {"acl": {"users": {name: {"publish": ["a/#"]}}}}):
            with pytest.raises(ValidationError, match=r"a name holds none of|kept for the server"):
                MqttSettings.model_validate(given)


@story(
    CASES,
    36,
    "retained readings of long ago",
    "stored with their own time, flagged LATE (kept by another broker: HISTORICAL too), never newer than a present one",
)
def _(world: World, client: str) -> None:
    topic, now, day_ms = "hall/press-1/kept", world.moment(), 86_400_000
    for value, at, head in ((1, now - 300 * day_ms, 0x33), (2, now, 0x32), (3, now - 200 * day_ms, 0x33)):
        world.send(client, [(topic, b'{"value":%d,"ts":%d}' % (value, at))], head)
        world.acked += 1
        world.books()
    assert sorted(world.stored("press-1/kept").values()) == [(1.0, LATE), (2.0, 0), (3.0, LATE)]
    world.until(lambda: world.newest("press-1/kept") == 2.0, "the present one as the newest")


@story(
    CASES,
    37,
    "a retained reading of a client that has lost its right",
    "the door hands no message of a device to anybody: its topic cannot be subscribed (0x87)",
)
def _(world: World, client: str) -> None:
    world.send(client, [(TEMP, b'{"value":20,"ts":%d}' % world.moment())], head=0x33)
    world.acked += 1
    with world.raw(5, f"{client}-listener") as listener:
        listener.send(subscribe_packet(5, 1, (TEMP, 1)))
        assert listener.read() == (0x90, b"\0\x01\0\x87")
        assert listener.is_silent()


@story(
    CASES,
    38,
    "a will on a status topic that is a signal",
    "quarantined as `will`, and no reading when the quarantine is read again either",
)
def _(world: World, client: str) -> None:
    before = world.books()
    with world.raw(5, client, will=(STATUS, b'{"value":1}', 1, False)) as dying:
        dying.socket.close()
    (row,) = world.rows(client, 1)
    assert (row.reason, row.topic, row.readings, row.flags & WILL) == ("will", STATUS, 0, WILL)
    assert world.ask("replay", rows=[row.row])["asked"] == 1
    world.until(lambda: world.ask("status")["consumers"][0]["lag_bytes"] == 0, "the replay")
    assert world.rows(client, 1) == [row]
    assert world.stored("press-1/run") == {}
    assert added(before, world.books()) == {}
