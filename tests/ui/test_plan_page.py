"""The planner's page in a headless Chromium, against the real interface: the week, what is held back, who is waited
for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from forewarn.api.autonomy_desk import autonomy_of
from forewarn.api.people_desk import PeopleDesk, people_of_plant
from forewarn.api.settings import AutonomySettings, Settings
from forewarn.api.stock_desk import stock_of
from forewarn.api.work_watch import work_of
from forewarn.core.clock import US_PER_HOUR
from forewarn.core.people import Technician
from forewarn.core.ports import Actor
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.core.work import Status
from forewarn.maintenance.orders.departments import Asked, Department
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.records import open_records
from tests.api.rooms import TestRoom, make_room, spall_advice
from tests.ui.browsing import DESK, PHONE
from tests.ui.real import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PLANNER = Actor("pia", "planner")
BOTH = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@dataclass
class House:
    """A plant with its desks, and its served pages."""

    room: TestRoom
    people: PeopleDesk
    served: Served


@pytest.fixture
def house(tmp_path: Path, browser: Browser) -> Iterator[House]:
    records = open_records(f"sqlite:///{tmp_path}/records.db")
    made = make_room(records)
    made.orders = made.room.orders = WorkedOrders(records)
    settings = Settings(state_dir=tmp_path)
    people = people_of_plant(made.room, records, made.orders)
    work_of(settings, made.room, records, made.orders)
    autonomy_of(settings.autonomy, made.room, records, made.orders)
    stock_of(settings.stock, made.room, records, made.orders)
    with serving(made.room, browser) as served:
        yield House(made, people, served)
    records.close()


def approved(house: House) -> str:
    order = house.room.open_order()
    return house.room.orders.act(order.id, Status.APPR, PLANNER, order.revision, house.room.room.now_us()).number


def staffed(house: House) -> None:
    always = ShiftPlan(tuple(Shift(day, 0, 1440) for day in range(7)))
    ann = Technician("ann", "Ann", {"mechanical": 3, "mechanic": 3, "alignment": 2}, always, "hall")
    house.people.book.save_people((ann,), PLANNER, house.room.room.now_us())


def test_without_people_the_page_says_how_to_bring_them(house: House) -> None:
    with house.served.page("/plan") as page:
        expect(page.get_by_text("Nobody to plan for yet")).to_be_visible()
        expect(page.get_by_text("forewarn people import")).to_be_visible()


@BOTH
def test_a_week_is_proposed_with_reasons_and_put_into_force(house: House, size: tuple[int, int]) -> None:
    number = approved(house)
    staffed(house)
    with house.served.page("/plan", size) as page:
        expect(page.get_by_text("Nothing is planned")).to_be_visible()
        page.get_by_role("button", name="Plan the next 7 days").click()
        expect(page.get_by_role("link", name=number)).to_be_visible(timeout=60_000)
        expect(page.get_by_text("At most above the best")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert house.people.book.schedule().revision == 0, "a proposal keeps nothing"
        page.get_by_role("button", name="Put into force").click()
        expect(page.get_by_role("button", name="Plan the next 7 days")).to_be_visible()
        page.get_by_role("link", name=number).click()
        page.wait_for_url(f"**/orders/{number}")
    assert house.people.book.schedule().revision == 1


@BOTH
def test_held_advice_says_why_and_is_opened_all_the_same(house: House, size: tuple[int, int]) -> None:
    desk = autonomy_of(AutonomySettings(start_level="advise"), house.room.room, house.room.records, house.room.orders)
    told = house.room.orders.advise(replace(spall_advice(), at_us=house.room.room.now_us()))
    assert told.what == "held"
    assert desk.book.held(house.room.room.now_us())
    with house.served.page("/plan/held", size) as page:
        expect(page.get_by_role("link", name="Held back").get_by_text("1")).to_be_visible()
        expect(page.locator("[data-row]")).to_contain_text("Outer-race spall")
        page.get_by_role("button", name="Open the order").click()
        page.wait_for_url("**/orders/WO-*")
    (order,) = house.room.orders.orders(open_only=True)
    assert order.asset == "p101"


@BOTH
def test_the_board_shows_who_is_waited_for_and_what_a_slip_does(house: House, size: tuple[int, int]) -> None:
    order = house.room.open_order()
    work, now_us = house.room.room.work, house.room.room.now_us()
    assert work is not None
    asked = Asked(Department.PURCHASING, "deliver the bearing", "Ute", now_us + 4000 * US_PER_HOUR)
    work.departments.ask(order.id, [asked], PLANNER, now_us)
    with house.served.page("/plan/waiting", size) as page:
        row = page.locator("[data-row]")
        expect(row).to_contain_text("deliver the bearing")
        expect(row).to_contain_text("Ute")
        expect(row).to_contain_text('after "start work by"')
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_speaks_chinese(house: House) -> None:
    with house.served.page("/plan/held", locale="zh-CN") as page:
        expect(page.get_by_text("没有暂缓的建议")).to_be_visible()
