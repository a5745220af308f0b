"""Who completes an order says what was found: two taps, and nothing is said that nobody chose."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.staging import Stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NUMBER = "WO-000003"


def completing(page: Page) -> Any:
    page.get_by_role("button", name="Report as completed").click()
    return page.get_by_role("dialog")


def sent_by(page: Page, dialog: Any) -> dict[str, Any]:
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
        assert "finding" not in sent_by(page, dialog)


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
        sent = sent_by(page, dialog)
        assert (sent["finding"], sent["fault_found"]) == ("not_found", "coupling:misalignment")


def test_other_steps_and_other_orders_ask_for_no_finding(stage: Stage) -> None:
    with stage.page(f"/orders/{NUMBER}") as page:
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("dialog").get_by_role("radio")).to_have_count(0)
