"""Clocks of orders from their status history, the ladder of calls, and priority that rises with lost slack."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.work import OPEN_STATUSES, TRANSITIONS, OrderKind, Status, WorkOrder
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.orders.deadlines import (
    AS_USUAL,
    PAUSES,
    ClockName,
    ClockState,
    StatusAt,
    clocks_of,
    dynamic_priority,
    rungs_due,
)
from forewarn.maintenance.orders.deadlines_book import DeadlineBook
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.outbox import pending
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, NOW_US, advice, hours

RESPONSE_H = AS_USUAL.response_h[OrderKind.CONDITION][2]  # priority 3: 48 h
COMPLETION_H = AS_USUAL.completion_h[OrderKind.CONDITION][2]


@st.composite
def histories(draw: st.DrawFn) -> list[StatusAt]:
    at, status = 0, Status.WAPPR
    went = [(at, status)]
    for _ in range(draw(st.integers(0, 8))):
        if not TRANSITIONS[status]:
            break
        at += draw(st.integers(0, 40))
        status = draw(st.sampled_from(TRANSITIONS[status]))
        went.append((at, status))
    return [(hours(at), status) for at, status in went]


@given(histories(), st.integers(0, 60))
def test_clocks_agree_with_counting_every_hour(went: list[StatusAt], more_h: int) -> None:
    now_us = went[-1][0] + hours(more_h)
    response, completion = clocks_of(OrderKind.CONDITION, 3, went, now_us)
    used = paused = answered = 0
    for hour in range(now_us // US_PER_HOUR):
        status = [status for at_us, status in went if at_us <= hours(hour)][-1]
        used += status in OPEN_STATUSES and status not in PAUSES
        paused += status in PAUSES
        answered += all(status is Status.WAPPR for at_us, status in went if at_us <= hours(hour))
    assert response.used_h == answered
    assert (completion.used_h, completion.paused_h) == (used, paused)
    assert (completion.ended_at_us is None) == (went[-1][1] in OPEN_STATUSES)
    assert (response.ended_at_us is None) == (len(went) == 1)


def test_a_clock_warns_before_it_breaches_and_is_quiet_while_it_pauses() -> None:
    opened = [(0, Status.WAPPR)]
    states = [
        clocks_of(OrderKind.CONDITION, 3, opened, hours(h))[0].state
        for h in (0, 0.79 * RESPONSE_H, 0.81 * RESPONSE_H, RESPONSE_H + 1)
    ]
    assert states == [ClockState.RUNNING, ClockState.RUNNING, ClockState.WARNING, ClockState.BREACHED]
    waiting = [*opened, (hours(1), Status.APPR), (hours(2), Status.WMATL)]
    clock = clocks_of(OrderKind.CONDITION, 3, waiting, hours(9_000))[1]
    assert (clock.state, clock.used_h, clock.paused_h) == (ClockState.PAUSED, 2.0, 8_998.0)
    assert rungs_due(clock) == []


def test_rework_lets_the_clock_run_on_and_verification_does_not_count() -> None:
    went = [(0, Status.WAPPR), (0, Status.APPR), (0, Status.INPRG), (hours(5), Status.COMP)]
    assert clocks_of(OrderKind.CORRECTIVE, 3, went, hours(90))[1].used_h == 5.0
    again = [*went, (hours(60), Status.INPRG)]
    clock = clocks_of(OrderKind.CORRECTIVE, 3, again, hours(62))[1]
    assert (clock.used_h, clock.ended_at_us) == (7.0, None)


def test_preventive_work_has_no_clocks_its_dates_come_from_its_plan() -> None:
    assert clocks_of(OrderKind.PREVENTIVE, 3, [(0, Status.WAPPR)], hours(9_999)) == []


@pytest.fixture
def records(any_records: Records) -> Records:
    return any_records


@pytest.fixture
def orders(records: Records) -> WorkedOrders:
    return WorkedOrders(records)


@pytest.fixture
def book(records: Records) -> DeadlineBook:
    return DeadlineBook(records)


@pytest.fixture
def order(orders: WorkedOrders) -> WorkOrder:
    made = orders.advise(advice(priority=3)).order
    assert made is not None
    return made


def calls(records: Records) -> list[tuple[str, str, str]]:
    told = [cast(Any, m.body) for m in pending(records, 1_000) if m.kind == "order.escalated"]
    return [(body["clock"], body["rota"], body["person"]) for body in told]


def test_each_rung_calls_the_person_on_call_once(records: Records, book: DeadlineBook, order: WorkOrder) -> None:
    book.add_on_call("planner", "Pia", "+49 1", NOW_US, NOW_US + hours(100), ANN, NOW_US)
    assert book.escalate(NOW_US + hours(1)) == []
    warned_us = NOW_US + hours(0.9 * RESPONSE_H)
    assert [call.person for call in book.escalate(warned_us)] == ["Pia"]
    assert book.escalate(warned_us) == []
    assert [call.rung.rota for call in book.escalate(NOW_US + hours(RESPONSE_H + 1))] == ["supervisor"]
    assert [call.rung.rota for call in book.escalate(NOW_US + hours(RESPONSE_H + 30))] == ["manager"]
    assert calls(records) == [
        ("response", "planner", "Pia"),
        ("response", "supervisor", ""),
        ("response", "manager", ""),
    ]
    assert [row["level"] for row in book.calls(order.id)] == [1, 2, 3]
    assert verify_audit(records) is None


def test_programs_that_look_at_once_call_nobody_twice(records: Records, order: WorkOrder) -> None:
    late_us, found = NOW_US + hours(RESPONSE_H + 1), list[int]()
    books = [DeadlineBook(records) for _ in range(8)]
    threads = [threading.Thread(target=lambda book=book: found.append(len(book.escalate(late_us)))) for book in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), sum(found)) == (8, 2)
    assert calls(records) == [("response", "planner", ""), ("response", "supervisor", "")]


def test_nobody_is_called_for_what_was_answered_in_time(
    records: Records, orders: WorkedOrders, book: DeadlineBook, order: WorkOrder
) -> None:
    orders.act(order.id, Status.APPR, ANN, order.revision, NOW_US + hours(3))
    assert book.escalate(NOW_US + hours(RESPONSE_H + 30)) == []
    response, completion = book.clocks(order.id, NOW_US + hours(RESPONSE_H + 30))
    assert (response.state, response.used_h) == (ClockState.MET, 3.0)
    assert completion.state is ClockState.RUNNING
    assert [call.clock for call in book.escalate(NOW_US + hours(0.9 * COMPLETION_H))] == [ClockName.COMPLETION]


def test_closed_orders_are_not_timed_any_more(orders: WorkedOrders, book: DeadlineBook, order: WorkOrder) -> None:
    assert [timed.number for timed in book.open_orders(NOW_US)] == [order.number]
    orders.act(order.id, Status.CAN, ANN, order.revision, NOW_US + hours(1))
    assert book.open_orders(NOW_US + hours(2)) == []


def test_a_rota_has_one_person_at_a_time_and_ended_turns_are_gone(book: DeadlineBook) -> None:
    turn = book.add_on_call("planner", "Pia", "", NOW_US, NOW_US + hours(10), ANN, NOW_US)
    with pytest.raises(Rejected, match="Pia is on call"):
        book.add_on_call("planner", "Tom", "", NOW_US + hours(9), NOW_US + hours(20), ANN, NOW_US)
    book.add_on_call("planner", "Tom", "", NOW_US + hours(10), NOW_US + hours(20), ANN, NOW_US)
    assert [turn.person for turn in book.rota(NOW_US + hours(12))] == ["Tom"]
    book.remove_on_call(turn.id, ANN, NOW_US)
    with pytest.raises(Rejected, match="no turn"):
        book.remove_on_call(turn.id, ANN, NOW_US)
    with pytest.raises(Rejected, match="ends after"):
        book.add_on_call("planner", "Tom", "", 10, 10, ANN, NOW_US)


@given(st.sampled_from("ABC"), st.integers(-100, 2_000), st.integers(0, 100), st.integers(1, 5), st.integers(0, 500))
def test_waiting_never_lowers_a_priority(criticality: str, start_h: int, now_h: int, planned: int, more_h: int) -> None:
    early = dynamic_priority(criticality, hours(start_h), hours(now_h), planned)
    late = dynamic_priority(criticality, hours(start_h), hours(now_h + more_h), planned)
    assert late.priority <= early.priority <= planned
    assert dynamic_priority(criticality, None, hours(now_h), planned).priority == planned
