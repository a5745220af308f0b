"""The parts that need no broker: filters, the order of acknowledgements, the outbox, pauses, the promise, settings."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from forewarn.api.broker_sources import broker_target
from forewarn.api.settings import BrokerSettings
from forewarn.core.errors import Rejected
from forewarn.core.readings import SignalSpec
from forewarn.ingest.brokers.acks import ConnectionAcks, Receipt, packed
from forewarn.ingest.brokers.backoff import Backoff, End
from forewarn.ingest.brokers.filters import FilterBook, check_filter, matches
from forewarn.ingest.brokers.mosquitto_conf import findings_of
from forewarn.ingest.brokers.outbox import Outbox
from forewarn.ingest.brokers.promise import Facts, promise
from forewarn.ingest.brokers.target import Pace
from forewarn.ingest.desk import Command

LEVELS = st.sampled_from(["a", "b", "", "$SYS", "+", "#"])


def topic(levels: list[str]) -> str:
    return "/".join(levels)


@given(
    st.lists(LEVELS, min_size=1, max_size=4), st.lists(st.sampled_from(["a", "b", "", "$SYS"]), min_size=1, max_size=4)
)
def test_a_filter_matches_what_paho_says_it_matches(wanted: list[str], levels: list[str]) -> None:
    filter_ = topic([level if level != "#" or place == len(wanted) - 1 else "+" for place, level in enumerate(wanted)])
    assert matches(filter_, topic(levels)) == topic_matches_sub(filter_, topic(levels))


@pytest.mark.parametrize("filter_", ["", "a/#/b", "a+/b", "plant/x#", "$share/g/plant/#", "$SYS/#", "a\0"])
def test_what_is_no_filter_for_telemetry_is_refused(filter_: str) -> None:
    with pytest.raises(Rejected, match="broker_filter"):
        check_filter(filter_)


@given(st.lists(st.tuples(st.integers(1, 65_535), st.integers(0, 2)), max_size=30), st.data())
def test_acknowledgements_leave_in_the_order_of_arrival(arrived: list[tuple[int, int]], data: st.DataObject) -> None:
    acks, receipts, fetched = (
        ConnectionAcks(lambda: None),
        [Receipt(mid, qos, 10) for mid, qos in arrived],
        list[Receipt](),
    )
    for receipt in receipts:
        acks.take(receipt)
    left = list(receipts)
    while left:
        some = data.draw(st.integers(1, len(left)))
        acks.acknowledge(packed(left[:some]), some)
        del left[:some]
        assert (acks.messages, acks.size) == (len(left), 10 * len(left))
        if data.draw(st.booleans()):
            fetched += acks.ready()
    assert [*fetched, *acks.ready()] == [r for r in receipts if r.qos]
    assert acks.settled


def test_durable_out_of_order_is_an_error_and_not_an_acknowledgement() -> None:
    acks = ConnectionAcks(lambda: None)
    for mid in (1, 2):
        acks.take(Receipt(mid, 1, 10))
    with pytest.raises(ValueError, match="arrived first"):
        acks.acknowledge(packed([Receipt(2, 1, 10)]), 1)
    assert acks.ready() == []


def test_a_book_of_filters_is_read_again_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "brokers" / "hall.json"
    FilterBook(path).note("hall-0", ["b/#", "a/#", "a/#"])
    book = FilterBook(path)
    assert (book.held("hall-0"), book.held("other"), book.sessions) == (["a/#", "b/#"], [], ["hall-0"])
    book.forget("hall-0")
    assert FilterBook(path).sessions == []
    path.write_text("[1")
    with pytest.raises(Rejected, match="broker_filters_file"):
        FilterBook(path)


def test_what_was_sent_and_not_confirmed_goes_again_unless_something_newer_waits() -> None:
    box = Outbox()
    box.put([Command("forewarn/a", b"1", True), Command("forewarn/b", b"1", True), Command("forewarn/c", b"1")])
    sent = box.take(10)
    box.confirm(sent[1][0])
    box.put([Command("forewarn/a", b"2", True)])
    box.return_sent()
    assert [(c.topic, c.payload) for _, c in box.take(10)] == [("forewarn/c", b"1"), ("forewarn/a", b"2")]


def test_an_outbox_that_is_full_drops_its_oldest_and_counts() -> None:
    box = Outbox(limit=3)
    box.put([Command(f"forewarn/{i}", b"", True) for i in range(5)])
    assert (box.dropped, [c.topic for _, c in box.take(10)]) == (2, ["forewarn/2", "forewarn/3", "forewarn/4"])


@given(st.lists(st.sampled_from([End.LOST, End.AWAY, End.REFUSED]), max_size=40), st.integers(0, 99))
def test_attempts_are_never_closer_than_half_of_the_first_pause(ends: list[End], seed: int) -> None:
    backoff = Backoff(Pace(first_s=1.0, longest_s=60.0), Random(seed))
    for end in ends:
        assert 0.5 <= backoff.pause_s(backoff.judged(end, 0.5), 0.5) <= 60.0


def test_three_short_connections_in_a_row_are_an_eviction() -> None:
    backoff = Backoff(Pace(stable_s=30.0), Random(1))
    ends = [backoff.judged(End.LOST, lived_s) for lived_s in (1.0, 1.0, 40.0, 1.0, 1.0, 1.0)]
    assert ends == [End.LOST] * 5 + [End.EVICTED]


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        (Facts("5", granted={"a": 1}), "D3'"),
        (Facts("5", granted={"a": 1, "b": 0}), "D0"),
        (Facts("5", granted={"a": 135}), "D0"),
        (Facts("5"), "D0"),
        (Facts("5", granted={"a": 1}, session_kept=False), "D1"),
        (Facts("5", granted={"a": 1}, session_expiry_s=0), "D1"),
    ],
)
def test_the_promise_is_that_of_the_weakest_link(facts: Facts, level: str) -> None:
    assert promise(facts).level == level


def settings(**changes: object) -> BrokerSettings:
    return BrokerSettings.model_validate({"host": "10.0.0.5", "filters": ["plant/#"], **changes})


@pytest.mark.parametrize("filter_", ["spBv1.0/#", "#", "+/hall/#"])
def test_sparkplug_is_not_shared(filter_: str) -> None:
    with pytest.raises(Rejected, match="Sparkplug"):
        broker_target("hall", settings(group="hall", filters=[filter_]), [])


def test_a_chunked_topic_is_not_shared_and_the_signal_is_named() -> None:
    chunked = SignalSpec("p1", "vib", "acceleration", "m/s2", "plant/p1/vib", kind="waveform", format="chunked")
    with pytest.raises(Rejected, match="p1/vib"):
        broker_target("hall", settings(group="hall"), [chunked])
    assert broker_target("hall", settings(), [chunked]).filters == ["plant/#"]


def test_members_of_a_group_have_fixed_names() -> None:
    told = [broker_target("hall", settings(group="g", members=2, member=i), []).client_id for i in (0, 1)]
    assert told == ["g-0", "g-1"]
    with pytest.raises(Rejected, match="count from 0"):
        broker_target("hall", settings(group="g", members=2, member=2), [])


def test_a_password_comes_from_its_file_and_stands_in_no_text(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("canary-1\n")
    told = settings(username="u", password_file=str(tmp_path / "password"))
    target = broker_target("hall", told, [])
    assert target.password == "canary-1"
    assert "canary" not in repr(target) + repr(told) + repr(settings(password="canary-2"))


def test_the_checked_configuration_has_nothing_to_mend_and_debians_default_has(root: Path) -> None:
    assert findings_of((root / "deploy/mosquitto.conf").read_text()) == []
    default = findings_of("persistence true\nlistener 1883\nallow_anonymous true\n")
    text = " ".join(f.what for f in default)
    for word in ("max_queued_messages", "autosave", "max_inflight", "anonymous", "acl_file", "TLS"):
        assert word in text
