"""Who completes an order says what was found, and by which codes: what the order knows is filled in, and nothing is
said that nobody chose."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from forewarn.maintenance.orders.findings import CODES
from tests.ui.staging import Stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NUMBER = "WO-000003"


def completing(page: Page) -> Any:
    page.get_by_role("button", name="Report as completed").click()
    return page.get_by_role("dialog")


def sent_by(page: Page, dialog: Any, **codes: str) -> dict[str, Any]:
    """What is sent, once the codes that the order does not know are chosen."""
    for label, code in {"Failure cause": "3.4", "What was done?": "1", **codes}.items():
        if dialog.get_by_label(label).count():
            dialog.get_by_label(label).select_option(code)
    with page.expect_request(lambda r: r.url.endswith("/actions")) as asked:
        dialog.get_by_role("button", name="Report as completed").click()
    sent = asked.value.post_data_json
    assert isinstance(sent, dict)
    return sent


def test_completing_offers_three_findings_and_chooses_none(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    with stage.page(f"/orders/{NUMBER}") as page:
        dialog = completing(page)
        expect(dialog.get_by_role("radio")).to_have_count(3)
        for choice in dialog.get_by_role("radio").all():
            expect(choice).not_to_be_checked()
        sent = sent_by(page, dialog)
        assert "finding" not in sent
        assert {key: sent[key] for key in CODES} == {
            "failure_mode_found": "VIB", "failure_mechanism": "2.6", "failure_cause": "3.4", "detection_method": "6",
            "activity": "1",
        }  # fmt: skip


def test_codes_that_nobody_chose_are_asked_for_before_anything_is_sent(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    with stage.page(f"/orders/{NUMBER}") as page:
        dialog = completing(page)
        dialog.get_by_role("button", name="Report as completed").click()
        expect(dialog.get_by_text("Please choose one")).to_have_count(2)
        assert stage.plant.order(NUMBER).status == "INPRG"  # type: ignore[union-attr]


def test_where_nothing_was_found_only_detection_and_activity_are_asked_for(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    with stage.page(f"/orders/{NUMBER}") as page:
        dialog = completing(page)
        dialog.get_by_label("Not found").click()
        expect(dialog.get_by_label("Failure cause")).to_have_count(0)
        sent = sent_by(page, dialog)
        assert (sent["finding"], set(sent) & set(CODES)) == ("not_found", {"detection_method", "activity"})


def test_open_steps_of_the_plan_want_a_reason(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    stage.plant.change(NUMBER, open_steps={"gap": "Measure the clearance"})
    with stage.page(f"/orders/{NUMBER}", locale="zh-CN") as page:
        page.get_by_role("button", name="报告完工").click()
        dialog = page.get_by_role("dialog")
        for label, code in (("失效原因", "3.4"), ("做了什么？", "1")):
            dialog.get_by_label(label).select_option(code)
        dialog.get_by_role("button", name="报告完工").click()
        expect(dialog.get_by_text("请说明原因")).to_be_visible()
        dialog.get_by_label("为什么没有做").fill("没有量具")
        with page.expect_request(lambda r: r.url.endswith("/actions")) as asked:
            dialog.get_by_role("button", name="报告完工").click()
        sent = asked.value.post_data_json
        assert isinstance(sent, dict)
        assert sent["skipped"] == {"gap": "没有量具"}


def test_a_confirmed_fault_is_told_with_two_taps(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    with stage.page(f"/orders/{NUMBER}") as page:
        dialog = completing(page)
        dialog.get_by_label("Confirmed").click()
        expect(dialog.get_by_label("What was it?")).to_have_count(0)
        assert sent_by(page, dialog)["finding"] == "confirmed"


def test_what_was_there_instead_is_chosen_from_what_had_been_weighed(stage: Stage) -> None:
    stage.plant.move(NUMBER, "INPRG", "ann")
    with stage.page(f"/orders/{NUMBER}") as page:
        dialog = completing(page)
        dialog.get_by_label("Not found").click()
        dialog.get_by_label("What was it?").select_option("coupling:misalignment")
        sent = sent_by(page, dialog, **{"Failure mode": "PDE", "Failure mechanism": "1.3"})
        assert (sent["failure_mode_found"], sent["failure_mechanism"]) == ("PDE", "1.3")
        assert (sent["finding"], sent["fault_found"]) == ("not_found", "coupling:misalignment")


def test_other_steps_and_other_orders_ask_for_no_finding(stage: Stage) -> None:
    with stage.page(f"/orders/{NUMBER}") as page:
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("dialog").get_by_role("radio")).to_have_count(0)


def test_the_orders_around_an_order_and_who_approves_its_cost_are_shown(stage: Stage) -> None:
    stage.plant.change(NUMBER, follows="WO-000001", follow_ups=["WO-000002"], needs_approval="by manager")
    with stage.page(f"/orders/{NUMBER}") as page:
        expect(page.get_by_text("Approval needed: by manager.")).to_be_visible()
        expect(page.get_by_role("link", name="WO-000002")).to_be_visible()
        page.get_by_role("link", name="WO-000001").click()
        page.wait_for_url("**/orders/WO-000001")
