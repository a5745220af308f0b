"""The thread that looks for drift in the main process, once a plant day by default."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from forewarn.api.models_desk import ModelsDesk
from forewarn.pipeline.drift_watch import DriftReport

log = structlog.get_logger(__name__)

LEAST_S = 60.0
FIRST_S = 20.0
MOST_S = 7 * 86_400.0
"""Wall seconds: at most one look a minute, however fast plant time runs, at least one a week; the first one when the
start is over."""


class ModelWatch:
    """Calls `look` every so many wall seconds (0: never) and tells the desk what it found."""

    def __init__(
        self, desk: ModelsDesk, look: Callable[[], tuple[tuple[DriftReport, ...], int]], every_s: float
    ) -> None:
        self._desk, self._look = desk, look
        self._every_s = min(max(every_s, LEAST_S), MOST_S) if every_s else 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-watch", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        if self._every_s:
            self._thread.start()

    def stop(self) -> None:
        """End after the look that is running."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def look_once(self) -> None:
        """One look; what goes wrong is told, and the next look comes."""
        try:
            self._desk.noted(*self._look())
        except Exception as error:
            log.error("drift_look_failed", error=str(error), kind=type(error).__name__, exc_info=True)

    def _run(self) -> None:
        pause_s = FIRST_S
        while not self._stopping.wait(pause_s):
            self.look_once()
            pause_s = self._every_s
