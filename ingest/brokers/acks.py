"""The acknowledgements of one connection to a broker: in the order of arrival, and never on another connection.

MQTT wants PUBACKs in the order of the messages [MQTT-4.6.0-2], and a packet identifier means a message of this
connection only: after a reconnect the broker delivers again what was not acknowledged, perhaps under other numbers.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from struct import Struct
from typing import NamedTuple

_ENTRY = Struct(">HBI")


class Receipt(NamedTuple):
    """One message that was taken: packet identifier, QoS (0: nobody waits for an answer) and size in bytes."""

    mid: int
    qos: int
    size: int


def packed(receipts: Sequence[Receipt]) -> bytes:
    """As `GroupCommit` carries them.

    >>> packed([Receipt(1, 1, 300)]).hex()
    '0001010000012c'
    """
    return b"".join(_ENTRY.pack(*receipt) for receipt in receipts)


class ConnectionAcks:
    """An `AckSink` for one connection; the connection's thread fetches with `ready`, any thread may call the rest.

    `messages` and `size` are what was taken and is not durable yet: the bound of the window.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._outstanding: deque[Receipt] = deque()
        self._durable = 0  # how many from the left may be acknowledged
        self._ended = False
        self.messages = 0
        self.size = 0

    def take(self, receipt: Receipt) -> None:
        """A message arrived."""
        with self._lock:
            self._outstanding.append(receipt)
            self.messages += 1
            self.size += receipt.size

    def acknowledge(self, acks: bytes, messages: int) -> None:
        """These are durable. What belongs to a connection that has ended is passed over."""
        with self._lock:
            for entry in _ENTRY.iter_unpack(acks):
                expected = self._outstanding[self._durable] if self._durable < len(self._outstanding) else None
                if expected != entry:
                    raise ValueError(f"{Receipt(*entry)} became durable before {expected}, which arrived first")
                self._durable += 1
                self.messages -= 1
                self.size -= entry[2]
            ended = self._ended
        if not ended:
            self._wake()

    def ready(self) -> list[Receipt]:
        """What may be acknowledged now and was not fetched before, oldest first. QoS 0 is left out."""
        with self._lock:
            released = [self._outstanding.popleft() for _ in range(self._durable)]
            self._durable = 0
        return [receipt for receipt in released if receipt.qos]

    @property
    def settled(self) -> bool:
        """Is everything that was taken durable and fetched?"""
        with self._lock:
            return not self._outstanding

    def end(self) -> None:
        """The connection is gone: nobody is woken any more."""
        with self._lock:
            self._ended = True
