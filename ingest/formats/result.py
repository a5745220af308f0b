"""What a decoder makes of one message, and the texts it may quote from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from forewarn.core.readings import Waveform

SHOWN_CHARACTERS = 40
_JSON_WORDS = {None: "null", True: "true", False: "false"}


@dataclass(slots=True)
class Decoded:
    """The contents of one message, in the order in which they stand there.

    Columns of readings: `rows` (`SignalBinding.row`), `at` (UTC, microseconds), `value` (in the unit on the wire,
    finite), `quality` (`core.readings.Quality` bits that the format can know). `refused` holds (reason, detail) of each
    reading that cannot be stored; the others of the same message are kept.
    """

    rows: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)
    waveforms: list[Waveform] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


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
