"""The real interface, served, and browsers that have logged in to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from playwright.sync_api import Browser, Page

from forewarn.api.app import create_app
from forewarn.api.auth import Gate
from forewarn.api.state import Plantroom
from tests.ui.browsing import DESK, Watch


class Served:
    """A running interface; a page that misbehaves fails the test."""

    def __init__(self, home: str, gate: Gate, browser: Browser) -> None:
        self.home, self._gate, self._browser, self._watch = home, gate, browser, Watch(home)

    @contextmanager
    def page(self, path: str, size: tuple[int, int] = DESK, locale: str = "en-GB") -> Iterator[Page]:
        """A page of somebody who has logged in, on a path."""
        width, height = size
        context = self._browser.new_context(viewport={"width": width, "height": height}, locale=locale)
        context.set_default_timeout(30_000)
        self._watch.follow(context)
        page = context.new_page()
        page.goto(f"{self.home}/login?token={self._gate.new_login()}")
        page.wait_for_url(f"{self.home}/")
        page.goto(self.home + path)
        yield page
        context.close()
        assert self._watch.troubles == [], self._watch.troubles


@contextmanager
def serving(room: Plantroom, browser: Browser, gate: Gate | None = None) -> Iterator[Served]:
    """Serve a room on a free port."""
    gate = gate or Gate()
    config = uvicorn.Config(create_app(room, gate), port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    try:
        yield Served(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", gate, browser)
    finally:
        server.should_exit = True
        thread.join(10)
