"""One hub that tells everybody who listens what changed: (kind, id), never the data itself.

Listeners fetch what they show when they are told: a slow page gets the newest state, not a queue of old ones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

Change = tuple[str, str]
"""("asset" | "order" | "overview" | "values", id)."""


class Hub:
    """Thread-safe fan-out. A listener is called in the publisher's thread and must only take note."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[int, Callable[[Change], None]] = {}
        self._next = 0

    def publish(self, kind: str, id: str = "") -> None:
        """Tell every listener that something changed."""
        with self._lock:
            listeners = list(self._listeners.values())
        for listener in listeners:
            listener((kind, id))

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Add a listener; the answer ends it."""
        with self._lock:
            key = self._next = self._next + 1
            self._listeners[key] = listener

        def end() -> None:
            with self._lock:
                self._listeners.pop(key, None)

        return end
