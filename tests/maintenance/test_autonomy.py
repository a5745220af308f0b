"""How far Forewarn goes by itself: levels, what is held back, and how it gets out again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.autonomy import WHOLE_PLANT, Level, Measured
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plant import PartLine
from forewarn.core.work import Decision, Status, Verification
from tests.maintenance.autonomy_house import MONDAY_US, House, alarm
from tests.maintenance.samples import ANN, CODES, IMBALANCE, SPALL, hours

# ---- levels ----


def test_a_class_without_a_past_opens_orders_as_ever(house: House) -> None:
    outcome = house.one(alarm())
    assert outcome.what == "opened"
    assert outcome.order is not None
    assert (outcome.order.status, outcome.order.is_draft, outcome.order.reserve_parts) == (Status.WAPPR, False, False)
    assert house.sent("parts.reserve") == []


def test_at_the_lowest_level_the_advice_is_shown_and_no_order_is_there(house: House) -> None:
    house.set(Level.ADVISE)
    outcome = house.one(alarm())
    assert (outcome.what, outcome.order) == ("held", None)
    (held,) = house.autonomy.held(MONDAY_US + hours(2))
    assert (held.advice, held.why, held.of) == (alarm(), "level", "pump")
    assert house.orders.orders() == []
    assert house.one(alarm("fan-1")).what == "opened"  # another class


def test_a_draft_waits_for_a_person_and_approval_makes_it_an_order(house: House) -> None:
    house.set(Level.DRAFT)
    order = house.one(alarm()).order
    assert order is not None
    assert (order.status, order.draft, order.is_draft) == (Status.WAPPR, "level", True)
    assert not house.orders.act(order.id, Status.APPR, ANN, 1, MONDAY_US + hours(3)).is_draft


def test_an_advice_that_only_prepares_makes_a_draft_until_it_asks_for_the_order(house: House) -> None:
    order = house.one(replace(alarm(), decision=Decision.DRAFT)).order
    assert order is not None
    assert order.draft == "advice"
    after = house.one(alarm(at_h=2)).order
    assert after is not None
    assert (after.draft, after.changed) == ("", "No longer a draft: acting costs less than waiting.")


def test_the_highest_level_asks_for_the_parts_and_gives_them_back_when_the_order_is_cancelled(house: House) -> None:
    house.set(Level.RESERVE)
    order = house.one(alarm()).order
    assert order is not None
    assert order.reserve_parts
    (asked,) = house.sent("parts.reserve")
    assert asked.body["parts"] == [{"part": "6205", "quantity": 1}]
    more = replace(alarm(fault=IMBALANCE, at_h=2), parts=(PartLine("weight", 2),))
    assert house.one(more).what == "updated"
    assert house.one(replace(more, at_us=more.at_us + 1)).what == "unchanged"
    again = house.sent("parts.reserve")[1:]
    assert [message.body["parts"] for message in again] == [
        [{"part": "6205", "quantity": 1}, {"part": "weight", "quantity": 2}]
    ]
    house.orders.act(order.id, Status.CAN, ANN, 2, MONDAY_US + hours(3))
    assert [message.body["number"] for message in house.sent("parts.release")] == ["WO-000001"]


def test_a_level_is_earned_lost_set_and_taken_back_and_every_step_is_told(house: House) -> None:
    book, at_us = house.autonomy, MONDAY_US
    asked: list[int] = []

    def all_right(since_us: int) -> Measured:
        asked.append(since_us)
        return Measured(20, 20, 0.839, 1.0)

    risen = book.measure("pump", all_right, at_us)
    assert risen is not None
    assert (risen.level, risen.by) == (Level.RESERVE, "forewarn")
    assert book.measure("pump", all_right, at_us + 1) is None  # there is nothing above
    fallen = book.measure("pump", lambda since_us: Measured(1, 12, 0.015, 0.354), at_us + 2)
    assert fallen is not None
    assert fallen.level is Level.OPEN
    back = book.undo("pump", ANN, fallen.revision, at_us + 3)
    assert (back.level, back.counted_from_us) == (Level.RESERVE, at_us + 3)
    pinned = book.move(
        "pump", ANN, back.revision, at_us + 4, "the new sensors are tried", level=Level.DRAFT, pinned=True
    )
    assert book.measure("pump", all_right, at_us + 5) is None  # pinned
    assert asked == [0, at_us, at_us + 4]
    rows = book.steps("pump")
    assert [(row["action"], row["actor"]) for row in rows] == [
        ("set", "ann"),
        ("undone", "ann"),
        ("lost", "forewarn"),
        ("earned", "forewarn"),
    ]
    assert pinned.revision == 4
    assert book.steps("fan") == []


def test_a_step_needs_a_reason_a_known_class_and_the_newest_revision(house: House) -> None:
    book = house.autonomy
    with pytest.raises(Rejected, match="reason_needed"):
        book.move("pump", ANN, 0, MONDAY_US, " ", level=Level.DRAFT)
    with pytest.raises(Rejected, match="unknown_class"):
        book.move("pumps", ANN, 0, MONDAY_US, "why", level=Level.DRAFT)
    with pytest.raises(Rejected, match="plant_level"):
        book.move(WHOLE_PLANT, ANN, 0, MONDAY_US, "why", level=Level.DRAFT)
    with pytest.raises(Rejected, match="no_step"):
        book.undo("pump", ANN, 0, MONDAY_US)
    house.set(Level.DRAFT)
    with pytest.raises(Conflict, match="revision 1, not 0"):
        book.move("pump", ANN, 0, MONDAY_US, "why", pinned=True)


# ---- getting out again ----


def test_a_person_releases_what_is_held_outside_of_the_budget(house: House) -> None:
    house.autonomy.move(WHOLE_PLANT, ANN, 0, MONDAY_US, "few people", orders_per_week=0)
    house.one(alarm(slack_h=-5))
    (held,) = house.autonomy.held(MONDAY_US + hours(2))
    now_us = MONDAY_US + hours(3)
    with pytest.raises(Conflict, match="read it again"):
        house.autonomy.release(house.orders, "pump-000", SPALL, ANN, held.revision + 1, now_us)
    order = house.autonomy.release(house.orders, "pump-000", SPALL, ANN, held.revision, now_us)
    assert (order.asset, order.created_at_us, order.order_by_us) == ("pump-000", now_us, now_us)
    assert order.causes[0].evidence == {"asset": "pump-000"}
    assert house.orders.history(order.id)[0]["actor"] == "ann"
    assert house.spent(WHOLE_PLANT) == (0, 0, 0, 0)
    settled = house.autonomy.held_one("pump-000", SPALL)
    assert settled is not None
    assert (settled.state, settled.order_id) == ("opened", order.id)
    with pytest.raises(Rejected, match="not_held"):
        house.autonomy.release(house.orders, "pump-000", SPALL, ANN, settled.revision, now_us)


def test_a_repair_that_failed_goes_on_whatever_level_and_budget_say(house: House) -> None:
    order = house.one(alarm()).order
    assert order is not None
    for revision, status in enumerate((Status.APPR, Status.INPRG, Status.COMP), 1):
        report = CODES if status is Status.COMP else None
        house.orders.act(order.id, status, ANN, revision, MONDAY_US + hours(2), report)
    house.orders.verify(order.id, Verification.FAILED, ANN, MONDAY_US + hours(3))
    house.set(Level.ADVISE)
    house.autonomy.move(WHOLE_PLANT, ANN, 0, MONDAY_US, "few people", orders_per_week=0)
    outcome = house.one(alarm(at_h=4))
    assert outcome.what == "opened"
    assert outcome.order is not None
    assert outcome.order.follows == order.id


def test_what_is_not_given_again_for_two_days_has_ended(house: House) -> None:
    house.set(Level.ADVISE)
    house.one(alarm())
    assert house.autonomy.end_stale(MONDAY_US + hours(48)) == 0
    assert house.autonomy.end_stale(MONDAY_US + hours(50)) == 1
    assert house.autonomy.held(MONDAY_US + hours(50)) == []
    house.one(alarm(at_h=60))
    (again,) = house.autonomy.held(MONDAY_US + hours(61))
    assert again.first_at_us == MONDAY_US + hours(60)
