"""The outbox reaches its receiver: at least once, each message under one id, each order's in order."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.core.work import Json
from forewarn.maintenance.connector_webhook import Webhook, secret_bytes, signature
from forewarn.maintenance.delivery import Delivery, Outcome, Patience
from forewarn.maintenance.lease import take_lease
from forewarn.maintenance.outbox import Message, counted, dead, due, mark_failed, pending, post, send_again
from forewarn.maintenance.records import Records
from tests.maintenance.nursery import Nursery
from tests.maintenance.receiver import Mood, Receiver
from tests.maintenance.samples import NOW_US, SECRET

SECOND_US = 1_000_000


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


class Wall:
    """A wall clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_us = NOW_US

    def __call__(self) -> int:
        return self.now_us


def posted(records: Records, *subjects: str) -> None:
    with records.write() as connection:
        for n, subject in enumerate(subjects):
            body: Json = {"order": subject, "n": n} if subject else {"n": n}
            post(connection, "order.status", body, NOW_US + n)


def delivery(
    records: Records, receiver: Receiver, wall: Wall, patience: Patience | None = None, timeout_s: float = 30.0
) -> Delivery:
    made = Delivery(records, "webhook", Webhook(receiver.url, SECRET, timeout_s), patience, 0.01, wall)
    made.pass_once()  # what came before is not for it
    return made


def test_a_message_arrives_once_signed_and_with_its_id(any_records: Records, receiver: Receiver) -> None:
    sender = delivery(any_records, receiver, Wall())
    posted(any_records, "a")
    [message] = pending(any_records)
    assert [sender.pass_once(), sender.pass_once()] == [1, 0]
    [got] = receiver.requests
    assert got.key == message.key
    assert (got.told["type"], got.told["data"]) == ("order.status", {"order": "a", "n": 0})
    signed = signature(secret_bytes(SECRET), message.key, int(got.headers["webhook-timestamp"]), got.body)
    assert got.headers["webhook-signature"] == signed
    assert (pending(any_records), counted(any_records)) == ([], (0, 0))


def test_what_was_posted_before_the_receiver_was_named_is_not_for_it(records: Records, receiver: Receiver) -> None:
    posted(records, "old", "old")
    sender = delivery(records, receiver, Wall())
    posted(records, "new")
    sender.pass_once()
    again = delivery(records, receiver, Wall())
    posted(records, "newer")
    assert again.pass_once() == 0, "the other one holds the lease"
    sender.pass_once()
    assert [request.told["data"]["order"] for request in receiver.requests] == ["new", "newer"]


@pytest.mark.parametrize("trouble", ["500", "hang", "drip", "cut", "cut_early", "close", "redirect"])
def test_a_receiver_in_trouble_is_asked_again_with_the_same_id_after_a_pause(
    records: Records, receiver: Receiver, trouble: str
) -> None:
    wall = Wall()
    sender = delivery(records, receiver, wall, timeout_s=1.0 if trouble in ("hang", "drip") else 30.0)
    receiver.mood = lambda n: trouble if n < 2 else "ok"
    posted(records, "a")
    assert sender.pass_once() == 0
    assert sender.pass_once() == 0  # the pause is not over
    assert len(receiver.requests) == 1
    [failed] = pending(records)
    assert (failed.attempts, failed.retry_at_us) == (1, wall.now_us + SECOND_US)
    assert failed.error
    wall.now_us += SECOND_US
    assert sender.pass_once() == 0
    wall.now_us += 2 * SECOND_US
    assert sender.pass_once() == 1
    assert len(receiver.requests) == 3
    assert len(set(receiver.keys)) == 1
    assert pending(records) == []


def test_nobody_listening_is_a_failure_like_any_other(records: Records, receiver: Receiver) -> None:
    sender = delivery(records, receiver, Wall())
    posted(records, "a")
    receiver.close()
    assert sender.pass_once() == 0
    assert "Connect" in pending(records)[0].error


def test_a_message_that_fails_holds_back_its_own_order_and_no_other(any_records: Records, receiver: Receiver) -> None:
    wall = Wall()
    sender = delivery(any_records, receiver, wall)
    receiver.mood = lambda n: "500" if n == 0 else "ok"
    posted(any_records, "a", "b", "a", "", "")
    sender.pass_once()
    sender.pass_once()
    assert [request.told["data"]["n"] for request in receiver.requests] == [0, 1, 3, 4]
    wall.now_us += SECOND_US
    sender.pass_once()
    sender.pass_once()
    assert [request.told["data"]["n"] for request in receiver.requests] == [0, 1, 3, 4, 0, 2]


def test_a_refused_message_is_dead_at_once_shown_and_sent_again_when_asked(
    any_records: Records, receiver: Receiver
) -> None:
    sender = delivery(any_records, receiver, Wall())
    receiver.mood = lambda n: "400" if n == 0 else "ok"
    posted(any_records, "a", "a")
    sender.pass_once()
    [refused] = dead(any_records)
    assert "400" in refused.error
    assert counted(any_records) == (1, 1)
    sender.pass_once()  # its successor goes on
    assert [request.told["data"]["n"] for request in receiver.requests] == [0, 1]
    send_again(any_records, refused.id)
    assert sender.pass_once() == 1
    assert receiver.keys[0] == receiver.keys[2]
    with pytest.raises(Rejected, match="not_dead"):
        send_again(any_records, refused.id)


def test_after_its_last_attempt_a_message_is_dead(records: Records, receiver: Receiver) -> None:
    wall = Wall()
    sender = delivery(records, receiver, wall, Patience(attempts=3))
    receiver.mood = lambda n: "500"
    posted(records, "a")
    for _ in range(5):
        sender.pass_once()
        wall.now_us += 1000 * SECOND_US
    assert len(receiver.requests) == 3
    assert [message.attempts for message in dead(records)] == [3]


@pytest.mark.parametrize(
    ("url", "secret", "slug"),
    [
        ("ftp://x/", SECRET, "webhook_url"),
        ("x", SECRET, "webhook_url"),
        ("http://x/", "short", "webhook_secret"),
        ("http://x/", "whsec_%%%", "webhook_secret"),
    ],
)
def test_a_bad_address_and_a_weak_secret_are_refused(url: str, secret: str, slug: str) -> None:
    with pytest.raises(Rejected, match=slug):
        Webhook(url, secret)


def test_of_two_programs_one_sends_and_the_other_takes_over_when_it_stands_still(
    any_records: Records, receiver: Receiver
) -> None:
    wall = Wall()
    first, second = (delivery(any_records, receiver, wall) for _ in range(2))
    posted(any_records, "a")
    assert [second.pass_once(), first.pass_once()] == [0, 1]
    posted(any_records, "a")
    wall.now_us += 61 * SECOND_US
    assert second.pass_once() == 1
    posted(any_records, "a")
    assert [first.pass_once(), second.pass_once()] == [0, 1]


def test_a_lease_of_a_clock_that_ran_ahead_does_not_stand_for_years(records: Records) -> None:
    year_us = 365 * 86_400 * SECOND_US
    assert take_lease(records, "x", "a", NOW_US + 10 * year_us, 60)
    assert take_lease(records, "x", "b", NOW_US, 60)
    assert not take_lease(records, "x", "a", NOW_US, 60)


class Fickle:
    """A connector whose answers are drawn beforehand; what it took and what it was shown."""

    def __init__(self, answers: Sequence[Outcome]) -> None:
        self._answers = list(answers)
        self.shown: list[Message] = []
        self.taken: list[int] = []

    def send(self, message: Message) -> Outcome:
        self.shown.append(message)
        outcome = self._answers.pop() if self._answers else Outcome.done()
        if outcome.taken:
            self.taken.append(message.id)
        return outcome

    def close(self) -> None:
        """Nothing is held."""


OUTCOMES = st.sampled_from([Outcome.done(), Outcome.failed("later"), Outcome.refused("never")])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.lists(OUTCOMES, max_size=30))
def test_whatever_is_answered_each_message_is_taken_once_or_dead_and_orders_keep_their_order(
    records: Records, subjects: list[str], answers: list[Outcome]
) -> None:
    connector, wall = Fickle(answers), Wall()
    with records.write() as connection:
        connection.exec_driver_sql("DELETE FROM outbox")
        connection.exec_driver_sql("DELETE FROM setting")
    sender = Delivery(records, "x", connector, Patience(attempts=1_000), 0.01, wall)
    sender.pass_once()
    posted(records, *subjects)
    everything = [(message.id, message.subject) for message in pending(records)]
    for _ in range(len(subjects) + len(answers) + 1):
        sender.pass_once()
        wall.now_us += 3_600 * SECOND_US
    gone = {message.id for message in dead(records)}
    assert pending(records) == []
    assert sorted([*connector.taken, *gone]) == [id for id, _ in everything]
    for subject in "abc":
        mine = [id for id, its in everything if its == f"order:{subject}"]
        assert [id for id in connector.taken if id in mine] == [id for id in mine if id not in gone]


def test_a_slow_look_agrees_about_what_is_due(records: Records) -> None:
    """The obvious twin of `due`: walk through all, oldest first, and note which subjects are waiting."""
    posted(records, "a", "b", "", "a", "c", "", "b", "c")
    for number, retry_at_us in ((2, NOW_US + 10), (3, NOW_US + 10), (5, None)):
        mark_failed(records, Message(number, "", {}, 0), "x", NOW_US, retry_at_us)
    for now_us in (NOW_US, NOW_US + 10):
        expected, seen = list[int](), set[str]()
        for message in pending(records):
            free = not message.subject or message.subject not in seen
            if free and (message.retry_at_us or 0) <= now_us:
                expected.append(message.id)
            seen.add(message.subject)
        assert [message.id for message in due(records, now_us)] == expected


@pytest.mark.slow
def test_a_sender_that_is_killed_again_and_again_loses_nothing_and_keeps_the_order(
    any_records: Records, any_url: str, receiver: Receiver, nursery: Nursery
) -> None:
    moods = ("ok", "ok", "500", "ok", "cut", "ok", "close", "ok")
    mood: Mood = lambda n: moods[n % len(moods)]  # noqa: E731 # it has a name and a type
    receiver.mood = mood
    delivery(any_records, receiver, Wall())
    posted(any_records, *("abcde"[n % 5] for n in range(40)))
    wanted = [(message.key, message.subject) for message in pending(any_records, 100)]
    kills = 0
    while pending(any_records):
        with any_records.write() as connection:  # the lease of the killed one is not waited for
            connection.exec_driver_sql("DELETE FROM setting WHERE key = 'lease:delivery:webhook'")
        before = len(receiver.requests)
        pid = nursery.start("tests.maintenance.sending:main", any_url, receiver.url)
        while len(receiver.requests) < before + 5 + kills % 4 and pending(any_records):
            assert nursery.lives(pid)
            time.sleep(0.002)
        nursery.kill(pid)
        kills += 1
    assert kills >= 4
    assert set(receiver.keys) == {key for key, _ in wanted}
    first_seen = list(dict.fromkeys(receiver.keys))
    for subject in {subject for _, subject in wanted}:
        mine = [key for key, its in wanted if its == subject]
        assert [key for key in first_seen if key in mine] == mine
