"""Shelving on the page of a machine: a reason is wanted, what is silent stands there, and it can be ended."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.ui.browsing import DESK, PHONE
from tests.ui.staging import Stage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_alarms_are_shelved_with_a_reason_and_speak_again(stage: Stage, size: tuple[int, int]) -> None:
    with stage.page("/assets/pump-04", size) as page:
        page.get_by_role("button", name="Shelve alarms").click()
        dialog = page.get_by_role("dialog", name="Shelve alarms for a while")
        expect(dialog.get_by_role("button", name="Shelve", exact=True)).to_be_disabled()
        dialog.get_by_label("What").select_option("hot")
        dialog.get_by_label("For how long").select_option("72")
        dialog.get_by_label("Reason").fill("the hall is being painted")
        dialog.get_by_role("button", name="Shelve", exact=True).click()
        expect(page.get_by_text("Shelved until")).to_contain_text("hot")
        expect(page.get_by_text("the hall is being painted (planner)")).to_be_visible()
        page.get_by_role("button", name="End it now").click()
        expect(page.get_by_text("Shelved until")).to_have_count(0)
    assert stage.plant.shelf.standing == {}
