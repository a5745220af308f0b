"""`forewarn demo` as its user runs it, and its page in a headless Chromium while it runs.

The page is opened first, over the demo's first orders; then the demo ends by itself and its summary is read. With
FOREWARN_SCREENSHOTS=FOLDER the pictures are kept there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.ui.browsing import COLLECT_VIOLATIONS, DESK, PHONE, Watch, launched

pytestmark = pytest.mark.slow

FOR_S = 75
MACHINES = 12
FIRST_ORDER_MS = 60_000
SITE = ZoneInfo("Europe/Berlin")
ISO_14224 = {"VIB", "PLU", "OHE", "PDE", "ELP", "ELU", "NOI", "BRD", "ERO", "LOO", "STD", "AIR", "UNK"}


@dataclass
class Demo:
    """The running command."""

    process: subprocess.Popen[str]
    stderr: Path
    _ended: str | None = None

    def login_url(self) -> str:
        """The one-time address that it prints."""
        while (found := re.search(r"http://\S+/login\?token=\S+", self.stderr.read_text())) is None:
            assert self.process.poll() is None, self.stderr.read_text()
            time.sleep(0.1)
        return found[0]

    def summary(self) -> dict[str, Any]:
        """The last line of its output, once it has ended by itself."""
        if self._ended is None:
            self._ended, _ = self.process.communicate(timeout=FOR_S + 60)
        assert self.process.returncode == 0, self.stderr.read_text()
        last: dict[str, Any] = json.loads(self._ended.splitlines()[-1])
        return last


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    stderr = tmp_path_factory.mktemp("demo") / "stderr"
    command = [sys.executable, "-P", "-m", "forewarn.api", "demo", "--for", f"{FOR_S}s", "--json"]
    with stderr.open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield Demo(process, stderr)
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate()


@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    with launched(program) as browser:
        yield browser


@dataclass
class Desk:
    """A planner at the demo's page."""

    context: BrowserContext
    home: str
    pictures: Path

    def open(self, path: str) -> Page:
        """One more page of the same login; a reload would be noticed."""
        page = self.context.new_page()
        page.goto(self.home + path)
        page.evaluate("window.sameDocument = true")
        return page

    def get(self, path: str) -> Any:
        """What the API answers to this login."""
        answer = self.context.request.get(self.home + path)
        assert answer.ok, answer.text()
        return answer.json()

    def picture(self, page: Page, name: str) -> None:
        """The whole page at desk and phone width; neither scrolls sideways."""
        for width, height in (DESK, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(300)  # charts are drawn anew
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            file = self.pictures / f"{name}-{width}.png"
            page.screenshot(path=file, full_page=True)
            kept = os.environ.get("FOREWARN_SCREENSHOTS")
            if kept:
                Path(kept).mkdir(parents=True, exist_ok=True)
                shutil.copy(file, kept)
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})


@pytest.fixture
def desk(demo: Demo, browser: Browser, tmp_path: Path) -> Iterator[Desk]:
    login = demo.login_url()
    home = login.split("/login")[0]
    context = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]}, locale="en-GB")
    context.set_default_timeout(20_000)
    context.add_init_script(COLLECT_VIOLATIONS)
    # 503: what running on costs cannot be told of a machine that has just begun to be watched
    watch = Watch(home, expected=("status of 401", "status of 404", "status of 412", "status of 503"))
    watch.follow(context)
    page = context.new_page()
    page.goto(login)
    page.wait_for_url(f"{home}/")
    page.close()
    yield Desk(context, home, tmp_path)
    for page in context.pages:
        assert page.evaluate("window.violations") == [], page.url
    context.close()
    assert watch.troubles == []


def shown_of(order: dict[str, Any]) -> list[str]:
    """What an order's page has to say of what the API gives: the same title, dates, chance and life."""
    told = [order["number"], order["title"], order["asset_name"], order["failure_mode"]]
    for time_ in (order["order_by"], order["start_by"]):
        at = datetime.fromisoformat(time_).astimezone(SITE)
        told += [f"{at.day} {at:%b} {at.year}", f"{at:%H:%M}"]
    share = round(order["win_probability"] * 100)
    told.append("> 99 %" if share == 100 and order["win_probability"] < 1 else f"{share} %")
    told += [part["name"] for part in order["parts"]]
    return [*told, f"P50 {life(order['rul_p50_h'])}", f"P10 {life(order['rul_p10_h'])}", life(order["rul_p90_h"])]


def life(hours: float) -> str:
    """As the page writes it."""
    if hours < 48:
        return f"{hours:.0f} h"
    return f"{hours / 24:.1f}".removesuffix(".0") + " d" if hours < 240 else f"{hours / 24:.0f} d"


def wait_until_it_agrees(desk: Desk, page: Page, number: str) -> None:
    """The order is refreshed while the plant's clock runs: page and API agree soon, and not only in the end."""
    missing: list[str] = []
    for _ in range(50):
        order = desk.get(f"/api/orders/{number}")
        text = page.get_by_role("main").inner_text()
        missing = [told for told in shown_of(order) if told not in text]
        if not missing:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"{missing} of {number} is not on its page:\n{text}")


@pytest.mark.browser
def test_the_first_order_appears_by_itself_with_the_numbers_of_the_interface(desk: Desk) -> None:
    board, orders = desk.open("/"), desk.open("/orders")
    expect(board.locator("tr[data-asset]")).to_have_count(MACHINES)
    assert len(desk.get("/api/assets")) == MACHINES
    first = orders.locator("tr[data-order]").first
    expect(first).to_be_visible(timeout=FIRST_ORDER_MS)
    number = first.get_attribute("data-order")
    assert number is not None
    listed = {order["number"]: order for order in desk.get("/api/orders?open=true")}
    asset = listed[number]["asset"]
    expect(board.locator(f"tr[data-asset={asset}]")).to_contain_text(number)
    expect(first).to_contain_text(listed[number]["asset_name"])
    for page in (board, orders):
        assert page.evaluate("window.sameDocument") is True, "it came without a reload"
    page = desk.open(f"/orders/{number}")
    expect(page.get_by_role("heading", name=number)).to_be_visible()
    wait_until_it_agrees(desk, page, number)
    machine = desk.open(f"/assets/{asset}")
    expect(machine.locator("canvas").first).to_be_visible()
    for shown, name in ((board, "board"), (orders, "orders"), (page, "order"), (machine, "machine")):
        desk.picture(shown, name)


def test_the_demo_ends_by_itself_with_balanced_books(demo: Demo) -> None:
    summary = demo.summary()
    parts = ("readings_stored", "duplicates", "conflicts", "quarantined")
    assert summary["readings_acked"] == sum(summary[part] for part in parts) > 50_000
    assert all(summary[part] > 0 for part in parts), "the demo's devices misbehave a little"
    assert summary["failures"] == 0
    assert summary["runs"]


def test_every_due_machine_has_one_order_and_healthy_ones_have_none(demo: Demo) -> None:
    machines = demo.summary()["machines"]
    assert len(machines) == MACHINES
    assert [m["asset"] for m in machines if m["due"] and m["open_orders"] != 1] == []
    assert [m["asset"] for m in machines if m["healthy"] and m["open_orders"] != 0] == []
    assert any(m["due"] for m in machines)
    assert sum(m["healthy"] for m in machines) >= 5


def test_a_bad_sensor_gets_an_instrument_order_and_no_machine_order(demo: Demo) -> None:
    summary = demo.summary()
    (faulty,) = [m for m in summary["machines"] if m["sensor_fault"]]
    assert (faulty["instrument_orders"], faulty["open_orders"]) == (1, 0)
    (order,) = [o for o in summary["orders"] if o["kind"] == "instrument"]
    assert order["asset"] == faulty["asset"]


def test_each_machine_order_says_what_when_and_with_what(demo: Demo) -> None:
    orders = [o for o in demo.summary()["orders"] if o["kind"] != "instrument"]
    assert orders
    for order in orders:
        assert order["fault"], order
        assert order["failure_mode"] in ISO_14224, order
        assert 0 <= order["rul_p10"] < order["rul_p50"] < order["rul_p90"], order
        assert order["parts"], order
        opened, order_by, start_by = (
            datetime.fromisoformat(order[key]) for key in ("opened_at", "order_by", "start_by")
        )
        assert opened.tzinfo is not None
        assert order_by <= start_by, order
        assert opened < start_by, order


def test_an_order_names_the_fault_that_the_machine_really_has(demo: Demo) -> None:
    summary = demo.summary()
    truth = {m["asset"]: m["fault"] for m in summary["machines"]}
    for order in summary["orders"]:
        if order["kind"] != "instrument":
            assert order["fault"] == truth[order["asset"]]
