"""What becomes of an advice, and which step of an order is allowed. Pure: values in, values out.

The books (`orders.book`, `orders.book_memory`) find and keep orders; every decision about them stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.faults import Fault
from forewarn.core.plant import PartLine
from forewarn.core.work import (
    TRANSITIONS,
    Advice,
    Cause,
    Decision,
    Json,
    OrderKind,
    Status,
    Verification,
    WorkOrder,
)
from forewarn.maintenance.evidence import canonical
from forewarn.maintenance.orders.findings import checked_finding, without_finding

REPORT_LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """When the book stays quiet. Hours are plant time.

    A finished order keeps its component quiet for `cool_down_h`. Dates count as moved beyond `moved_h` and beyond
    `moved_share` of the time that was left; a chance beyond `moved_probability`. A fault that drives an order's dates
    keeps them for `hold_h` against a less urgent fault of the same order.
    """

    cool_down_h: float = 72.0
    moved_h: float = 4.0
    moved_share: float = 0.10
    moved_probability: float = 0.20
    hold_h: float = 24.0


AS_USUAL = OrderSettings()


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """An order with what only the book knows: which fault its dates are of and since when, its end, its forerunner."""

    order: WorkOrder
    driver: Fault
    refreshed_at_us: int
    finished_at_us: int | None = None
    follows: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`what` is opened, updated, unchanged, waiting or cooling_down; `kept` the order as it should be from now on."""

    what: str
    kept: KeptOrder | None
    follows: str | None = None


def shares_order(kind: OrderKind) -> bool:
    """Do alarms of one machine go onto one order? All but those of instruments, which have one order per signal."""
    return kind is not OrderKind.INSTRUMENT


def judge(advice: Advice, joined: KeptOrder | None, finished: Sequence[KeptOrder], settings: OrderSettings) -> Verdict:
    """What becomes of an advice. `joined` is the open order it belongs to; `finished` dealt with its component.

    >>> from forewarn.core.faults import Fault
    >>> a = Advice("pump-03", Fault("de_bearing", "outer_race_spall"), "VIB", OrderKind.CONDITION, Decision.WAIT,
    ...            "alert, not confirmed", 3, "Watch", 0, {})
    >>> judge(a, None, [], OrderSettings()).what
    'waiting'
    """
    if advice.decision is Decision.WAIT:
        return Verdict("waiting", joined)
    if joined is not None:
        merged = _merged(joined, advice, settings)
        return Verdict("unchanged" if merged == joined else "updated", merged)
    newest = max(finished, key=lambda kept: kept.finished_at_us or 0, default=None)
    if newest is None:
        return Verdict("opened", None)
    if _is_cooling(newest, advice.at_us, settings):
        return Verdict("cooling_down", newest)
    failed = newest.order.status is Status.COMP  # completed, and the signals say that it did not help
    return Verdict("opened", None, follows=newest.order.id if failed else None)


def _is_cooling(finished: KeptOrder, at_us: int, settings: OrderSettings) -> bool:
    order = finished.order
    if order.status is Status.COMP:
        return order.verification is not Verification.FAILED
    return at_us - (finished.finished_at_us or 0) < settings.cool_down_h * US_PER_HOUR


def opened(advice: Advice, id: str, number: str, follows: str | None) -> KeptOrder:
    """The new order that an advice asks for."""
    order = WorkOrder(
        id=id,
        number=number,
        asset=advice.asset,
        kind=advice.kind,
        status=Status.WAPPR,
        priority=advice.priority,
        title=advice.title,
        causes=(_cause(advice),),
        parts=_together((), advice.parts),
        steps=advice.steps,
        repair_hours=advice.repair_hours,
        created_at_us=advice.at_us,
        updated_at_us=advice.at_us,
        revision=1,
    )
    return KeptOrder(_dated(order, advice), advice.fault, advice.at_us, follows=follows)


def _cause(advice: Advice) -> Cause:
    return Cause(advice.fault, advice.failure_mode, advice.evidence, advice.at_us)


def _dated(order: WorkOrder, advice: Advice) -> WorkOrder:
    return replace(
        order,
        title=advice.title,
        rul_p10_h=advice.rul_p10_h,
        rul_p50_h=advice.rul_p50_h,
        rul_p90_h=advice.rul_p90_h,
        order_by_us=advice.order_by_us,
        start_by_us=advice.start_by_us,
        win_probability=advice.win_probability,
    )


def _merged(kept: KeptOrder, advice: Advice, settings: OrderSettings) -> KeptOrder:
    """The open order after the advice; the very same when nothing that matters changed.

    Evidence of a cause stays as it was when the cause came. An advice older than the dates changes nothing.
    """
    if advice.at_us < kept.refreshed_at_us:
        return kept
    order, driver, refreshed_at_us = _with_cause(kept.order, advice), kept.driver, kept.refreshed_at_us
    if advice.priority < order.priority:
        order = replace(order, priority=advice.priority)
    if _takes_the_dates(kept, advice, settings):
        order, driver, refreshed_at_us = _dated(order, advice), advice.fault, advice.at_us
    if order == kept.order:
        return kept
    changed = replace(order, revision=order.revision + 1, updated_at_us=max(order.updated_at_us, advice.at_us))
    return replace(kept, order=changed, driver=driver, refreshed_at_us=refreshed_at_us)


def _with_cause(order: WorkOrder, advice: Advice) -> WorkOrder:
    if any(cause.fault == advice.fault for cause in order.causes):
        return order
    return replace(
        order,
        causes=(*order.causes, _cause(advice)),
        parts=_together(order.parts, advice.parts),
        steps=(*order.steps, *(step for step in advice.steps if step not in order.steps)),
        repair_hours=max(order.repair_hours, advice.repair_hours),
    )


def _together(ours: Sequence[PartLine], theirs: Sequence[PartLine]) -> tuple[PartLine, ...]:
    """Both lists, each part once, with the larger quantity: two faults of one machine mostly share their parts."""
    quantity: dict[str, int] = {}
    for line in (*ours, *theirs):
        quantity[line.part] = max(line.quantity, quantity.get(line.part, 0))
    return tuple(PartLine(part, count) for part, count in quantity.items())


def _takes_the_dates(kept: KeptOrder, advice: Advice, settings: OrderSettings) -> bool:
    """Do the order's dates become those of the advice? When they moved enough, and its fault has the say."""
    if advice.start_by_us is None:  # without a forecast there are no dates to take
        return False
    now_us, order = advice.at_us, kept.order
    moved = _moved(order.start_by_us, advice.start_by_us, now_us, settings) or _moved(
        order.order_by_us, advice.order_by_us, now_us, settings
    )
    if advice.fault == kept.driver:
        return moved or abs((order.win_probability or 0) - (advice.win_probability or 0)) > settings.moved_probability
    more_urgent = order.start_by_us is None or advice.start_by_us < order.start_by_us
    held = now_us - kept.refreshed_at_us < settings.hold_h * US_PER_HOUR
    return moved and (more_urgent or not held)


def _moved(old_us: int | None, new_us: int | None, now_us: int, settings: OrderSettings) -> bool:
    """Is a date another one now? A date that was due stays due: being late every hour anew is no news."""
    if old_us is None or new_us is None:
        return new_us is not None
    if old_us <= now_us and new_us <= now_us:
        return False
    left_us = max(old_us - now_us, 0)
    return abs(new_us - old_us) > max(settings.moved_h * US_PER_HOUR, settings.moved_share * left_us)


def stepped(kept: KeptOrder, status: Status, revision: int, at_us: int, report: Json | None) -> KeptOrder:
    """The order after a step of `TRANSITIONS`. Raises Conflict for a stale revision, a forbidden step, or closing an
    order whose effect was neither verified nor waived; Rejected for a report that is no JSON, above 64 KiB, or whose
    finding is not understood (`findings`). Work taken up again forgets its finding: it is told anew."""
    order = kept.order
    if revision != order.revision:
        raise Conflict(f"{order.number} is at revision {order.revision}, not {revision}: read it again")
    if status not in TRANSITIONS[order.status]:
        allowed = ", ".join(TRANSITIONS[order.status]) or "nothing"
        raise Conflict(f"{order.number} cannot go from {order.status} to {status}; allowed: {allowed}")
    if status is Status.CLOSE and order.verification not in (Verification.PASSED, Verification.WAIVED):
        raise Conflict(f"{order.number} cannot be closed: its verification is {order.verification}")
    rework = order.status is Status.COMP and status is Status.INPRG
    kept_report = without_finding(order.report) if rework else order.report
    changed = replace(
        order,
        status=status,
        revision=order.revision + 1,
        updated_at_us=max(order.updated_at_us, at_us),
        report={**kept_report, **_checked(checked_finding(order, status, report or {}, at_us))},
        verification=Verification.PENDING if rework else order.verification,
    )
    finished_at_us = None if changed.is_open else max(at_us, kept.finished_at_us or 0)
    return replace(kept, order=changed, finished_at_us=finished_at_us)


def verified(kept: KeptOrder, result: Verification, at_us: int) -> KeptOrder:
    """The completed order with the result of its verification; the very same when it has it already.

    Raises Conflict when the order is not completed, Rejected for `pending`, which is no result.
    """
    order = kept.order
    if result is Verification.PENDING:
        raise Rejected("no_result", "a verification is passed, failed or waived")
    if order.status is not Status.COMP:
        raise Conflict(f"{order.number} is {order.status}: only a completed order is verified")
    if order.verification is result:
        return kept
    changed = replace(
        order, verification=result, revision=order.revision + 1, updated_at_us=max(order.updated_at_us, at_us)
    )
    return replace(kept, order=changed)


def _checked(report: Json) -> Json:
    try:
        text = canonical(report)
    except (TypeError, ValueError) as error:
        raise Rejected("report_not_json", str(error)) from error
    if len(text.encode()) > REPORT_LIMIT:
        raise Rejected("report_too_large", f"a report holds at most {REPORT_LIMIT} bytes")
    return report
