"""Who stands in and before the door: caps on all sockets, on one address, and on those that do not say who they are.

A peer that has not sent its CONNECT costs nothing but its place. When too many of those wait, the one that has waited
longest goes: whoever means it says so at once, and is let in also while somebody else opens thousands of sockets.
Nobody goes before its time: after a power cut a whole plant arrives in one moment.
"""

from __future__ import annotations

from collections import Counter
from typing import Protocol


class Guest(Protocol):
    """One socket."""

    def cut(self) -> None:
        """End it without a word."""
        ...


class Crowd:
    """Counts sockets. `per_address` None = as many as there is room for; each stranger may wait `patience_s`."""

    def __init__(self, room: int, per_address: int | None, strangers: int, patience_s: float) -> None:
        self._room, self._per_address, self._strangers_maximum = room, per_address, strangers
        self._patience_s = patience_s
        self._addresses: dict[Guest, str] = {}
        self._per: Counter[str] = Counter()
        self._strangers: dict[Guest, float] = {}  # arrival, in its order

    def __len__(self) -> int:
        return len(self._addresses)

    def enter(self, guest: Guest, address: str, now_s: float) -> str | None:
        """Take a new socket in; the answer is the reason why not. May cut the oldest stranger."""
        if len(self._addresses) >= self._room or len(self._strangers) >= self._strangers_maximum:
            self._cut_oldest_stranger(now_s)
        if len(self._addresses) >= self._room:
            return "too_many_connections"
        if self._per_address is not None and self._per[address] >= self._per_address:
            return "too_many_from_one_address"
        self._addresses[guest] = address
        self._per[address] += 1
        self._strangers[guest] = now_s
        return None

    def _cut_oldest_stranger(self, now_s: float) -> None:
        oldest = next(iter(self._strangers), None)
        if oldest is not None and now_s - self._strangers[oldest] >= self._patience_s:
            self.leave(oldest)
            oldest.cut()

    def introduced(self, guest: Guest) -> None:
        """It has sent its CONNECT."""
        self._strangers.pop(guest, None)

    def leave(self, guest: Guest) -> None:
        """The socket is gone; a second call does nothing."""
        self._strangers.pop(guest, None)
        address = self._addresses.pop(guest, None)
        if address is not None:
            self._per[address] -= 1
            if not self._per[address]:
                del self._per[address]
