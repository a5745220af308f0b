"""The page in a headless Chromium, against the fake interface of `fake_api`: each screen's main use, live changes,
conflicts, languages, phones, and what must never happen (outside requests, policy violations, console errors)."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from forewarn.api import page as page_layer
from forewarn.core.work import Status
from tests.ui import fake_plant
from tests.ui.browsing import COLLECT_VIOLATIONS, DESK, PHONE
from tests.ui.fake_api import LOGIN, order_row
from tests.ui.fake_plant import NOW
from tests.ui.staging import Stage

pytestmark = pytest.mark.browser

SCREENS = ["/", "/assets/pump-04", "/assets/mix-02", "/orders?show=all", "/orders/WO-000003", "/nowhere"]


def names_on_board(page: Page) -> list[str]:
    expect(page.locator("tr[data-asset]").first).to_be_visible()
    return page.locator("tr[data-asset] .row-link").all_inner_texts()


def test_the_board_shows_the_worst_machine_first_and_the_quiet_ones_by_name(stage: Stage) -> None:
    with stage.page() as page:
        names = names_on_board(page)
        assert names[:5] == [
            "Sludge mixer 1", "High pressure pump 4", "Aeration blower 1", "Aeration blower 3", "High pressure pump 5",
        ]  # fmt: skip
        assert names[5:] == sorted(names[5:])
        worst = page.locator("tr[data-asset=pump-04]")
        expect(worst).to_contain_text("Outer-race spall")
        expect(worst).to_contain_text("87 %")
        expect(worst).to_contain_text("P10 6 d – P90 25 d")
        expect(page.locator("tr[data-asset=mix-02]")).to_contain_text("learning, 42 %")
        expect(page.locator("tr[data-asset=pump-05]")).to_contain_text("temp_de stuck")


def test_filters_narrow_the_board_and_stand_in_the_address(stage: Stage) -> None:
    with stage.page() as page:
        page.get_by_role("button", name=re.compile("Alarm")).click()
        expect(page.locator("tr[data-asset]")).to_have_count(2)
        page.get_by_label("Area").select_option("Pump house")
        expect(page.locator("tr[data-asset]")).to_have_count(1)
        assert "state=alarm" in page.url
        page.reload()
        expect(page.locator("tr[data-asset]")).to_have_count(1)
        page.get_by_role("searchbox").fill("no such machine")
        expect(page.get_by_text("No machine matches these filters")).to_be_visible()
        page.get_by_role("button", name="Clear filters").click()
        expect(page.locator("tr[data-asset]")).to_have_count(12)


def test_a_live_event_changes_a_row_without_a_reload(stage: Stage) -> None:
    with stage.page() as page:
        row = page.locator("tr[data-asset=fan-02]")
        expect(row).to_contain_text("Normal")
        page.evaluate("window.sameDocument = true")
        stage.plant.change_asset(
            "fan-02", state="alarm", health=8.0, fault="belt:belt_wear", fault_label="belt wear, belt"
        )
        expect(row).to_contain_text("Belt wear")
        expect(row).to_contain_text("Alarm")
        assert page.evaluate("window.sameDocument") is True


def test_the_board_says_when_the_work_of_an_order_has_to_start_and_follows_it(stage: Stage) -> None:
    with stage.page() as page:
        expect(page.locator("tr[data-asset=mix-01]")).to_contain_text("Now overdue since Mon 23 Nov, 11:00")
        row = page.locator("tr[data-asset=pump-04]")
        expect(row).to_contain_text("start by Sun 29 Nov, 05:00, in 5 d 16 h")
        order = stage.plant.order("WO-000003")
        assert order is not None
        sooner = order.model_copy(update={"start_by": NOW + timedelta(hours=5), "revision": order.revision + 1})
        stage.plant.tell("order", order_row(sooner))
        expect(row).to_contain_text("start by Mon 23 Nov, 18:00, in 5 h")


def test_an_open_machine_shows_the_diagnosis_of_its_newest_assessment(stage: Stage) -> None:
    with stage.page("/assets/pump-04") as page:
        diagnosis = page.get_by_role("region", name="Diagnosis")
        expect(diagnosis.locator("article")).to_have_count(2)
        stage.plant.change_asset("pump-04", diagnosis=[], health=97.0, assessed_at=NOW)
        expect(diagnosis).to_contain_text("Nothing to diagnose")
        health = page.get_by_role("img", name="Health of High pressure pump 4: 97 of 100")
        expect(health.locator(".fill")).to_have_attribute("data-tone", "alert")  # still in alarm: never green


def test_terms_of_the_trade_are_explained_where_they_stand(stage: Stage) -> None:
    for path in ("/assets/pump-04", "/orders/WO-000003"):
        with stage.page(path) as page:
            for term, meaning in (("Remaining life", "one in ten lives ends before"), ("VIB", "ISO 14224")):
                page.locator(".explained", has_text=term).first.focus()
                expect(page.get_by_role("tooltip").filter(has_text=meaning)).to_be_visible()


def test_the_books_open_in_a_drawer_and_add_up(stage: Stage) -> None:
    with stage.page() as page:
        page.get_by_role("button", name=re.compile("Books")).click()
        drawer = page.get_by_role("dialog")
        expect(drawer).to_contain_text("4,810,212")
        expect(drawer).to_contain_text("The books balance.")


def test_a_plant_without_machines_says_where_they_come_from(stage: Stage) -> None:
    stage.plant.assets.clear()
    with stage.page() as page:
        expect(page.get_by_text("No machines yet")).to_be_visible()


COUNT_COLOURS = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = new Set();
  for (let i = 0; i < pixels.length; i += 4) seen.add(pixels.slice(i, i + 4).join());
  return seen.size;
}"""


def painted(page: Page, canvas: int) -> int:
    """How many different colours a canvas shows."""
    return int(page.locator("canvas").nth(canvas).evaluate(COUNT_COLOURS))


def test_the_charts_of_a_machine_are_drawn_and_have_their_numbers(stage: Stage) -> None:
    with stage.page("/assets/pump-04") as page:
        expect(page.locator("canvas")).to_have_count(4)
        for canvas in range(4):
            assert painted(page, canvas) > 10
        spectrum = page.get_by_role("region", name="Spectrum", exact=True)
        expect(spectrum.locator(".chart")).to_have_attribute("aria-label", re.compile("BPFO 89.6 Hz"))
        for name in ("Trend", "Anomaly score", "Remaining life", "Spectrum"):
            card = page.get_by_role("region", name=name, exact=True)
            card.get_by_role("button", name="Numbers").click()
            assert card.locator("tbody tr").count() > 20
        expect(spectrum.locator("tbody tr").first).to_contain_text("1x")
        expect(page.get_by_role("region", name="Trend", exact=True).locator("th").last).to_contain_text("(m/s²)")


def test_a_machine_says_what_is_wrong_and_what_to_check_next(stage: Stage) -> None:
    with stage.page("/assets/pump-04") as page:
        diagnosis = page.get_by_role("region", name="Diagnosis")
        expect(diagnosis.locator("article").first).to_contain_text("Outer-race spall")
        expect(diagnosis).to_contain_text("Vibration at running speed has not risen.")
        expect(diagnosis).to_contain_text("Next check: Envelope spectrum at BPFO")
        expect(page.get_by_role("region", name="What pulls the score")).to_contain_text("6.42 m/s², usually 1.98 m/s²")
        expect(page.get_by_role("region", name="Orders of this machine")).to_contain_text("WO-000003")


def test_a_second_opinion_is_given_when_asked_for(stage: Stage) -> None:
    for asset, told in (
        ("pump-04", ["83 %", "95 %: 0.105 to 0.131 m/s²", "no sure direction"]),
        ("fan-02", ["31 of 108"]),
    ):
        with stage.page(f"/assets/{asset}") as page:
            card = page.get_by_role("region", name="Second opinion")
            card.get_by_role("button", name="Second opinion").click()
            for text in told:
                expect(card).to_contain_text(text)


def test_what_running_on_costs_is_told_in_kwh_and_in_money_where_a_price_is_set(stage: Stage) -> None:
    extra = "costs 12.4 kWh a day more than it used to (8 to 17)"
    for price, told in ((None, extra), (0.2, f"{extra}, about EUR 2.48 a day")):
        stage.plant.price_per_kwh = price
        with stage.page("/assets/pump-04") as page:
            card = page.get_by_role("region", name="Price of running on")
            expect(card.locator("p").first).to_have_text(f"Running as it does now {told}")
            expect(card).to_contain_text("Energy per m³ delivered")
            expect(card).to_contain_text("used to be 0.406 kWh")
    with stage.page("/assets/fan-02") as page:
        card = page.get_by_role("region", name="Price of running on")
        expect(card.locator("p").first).to_have_text("It draws what it used to: no sure change (-1.1 to 1.5 kWh a day)")
        expect(card).to_contain_text("Energy per running hour")


def test_what_running_on_costs_says_why_it_cannot_be_told_and_is_hidden_without_a_meter(stage: Stage) -> None:
    stage.watch.expected = ("503",)
    with stage.page("/assets/fan-03") as page:
        card = page.get_by_role("region", name="Price of running on")
        expect(card).to_contain_text("it has not run in the last week")
        signals = [s for s in fake_plant.SIGNALS if s.quantity != "power"]
        stage.plant.change_asset("fan-03", signals=signals)
        expect(card).to_have_count(0)


def test_the_trend_shows_the_signal_that_was_picked(stage: Stage) -> None:
    with stage.page("/assets/pump-04") as page:
        trend = page.get_by_role("region", name="Trend", exact=True)
        trend.get_by_label("Signal or feature").select_option("temp_de")
        expect(trend.locator(".chart")).to_have_attribute("aria-label", re.compile("temp_de.*°C"))
        expect(trend).to_contain_text("Sensor range 0 °C to 150 °C")


def test_orders_stand_in_the_order_in_which_work_has_to_start(stage: Stage) -> None:
    with stage.page("/orders") as page:
        rows = page.locator("tr[data-order]")
        expect(rows).to_have_count(3)
        assert [rows.nth(i).get_attribute("data-order") for i in range(3)] == ["WO-000001", "WO-000003", "WO-000002"]
        expect(rows.nth(0).get_by_text("Now", exact=True)).to_have_count(2)
        expect(rows.nth(0)).to_contain_text("overdue since Mon 23 Nov, 11:00")
        expect(rows.nth(1)).to_contain_text("in 5 d 16 h")
        expect(rows.nth(1)).to_contain_text("Sun 29 Nov, 05:00")  # the site's zone, not the browser's
        page.get_by_text("All", exact=True).click()
        expect(rows).to_have_count(4)
        page.get_by_label("Kind").select_option("instrument")
        expect(rows).to_have_count(1)


def test_a_new_order_appears_by_itself(stage: Stage) -> None:
    with stage.page("/orders") as page:
        expect(page.locator("tr[data-order]")).to_have_count(3)
        new = stage.plant.orders[0].model_copy(update={"id": "id-new", "number": "WO-000009"})
        stage.plant.orders.append(new)
        stage.plant.tell("order", order_row(new))
        expect(page.locator("tr[data-order=WO-000009]")).to_be_visible()


def test_an_order_is_approved_with_a_note_after_a_second_question(stage: Stage) -> None:
    with stage.page("/orders/WO-000003") as page:
        expect(page.get_by_text("in 19 h · 08:00 CET")).to_be_visible()
        expect(page.get_by_text("86 %")).to_be_visible()
        page.get_by_role("button", name="Approve").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Note").fill("bearing ordered by phone")
        dialog.get_by_role("button", name="Approve").click()
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("main")).to_contain_text("bearing ordered by phone")
        expect(page.get_by_role("button", name="Start work")).to_be_visible()
    approved = stage.plant.order("WO-000003")
    assert approved is not None
    assert approved.status == Status.APPR
    assert len(stage.plant.keys) == 1


def test_who_decides_on_an_old_version_is_shown_both_and_decides_again(stage: Stage) -> None:
    stage.watch.expected = ("status of 412",)
    with stage.page("/orders/WO-000001") as page:
        page.get_by_role("button", name="Start work").click()
        stage.plant.move("WO-000001", "WMATL", "storekeeper")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Start work").click()
        conflict = dialog.get_by_role("alert")
        expect(conflict).to_contain_text("Somebody else changed this order")
        expect(conflict).to_contain_text("Approved")
        expect(conflict).to_contain_text("Waiting for material")
        expect(conflict).to_contain_text("storekeeper")
        assert stage.plant.keys == []
        dialog.get_by_role("button", name="Continue with the new version").click()
        dialog.get_by_role("button", name="Start work").click()
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("button", name="Report as completed")).to_be_visible()


def test_the_frozen_evidence_is_readable_and_the_raw_json_behind_a_button(stage: Stage) -> None:
    with stage.page("/orders/WO-000003") as page:
        why = page.get_by_role("region", name="What is wrong and why")
        expect(why).to_contain_text("The envelope shows the outer-race tone at 89.6 Hz.")
        expect(why).not_to_contain_text("advice_settings")
        why.get_by_role("button", name="Show raw JSON").click()
        expect(why).to_contain_text("advice_settings")


def test_the_language_is_switched_and_remembered(stage: Stage) -> None:
    with stage.page() as page:
        page.get_by_role("button", name="中文").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("机群")
        expect(page.locator("tr[data-asset=pump-04]")).to_contain_text("外圈剥落")
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("机群")
        assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_a_login_link_is_used_once_and_leaves_the_address_bar(stage: Stage) -> None:
    stage.watch.expected = ("status of 401",)
    with stage.context() as context:
        page = context.new_page()
        page.goto(stage.home)
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.goto(f"{stage.home}/login?token=an-old-login")
        expect(page.get_by_role("alert")).to_contain_text("This login is not valid")
        assert "token" not in page.url
        page.get_by_label("One-time login").fill(LOGIN)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
        page.get_by_role("button", name=re.compile("Signed in")).click()
        page.get_by_role("menuitem", name="Log out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_cut_connection_is_told_and_its_return_brings_what_was_missed(stage: Stage) -> None:
    stage.watch.expected = ("ERR_", "MIME", "503")
    with stage.page() as page:
        expect(page.locator("tr[data-asset=fan-02]")).to_contain_text("Normal")
        stage.plant.cut()
        expect(page.get_by_text("Connection lost, trying again.")).to_be_visible()
        expect(page.get_by_role("main")).to_have_attribute("data-stale", "true")
        stage.plant.change_asset("fan-02", state="alert")
        stage.plant.live = True
        expect(page.get_by_text("Connection lost")).to_be_hidden()
        expect(page.locator("tr[data-asset=fan-02]")).to_contain_text("Alert")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_screen_scrolls_sideways_breaks_the_policy_or_asks_outside(stage: Stage, size: tuple[int, int]) -> None:
    stage.watch.expected = ("status of 404",)  # the spectrum of a signal without waveform
    with stage.page(size=size) as page:
        page.add_init_script(COLLECT_VIOLATIONS)
        for path in SCREENS:
            page.goto(stage.home + path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            page.wait_for_load_state("networkidle") if "/assets/" not in path else page.locator(
                "canvas"
            ).first.wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
            assert page.evaluate("window.violations") == [], path


def test_a_phone_gets_cards_in_place_of_tables(stage: Stage) -> None:
    with stage.page(size=PHONE) as page:
        expect(page.locator("li[data-asset]").first).to_contain_text("Sludge mixer 1")
        expect(page.locator("li[data-asset]").first).to_contain_text("Now overdue since Mon 23 Nov, 11:00")
        page.get_by_role("navigation").get_by_role("link", name="Orders").click()
        expect(page.locator("li[data-order]").first).to_contain_text("WO-000001")
        page.get_by_role("link", name="WO-000003").click()
        expect(page.get_by_role("button", name="Approve")).to_be_visible()


def test_the_board_is_walked_with_the_keyboard_alone(stage: Stage) -> None:
    with stage.page() as page:
        names_on_board(page)
        page.get_by_role("searchbox").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Sludge mixer 1")).to_be_visible()


def test_an_unknown_machine_or_order_is_called_so(stage: Stage) -> None:
    stage.watch.expected = ("status of 404",)
    with stage.page("/assets/none") as page:
        expect(page.get_by_text("There is no such machine")).to_be_visible()
        page.goto(f"{stage.home}/orders/none")
        expect(page.get_by_text("There is no such order")).to_be_visible()


def test_every_answer_that_is_a_page_carries_its_own_nonce(stage: Stage) -> None:
    with stage.context() as context:
        nonces = {
            re.findall(r'csp-nonce" content="([^"]+)"', context.request.get(stage.home).text())[0] for _ in range(2)
        }
    assert len(nonces) == 2
    assert Path(page_layer.STATIC, "index.html").read_text().count("__CSP_NONCE__") == 1
