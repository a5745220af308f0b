"""The pages of spare parts in a headless Chromium, against the real interface: who asks for a part, what is bought for
whom, and pieces put aside and handed out on the page of an order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from forewarn.api.autonomy_desk import autonomy_of
from forewarn.api.buying_desk import buying_of
from forewarn.api.demand_desk import demand_of
from forewarn.api.settings import Settings
from forewarn.api.stock_desk import stock_of
from forewarn.api.work_watch import work_of
from forewarn.core.ports import Actor
from forewarn.core.quotes import Need
from forewarn.core.work import Status
from forewarn.maintenance.orders.worked import WorkedOrders
from forewarn.maintenance.records import open_records
from tests.api.rooms import TestRoom, make_room
from tests.ui.browsing import DESK, PHONE
from tests.ui.real import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PLANNER = Actor("pia", "planner")
BOTH = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
BEARING = "brg-6205"


@dataclass
class House:
    """A plant with its store room, buyers and forecasts, and its served pages."""

    room: TestRoom
    served: Served


@pytest.fixture
def house(tmp_path: Path, browser: Browser) -> Iterator[House]:
    records = open_records(f"sqlite:///{tmp_path}/records.db")
    made = make_room(records)
    made.orders = made.room.orders = WorkedOrders(records)
    settings = Settings(state_dir=tmp_path)
    work_of(settings, made.room, records, made.orders)
    autonomy_of(settings.autonomy, made.room, records, made.orders)
    stock_of(settings.stock, made.room, records, made.orders)
    buying_of(made.room, records, made.orders)
    demand_of(settings.demand, made.room, records, made.orders)
    with serving(made.room, browser) as served:
        yield House(made, served)
    records.close()


@BOTH
def test_a_part_says_which_machine_will_ask_for_it(house: House, size: tuple[int, int]) -> None:
    house.room.assess()
    with house.served.page("/parts", size) as page:
        page.get_by_label("Find a part or a machine").fill("6205")
        row = page.locator(f"[data-row='{BEARING}']")
        expect(row).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        row.get_by_role("link").first.click()
        page.wait_for_url(f"**/parts/{BEARING}")
        who = page.get_by_role("region", name="Who asks for it")
        expect(who.get_by_text("a machine that wears").first).to_be_visible()
        expect(page.get_by_role("region", name="How it is reordered")).to_contain_text("Service level")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@BOTH
def test_a_proposal_names_the_order_that_waits_and_is_approved(house: House, size: tuple[int, int]) -> None:
    order, buying = house.room.open_order(), house.room.room.buying
    assert buying is not None
    need = Need(f"order:{order.id}", 2, "the shelf is empty", order_id=order.id)
    buying.book.propose(BEARING, need, PLANNER, house.room.room.now_us())
    with house.served.page("/parts-to-buy", size) as page:
        card = page.get_by_role("region", name="Proposals").first
        expect(card.get_by_role("link", name=order.number)).to_be_visible()
        card.get_by_role("button", name="Approve").click()
        expect(card.get_by_text("approved", exact=True)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    (proposal,) = buying.book.proposals(BEARING)
    assert proposal.state == "approved"


def test_pieces_are_put_aside_and_handed_out_on_the_page_of_an_order(house: House) -> None:
    order, stock = house.room.open_order(), house.room.room.stock
    assert stock is not None
    free = stock.stock.level(BEARING, house.room.room.now_us()).available
    assert free >= 1
    house.room.orders.act(order.id, Status.APPR, PLANNER, order.revision, house.room.room.now_us())
    with house.served.page(f"/orders/{order.number}") as page:
        card = page.get_by_role("region", name="Parts", exact=True)
        card.get_by_role("button", name="Put aside").click()
        expect(card.get_by_text("1 put aside")).to_be_visible()
        card.get_by_role("button", name="Hand out").click()
        expect(card.get_by_text("1 handed out")).to_be_visible()
        expect(page.get_by_role("region", name="Report and cost")).to_contain_text(BEARING)
    assert stock.stock.level(BEARING, house.room.room.now_us()).available == free - 1


def test_the_pages_speak_chinese(house: House) -> None:
    with house.served.page("/parts-to-buy", locale="zh-CN") as page:
        expect(page.get_by_text("没有需要采购的备件")).to_be_visible()
        expect(page.get_by_text("尚未订货")).to_be_visible()
