"""The form in which people enter readings, on a phone: units, doubts, errors, what is sent. The server is a FAKE."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.browsing import PHONE
from tests.ui.fake_readings import ASSET
from tests.ui.staging import Stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def opened(page: Page) -> Locator:
    page.get_by_role("button", name="Enter readings").click()
    return page.get_by_role("dialog")


def test_a_round_is_entered_on_a_phone_and_is_no_longer_due(stage: Stage) -> None:
    with stage.page(f"/assets/{ASSET}", PHONE) as page:
        expect(page.get_by_text("Round due: oil")).to_be_visible()
        form = opened(page)
        iron = form.get_by_label("oil_iron (ppm)")
        expect(iron).to_have_attribute("inputmode", "decimal")
        expect(form).to_contain_text("expected 0 to 500 ppm · last 38 ppm")
        expect(form).to_contain_text("expected 0 to 2,000 ppm · no value yet")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing wider than the phone"
        iron.fill("38,5")
        form.get_by_label("oil_water (ppm)").fill("120")
        form.get_by_label("When").fill("2026-11-23T08:30")
        form.get_by_label("Note").fill("sample 4711")
        form.get_by_role("button", name="Store").click()
        expect(form.get_by_role("status")).to_contain_text("2 readings of 23 Nov 2026, 08:30")
        expect(form.get_by_role("status")).to_contain_text("oil_water: far from the values before")
        form.get_by_role("button", name="Close").last.click()
        expect(page.get_by_text("Round due: oil")).to_have_count(0)
    ((sent, key),) = stage.plant.readings.entered
    assert sent.values == {"oil_iron": 38.5, "oil_water": 120.0}
    assert sent.at is not None
    assert sent.at.isoformat() == "2026-11-23T07:30:00+00:00"  # the clock on the wall in Berlin
    assert (sent.note, sent.confirm, len(key) >= 8) == ("sample 4711", False, True)


def test_what_is_no_number_is_told_at_its_field_and_nothing_is_sent(stage: Stage) -> None:
    with stage.page(f"/assets/{ASSET}", PHONE) as page:
        form = opened(page)
        form.get_by_role("button", name="Store").click()
        expect(form.get_by_role("alert")).to_contain_text("Enter at least one value")
        form.get_by_label("oil_iron (ppm)").fill("38 ppm")
        form.get_by_role("button", name="Store").click()
        expect(form).to_contain_text("A number is needed")
    assert stage.plant.readings.entered == []


def test_a_doubt_is_shown_and_confirmed_and_typing_asks_anew(stage: Stage) -> None:
    stage.watch.expected = ("422",)
    with stage.page(f"/assets/{ASSET}", PHONE) as page:
        form = opened(page)
        form.get_by_label("oil_iron (ppm)").fill("600")
        form.get_by_role("button", name="Store").click()
        expect(form.get_by_role("status")).to_contain_text("600 ppm is outside")
        form.get_by_label("oil_iron (ppm)").fill("700")
        expect(form.get_by_role("button", name="It is right")).to_have_count(0)
        form.get_by_role("button", name="Store").click()
        form.get_by_role("button", name="It is right: store it").click()
        expect(form).to_contain_text("One reading of")
    ((sent, _),) = stage.plant.readings.entered
    assert (sent.values, sent.confirm) == ({"oil_iron": 700.0}, True)


def test_a_time_ahead_and_an_absent_server_are_told_and_the_values_stay(stage: Stage) -> None:
    stage.watch.expected = ("422", "503")
    with stage.page(f"/assets/{ASSET}", PHONE) as page:
        form = opened(page)
        form.get_by_label("oil_iron (ppm)").fill("40")
        form.get_by_label("When").fill("2027-01-01T08:30")
        form.get_by_role("button", name="Store").click()
        expect(form).to_contain_text("this time lies ahead")
        stage.plant.readings.away = True
        form.get_by_label("When").fill("")
        form.get_by_role("button", name="Store").click()
        expect(form.get_by_role("alert")).to_contain_text("the ingest process does not answer")
        expect(form.get_by_label("oil_iron (ppm)")).to_have_value("40")
        stage.plant.readings.away = False
        form.get_by_role("button", name="Store").click()
        expect(form).to_contain_text("One reading of")


def test_a_sensors_reading_can_be_entered_too_and_in_chinese(stage: Stage) -> None:
    with stage.page("/assets/mix-01", locale="zh-CN") as page:
        page.get_by_role("button", name="录入读数").click()
        form = page.get_by_role("dialog")
        form.get_by_label("信号").select_option("power")
        form.get_by_role("textbox").first.fill("12")
        form.get_by_role("button", name="保存").click()
        expect(form.get_by_role("status")).to_contain_text("1 个读数")
    ((sent, _),) = stage.plant.readings.entered
    assert sent.values == {"power": 12.0}
