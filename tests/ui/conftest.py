"""One Chromium for all tests of the page; each has a plant of its own, and none may leave a trouble behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.ui.browsing import Watch, launched
from tests.ui.fake_api import FakePlant, serve
from tests.ui.staging import Stage


@pytest.fixture(scope="session")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    with launched(program) as browser:
        yield browser


@pytest.fixture
def stage(browser: Browser) -> Iterator[Stage]:
    plant = FakePlant()
    with serve(plant) as home:
        stage = Stage(plant, home, browser, Watch(home))
        yield stage
    assert stage.watch.troubles == []
