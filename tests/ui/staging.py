"""A made-up plant, served, and browsers that look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page

from tests.ui.browsing import DESK, Watch
from tests.ui.fake_api import LOGIN, FakePlant


@dataclass
class Stage:
    """A plant, its address, and browsers that look at it."""

    plant: FakePlant
    home: str
    browser: Browser
    watch: Watch

    @contextmanager
    def context(self, size: tuple[int, int] = DESK, **options: str) -> Iterator[BrowserContext]:
        width, height = size
        locale = options.get("locale", "en-GB")
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, timezone_id="America/New_York"
        )
        self.watch.follow(context)
        context.set_default_timeout(15_000)
        yield context
        context.close()

    @contextmanager
    def page(self, path: str = "/", size: tuple[int, int] = DESK, **options: str) -> Iterator[Page]:
        """A page of somebody who has logged in, on a path."""
        with self.context(size, **options) as context:
            page = context.new_page()
            page.goto(f"{self.home}/login?token={LOGIN}")
            page.wait_for_url(f"{self.home}/")
            if path != "/":
                page.goto(self.home + path)
            yield page
