"""What becomes of an advice: a new order, a change of the open one, or nothing. Pure: values in, values out.

What is worse counts at once; what is better only when the dates are a day old, so that a forecast that swings moves an
order once a day and never leaves it too late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.work import Advice, Decision, Status, Verification, WorkOrder
from forewarn.maintenance.orders.rules import KeptOrder, OrderSettings, cause_of, dated, together
from forewarn.maintenance.orders.telling import change_told


@dataclass(frozen=True, slots=True)
class Verdict:
    """`what` is opened, updated, unchanged, waiting or cooling_down; `kept` the order as it should be from now on."""

    what: str
    kept: KeptOrder | None
    follows: str | None = None


def judge(advice: Advice, joined: KeptOrder | None, finished: Sequence[KeptOrder], settings: OrderSettings) -> Verdict:
    """What becomes of an advice. `joined` is the open order it belongs to; `finished` dealt with its component.

    >>> from forewarn.core.faults import Fault
    >>> from forewarn.core.work import OrderKind
    >>> a = Advice("pump-03", Fault("de_bearing", "outer_race_spall"), "VIB", OrderKind.CONDITION, Decision.WAIT,
    ...            "alert, not confirmed", 3, "Watch", 0, {})
    >>> judge(a, None, [], OrderSettings()).what
    'waiting'
    """
    if advice.decision is Decision.WAIT:
        return Verdict("waiting", joined)
    if joined is not None:
        after = merged(joined, advice, settings)
        return Verdict("unchanged" if after == joined else "updated", after)
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


def merged(kept: KeptOrder, advice: Advice, settings: OrderSettings) -> KeptOrder:
    """The open order after the advice, with a sentence about what changed; the very same when nothing that matters did.

    Evidence of a cause stays as it was when the cause came. An advice older than the dates changes nothing.
    """
    if advice.at_us < kept.refreshed_at_us:
        return kept
    order, driver, refreshed_at_us = _with_cause(kept.order, advice), kept.driver, kept.refreshed_at_us
    if order.draft == "advice" and advice.decision is Decision.OPEN:
        order = replace(order, draft="")
    takes = _takes_the_dates(kept, advice, settings)
    if advice.priority < order.priority or (takes and _eases(kept, advice)):
        order = replace(order, priority=advice.priority)
    if takes:
        order, driver, refreshed_at_us = _dated(order, advice), advice.fault, advice.at_us
    if order == kept.order:
        return kept
    changed = replace(
        order,
        revision=order.revision + 1,
        updated_at_us=max(order.updated_at_us, advice.at_us),
        changed=change_told(kept.order, order),
    )
    return replace(kept, order=changed, driver=driver, refreshed_at_us=refreshed_at_us)


def _dated(order: WorkOrder, advice: Advice) -> WorkOrder:
    """The order with the dates of the advice; what was due, and is due still, stays due since then."""
    after, now_us = dated(order, advice), advice.at_us
    return replace(
        after,
        order_by_us=_due_since(order.order_by_us, after.order_by_us, now_us),
        start_by_us=_due_since(order.start_by_us, after.start_by_us, now_us),
    )


def _due_since(old_us: int | None, new_us: int | None, now_us: int) -> int | None:
    due = old_us is not None and new_us is not None and old_us <= now_us and new_us <= now_us
    return old_us if due else new_us


def _with_cause(order: WorkOrder, advice: Advice) -> WorkOrder:
    if any(cause.fault == advice.fault for cause in order.causes):
        return order
    return replace(
        order,
        causes=(*order.causes, cause_of(advice)),
        parts=together(order.parts, advice.parts),
        steps=(*order.steps, *(step for step in advice.steps if step not in order.steps)),
        repair_hours=max(order.repair_hours, advice.repair_hours),
    )


def _eases(kept: KeptOrder, advice: Advice) -> bool:
    """Does the fault that set the dates say that there is less hurry? Then its priority may fall with them."""
    order = kept.order
    later = order.start_by_us is not None and advice.start_by_us is not None and advice.start_by_us > order.start_by_us
    return later and advice.fault == kept.driver and advice.priority > order.priority


def _takes_the_dates(kept: KeptOrder, advice: Advice, settings: OrderSettings) -> bool:
    """Do the order's dates become those of the advice? When they moved enough, and its fault has the say."""
    if advice.start_by_us is None:  # without a forecast there are no dates to take
        return False
    now_us, order = advice.at_us, kept.order
    aged = now_us - kept.refreshed_at_us >= settings.hold_h * US_PER_HOUR
    sooner = order.start_by_us is None or advice.start_by_us < order.start_by_us
    moved = _moved(order.start_by_us, advice.start_by_us, now_us, settings) or _moved(
        order.order_by_us, advice.order_by_us, now_us, settings
    )
    if advice.fault != kept.driver:
        return moved and (sooner or aged)
    gained = (advice.win_probability or 0.0) - (order.win_probability or 0.0)
    worse = (moved and sooner) or gained < -settings.moved_probability
    better = moved or gained > settings.moved_probability
    return worse or (better and aged)


def _moved(old_us: int | None, new_us: int | None, now_us: int, settings: OrderSettings) -> bool:
    """Is a date another one now? A date that was due stays due: being late every hour anew is no news."""
    if old_us is None or new_us is None:
        return new_us is not None
    if old_us <= now_us and new_us <= now_us:
        return False
    left_us = max(old_us - now_us, 0)
    return abs(new_us - old_us) > max(settings.moved_h * US_PER_HOUR, settings.moved_share * left_us)
