"""A quarantined message is read again: as a frame in the journal, so that it happens once and in order.

The frame carries the whole original one. It is decoded with the plant as it is now and its times are judged as of now,
but what it says about its own arrival stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from forewarn.core.errors import Rejected
from forewarn.core.ports import Refusal
from forewarn.ingest.delivery import Frame
from forewarn.ingest.journal_records import BadRecord, decode_frames, encode_record, read_record

REPLAY_PREFIX = "$forewarn/replay/"
"""Topic prefix of the frames that carry quarantined messages. Clients cannot publish to `$` topics."""
CLIENT = "forewarn"


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
