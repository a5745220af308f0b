"""The page of models in a headless Chromium, against the real interface over a plant with a past."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from forewarn.api import wiring
from forewarn.api.settings import Settings
from forewarn.pipeline.plant_file import load_plant
from tests.ui.browsing import DESK, PHONE
from tests.ui.real import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOTH = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
RUN_MS = 240_000


@pytest.fixture(scope="module")
def served(plant_with_a_past: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("models") / "state"
    shutil.copytree(plant_with_a_past, folder)
    settings = Settings(state_dir=folder, plant=folder / "plant.yaml")
    parts = wiring.main_parts(settings, load_plant(settings.plant))
    try:
        with serving(parts.room, browser) as served:
            yield served
    finally:
        parts.close()


@BOTH
def test_the_scorecard_shows_the_set_rate_beside_the_measured_one(served: Served, size: tuple[int, int]) -> None:
    with served.page("/models", size) as page:
        card = page.get_by_role("region", name="How good were the advices?")
        expect(card).to_contain_text("False alarms per asset and year")
        expect(card).to_contain_text("set: 0.1")
        expect(card).to_contain_text("asset-years")
        expect(page.get_by_role("region", name="Failures that nobody announced")).to_be_visible()


def test_a_what_if_run_shows_the_orders_that_another_rate_would_open(served: Served) -> None:
    with served.page("/models/whatif", DESK) as page:
        page.get_by_label("Time to run over").select_option("30")
        page.get_by_label("False alarms an asset may cost in a year").fill("2")
        page.get_by_role("button", name="Run", exact=True).click()
        report = page.get_by_role("region", name="What if:")
        expect(report).to_be_visible(timeout=RUN_MS)
        expect(report).to_contain_text("Settings of today")
        expect(report).to_contain_text("What was really opened")
        for width, height in (DESK, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            expect(page.get_by_role("region", name="Order by order").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_plant_without_trained_models_says_how_to_train_one(served: Served) -> None:
    with served.page("/models/versions") as page:
        expect(page.get_by_text("No model has been trained yet")).to_be_visible()
        expect(page.get_by_text("forewarn train")).to_be_visible()


def test_the_drift_page_says_when_it_looks(served: Served) -> None:
    with served.page("/models/drift") as page:
        expect(page.get_by_text("No look yet")).to_be_visible()
        expect(page.get_by_text("No model asks for it")).to_be_visible()


def test_the_page_speaks_chinese(served: Served) -> None:
    with served.page("/models", locale="zh-CN") as page:
        expect(page.get_by_role("heading", name="模型", exact=True)).to_be_visible()
        expect(page.get_by_role("region", name="建议的质量如何？")).to_contain_text("设定：0.1")


def test_a_part_that_does_not_exist_is_told(served: Served) -> None:
    with served.page("/models/nothing") as page:
        expect(page.get_by_text("This page does not exist")).to_be_visible()


def test_what_orders_taught_stands_beside_the_physics(served: Served) -> None:
    with served.page("/models") as page:
        card = page.get_by_role("region", name="What closed orders taught the diagnosis")
        expect(card).to_contain_text("First cause right")
        expect(card).to_contain_text("instead of")
