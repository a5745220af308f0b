"""A quarantined message is read again: as a frame in the journal, so that it happens once and in order.

The frame carries the whole original one. It is decoded with the plant as it is now and its times are judged as of now,
but what it says about its own arrival stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

from forewarn.core.errors import Rejected
from forewarn.core.ports import Refusal
from forewarn.ingest.delivery import Frame
from forewarn.ingest.journal_records import BadRecord, decode_frames, encode_record, read_record
from forewarn.ingest.sparkplug.topics import PREFIX, place_in

REPLAY_PREFIX = "$forewarn/replay/"
"""Topic prefix of the frames that carry quarantined messages. Clients cannot publish to `$` topics."""
CLIENT = "forewarn"
MAX_ROWS = 200
MAX_BYTES = 16 * 1024 * 1024
MOST_REASONS = 8  # that one message is refused for


class Order(NamedTuple):
    """Read this message again. `reason` is that of its row, `others` those of other rows of the same message."""

    row: int
    reason: str
    others: frozenset[str]
    frame: Frame


class _Wire(msgspec.Struct):
    """Payload of a replay frame."""

    reason: str
    others: list[str]
    record: bytes


def replay_frame(refusal: Refusal, others: Iterable[str], now_us: int) -> Frame:
    """The journal frame that makes the intake read a row of the quarantine again.

    Raises Rejected `payload_cut` when the row does not hold the whole message.

    >>> row = Refusal(5, "gw", "t", "unknown_topic", "", b"21.5", row=7)
    >>> order = order_of(replay_frame(row, [], now_us=9))
    >>> order.row, order.frame.payload, order.frame.received_at_us
    (7, b'21.5', 5)
    """
    if refusal.cut_bytes:
        detail = f"row {refusal.row} lacks {refusal.cut_bytes} bytes of its message: the sender has to send it again"
        raise Rejected("payload_cut", detail)
    original = Frame(refusal.received_at_us, refusal.flags, refusal.source, refusal.topic, refusal.payload)
    wire = _Wire(refusal.reason, sorted(set(others)), encode_record(0, [original]))
    return Frame(now_us, 1, CLIENT, f"{REPLAY_PREFIX}{refusal.row}", msgspec.msgpack.encode(wire))


def order_of(frame: Frame) -> Order:
    """What a replay frame asks for. Raises Rejected `bad_replay` when it is none of ours."""
    try:
        wire = msgspec.msgpack.decode(frame.payload, type=_Wire)
        (original,) = decode_frames(read_record(memoryview(wire.record), 0, 0))
        row = int(frame.topic.removeprefix(REPLAY_PREFIX))
    except (msgspec.DecodeError, BadRecord, ValueError) as error:
        raise Rejected("bad_replay", f"no message to read again: {error}") from error
    return Order(row, wire.reason, frozenset(wire.others), original)


def is_same_message(one: Refusal, other: Refusal) -> bool:
    """Do two rows hold the same message, refused for two reasons?"""
    return _identity(one) == _identity(other)


def _identity(refusal: Refusal) -> tuple[int, str, str, bytes]:
    return refusal.received_at_us, refusal.source, refusal.topic, refusal.payload


class QuarantineRows(Protocol):
    """What a replay needs of the book."""

    def quarantine(
        self, limit: int = ..., before_row: int | None = ..., reason: str | None = ..., search: str | None = ...
    ) -> list[Refusal]:
        """Newest refusals first."""
        ...


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows to read again: these, or those of a reason and a topic, older than `before_row`.

    `topic` may also be the place of Sparkplug metrics (`spBv1.0/GROUP/NODE[/DEVICE]`): births and data of it are meant.
    """

    rows: Sequence[int] = ()
    reason: str | None = None
    topic: str | None = None
    before_row: int | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Frames for the journal, rows that lack a part of their message, and where the next call goes on (None: done)."""

    frames: list[Frame]
    cut: list[int]
    missing: list[int]
    go_on_before: int | None


def choose(book: QuarantineRows, wanted: Wanted, now_us: int) -> Chosen:
    """The frames that read rows of the quarantine again: at most `MAX_ROWS` and `MAX_BYTES` a call.

    Raises Rejected `too_many_rows`, and `bad_request` when nothing says which rows.
    """
    if len(wanted.rows) > MAX_ROWS:
        raise Rejected("too_many_rows", f"{len(wanted.rows)} rows in one request, the limit is {MAX_ROWS}")
    if not wanted.rows and wanted.reason is None and wanted.topic is None:
        raise Rejected("bad_request", "name rows, a reason or a topic")
    found, go_on_before = _named(book, wanted) if wanted.rows else _matching(book, wanted)
    frames, cut, size = list[Frame](), list[int](), 0
    for place, refusal in enumerate(found):
        if refusal.cut_bytes:
            cut.append(refusal.row)
            continue
        if frames and size + len(refusal.payload) > MAX_BYTES and not wanted.rows:
            go_on_before = found[place - 1].row
            break
        size += len(refusal.payload)
        frames.append(replay_frame(refusal, _other_reasons(book, refusal), now_us))
    missing = sorted(set(wanted.rows) - {refusal.row for refusal in found})
    return Chosen(frames, cut, missing, go_on_before)


def _named(book: QuarantineRows, wanted: Wanted) -> tuple[list[Refusal], None]:
    nearest = {row: book.quarantine(1, before_row=row + 1) for row in sorted(set(wanted.rows), reverse=True)}
    return [found[0] for row, found in nearest.items() if found and found[0].row == row], None


def _matching(book: QuarantineRows, wanted: Wanted) -> tuple[list[Refusal], int | None]:
    page = book.quarantine(MAX_ROWS, wanted.before_row, wanted.reason, _in_all_topics_of(wanted.topic))
    found = [refusal for refusal in page if wanted.topic in (None, refusal.topic, place_in(refusal.topic))]
    return found, page[-1].row if len(page) == MAX_ROWS else None


def _in_all_topics_of(topic: str | None) -> str | None:
    """A text that stands in the topics of all messages that a topic or place stands for."""
    return topic if topic is None or not topic.startswith(PREFIX) else "/".join(topic.split("/")[:2])


def _other_reasons(book: QuarantineRows, refusal: Refusal) -> set[str]:
    """Reasons of the other rows of the same message, which stand beside it."""
    beside = book.quarantine(2 * MOST_REASONS, before_row=refusal.row + MOST_REASONS)
    return {one.reason for one in beside if one.row != refusal.row and is_same_message(one, refusal)}
