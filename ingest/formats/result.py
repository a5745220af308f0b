"""What a decoder makes of one message, and the texts it may quote from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from forewarn.core.readings import Waveform

SHOWN_CHARACTERS = 40
_JSON_WORDS = {None: "null", True: "true", False: "false"}


class Counted(NamedTuple):
    """The sender's own number of a message. `device` "" = it counts by topic; `boot` "" = it does not say."""

    device: str
    boot: str
    sequence: int


@dataclass(slots=True)
class Decoded:
    """The contents of one message, in the order in which they stand there.

    Columns of readings: `rows` (`SignalBinding.row`), `at` (UTC, microseconds), `value` (in the unit on the wire,
    finite), `quality` (`core.readings.Quality` bits that the format can know). `refused` holds (reason, detail) of each
    reading that cannot be stored; the others of the same message are kept. `counted` is what the sender says about its
    own counting, `devices` names who sends what is not counted. `unknown` holds (path, value) of numbers that the plant
    file names no signal for: candidates for adoption. Where every number of a message is a reading, each of them stands
    in `refused` too; of a nested payload only what the plant file names is one.
    """

    rows: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)
    waveforms: list[Waveform] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    unknown: list[tuple[str, float]] = field(default_factory=list)


def shown(value: object) -> str:
    """A piece of a foreign message as it may stand in a detail: short, quoted, without control characters.

    >>> shown("21,5"), shown(None), shown([1, {}])
    ("'21,5'", 'null', 'an array')
    """
    if value is None or isinstance(value, bool):
        return _JSON_WORDS[value]
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."
