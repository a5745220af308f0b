"""The table of wire formats: what a topic's kind needs on the wire. A new format is a module and a line here.

A format module has `decode(payload, binding, received_at_us, now_us) -> Decoded`, which raises `core.errors.Rejected`
for a message that cannot be read as a whole, and `encode...`, which simulators and tests use.
"""

from __future__ import annotations

from typing import Protocol

from forewarn.ingest.formats import json_readings, plain, senml, waveform
from forewarn.ingest.formats.result import Decoded
from forewarn.ingest.topics import Binding


class Decode(Protocol):
    """Bytes of one message -> what they hold. Pure."""

    def __call__(self, payload: bytes, binding: Binding, received_at_us: int, now_us: int) -> Decoded: ...


FORMATS: dict[str, Decode] = {
    "scalar": json_readings.decode,
    "waveform": waveform.decode,
    "senml": senml.decode,
    "plain": plain.decode,
}
"""`Binding.kind` -> decoder. The kinds of formats that remember between messages are served by a desk instead."""
