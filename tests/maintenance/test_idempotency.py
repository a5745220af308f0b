"""A request sent twice is done once and answered twice the same."""

from __future__ import annotations

import threading

import pytest

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.work import Status
from forewarn.maintenance.idempotency import Answer, idempotent
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, NOW_US, advice


@pytest.fixture
def records(any_records: Records) -> Records:
    """All tests of this file run on both databases."""
    return any_records


class Counter:
    """Work that counts how often it was done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> tuple[int, str]:
        self.done += 1
        return 201, f"answer {self.done} ü"


def test_the_first_answer_is_given_again_and_the_work_is_not_done_again(records: Records) -> None:
    work = Counter()
    first = idempotent(records, "key", "ann", "hash", work, 0)
    again = idempotent(records, "key", "ann", "hash", work, 5)
    assert (first, again) == (Answer(201, "answer 1 ü", False), Answer(201, "answer 1 ü", True))


def test_the_same_key_with_another_request_is_refused(records: Records) -> None:
    work = Counter()
    idempotent(records, "key", "ann", "hash", work, 0)
    with pytest.raises(Rejected, match="idempotency_key_reused"):
        idempotent(records, "key", "ann", "other", work, 0)
    assert work.done == 1


def test_keys_belong_to_their_user(records: Records) -> None:
    work = Counter()
    idempotent(records, "key", "ann", "hash", work, 0)
    assert idempotent(records, "key", "bob", "other", work, 0).body == "answer 2 ü"


def test_a_key_is_forgotten_after_a_day(records: Records) -> None:
    work = Counter()
    idempotent(records, "key", "ann", "hash", work, 0)
    assert idempotent(records, "key", "ann", "hash", work, US_PER_DAY - 1).replayed
    assert not idempotent(records, "key", "ann", "hash", work, US_PER_DAY).replayed


def test_thirty_two_twins_have_one_effect(book: OrderBookSql) -> None:
    order = book.advise(advice()).order
    assert order is not None
    answers: list[Answer] = []

    def approve() -> tuple[int, str]:
        return 200, str(book.act(order.id, Status.APPR, ANN, 1, NOW_US).revision)

    def send() -> None:
        answers.append(book.idempotent("key", "ann", "hash", approve))

    threads = [threading.Thread(target=send) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(answer.status, answer.body) for answer in answers] == [(200, "2")] * 32
    assert sum(not answer.replayed for answer in answers) == 1
    assert len(book.history(order.id)) == 2


def test_work_that_fails_leaves_neither_effect_nor_key(book: OrderBookSql) -> None:
    def half() -> tuple[int, str]:
        book.advise(advice())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        book.idempotent("key", "ann", "hash", half)
    assert book.orders() == []
    assert not book.idempotent("key", "ann", "hash", Counter()).replayed
