"""A plant that runs by itself on loopback for a while: what `demo` and `replay` have in common.

Starts the main process in this one, a publisher of simulated or recorded telemetry as a child, and ends them in the
order that keeps the books: publisher first, then wait until everything acknowledged is stored and assessed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from forewarn.api.children import Child
from forewarn.api.main_process import MainProcess, free_port
from forewarn.api.settings import (
    ClockSettings,
    HttpSettings,
    MqttSettings,
    ScoringSettings,
    Settings,
)
from forewarn.core.ports import Counts

DRAIN_TIMEOUT_S = 60.0
START_S = 5.0
"""Wall seconds that the processes are given to start before the plant clock reaches its origin."""


def accelerated(rate: float) -> ClockSettings:
    """A clock that shows the present when everything has started, and runs `rate` times as fast from there."""
    now_us = time.time_ns() // 1000
    return ClockSettings(origin_wall_us=now_us + round(START_S * 1e6), origin_plant_us=now_us, rate=rate)


class PlantSession:
    """One run. `publisher` gets host, port and clock of the run appended to its arguments."""

    def __init__(
        self, plant: Path, publisher: list[str], clock: ClockSettings, assess_every_s: float,
        state_dir: Path | None, http_port: int, log_level: str,
    ) -> None:  # fmt: skip
        self._temporary = None if state_dir else Path(tempfile.mkdtemp(prefix="forewarn-"))
        self.settings = Settings(
            state_dir=state_dir or self._temporary or Path(),
            plant=plant,
            log=log_level,
            mqtt=MqttSettings(port=free_port("127.0.0.1", 1883)),
            http=HttpSettings(port=free_port("127.0.0.1", http_port)),
            clock=clock,
            scoring=ScoringSettings(assess_every_s=assess_every_s),
        )
        self.main = MainProcess(self.settings)
        self._arguments = publisher
        self.publisher: Child | None = None
        self.report: dict[str, Any] = {}
        self._serving: threading.Thread | None = None
        self.orders_before = {o.id for o in self.main.parts.room.orders.orders(limit=10_000, evidence=False)}

    def start(self) -> None:
        """Start ingest, scoring, the API and the publisher."""
        self.main.start()
        self._serving = threading.Thread(target=self.main.serve, name="http", daemon=True)
        self._serving.start()
        _wait_until(lambda: self.main.serving)
        clock = self.settings.clock
        where = ["--host", "127.0.0.1", "--port", str(self.main.mqtt_port)]
        when = ["--origin-wall-us", str(clock.origin_wall_us), "--origin-plant-us", str(clock.origin_plant_us)]
        self.publisher = Child("publisher", "forewarn.simulators", [*self._arguments, *where, *when], {})
        self.publisher.launch()

    def publisher_ended(self) -> bool:
        """Has the publisher nothing more to send?"""
        return self.publisher is not None and self.publisher.ended

    def tell_publisher(self, message: dict[str, Any]) -> None:
        """Send one JSON line to the publisher (a repair, for instance). A publisher that ended is not told."""
        if self.publisher is not None:
            with suppress(BrokenPipeError, ValueError):
                self.publisher.stdin.write(json.dumps(message).encode() + b"\n")
                self.publisher.stdin.flush()

    def finish_publishing(self) -> dict[str, Any]:
        """End the publisher, wait for store and scorer, answer the publisher's own report."""
        assert self.publisher is not None
        last = self.publisher.stop(timeout_s=60.0)
        self.report = json.loads(last) if last.startswith("{") else {}
        acked = int(self.report.get("readings_acked", 0))
        _wait_until(lambda: self.counts().acknowledged >= acked)
        passes = self.main.parts.scorer.stats.passes
        _wait_until(lambda: self.main.parts.scorer.stats.passes >= passes + 3)
        return self.report

    def counts(self) -> Counts:
        """The books of the store, by a query."""
        return self.main.parts.room.book.counts()

    def close(self) -> None:
        """End everything; a temporary folder is removed."""
        self.main.stop()
        if self._serving is not None:
            self._serving.join(30.0)
        else:
            self.main.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)


def _wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DRAIN_TIMEOUT_S
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)
