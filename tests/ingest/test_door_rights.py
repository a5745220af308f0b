"""Who may publish where, under which client id: the rules, and the door that keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.readings import SignalSpec
from forewarn.ingest.delivery import WILL, Frame
from forewarn.ingest.door.front_door import FrontDoorSettings
from forewarn.ingest.door.patterns import check_pattern, matches
from forewarn.ingest.door.rights import OWN_SUBTREE, Rule, RuleBook, name_objection
from forewarn.ingest.intake import Intake
from tests.ingest.mqtt_client import VERSIONS, RawClient, connect_packet, connected, publish_packet
from tests.ingest.running_door import RunningDoor, running_door

levels = st.lists(st.sampled_from(["a", "b", "+", "#", "", "$x"]), min_size=1, max_size=4)


def slow_match(pattern: list[str], topic: list[str]) -> bool:
    """The oracle: the standard's rules, one level at a time."""
    if pattern == ["#"]:
        return True
    if not pattern or not topic:
        return not pattern and not topic
    return pattern[0] in ("+", topic[0]) and (pattern[1:] == ["#"] or slow_match(pattern[1:], topic[1:]))


@given(levels, levels)
def test_patterns_match_as_the_standard_says(pattern: list[str], topic: list[str]) -> None:
    if "#" in pattern[:-1] or {"+", "#"} & set(topic):
        return
    expected = slow_match(pattern, topic) and not (topic[0].startswith("$") and pattern[0] in ("+", "#"))
    assert matches("/".join(pattern), "/".join(topic)) == expected


@pytest.mark.parametrize("pattern", ["", "a/#/b", "a#", "#a", "a+/b", "{device}/#", "{user", "a/##"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"^'"):
        check_pattern(pattern)


@pytest.mark.parametrize("template", ["{user}/#", "plant/{client}/+", "{user}-{client}/x/#"])
@given(st.text(max_size=5), st.text(st.sampled_from("+#/.ab{}user"), max_size=8))
def test_a_name_can_never_widen_a_pattern(template: str, user: str, client: str) -> None:
    if name_objection(user) or name_objection(client):
        return
    book = RuleBook(Rule((template,)))
    assert not book.may_publish(user, client, "somebody/else/entirely")
    assert not book.may_publish(user, client, "$SYS/x/y")


@pytest.mark.parametrize("name", ["#", "+", "a/b", "../x", "..", "$SYS", "", "a\nb", "x" * 257])
def test_names_that_could_be_more_than_a_name_are_refused(name: str) -> None:
    assert name_objection(name) is not None


@pytest.fixture
def ruled(tmp_path: Path) -> Iterator[RunningDoor]:
    users = {"press": lambda given: given == b"oil", "pump": lambda given: given == b"water"}
    rights = RuleBook(OWN_SUBTREE, {"pump": Rule(("hall/{client}/#",), ("{user}-*", "spare"))})
    with running_door(tmp_path, FrontDoorSettings(port=0, users=users, rights=rights)) as running:
        yield running


def code(port: int, connect: bytes) -> int:
    with RawClient(port) as client:
        client.send(connect)
        answer = client.read()
        assert answer is not None
        return answer[1][1]


def test_a_device_publishes_in_its_own_subtree_only(ruled: RunningDoor) -> None:
    topics = [
        "press/oil",
        "press",
        "pump/oil",
        "spBv1.0/a/NDATA/press",
        "spBv1.0/a/NDATA/pump",
        "forewarn/orders",
    ]
    with connected(ruled.port, 5, "any-id", user="press", password=b"oil") as client:
        client.send(b"".join(publish_packet(5, topic, b"x", n + 1) for n, topic in enumerate(topics)))
        answers = [client.read() for _ in topics]
    assert [a[1][2:] for a in answers if a is not None] == [b"", b"", b"\x87", b"", b"\x87", b"\x87"]
    assert [(topic, reason) for _, topic, reason, _ in ruled.refused] == [
        (topic, "not_authorized") for topic in ("pump/oil", "spBv1.0/a/NDATA/pump", "forewarn/orders")
    ]


@pytest.mark.parametrize(
    ("client_id", "expected"), [("pump-7", 0), ("spare", 0), ("press-1", 0x85), ("pump", 0x85), ("", 0x85)]
)
def test_a_client_id_is_bound_to_its_user(ruled: RunningDoor, client_id: str, expected: int) -> None:
    assert code(ruled.port, connect_packet(5, client_id, user="pump", password=b"water")) == expected


@VERSIONS
@pytest.mark.parametrize("client_id", ["forewarn", "forewarn-ingest", "Forewarn-x", "broker:plant", "a/b", "../x", "#"])
def test_the_names_of_the_server_and_names_that_are_none_are_refused(
    running: RunningDoor, version: int, client_id: str
) -> None:
    assert code(running.port, connect_packet(version, client_id)) == (0x85 if version == 5 else 2)


@VERSIONS
@pytest.mark.parametrize("topic", ["press/temperature", "forewarn/status", "$SYS/status", "spBv1.0/a/NDATA/press"])
def test_a_will_must_not_look_like_a_reading(running: RunningDoor, version: int, topic: str) -> None:
    assert code(running.port, connect_packet(version, will=(topic, b"21.5", 1, False))) == (0x87 if version == 5 else 5)


@pytest.mark.parametrize("topic", ["press/status", "homie/press/$state", "spBv1.0/hall/NDEATH/press"])
def test_a_will_on_a_status_topic_is_journalled_with_its_mark(running: RunningDoor, topic: str) -> None:
    with connected(running.port, will=(topic, b"gone", 1, False)) as client:
        client.send(b"\0\0")
        assert client.is_closed()
    running.drain()
    assert [(frame.topic, frame.flags) for frame in running.log.frames] == [(topic, WILL | 1)]


def test_a_will_never_becomes_a_reading_also_where_a_signal_has_its_topic() -> None:
    intake = Intake([SignalSpec("p1", "state", "state", "", "p1/status")], [7])
    payload = b'{"value":1,"ts":1795392000000}'
    frames = [Frame(1_795_392_001_000_000, flags, "gw", "p1/status", payload) for flags in (1, 1 | WILL)]
    frames.append(frames[1]._replace(topic="nobody/status"))
    taken = intake.take(frames)
    assert len(taken.readings.value) == 1
    assert [(refusal.reason, refusal.readings) for refusal in taken.refused] == [("will", 0), ("will", 0)]


def test_rights_that_are_taken_away_count_at_once(ruled: RunningDoor) -> None:
    async def take_away() -> None:
        ruled.door.change_rights(RuleBook(Rule(())))

    with connected(ruled.port, 5, "press-1", user="press", password=b"oil") as client:
        client.send(publish_packet(5, "press/oil", b"x", 1))
        assert client.acked_ids(1) == [1]
        ruled.call(take_away())
        client.send(publish_packet(5, "press/oil", b"x", 2))
        assert client.read() == (0x40, b"\0\x02\x87")
