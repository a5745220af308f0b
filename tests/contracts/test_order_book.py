"""What every order book keeps, whatever it keeps it in."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import pytest

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.faults import Fault
from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor, OrderBook
from forewarn.core.work import TRANSITIONS, Advice, Decision, Json, Status, Verification, WorkOrder
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.records import Records
from tests.maintenance.samples import ANN, CODES, IMBALANCE, NOW_US, SENSOR, SPALL, advice, hours


class VerifyingBook(OrderBook, Protocol):
    """The port, and the verification of a completed order."""

    def verify(self, order_id: str, result: Verification, actor: Actor, at_us: int) -> WorkOrder: ...


@pytest.fixture
def book(any_records_or_none: Records | None) -> VerifyingBook:
    return MemoryOrderBook() if any_records_or_none is None else OrderBookSql(any_records_or_none)


def open_order(book: OrderBook, asked: Advice) -> WorkOrder:
    outcome = book.advise(asked)
    assert outcome.what == "opened"
    assert outcome.order is not None
    return outcome.order


def walked(book: OrderBook, order: WorkOrder, *statuses: Status, at_h: float = 1.0) -> WorkOrder:
    for status in statuses:
        report = CODES if status is Status.COMP else None
        order = book.act(order.id, status, ANN, order.revision, NOW_US + hours(at_h), report)
    return order


def completed(book: OrderBook, order: WorkOrder, at_h: float = 1.0) -> WorkOrder:
    return walked(book, order, Status.APPR, Status.INPRG, Status.COMP, at_h=at_h)


def closed(book: VerifyingBook, order: WorkOrder, at_h: float = 1.0) -> WorkOrder:
    done = completed(book, order, at_h)
    verified = book.verify(done.id, Verification.PASSED, ANN, NOW_US + hours(at_h))
    return walked(book, verified, Status.CLOSE, at_h=at_h)


def test_advice_opens_an_order_that_holds_all_it_said(book: VerifyingBook) -> None:
    asked = advice(evidence={"score": 0.93, "deep": {"a": [1, None, "ü"]}})
    order = open_order(book, asked)
    assert (order.number, order.status, order.revision) == ("WO-000001", Status.WAPPR, 1)
    assert (order.asset, order.kind, order.priority, order.title) == ("pump-03", asked.kind, 3, "Plan replacement")
    assert (order.start_by_us, order.order_by_us, order.rul_p10_h) == (asked.start_by_us, asked.order_by_us, 208)
    assert (order.parts, order.steps, order.repair_hours) == (asked.parts, ("Isolate",), 8.0)
    [cause] = order.causes
    assert (cause.fault, cause.evidence, cause.added_at_us) == (SPALL, asked.evidence, NOW_US)
    assert book.order(order.id) == book.order("WO-000001") == order
    assert book.orders() == [order]


def test_the_same_advice_again_writes_nothing(book: VerifyingBook) -> None:
    order = open_order(book, advice())
    for at_h in range(0, 1000, 10):
        repeated = replace(advice(), at_us=NOW_US + hours(at_h / 1000))
        outcome = book.advise(repeated)
        assert (outcome.what, outcome.order) == ("unchanged", order)
    assert len(book.history(order.id)) == 1


def test_advice_to_wait_never_opens(book: VerifyingBook) -> None:
    assert book.advise(advice(decision=Decision.WAIT)).what == "waiting"
    assert book.orders() == []
    order = open_order(book, advice())
    outcome = book.advise(advice(decision=Decision.WAIT, priority=1, start_in_h=1))
    assert (outcome.what, outcome.order) == ("waiting", order)


def test_dates_follow_a_forecast_that_moved_and_the_record_says_what_changed(book: VerifyingBook) -> None:
    order = open_order(book, advice(start_in_h=200))
    assert book.advise(advice(start_in_h=185, title="Sooner")).what == "unchanged"  # within a tenth
    outcome = book.advise(advice(start_in_h=150, title="Sooner"))
    assert outcome.what == "updated"
    assert outcome.order is not None
    assert (outcome.order.start_by_us, outcome.order.title) == (NOW_US + hours(150), "Sooner")
    assert (outcome.order.revision, outcome.order.number) == (2, order.number)
    last = book.history(order.id)[-1]
    assert (last["action"], last["actor"]) == ("updated", "forewarn")
    assert isinstance(last["before"], dict)
    assert isinstance(last["after"], dict)
    assert (last["before"]["start_by_us"], last["after"]["start_by_us"]) == (NOW_US + hours(200), NOW_US + hours(150))
    assert "causes" not in last["after"]


def test_a_date_that_stays_due_is_no_news(book: VerifyingBook) -> None:
    order = open_order(book, advice(start_in_h=0))
    for at_h in (5, 50, 500):
        late = advice(start_in_h=0, at_h=at_h)
        assert book.advise(late).what == "unchanged"
    assert book.order(order.id) == order


def test_a_better_forecast_moves_dates_later_and_lowers_the_priority_after_a_day(book: VerifyingBook) -> None:
    order = open_order(book, advice(start_in_h=100, priority=2))
    for at_h in (1, 12, 23.9):
        assert book.advise(advice(start_in_h=600, at_h=at_h, priority=4)).what == "unchanged"
    eased = book.advise(advice(start_in_h=600, at_h=24, priority=4)).order
    assert eased is not None
    assert (eased.priority, eased.start_by_us) == (4, NOW_US + hours(624))
    assert "priority 4 instead of 2" in eased.changed
    assert "21.8 days later" in eased.changed
    back = book.advise(advice(start_in_h=90, at_h=24.1, priority=2)).order  # what is worse counts at once
    assert back is not None
    assert (back.priority, back.start_by_us) == (2, NOW_US + hours(114.1))
    assert [row["action"] for row in book.history(order.id)] == ["opened", "updated", "updated"]


def test_a_forecast_that_swings_moves_an_order_at_most_twice_a_day(book: VerifyingBook) -> None:
    order = open_order(book, advice(start_in_h=100))
    for step in range(1, 10 * 24):  # ten days, an hour each
        book.advise(advice(start_in_h=2000 if step % 2 else 48, at_h=step, priority=5 if step % 2 else 2))
    assert len(book.history(order.id)) <= 1 + 2 * 10


def test_another_fault_does_not_lower_the_priority(book: VerifyingBook) -> None:
    open_order(book, advice(start_in_h=100, priority=2))
    book.advise(advice(IMBALANCE, start_in_h=900, at_h=30, priority=5))
    kept = book.order("WO-000001")
    assert kept is not None
    assert kept.priority == 2


def test_the_order_says_in_a_sentence_what_the_newest_advice_changed(book: VerifyingBook) -> None:
    assert open_order(book, advice(start_in_h=200)).changed == ""
    sooner = book.advise(advice(start_in_h=100, at_h=1, priority=1)).order
    assert sooner is not None
    assert sooner.changed.startswith("Start work by 2027-01-")
    assert "4.1 days sooner" in sooner.changed
    assert "priority 1 instead of 3" in sooner.changed
    other = book.advise(advice(IMBALANCE, start_in_h=1000, at_h=2)).order
    assert other is not None
    assert other.changed == "New cause: imbalance, rotor."
    last = book.history(other.id)[-1]["after"]
    assert isinstance(last, dict)
    assert last["changed"] == other.changed


def test_a_date_that_is_due_still_is_due_since_then(book: VerifyingBook) -> None:
    order = open_order(book, advice(start_in_h=15))  # parts take 20 h: they should have been ordered before
    sooner = book.advise(advice(start_in_h=2, at_h=5)).order
    assert sooner is not None
    assert (sooner.order_by_us, sooner.start_by_us) == (order.order_by_us, NOW_US + hours(7))


def test_priority_is_raised_at_once_and_not_lowered_while_the_dates_stay(book: VerifyingBook) -> None:
    order = open_order(book, advice(priority=3))
    assert book.advise(advice(priority=4)).what == "unchanged"
    raised = book.advise(advice(priority=1))
    assert raised.what == "updated"
    assert raised.order is not None
    assert (raised.order.priority, raised.order.id) == (1, order.id)
    assert book.advise(advice(priority=2)).what == "unchanged"


def test_advice_older_than_the_order_changes_nothing(book: VerifyingBook) -> None:
    open_order(book, advice(at_h=10))
    assert book.advise(advice(at_h=5, start_in_h=3, priority=1)).what == "unchanged"


def test_a_second_fault_of_a_machine_joins_its_open_order(book: VerifyingBook) -> None:
    first = open_order(book, advice(parts=(PartLine("6205"), PartLine("grease", 2))))
    later = advice(IMBALANCE, at_h=2, parts=(PartLine("weight"), PartLine("grease", 1)), evidence={"second": True})
    outcome = book.advise(later)
    assert outcome.what == "updated"
    assert outcome.order is not None
    assert [cause.fault for cause in outcome.order.causes] == [SPALL, IMBALANCE]
    assert [cause.added_at_us for cause in outcome.order.causes] == [NOW_US, NOW_US + hours(2)]
    assert outcome.order.parts == (PartLine("6205"), PartLine("grease", 2), PartLine("weight"))
    assert book.advise(later).what == "unchanged"
    assert [order.id for order in book.orders()] == [first.id]


def test_another_machine_has_its_own_order(book: VerifyingBook) -> None:
    open_order(book, advice())
    other = open_order(book, advice(asset="pump-04"))
    assert other.number == "WO-000002"
    assert [order.asset for order in book.orders(asset="pump-04")] == ["pump-04"]


def test_instruments_have_one_order_per_signal_beside_the_machines(book: VerifyingBook) -> None:
    open_order(book, advice())
    open_order(book, advice(SENSOR, start_in_h=None))
    open_order(book, advice(Fault("pressure", "sensor_fault"), start_in_h=None))
    assert book.advise(advice(SENSOR, start_in_h=None, at_h=1)).what == "unchanged"
    assert len(book.orders(open_only=True)) == 3


def test_evidence_of_a_cause_stays_as_it_was(book: VerifyingBook) -> None:
    order = open_order(book, advice(evidence={"score": 0.6}))
    outcome = book.advise(advice(evidence={"score": 0.99}, start_in_h=20, priority=1))
    assert outcome.what == "updated"
    assert outcome.order is not None
    assert [cause.evidence for cause in outcome.order.causes] == [{"score": 0.6}]
    assert book.order(order.id) == outcome.order


def test_the_most_urgent_fault_sets_the_dates(book: VerifyingBook) -> None:
    order = open_order(book, advice(start_in_h=100))
    book.advise(advice(IMBALANCE, start_in_h=500, at_h=1))
    kept = book.order(order.id)
    assert kept is not None
    assert kept.start_by_us == order.start_by_us
    sooner = book.advise(advice(IMBALANCE, start_in_h=20, at_h=2)).order
    assert sooner is not None
    assert sooner.start_by_us == NOW_US + hours(22)


def test_two_faults_that_take_turns_do_not_flood_the_record(book: VerifyingBook) -> None:
    order = open_order(book, advice(start_in_h=100))
    for step in range(1, 240):  # an hour of plant time is ten steps
        at_h = step / 10
        fault, fails_at_h = (SPALL, 100.0) if step % 2 else (IMBALANCE, 500.0)
        book.advise(advice(fault, at_h=at_h, start_in_h=fails_at_h - at_h))
    assert len(book.history(order.id)) <= 3


def test_a_forecast_that_comes_later_gives_the_order_its_dates(book: VerifyingBook) -> None:
    open_order(book, advice(start_in_h=None))
    dated = book.advise(advice(start_in_h=50)).order
    assert dated is not None
    assert dated.start_by_us == NOW_US + hours(50)
    assert book.advise(advice(start_in_h=None, at_h=1)).what == "unchanged"


@pytest.mark.parametrize("status", list(Status))
def test_only_steps_of_the_table_are_taken(book: VerifyingBook, status: Status) -> None:
    order = open_order(book, advice())
    if status in TRANSITIONS[Status.WAPPR]:
        assert walked(book, order, status).status is status
        return
    with pytest.raises(Conflict, match=f"WAPPR to {status}"):
        walked(book, order, status)
    assert book.order(order.id) == order
    assert len(book.history(order.id)) == 1


def test_a_stale_revision_is_refused_and_changes_nothing(book: VerifyingBook) -> None:
    order = open_order(book, advice())
    approved = walked(book, order, Status.APPR)
    with pytest.raises(Conflict, match="revision 2, not 1"):
        book.act(order.id, Status.CAN, ANN, 1, NOW_US)
    assert book.order(order.id) == approved


def test_an_unknown_order_is_refused(book: VerifyingBook) -> None:
    assert book.order("WO-000099") is None
    assert book.history("WO-000099") == []
    with pytest.raises(Rejected, match="unknown_order"):
        book.act("WO-000099", Status.APPR, ANN, 1, NOW_US)


def test_an_order_is_closed_only_when_its_effect_was_verified_or_waived(book: VerifyingBook) -> None:
    done = completed(book, open_order(book, advice()))
    with pytest.raises(Conflict, match="verification is pending"):
        walked(book, done, Status.CLOSE)
    failed = book.verify(done.id, Verification.FAILED, ANN, NOW_US + hours(2))
    with pytest.raises(Conflict, match="verification is failed"):
        walked(book, failed, Status.CLOSE)
    waived = book.verify(done.id, Verification.WAIVED, ANN, NOW_US + hours(3))
    assert book.verify(done.id, Verification.WAIVED, ANN, NOW_US + hours(3)) == waived
    assert walked(book, waived, Status.CLOSE).status is Status.CLOSE


def test_only_a_completed_order_is_verified_and_pending_is_no_result(book: VerifyingBook) -> None:
    order = open_order(book, advice())
    with pytest.raises(Conflict, match="only a completed order"):
        book.verify(order.id, Verification.PASSED, ANN, NOW_US)
    with pytest.raises(Rejected, match="no_result"):
        book.verify(completed(book, order).id, Verification.PENDING, ANN, NOW_US)


def test_rework_asks_for_a_new_verification(book: VerifyingBook) -> None:
    done = completed(book, open_order(book, advice()))
    failed = book.verify(done.id, Verification.FAILED, ANN, NOW_US + hours(2))
    again = walked(book, failed, Status.INPRG, Status.COMP)
    assert again.verification is Verification.PENDING


def test_reports_are_kept_and_added_to(book: VerifyingBook) -> None:
    order = walked(book, open_order(book, advice()), Status.APPR, Status.INPRG)
    first: Json = {"found": "spall", "hours": 6.5, **CODES}
    done = book.act(order.id, Status.COMP, ANN, order.revision, NOW_US, first)
    again = book.act(order.id, Status.INPRG, ANN, done.revision, NOW_US, {"hours": 9.0})
    assert again.report == {"found": "spall", "hours": 9.0}


@pytest.mark.parametrize(
    ("report", "slug"), [({"n": float("nan")}, "report_not_json"), ({"t": "x" * 70_000}, "report_too_large")]
)
def test_a_report_that_cannot_be_kept_is_refused(book: VerifyingBook, report: Json, slug: str) -> None:
    order = open_order(book, advice())
    with pytest.raises(Rejected, match=slug):
        book.act(order.id, Status.APPR, ANN, 1, NOW_US, report)
    assert book.order(order.id) == order


def test_advice_on_a_completed_order_feeds_its_verification_however_late(book: VerifyingBook) -> None:
    done = completed(book, open_order(book, advice()))
    outcome = book.advise(advice(at_h=10_000))
    assert (outcome.what, outcome.order) == ("cooling_down", done)


@pytest.mark.parametrize("end", ["cancelled", "closed"])
def test_a_finished_order_keeps_its_component_quiet_for_three_days(book: VerifyingBook, end: str) -> None:
    order = open_order(book, advice())
    final = closed(book, order, at_h=5) if end == "closed" else walked(book, order, Status.CAN, at_h=5)
    quiet = book.advise(advice(Fault("de_bearing", "bearing_wear"), at_h=76.9))
    assert (quiet.what, quiet.order) == ("cooling_down", final)
    again = book.advise(advice(at_h=77.1))
    assert again.what == "opened"
    assert book.advise(advice(at_h=77.2)).what == "unchanged"
    assert len(book.orders(open_only=True)) == 1


def test_a_finished_order_does_not_keep_other_components_quiet(book: VerifyingBook) -> None:
    walked(book, open_order(book, advice()), Status.CAN)
    assert book.advise(advice(IMBALANCE, at_h=2)).what == "opened"


def test_a_failed_verification_lets_the_next_alarm_open_an_order_that_follows(book: VerifyingBook) -> None:
    done = completed(book, open_order(book, advice()))
    book.verify(done.id, Verification.FAILED, ANN, NOW_US + hours(2))
    follower = open_order(book, advice(at_h=3))
    [first] = book.history(follower.id)
    assert isinstance(first["after"], dict)
    assert first["after"]["follows"] == done.id
    with pytest.raises(Conflict, match="already open"):
        walked(book, replace(done, revision=done.revision + 1), Status.INPRG)


def test_orders_come_newest_first_and_open_ones_alone_when_asked(book: VerifyingBook) -> None:
    opened = [open_order(book, advice(asset=f"pump-{n:02d}", at_h=n)) for n in range(5)]
    walked(book, opened[2], Status.CAN)
    assert [order.asset for order in book.orders()] == ["pump-04", "pump-03", "pump-02", "pump-01", "pump-00"]
    assert [order.asset for order in book.orders(open_only=True)] == ["pump-04", "pump-03", "pump-01", "pump-00"]
    assert [order.asset for order in book.orders(limit=2)] == ["pump-04", "pump-03"]


def test_pages_follow_one_another_without_gap_or_repeat(book: VerifyingBook) -> None:
    opened = [open_order(book, advice(asset=f"pump-{n:02d}", at_h=n // 3)) for n in range(8)]
    walked(book, opened[2], Status.CAN)
    for open_only in (False, True):
        whole, paged = book.orders(open_only=open_only), list[WorkOrder]()
        while page := book.orders(open_only=open_only, limit=3, before=paged[-1].number if paged else None):
            paged += page
        assert paged == whole
        assert [order.number for order in whole] == sorted((order.number for order in whole), reverse=True)
    assert [o.asset for o in book.orders(before=opened[1].id)] == ["pump-00"]
    assert book.orders(before="WO-999999") == []


def test_a_list_without_evidence_is_the_same_but_for_the_evidence(book: VerifyingBook) -> None:
    order = open_order(book, advice(evidence={"score": 0.9}))
    [bare] = book.orders(evidence=False)
    assert [cause.evidence for cause in bare.causes] == [{}]
    assert replace(bare, causes=order.causes) == order == book.orders()[0]


def test_the_record_of_an_order_names_who_did_what_when(book: VerifyingBook) -> None:
    order = closed(book, open_order(book, advice()), at_h=7)
    history = book.history(order.number)
    actions = ["opened", "APPR", "INPRG", "COMP", "verification passed", "CLOSE"]
    assert [row["action"] for row in history] == actions
    assert [row["actor"] for row in history] == ["forewarn", *["ann"] * 5]
    assert history[-1]["at_us"] == NOW_US + hours(7)
    assert isinstance(history[-1]["hash"], str)
    assert len(history[-1]["hash"]) == 64
