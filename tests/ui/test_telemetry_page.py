"""The page of telemetry in a headless Chromium, against the fake interface of `fake_api`: the main use of each part."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from forewarn.core.units import CANONICAL_UNIT
from forewarn.pipeline.plant_units import resolve_unit
from tests.ui.browsing import COLLECT_VIOLATIONS, DESK, PHONE
from tests.ui.staging import Stage

pytestmark = pytest.mark.browser

PARTS = ["", "/sources", "/gaps", "/sensors", "/adopt", "/quarantine"]
BOTH = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@BOTH
def test_the_overview_says_what_wants_attention_and_leads_there(stage: Stage, size: tuple[int, int]) -> None:
    with stage.page("/telemetry", size) as page:
        wants = page.get_by_role("region", name="What wants attention").get_by_role("listitem")
        expect(wants).to_have_count(6)
        expect(wants.first).to_contain_text("64 messages were refused")
        expect(wants.first).to_contain_text("5 min ago")
        page.get_by_role("link", name="6 messages are missing").click()
        expect(page.locator("[data-row]").first).to_contain_text("No. 4711 to 4715")


def test_the_books_stand_as_a_sum_with_a_sentence(stage: Stage) -> None:
    with stage.page("/telemetry") as page:
        books = page.get_by_role("region", name="The books, in readings")
        expect(books).to_contain_text("All 4,821,337 readings that were acknowledged to a sensor are accounted for.")
        figures = [int(re.sub(r"\D", "", text)) for text in books.locator("dd.figure").all_inner_texts()]
        assert figures[0] == sum(figures[1:-1]) - figures[-1]


def test_the_front_door_tells_whom_it_turned_away(stage: Stage) -> None:
    with stage.page("/telemetry") as page:
        door = page.get_by_role("region", name="Front door since its start")
        expect(door).to_contain_text("4 x bad login")
        expect(door).to_contain_text("message too large")
        expect(door).to_contain_text("81,220 messages, connected 3 x")


def test_a_plant_to_which_nothing_has_happened_says_so_in_every_part(stage: Stage) -> None:
    stage.plant.telemetry.clear()
    said = [
        "Nothing to do", "Nobody has sent anything yet", "Nothing is missing", "Every sensor can be believed",
        "Every number has a name", "Nothing is in quarantine",
    ]  # fmt: skip
    with stage.page("/telemetry", PHONE) as page:
        for part, text in zip(PARTS, said, strict=True):
            page.goto(f"{stage.home}/telemetry{part}")
            expect(page.get_by_text(text)).to_be_visible()


@BOTH
def test_a_sender_shows_its_promise_in_words_the_weakest_first(stage: Stage, size: tuple[int, int]) -> None:
    with stage.page("/telemetry/sources", size) as page:
        rows = page.locator("[data-row]")
        expect(rows.nth(0)).to_contain_text("At most once")
        expect(rows.nth(0)).to_contain_text("100 % without acknowledgement (QoS 0)")
        expect(rows.nth(1)).to_contain_text("10 d 10 h slow")
        expect(rows.nth(1)).to_contain_text("the broker does not say what it is")
        expect(rows.nth(2)).to_contain_text("Nothing acknowledged is lost")
        expect(rows.nth(2)).to_contain_text("Mon 23 Nov, 13:00")  # of the site, not of the browser in New York


def test_sparkplug_devices_tell_who_is_away_and_take_no_room_where_there_are_none(stage: Stage) -> None:
    with stage.page("/telemetry/sources") as page:
        rows = page.get_by_role("region", name="Sparkplug nodes and devices").first.locator("[data-row]")
        expect(rows.first).to_contain_text("hall/edge-1/drive")
        expect(rows.first).to_contain_text("Offline")
        expect(rows.nth(1)).to_contain_text("alive, and its names are known")
        stage.plant.telemetry.nodes.clear()
        page.reload()
        expect(page.locator("[data-row]").first).to_be_visible()
        expect(page.get_by_text("Sparkplug")).to_have_count(0)


@BOTH
def test_sensor_events_tell_their_state_in_words_and_recovered_ones_on_demand(
    stage: Stage, size: tuple[int, int]
) -> None:
    with stage.page("/telemetry/sensors", size) as page:
        rows = page.locator("[data-row]")
        expect(rows).to_have_count(3)
        expect(rows.first).to_contain_text("Failure")
        expect(rows.first).to_contain_text("61.3 °C for 26 h")
        page.get_by_text("All", exact=True).click()
        expect(rows).to_have_count(4)
        expect(rows.last).to_contain_text("Maintenance required")
        page.get_by_role("link", name="High pressure pump 5").click()
        expect(page.get_by_role("heading", name="High pressure pump 5")).to_be_visible()


@BOTH
def test_a_number_is_adopted_by_the_guess_and_given_up_again(stage: Stage, size: tuple[int, int]) -> None:
    with stage.page("/telemetry/adopt", size) as page:
        expect(page.locator("[data-row]")).to_have_count(2)
        page.get_by_role("button", name="Adopt: riverside/pump-04/env seal.temp").click()
        form = page.get_by_role("dialog")
        expect(form.get_by_label("Machine")).to_have_value("pump-04")
        expect(form.get_by_label("Name of the signal")).to_have_value("seal_temp")
        expect(form.get_by_label("What it measures")).to_have_value("temperature")
        expect(form.get_by_label("Unit as it is sent")).to_have_value("degC")
        form.get_by_role("button", name="Adopt").click()
        expect(form).to_be_hidden()
        expect(page.get_by_text("seal_temp of High pressure pump 4 is adopted.")).to_be_visible()
        expect(page.get_by_text("12 refused messages are read again.")).to_be_visible()
        expect(page.get_by_role("link", name="Show the machine")).to_have_attribute("href", "/assets/pump-04")
        expect(page.locator("[data-row]")).to_have_count(1)
        (adopted,) = stage.plant.telemetry.adopted.values()
        assert (adopted.topic, adopted.field, adopted.replay) == ("riverside/pump-04/env", "seal.temp", True)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("seal_temp was given up again.")).to_be_visible()
        expect(page.locator("[data-row]")).to_have_count(2)
    assert stage.plant.telemetry.adopted == {}


def test_what_cannot_be_adopted_is_said_at_the_field_and_the_form_stays(stage: Stage) -> None:
    stage.watch.expected = ("status of 422",)
    with stage.page("/telemetry/adopt") as page:
        page.get_by_role("button", name="Adopt: lab/box-3/x17").click()
        form = page.get_by_role("dialog")
        form.get_by_role("button", name="Adopt").click()
        expect(form.get_by_label("Machine")).to_have_accessible_description("Choose the machine it belongs to")
        form.get_by_label("Machine").select_option("fan-02")
        form.get_by_label("What it measures").select_option("pressure")
        expect(form.get_by_text("For instance bar, mbar, kPa, MPa")).to_be_visible()
        form.get_by_label("Unit as it is sent").fill("degC")
        form.get_by_role("button", name="Adopt").click()
        expect(form.get_by_text("'degC' is no unit of pressure")).to_be_visible()
        expect(form.get_by_label("Unit as it is sent")).to_have_attribute("aria-invalid", "true")
        form.get_by_label("Unit as it is sent").fill("psi")
        form.get_by_role("button", name="Adopt").click()
        expect(page.get_by_text("x17 of Aeration blower 2 is adopted.")).to_be_visible()


def test_every_unit_that_the_form_offers_is_one_that_the_plant_takes(root: Path) -> None:
    rules = (root / "ui/src/pages/telemetry/rules.ts").read_text()
    table = rules[rules.index("UNIT_EXAMPLES:") : rules.index("QUANTITIES")]
    offered = {name: re.findall(r'"([^"]+)"', units) for name, units in re.findall(r"(\w+): \[(.+)\],", table)}
    assert set(offered) == set(CANONICAL_UNIT)
    for quantity, units in offered.items():
        for unit in units:
            plain = re.sub(r" (rms|pk|pk-pk)$", "", unit)
            assert resolve_unit(plain, quantity)[0] == quantity


@BOTH
def test_refused_messages_are_filtered_searched_and_paged(stage: Stage, size: tuple[int, int]) -> None:
    with stage.page("/quarantine", size) as page:
        page.wait_for_url(f"{stage.home}/telemetry/quarantine")  # the old address still leads there
        rows = page.locator("[data-row]")
        expect(rows).to_have_count(50)
        expect(rows.first).to_contain_text("value is NaN")
        page.get_by_role("button", name="Show older").click()
        expect(rows).to_have_count(64)
        page.get_by_role("button", name="unknown topic 1").click()
        expect(rows).to_have_count(1)
        expect(rows.get_by_role("link", name="Signals to adopt")).to_have_attribute("href", "/telemetry/adopt")
        page.get_by_role("button", name="All 64").click()
        page.get_by_role("searchbox").fill("FAN-02")
        expect(rows).to_have_count(1)
        rows.first.locator("summary").click()
        expect(rows.first.locator("pre")).to_contain_text("[" * 120)
        page.get_by_role("searchbox").fill("no such thing")
        expect(page.get_by_text("Nothing matches")).to_be_visible()


@BOTH
def test_all_messages_of_a_reason_are_read_again_after_a_second_question(stage: Stage, size: tuple[int, int]) -> None:
    stage.plant.telemetry.mended = {"future"}
    with stage.page("/telemetry/quarantine", size) as page:
        page.get_by_role("button", name="time in the future 60").click()
        page.get_by_role("button", name="Read all 60 again").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("All 60 with the reason “time in the future”")
        expect(dialog).to_contain_text("what is still wrong stays here with its reason")
        dialog.get_by_role("button", name="Read again").click()
        expect(page.get_by_text("60 messages are read again: see what is left below.")).to_be_visible()
        expect(page.get_by_role("button", name="All 4")).to_be_visible()
    assert [one.reason for one in stage.plant.telemetry.replays] == ["future"]


def test_one_message_or_its_whole_topic_is_read_again_and_one_that_was_cut_cannot_be(stage: Stage) -> None:
    with stage.page("/telemetry/quarantine") as page:
        expect(page.locator("[data-row]").filter(has_text="hall/camera")).to_contain_text("cannot be read again")
        again = page.get_by_role("button", name="Read again: riverside/pump-99/speed")
        again.click()
        page.get_by_role("dialog").get_by_role("button", name="Read again").click()
        expect(page.get_by_text("1 message is read again")).to_be_visible()
        again.click()
        page.get_by_label("All of the topic riverside/pump-99/speed").check()
        page.get_by_role("dialog").get_by_role("button", name="Read again").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
    first, second = stage.plant.telemetry.replays
    assert (first.rows, first.topic) == ([99], None)
    assert (second.rows, second.topic) == (None, "riverside/pump-99/speed")


def test_while_ingest_is_away_it_is_said_calmly_and_what_must_wait_waits(stage: Stage) -> None:
    fake = stage.plant.telemetry
    fake.ingest = fake.ingest.model_copy(update={"running": False})
    with stage.page("/telemetry/adopt") as page:
        expect(page.get_by_role("status").filter(has_text="Ingest does not answer.")).to_be_visible()
        expect(page.get_by_role("button", name="Adopt: lab/box-3/x17")).to_be_disabled()
        page.get_by_role("link", name=re.compile("Quarantine")).click()
        expect(page.locator("[data-row]").first).to_contain_text("value is NaN")
        expect(page.get_by_role("button", name="Read again: riverside/pump-99/speed")).to_be_disabled()


def test_ingest_that_goes_away_between_question_and_answer_is_told_in_the_dialog(stage: Stage) -> None:
    stage.watch.expected = ("status of 503",)
    with stage.page("/telemetry/quarantine") as page:
        page.get_by_role("button", name="Read again: riverside/pump-99/speed").click()
        fake = stage.plant.telemetry
        fake.ingest = fake.ingest.model_copy(update={"running": False})
        page.get_by_role("dialog").get_by_role("button", name="Read again").click()
        expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("the ingest process does not answer")


def test_new_trouble_appears_without_a_reload(stage: Stage) -> None:
    stage.plant.telemetry.clear()
    with stage.page("/telemetry") as page:
        expect(page.get_by_text("Nothing to do")).to_be_visible()
        page.evaluate("window.sameDocument = true")
        stage.plant.telemetry.gaps = type(stage.plant.telemetry)().gaps
        expect(page.get_by_text("6 messages are missing")).to_be_visible(timeout=30_000)
        assert page.evaluate("window.sameDocument") is True


def test_the_page_is_complete_in_chinese(stage: Stage) -> None:
    with stage.page("/telemetry", PHONE, locale="zh-CN") as page:
        for part in PARTS:
            page.goto(f"{stage.home}/telemetry{part}")
            expect(page.get_by_role("heading", level=1)).to_have_text("数据接入")
            expect(page.locator("[data-row], [data-want]").first).to_be_visible()
            words = page.get_by_role("main").inner_text()
            for english in ("Newest", "Sender", "Missing", "Adopt", "Read again", "without", "Failure"):
                assert english not in words, part


@BOTH
def test_no_part_scrolls_sideways_breaks_the_policy_or_asks_outside(stage: Stage, size: tuple[int, int]) -> None:
    with stage.page(size=size) as page:
        page.add_init_script(COLLECT_VIOLATIONS)
        for part in PARTS:
            page.goto(f"{stage.home}/telemetry{part}")
            expect(page.locator("[data-row], [data-want]").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], part
            assert page.evaluate("window.violations") == [], part
        page.get_by_role("button", name="Read again: riverside/pump-99/speed").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert page.evaluate("window.violations") == [], "the question"
        page.goto(f"{stage.home}/telemetry/adopt")
        page.get_by_role("button", name="Adopt: lab/box-3/x17").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert page.evaluate("window.violations") == [], "the form"


def test_the_parts_and_the_form_are_walked_with_the_keyboard_alone(stage: Stage) -> None:
    with stage.page("/telemetry") as page:
        parts = page.get_by_role("navigation", name="Parts of telemetry")
        parts.get_by_role("link", name="Overview").focus()
        for _ in range(4):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(parts.get_by_role("link", name=re.compile("Signals to adopt"))).to_have_attribute("aria-current", "page")
        page.get_by_role("button", name="Adopt: riverside/pump-04/env").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_label("Machine")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Adopt: riverside/pump-04/env")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_label("Machine")).to_be_focused()
        page.get_by_role("dialog").get_by_label("Unit as it is sent").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("seal_temp of High pressure pump 4 is adopted.")).to_be_visible()


def test_an_unknown_part_is_called_so(stage: Stage) -> None:
    with stage.page("/telemetry/nowhere") as page:
        expect(page.get_by_text("This page does not exist")).to_be_visible()
