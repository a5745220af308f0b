"""What an advice changed on an order, as a sentence for whoever had read it before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.work import WorkOrder
from forewarn.maintenance.evidence import fault_label

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def change_told(before: WorkOrder, after: WorkOrder) -> str:
    """The differences that matter to a planner; "" when there are none.

    Example: "Start work by 2027-01-15 14:00 UTC, 3.2 days sooner; priority 2 instead of 3; chance to be in time 60%
    instead of 90%."
    """
    told = list(_differences(before, after))
    if not told:
        return ""
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."


def _differences(before: WorkOrder, after: WorkOrder) -> Iterator[str]:
    yield from (f"new cause: {fault_label(cause.fault)}" for cause in after.causes[len(before.causes) :])
    yield from _date("start work by", before.start_by_us, after.start_by_us)
    yield from _date("order parts by", before.order_by_us, after.order_by_us)
    if before.priority != after.priority:
        yield f"priority {after.priority} instead of {before.priority}"
    was, now = _percent(before.win_probability), _percent(after.win_probability)
    if was != now:
        yield f"chance to be in time {now} instead of {was}"
    if before.draft and not after.draft:
        yield "no longer a draft: acting costs less than waiting"


def _date(what: str, was_us: int | None, now_us: int | None) -> Iterator[str]:
    if now_us is None or now_us == was_us:
        return
    if was_us is None:
        yield f"{what} {_minute(now_us)}"
        return
    by, way = span(abs(now_us - was_us) / US_PER_HOUR), "sooner" if now_us < was_us else "later"
    yield f"{what} {_minute(now_us)}, {by} {way}"


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.0%}"


def _minute(at_us: int) -> str:
    return f"{EPOCH + timedelta(microseconds=at_us):%Y-%m-%d %H:%M} UTC"


def span(hours: float) -> str:
    """Hours as a person says them.

    >>> span(30.2), span(223.0)
    ('30 h', '9.3 days')
    """
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.1f} days"
