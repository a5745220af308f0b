"""How a message enters: one `Frame` per PUBLISH, and what group commit needs of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

QOS_MASK, RETAIN, DUP, WILL = 0b00011, 0b00100, 0b01000, 0b10000

BROKER_PREFIX = "broker:"
"""Begins `Frame.client` of what another broker delivered. A client's own id at the front door cannot begin so."""


class Frame(NamedTuple):
    """One PUBLISH as it arrived, before any decoding."""

    received_at_us: int  # plant time, UTC microseconds
    flags: int  # bits 0-1 QoS, bit 2 retain, bit 3 dup, bit 4 a will: never a reading
    client: str  # MQTT client id, or the name of another source
    topic: str
    payload: bytes


class FrameLog(Protocol):
    """Where frames become durable."""

    def append(self, frames: Sequence[Frame]) -> int:
        """Write and fsync (blocking), return the end position.

        Raises `core.errors.Retriable` when its byte limit is reached (nothing was written: try again later) and
        `OSError` when the disk refuses (fatal: nothing may be acknowledged after it).
        """
        ...
