"""The work of an order on its page: a technician tells each step and what it took, a planner sees who is waited for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.ui.browsing import DESK, PHONE
from tests.ui.staging import Stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NUMBER = "WO-000003"


def card(page: Page, name: str):  # type: ignore[no-untyped-def] # a locator
    return page.get_by_role("region", name=name)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_technician_tells_steps_with_a_tap_or_a_value(stage: Stage, size: tuple[int, int]) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    with stage.page(f"/orders/{NUMBER}", size=size) as page:
        work = card(page, "Work")
        expect(work.get_by_text("Lock out and tag before the work")).to_be_visible()
        work.get_by_role("button", name="Done", exact=True).click()
        expect(work.get_by_text("1 of 3 steps done")).to_be_visible()
        work.get_by_role("button", name="Enter value").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_text("A number is needed")).to_be_visible()
        dialog.get_by_label("Value (mm)").fill("0,4")
        expect(dialog.get_by_text("Outside of the limits")).to_be_visible()
        dialog.get_by_role("button", name="Save").click()
        expect(work.get_by_text("not in order")).to_be_visible()
        expect(work.get_by_role("link", name="WO-000009")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_step_is_confirmed_by_somebody_else(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    stage.plant.jobs.person = "ann"
    with stage.page(f"/orders/{NUMBER}") as page:
        work = card(page, "Work")
        work.get_by_role("button", name="Done", exact=True).click()
        work.get_by_role("button", name="Confirm").click()
        expect(work.get_by_text("confirmed by planner")).to_be_visible()


def test_a_step_that_is_left_out_wants_a_reason(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    with stage.page(f"/orders/{NUMBER}", locale="zh-CN") as page:
        card(page, "作业").get_by_role("button", name="检查").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("不执行").click()
        dialog.get_by_role("button", name="保存").click()
        expect(dialog.get_by_text("请说明原因")).to_be_visible()
        dialog.get_by_label("原因").fill("没有时间")
        dialog.get_by_role("button", name="保存").click()
        expect(card(page, "作业").get_by_text("未执行")).to_be_visible()


def test_hours_are_reported_and_a_wrong_line_is_replaced(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    with stage.page(f"/orders/{NUMBER}") as page:
        report = card(page, "Report and cost")
        report.get_by_role("button", name="Add a line").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Hours").fill("2")
        dialog.get_by_label("Cost of an hour").fill("48")
        dialog.get_by_role("button", name="Save").click()
        expect(report.get_by_text("2 h · EUR 96.00")).to_be_visible()
        report.get_by_role("button", name="Correct").click()
        dialog.get_by_label("Hours").fill("3")
        dialog.get_by_role("button", name="Save").click()
        expect(report.get_by_text("3 h · EUR 144.00")).to_be_visible()
        expect(report.get_by_text("2 h · EUR 96.00")).to_have_count(0)


def test_a_change_by_somebody_else_is_shown_and_nothing_is_lost(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    stage.watch.expected = ("412",)
    with stage.page(f"/orders/{NUMBER}") as page:
        work = card(page, "Work")
        expect(work.get_by_role("button", name="Done", exact=True)).to_be_visible()
        stage.plant.change(NUMBER, revision=9)
        work.get_by_role("button", name="Done", exact=True).click()
        expect(work.get_by_text("The order changed meanwhile")).to_be_visible()
        work.get_by_role("button", name="Done", exact=True).click()
        expect(work.get_by_text("1 of 3 steps done")).to_be_visible()


def test_a_planner_asks_other_departments_and_sees_what_a_slip_does(stage: Stage) -> None:
    with stage.page(f"/orders/{NUMBER}") as page:
        asked = card(page, "Other departments")
        asked.get_by_role("button", name="Ask the usual ones").click()
        expect(asked.get_by_text('9 h after "start work by"')).to_be_visible()
        expect(asked.get_by_text("late", exact=True)).to_be_visible()
        asked.get_by_role("button", name="Done").click()
        expect(asked.get_by_text("done by planner")).to_be_visible()


def test_a_draft_says_why_and_what_changed(stage: Stage) -> None:
    stage.plant.change(NUMBER, draft="level", changed="3 d earlier: P50 fell from 21 d to 18 d")
    with stage.page(f"/orders/{NUMBER}") as page:
        expect(page.get_by_text("A draft: this class of machines")).to_be_visible()
        expect(page.get_by_text("3 d earlier")).to_be_visible()


def test_a_completed_repair_shows_before_and_after(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    stage.plant.move(NUMBER, "COMP", "ann")
    with stage.page(f"/orders/{NUMBER}") as page:
        compared = card(page, "Before and after, at comparable load")
        expect(compared.get_by_text("20 h of 24 h operating time seen")).to_be_visible()
        expect(compared.get_by_text("6.4 m/s²")).to_be_visible()
        expect(compared.get_by_text("ok", exact=True)).to_be_visible()
