"""History that is imported, and what people enter by hand: through the journal like everything else, as frames of
columns on a topic of our own.

So it is durable before anything is said to be done, it is judged by the same rules, a series and time that is stored
already is a duplicate, and the books balance. A file of frames ("spool") carries history from the command to the
process that writes the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.readings import Quality
from forewarn.ingest.delivery import Frame
from forewarn.ingest.formats.columns import MAX_READINGS, Column, decode, encode
from forewarn.ingest.formats.result import Decoded
from forewarn.ingest.topics import TopicTable

IMPORT_TOPIC = "$forewarn/import"
SENDER = "forewarn-import"
BY_HAND = "manual:"
"""Before the name of a person who entered a reading: the sender of its frame."""

SAID_BY_SENDERS = int(Quality.UNCERTAIN | Quality.ARRIVAL_TIME | Quality.QOS0 | Quality.HISTORICAL)
"""Quality bits that an import may bring; the others are judged anew."""

_LENGTH = 4


def frames_of(column: Column, now_us: int, sender: str = SENDER) -> Iterator[Frame]:
    """The frames of a column, each small enough."""
    for start in range(0, len(column), MAX_READINGS):
        part = slice(start, start + MAX_READINGS)
        piece = Column(column.name, column.at[part], column.value[part], column.quality[part], column.canonical)
        yield Frame(now_us, 1, sender, IMPORT_TOPIC, encode(piece))


@dataclass(frozen=True, slots=True)
class Entered:
    """One value that a person read: series name, time (UTC, microseconds), value in the canonical unit."""

    series: str
    at_us: int
    value: float


def frames_by_hand(entered: Iterable[Entered], by: str, now_us: int) -> list[Frame]:
    """The frames of what one person entered at once.

    >>> [frame.client for frame in frames_by_hand([Entered("p1/oil", 5, 61.5)], "planner", 10)]
    ['manual:planner']
    """
    columns = (Column(e.series, np.array([e.at_us]), np.array([e.value]), np.zeros(1, np.uint8)) for e in entered)
    return [frame for column in columns for frame in frames_of(column, now_us, BY_HAND + by)]


def decode_import(payload: bytes, rows: dict[str, int]) -> tuple[Decoded, bool]:
    """The readings of a frame, and whether they are in canonical units. `rows`: series name -> row of its signal.

    Raises Rejected for a damaged frame; a series that the plant no longer names refuses each of its readings.
    """
    column = decode(payload)
    row = rows.get(column.name)
    if row is None:
        refused = [("unknown_series", f"the plant file names no signal {column.name!r}")] * len(column)
        return Decoded(refused=refused), column.canonical
    quality = (column.quality & SAID_BY_SENDERS).tolist()
    decoded = Decoded([row] * len(column), column.at.tolist(), column.value.tolist(), quality)
    return decoded, column.canonical


def rows_by_name(topics: TopicTable) -> dict[str, int]:
    """Series name -> row, of scalar signals."""
    signals = (signal for binding in topics.bindings for signal in binding.fields.values())
    return {signal.spec.name: signal.row for signal in signals if signal.spec.kind == "scalar"}


def write_spool(path: Path, columns: Iterable[Column]) -> int:
    """Write a file of encoded columns; answers how many readings. The file is complete or not there."""
    beside, readings = path.with_suffix(".part"), 0
    with beside.open("wb") as file:
        for column in columns:
            for frame in frames_of(column, 0):
                file.write(len(frame.payload).to_bytes(_LENGTH, "little") + frame.payload)
            readings += len(column)
    beside.replace(path)
    return readings


def read_spool(path: Path, now_us: int) -> Iterator[Frame]:
    """The frames of a spool, as arriving now. Raises Rejected `bad_spool` for a file that is cut."""
    with path.open("rb") as file:
        while head := file.read(_LENGTH):
            size = int.from_bytes(head, "little")
            payload = file.read(size)
            if len(head) < _LENGTH or len(payload) < size:
                raise Rejected("bad_spool", f"{path.name} ends in the middle of a frame")
            yield Frame(now_us, 1, SENDER, IMPORT_TOPIC, payload)
