"""Refusals of a message or of single readings in it, whole as long as they are small enough to keep many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from forewarn.core.ports import Refusal
from forewarn.ingest.delivery import Frame

QUARANTINED_BYTES = 256 * 1024
"""Longer messages are cut, and cannot be read again from the quarantine."""
DETAILS_SHOWN = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def refusal(frame: Frame, reason: str, detail: str, readings: int = 1) -> Refusal:
    """One refusal of a frame; `readings` is how many the sender counted."""
    kept = frame.payload[:QUARANTINED_BYTES]
    cut = len(frame.payload) - len(kept)
    return Refusal(
        frame.received_at_us, frame.client, frame.topic, reason, detail, kept, readings, frame.flags, cut_bytes=cut
    )


def grouped(frame: Frame, faults: Sequence[tuple[str, str]]) -> list[Refusal]:
    """One refusal per reason for the bad readings of a frame, so that ten thousand of them stay one row.

    >>> [r.readings for r in grouped(Frame(0, 1, "gw", "t", b""), [("future", "a"), ("future", "b"), ("empty", "c")])]
    [2, 1]
    """
    by_reason: dict[str, list[str]] = {}
    for reason, detail in faults:
        by_reason.setdefault(reason, []).append(detail)
    return [refusal(frame, reason, _summary(details), len(details)) for reason, details in by_reason.items()]


def _summary(details: Sequence[str]) -> str:
    different = list(dict.fromkeys(details))
    text = "; ".join(different[:DETAILS_SHOWN])
    more = len(different) - DETAILS_SHOWN
    return f"{text}; and {more} more" if more > 0 else text


def time_detail(at_us: int, now_us: int) -> str:
    """Why a time is refused, for a person.

    >>> time_detail(1_795_413_600_000_000, 1_795_392_000_000_000)
    '2026-11-23T06:00:00+00:00 is 6 h ahead of plant time'
    """
    hours = (at_us - now_us) / 3.6e9
    side = "ahead of" if hours > 0 else "behind"
    return f"{_written(at_us)} is {abs(hours):.6g} h {side} plant time"


def _written(at_us: int) -> str:
    try:
        return (_EPOCH + timedelta(microseconds=at_us)).isoformat()
    except OverflowError:
        return f"{at_us} us since 1970"
