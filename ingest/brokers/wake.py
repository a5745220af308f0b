"""Wakes a thread that waits in poll for a socket."""

from __future__ import annotations

import os
import threading


class Wake:
    """`descriptor` becomes readable with `up`, from any thread, until `clear`."""

    def __init__(self) -> None:
        self.descriptor, self._writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._lock = threading.Lock()
        self._is_up = self._is_closed = False

    def up(self) -> None:
        """Many calls before the next `clear` are one."""
        with self._lock:
            if not self._is_up and not self._is_closed:
                self._is_up = True
                os.write(self._writing, b"!")

    def clear(self) -> None:
        """Awake."""
        with self._lock:
            if self._is_up:
                os.read(self.descriptor, 1)
                self._is_up = False

    def close(self) -> None:
        """`up` may still be called; it does nothing then."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                os.close(self.descriptor)
                os.close(self._writing)
