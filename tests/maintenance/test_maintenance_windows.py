"""In a maintenance window no orders are opened; after it the alarm is looked at again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.autonomy import WEEK_US
from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.windows import MaintenanceWindow, Repeat, Scope
from forewarn.maintenance.audit import history_of
from tests.maintenance.autonomy_house import MONDAY_US, House, alarm
from tests.maintenance.samples import ANN, hours

# ---- maintenance windows ----


def window(scope: Scope, of: str, start_h: float = 0.0, length_h: float = 8.0, **more: object) -> MaintenanceWindow:
    made = MaintenanceWindow("", scope, of, MONDAY_US + hours(start_h), length_h, reason="bearings are greased")
    return replace(made, **more)  # type: ignore[arg-type] # fields by name


@pytest.mark.parametrize(
    ("scope", "of"), [(Scope.ASSET, "pump-000"), (Scope.AREA, "boilers"), (Scope.CLASS, "pump"), (Scope.PLANT, "")]
)
def test_in_a_window_no_order_is_opened_and_after_it_the_alarm_is_looked_at_again(
    house: House, scope: Scope, of: str
) -> None:
    house.windows.plan(window(scope, of), ANN, MONDAY_US)
    outcome = house.one(alarm(at_h=7.9))
    assert outcome.what == "held"
    assert "bearings are greased" in outcome.reason
    (held,) = house.autonomy.held(MONDAY_US + hours(7.9))
    assert (held.why, held.until_us) == ("window", MONDAY_US + hours(8))
    assert house.one(alarm("fan-0", at_h=7.9)).what == ("held" if scope is Scope.PLANT else "opened")
    assert house.one(alarm(at_h=8)).what == "opened"
    assert [one.advice.asset for one in house.autonomy.held(MONDAY_US + hours(9))] == (
        ["fan-0"] if scope is Scope.PLANT else []
    )


def test_an_order_that_is_open_goes_on_in_a_window(house: House) -> None:
    house.one(alarm())
    house.windows.plan(window(Scope.PLANT, ""), ANN, MONDAY_US)
    assert house.one(alarm(at_h=2, slack_h=100)).what == "updated"


def test_a_window_repeats_until_its_end_and_can_be_taken_back(house: House) -> None:
    until_us = MONDAY_US + 3 * WEEK_US
    made = house.windows.plan(window(Scope.CLASS, "pump", repeat=Repeat.WEEKLY, until_us=until_us), ANN, MONDAY_US)
    assert house.one(alarm(at_h=2 * 168 + 7)).what == "held"
    assert house.one(alarm("pump-001", at_h=3 * 168 + 1)).what == "opened"
    with pytest.raises(Conflict):
        house.windows.end(made.id, ANN, 2, MONDAY_US)
    house.windows.end(made.id, ANN, 1, MONDAY_US)
    assert house.windows.windows() == []
    assert house.one(alarm(at_h=2 * 168 + 7.5)).what == "opened"
    with house.records.read() as connection:
        assert [row["action"] for row in history_of(connection, f"window:{made.id}")] == ["planned", "ended"]


def test_a_window_needs_a_reason_and_a_time_to_come(house: House) -> None:
    with pytest.raises(Rejected, match="reason_needed"):
        house.windows.plan(window(Scope.PLANT, "", reason=""), ANN, MONDAY_US)
    with pytest.raises(Rejected, match="window_over"):
        house.windows.plan(window(Scope.PLANT, ""), ANN, MONDAY_US + 9 * US_PER_HOUR)
