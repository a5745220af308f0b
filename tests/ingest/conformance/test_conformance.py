"""Every numbered statement of MQTT 3.1.1 and 5.0 has its test or its reason; and the tests that stand nowhere else.

To write the reference anew: `python -m tests.ingest.conformance.write`.
"""

from __future__ import annotations

import re

import pytest

from forewarn.ingest.door.rights import RuleBook
from forewarn.ingest.door.session import Session, SessionLimits
from tests.conftest import ROOT
from tests.ingest.conformance import statements, table
from tests.ingest.mqtt_client import (
    VERSIONS,
    RawClient,
    connect_packet,
    connected,
    field,
    packet,
    publish_packet,
    subscribe_packet,
    unsubscribe_packet,
)
from tests.ingest.running_door import RunningDoor

STANDARDS = pytest.mark.parametrize(
    ("text", "last", "left_out"),
    [(statements.V311, statements.LAST_311, set()), (statements.V5, statements.LAST_5, statements.LEFT_OUT_5)],
    ids=["3.1.1", "5.0"],
)


@STANDARDS
def test_every_statement_stands_in_the_table_once(text: str, last: dict[str, int], left_out: set[str]) -> None:
    numbers = [number for row in table.rows(text) for number in row.numbers]
    assert sorted(numbers) == sorted(set(numbers))
    assert set(numbers) == table.existing(last, left_out)


@STANDARDS
def test_every_test_of_the_table_exists(text: str, last: dict[str, int], left_out: set[str]) -> None:
    files = (ROOT / "tests/ingest").rglob("test_*.py")
    names = {name for path in files for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)}
    assert [name for row in table.rows(text) for name in row.tests if name not in names] == []
    assert [row for row in table.rows(text) if not row.tests and not row.reason] == []


def test_the_reference_shows_the_table() -> None:
    page = (ROOT / "docs/reference/mqtt.md").read_text()
    assert table.written_into(page) == page, "python -m tests.ingest.conformance.write"


# What is shown nowhere else


def _is_ended(running: RunningDoor, version: int, data: bytes) -> bool:
    with connected(running.port, version) as client:
        client.send(data)
        return client.last_reason() == (0x81 if version == 5 else None)


@VERSIONS
@pytest.mark.parametrize("head", [0x80, 0x83, 0xA0, 0xAF, 0xC1, 0xE1, 0xF1, 0x41, 0x36])
def test_wrong_flags_of_a_fixed_header_end_the_connection(running: RunningDoor, version: int, head: int) -> None:
    assert _is_ended(running, version, packet(head, b"\0\x01\0\0"))


@VERSIONS
def test_every_text_must_be_utf_8(running: RunningDoor, version: int) -> None:
    broken = [b"\xff", b"\xed\xa0\x80", b"a\0"]
    for text in broken:
        properties = b"\0" if version == 5 else b""
        assert _is_ended(running, version, packet(0x82, b"\0\x01" + properties + field(text) + b"\0"))
        assert _is_ended(running, version, packet(0xA2, b"\0\x01" + properties + field(text)))
    good = connect_packet(version, "one", will=("two", b"", 0, False), user="six", password=b"")
    for part in (b"one", b"two", b"six"):
        with RawClient(running.port) as client:
            client.send(good.replace(part, b"a\xffb"))
            answer = client.read()
            assert (answer[1][1] if answer else None) == (0x81 if version == 5 else None)


@VERSIONS
@pytest.mark.parametrize("flags", [0x08, 0x20, 0x1C, 0x10])
def test_flags_of_a_will_that_contradict_one_another_are_refused(
    running: RunningDoor, version: int, flags: int
) -> None:
    body = field("MQTT") + bytes((version, 2 | flags, 0, 0)) + (b"\0" if version == 5 else b"") + field("press-1")
    will = (b"\0" if version == 5 else b"") + field("status") + field(b"gone")
    with RawClient(running.port) as client:
        client.send(packet(0x10, body + (will if flags & 0x04 else b"")))
        answer = client.read()
        assert (answer[1][1] if answer else None) == (0x81 if version == 5 else None)


@VERSIONS
def test_a_client_without_a_will_leaves_nothing(running: RunningDoor, version: int) -> None:
    with connected(running.port, version):
        pass
    with connected(running.port, version, "next") as client:
        assert client.is_silent()
    running.drain()
    assert running.log.frames == []


@VERSIONS
def test_nothing_behind_a_refused_connect_is_taken(running: RunningDoor, version: int) -> None:
    with RawClient(running.port) as client:
        client.send(connect_packet(version, "a/b") + publish_packet(version, "t", b"x", 1))
        assert client.is_closed()
    running.drain()
    assert running.log.frames == []


@VERSIONS
def test_a_session_leaves_no_subscription_behind(running: RunningDoor, version: int) -> None:
    for clean in (False, True):
        with connected(running.port, version, clean=clean) as client:
            client.send(subscribe_packet(version, 1, ("forewarn/a", 0)))
            assert client.read() is not None
        with connected(running.port, version, clean=False) as client:
            running.publish("forewarn/a", b"x")
            assert client.is_silent()


def test_a_value_without_retain_leaves_the_retained_one_alone(running: RunningDoor) -> None:
    running.publish("forewarn/a", b"kept", retain=True)
    running.publish("forewarn/a", b"passing")
    with connected(running.port) as client:
        client.send(subscribe_packet(4, 1, ("forewarn/a", 0)))
        assert [client.read(), client.read()] == [(0x90, b"\0\x01\0"), (0x31, b"\0\x0aforewarn/akept")]


@VERSIONS
def test_subscribers_get_our_messages_in_order(running: RunningDoor, version: int) -> None:
    with connected(running.port, version) as client:
        client.send(subscribe_packet(version, 1, ("forewarn/a", 0)))
        assert client.read() is not None
        for number in range(200):
            running.publish("forewarn/a", b"%03d" % number)
        answers = [client.read() for _ in range(200)]
    assert [answer[1][-3:] for answer in answers if answer] == [b"%03d" % number for number in range(200)]


def test_topics_are_compared_sign_by_sign() -> None:
    session = Session(SessionLimits(1 << 20, 100, 600), RuleBook())
    session.receive(connect_packet(4), 0)
    session.admit("press-1", "press-1", False, 0)
    session.receive(subscribe_packet(4, 1, ("forewarn/\u00e9", 0)), 0)
    session.receive(unsubscribe_packet(4, 2, "forewarn/e\u0301", "forewarn/É", "forewarn//\u00e9"), 0)
    assert session.subscriptions == {"forewarn/\u00e9"}
