"""Delivery of the outbox: a thread that hands each message to a connector until it is taken, and then marks it.

The mark is written after the receiver's answer: whoever dies in between sends again, with the same key. A failed
message is tried again after 1, 2, 4, ... seconds, at most `longest_s` apart; its successors of the same subject wait
for it.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from forewarn.core.errors import ForewarnError
from forewarn.maintenance import outbox
from forewarn.maintenance.lease import take_lease
from forewarn.maintenance.outbox import Message
from forewarn.maintenance.records import Records
from forewarn.maintenance.settings_table import keep_setting, setting

LEASE_S = 60.0
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: taken, failed (worth another try), or refused (it will not be taken, ever)."""

    taken: bool
    again: bool
    error: str

    @classmethod
    def done(cls) -> Outcome:
        """The receiver has it."""
        return cls(True, False, "")

    @classmethod
    def failed(cls, error: str) -> Outcome:
        """Not now."""
        return cls(False, True, error)

    @classmethod
    def refused(cls, error: str) -> Outcome:
        """Not ever."""
        return cls(False, False, error)


class Connector(Protocol):
    """Takes messages to another system. It may be asked twice for the same message: `Message.key` tells."""

    def send(self, message: Message) -> Outcome:
        """One attempt; answers within a few seconds and raises nothing for what the other side does."""
        ...

    def close(self) -> None:
        """Release what it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """`attempts`: after so many a message is dead. `longest_s`: the longest pause between two of them."""

    attempts: int = 50
    longest_s: float = 600.0

    def pause_s(self, failed: int) -> float | None:
        """Pause after so many failed attempts, None when it was the last.

        >>> [Patience(attempts=4, longest_s=3.0).pause_s(failed) for failed in (1, 2, 3, 4)]
        [1.0, 2.0, 3.0, None]
        """
        if failed >= self.attempts:
            return None
        return min(2.0 ** min(failed - 1, 30), self.longest_s)


class Delivery:
    """One receiver of the outbox. `start` it and `stop` it; `pass_once` is one look, for tests and tools.

    What was posted before the receiver was first named is not for it. Of several programs on one database one sends,
    the others stand by (`lease`), so that the order of messages holds.
    """

    def __init__(
        self,
        records: Records,
        name: str,
        connector: Connector,
        patience: Patience | None = None,
        poll_s: float = 0.5,
        wall_us: Callable[[], int] = lambda: time.time_ns() // 1000,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._records, self._name, self._connector = records, name, connector
        self._patience, self._poll_s, self._wall_us, self._say = patience or Patience(), poll_s, wall_us, say
        self._me = str(uuid.uuid4())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"delivery-{name}", daemon=True)
        self._after: int | None = None

    def start(self) -> None:
        """Send from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End after the attempt that is running."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(15.0)
        self._connector.close()

    def pass_once(self) -> int:
        """Try everything that is due once; how many were taken. Raises Retriable when the records cannot be used."""
        if not take_lease(self._records, f"delivery:{self._name}", self._me, self._wall_us(), LEASE_S):
            return 0
        taken = 0
        for message in outbox.due(self._records, self._wall_us(), self.begin()):
            if self._stopping.is_set():
                break
            taken += self._attempt(message)
        return taken

    def begin(self) -> int:
        """Messages above this number are for the receiver: noted once, when it was first named."""
        if self._after is None:
            key = f"delivery_begin:{self._name}"
            kept = setting(self._records, key)
            if not isinstance(kept, int):
                kept = outbox.newest(self._records)
                keep_setting(self._records, key, kept)
            self._after = kept
        return self._after

    def _attempt(self, message: Message) -> bool:
        outcome, now_us = self._connector.send(message), self._wall_us()
        if outcome.taken:
            outbox.mark_delivered(self._records, [message.id], now_us)
            return True
        pause_s = self._patience.pause_s(message.attempts + 1) if outcome.again else None
        retry_at_us = None if pause_s is None else now_us + round(pause_s * SECOND_US)
        outbox.mark_failed(self._records, message, outcome.error, now_us, retry_at_us)
        if retry_at_us is None:
            self._say(f"message {message.id} ({message.kind}) is dead: {outcome.error}")
        return False

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                taken = self.pass_once()
            except ForewarnError as error:  # the records are away: they come back
                self._say(f"delivery waits: {error}")
                taken = 0
            if not taken:
                self._stopping.wait(self._poll_s)
