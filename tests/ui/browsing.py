"""A headless Chromium, and what a page in it must never do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request, sync_playwright

from forewarn.api import page as page_layer

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESK, PHONE = (1280, 800), (390, 844)
COLLECT_VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", event => violations.push(event.violatedDirective));
"""


@dataclass
class Watch:
    """What a page must not do, collected while a test drives it."""

    home: str
    troubles: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def follow(self, context: BrowserContext) -> None:
        """Watch every page of a context from now on."""
        context.on("console", self.console)
        context.on("weberror", lambda error: self.troubles.append(str(error.error)))
        context.on("request", self.request)

    def console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(text in message.text for text in self.expected):
            self.troubles.append(f"{message.type}: {message.text}")

    def request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.troubles.append(f"outside request: {request.url}")


@contextmanager
def launched(program: Callable[[str], str]) -> Iterator[Browser]:
    """Debian's Chromium. Skips, or fails where Node could have built the page, when the page is not built."""
    if not (page_layer.STATIC / "index.html").is_file():
        if shutil.which("node"):
            pytest.fail("the page is not built: sh run ui")
        pytest.skip("the page is not built: sh run ui")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=FLAGS)
        yield browser
        browser.close()
