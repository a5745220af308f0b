"""Topics that the plant file does not name: which numbers they carry, and how many a sender may invent. Pure.

A sender that makes up a new topic with every message would fill the list of signals to adopt: past `MAX_TOPICS` of its
own, its messages are refused as `too_many_series` and none of their numbers is offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.telemetry import Sighting
from forewarn.ingest.delivery import Frame
from forewarn.ingest.formats import senml
from forewarn.ingest.formats.json_paths import other_numbers
from forewarn.ingest.formats.json_strict import parse
from forewarn.ingest.formats.unpack import unpacked
from forewarn.ingest.topics import Binding

MAX_TOPICS = 200  # that one sender may use and the plant file does not name
MAX_SENDERS = 1_000
FORGIVEN_AFTER_US = 7 * US_PER_DAY
MAX_READ_BYTES = 64 * 1024
MAX_PER_BATCH = 256  # topics whose payload is looked into
SAMPLE_CHARACTERS = 120
NOT_NUMBERS = frozenset({"ts", "seq", "boot", "time", "timestamp"})
_NOBODY = Binding("", "senml", {}, -1)
PREFIX = "stranger:"
"""Begin of the keys of remembered rows."""


class _Known(msgspec.Struct):
    """Topics of one sender, since when they are gathered, and in which order the senders came."""

    since_us: int
    topics: list[str]
    turn: int


class Strangers:
    """Remembers which unknown topics each sender has used.

    >>> strangers = Strangers(max_topics=1)
    >>> [strangers.admits(Frame(5, 1, "gw", topic, b"1")) for topic in ("a", "b", "a")]
    [True, False, True]
    """

    def __init__(self, max_topics: int = MAX_TOPICS, max_senders: int = MAX_SENDERS) -> None:
        self._max_topics, self._max_senders = max_topics, max_senders
        self._known: dict[str, _Known] = {}
        self._topics: dict[str, set[str]] = {}
        self._turn = 0
        self._changed: dict[str, None] = {}

    def admits(self, frame: Frame) -> bool:
        """May this sender use one more unknown topic? What filled up is forgiven after a week."""
        known = self._known.get(frame.client)
        if known is None:
            known = self._new_sender(frame)
        if frame.topic in self._topics[frame.client]:
            return True
        if len(known.topics) >= self._max_topics:
            if frame.received_at_us - known.since_us < FORGIVEN_AFTER_US:
                return False
            known = self._new_sender(frame)
        known.topics.append(frame.topic)
        self._topics[frame.client].add(frame.topic)
        self._changed[frame.client] = None
        return True

    def _new_sender(self, frame: Frame) -> _Known:
        self._known.pop(frame.client, None)
        if len(self._known) >= self._max_senders:
            oldest = next(iter(self._known))
            del self._known[oldest], self._topics[oldest]
            self._changed[oldest] = None
        self._turn += 1
        self._known[frame.client] = _Known(frame.received_at_us, [], self._turn)
        self._topics[frame.client] = set()
        return self._known[frame.client]

    def changed(self) -> dict[str, bytes | None]:
        """Rows to remember since the last call; None = forget."""
        changed, self._changed = self._changed, {}
        found = {PREFIX + client: self._known.get(client) for client in changed}
        return {key: msgspec.msgpack.encode(known) if known else None for key, known in found.items()}

    def restore(self, memory: Mapping[str, bytes]) -> None:
        """Go on from remembered rows; rows of others are passed over."""
        rows = [(key.removeprefix(PREFIX), row) for key, row in memory.items() if key.startswith(PREFIX)]
        known = [(client, msgspec.msgpack.decode(row, type=_Known)) for client, row in rows]
        self._known = dict(sorted(known, key=lambda found: found[1].turn))
        self._topics = {client: set(known.topics) for client, known in self._known.items()}
        self._turn = max((known.turn for known in self._known.values()), default=0)


class Sightings:
    """Gathers the unknown places of one batch: of each topic the newest payload is read, and all are counted."""

    def __init__(self) -> None:
        self._messages: dict[str, tuple[Frame, int]] = {}
        self._fields: dict[tuple[str, str], Sighting] = {}

    def add(self, frame: Frame) -> None:
        """A message on a topic that nobody named."""
        _, count = self._messages.get(frame.topic, (frame, 0))
        if count or len(self._messages) < MAX_PER_BATCH:
            self._messages[frame.topic] = (frame, count + 1)

    def add_field(self, frame: Frame, path: str, value: float, named_by: str = "") -> None:
        """A number under a name that nobody named, on a topic that is known; `named_by` is the topic by which the plant
        file would name it, where that is another one than the frame's."""
        key = (named_by or frame.topic, path)
        before = self._fields.get(key)
        if before is None and len(self._fields) >= MAX_PER_BATCH:
            return
        found = _sighting(frame, path, value, before.count + 1 if before else 1)
        if named_by:  # such a payload is for machines only
            found = replace(found, topic=named_by, sample=f"{path} = {value:g}"[:SAMPLE_CHARACTERS])
        self._fields[key] = found

    def found(self) -> list[Sighting]:
        """Everything that could be adopted."""
        places = [
            _sighting(frame, path, value, count)
            for frame, count in self._messages.values()
            for path, value in numbers_in(frame.payload, frame.received_at_us)
        ]
        return [*places, *self._fields.values()]


def _sighting(frame: Frame, path: str, value: float, count: int) -> Sighting:
    sample = frame.payload[: 4 * SAMPLE_CHARACTERS].decode(errors="replace")[:SAMPLE_CHARACTERS]
    return Sighting(frame.topic, path, frame.client, frame.received_at_us, value, sample, count)


def numbers_in(payload: bytes, now_us: int = 0) -> list[tuple[str, float]]:
    """(path, value) of the numbers of a payload of unknown shape: path "" when it is a number as a whole, in SenML the
    name of the record. SenML's times are judged as of `now_us`.

    Whatever cannot be read has none: it is quarantined in any case.

    >>> numbers_in(b"21.5"), numbers_in(b'{"env": {"temp": 21.5}, "ts": 1795392000000, "id": "x"}'), numbers_in(b"ok")
    ([('', 21.5)], [('env.temp', 21.5)], [])
    """
    if len(payload) > MAX_READ_BYTES:
        return []
    plain = _plain_number(payload)
    if plain is not None:
        return [("", plain)]
    try:
        found = parse(unpacked(payload))
    except Rejected:
        return []
    if is_senml(found):
        return _senml_numbers(payload, now_us)
    first = found[0] if isinstance(found, list) and found else found
    return other_numbers(first, NOT_NUMBERS) if isinstance(first, dict) else []


def is_senml(found: object) -> bool:
    """Whether JSON looks like SenML: an array of records that have nothing but its labels, names among them.

    >>> is_senml([{"bn": "urn:dev:p1:", "n": "temp", "v": 61.5}]), is_senml([{"temp": 61.5}]), is_senml([])
    (True, False, False)
    """
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        return False
    labels = {label for record in found for label in record}
    return bool(labels & {"n", "bn"}) and bool(labels & {"v", "vb", "s"}) and labels <= senml.LABELS.keys()


def _senml_numbers(payload: bytes, now_us: int) -> list[tuple[str, float]]:
    """The newest value of each name."""
    try:
        return list(dict(senml.decode(payload, _NOBODY, now_us, now_us).unknown).items())
    except Rejected:
        return []


def _plain_number(payload: bytes) -> float | None:
    if not payload or len(payload) > 32 or payload.strip(b" \r\n+-.0123456789eE"):
        return None
    try:
        value = float(payload)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
