"""The whole-life file of an asset in the shapes of `api.schemas_asset_file`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from forewarn.api.schemas_asset_file import (
    AssetFileOut,
    FileChangeOut,
    FileFittedOut,
    FileModelOut,
    FileOrderOut,
    FilePartOut,
    FileRunningOut,
    FileSignalOut,
    FileSpentOut,
    FileSumsOut,
)
from forewarn.api.views import moment
from forewarn.core.errors import Rejected
from forewarn.core.plant import Plant
from forewarn.core.running import RunningState
from forewarn.core.work import Json, WorkOrder
from forewarn.maintenance.orders.asset_file import PartUse, Place, Sums
from forewarn.pipeline.asset_file import AssetFile, SignalSummary


def asset_file(found: AssetFile, plant: Plant) -> AssetFileOut:
    """One page."""
    return AssetFileOut(
        asset=found.id,
        at=moment(found.at_us),
        specification=found.specification,
        orders_total=_sums(found.sums),
        orders=[_order(one) for one in found.orders],
        next=None if found.next is None else f"{found.next.created_at_us}:{found.next.number}",
        parts=[_part(one, plant) for one in found.parts],
        fitted=[
            FileFittedOut(part=one.part, name=_name(one.part, plant), serial=one.serial, since=moment(one.since_us))
            for one in found.fitted
        ],
        spent=[
            FileSpentOut(
                currency=one.currency,
                labour=one.labour,
                parts=one.parts,
                other=one.other,
                total=one.total,
                labour_hours=one.hours,
            )
            for one in found.spent
        ],
        models=[
            FileModelOut(
                **asdict(one.model), orders=one.orders, first_at=moment(one.first_at_us), last_at=moment(one.last_at_us)
            )
            for one in found.deciders
        ],
        changes=_changes(found),
        readings=[_signal(one) for one in found.signals],
        running=None if found.running is None else _running(found.running),
    )


def place(text: str | None) -> Place | None:
    """The place that `next` names. Raises Rejected for another text.

    >>> place("1800000000000000:WO-000007")
    Place(created_at_us=1800000000000000, number='WO-000007')
    """
    if text is None:
        return None
    at, colon, number = text.partition(":")
    if not (at.isascii() and at.isdigit() and len(at) < 19 and colon and number):
        raise Rejected("before", f"{text!r} is no place in the file: send the value of `next` of the page before")
    return Place(int(at), number)


def _changes(found: AssetFile) -> list[FileChangeOut]:
    numbers = {order.id: order.number for order in found.orders}
    return [_change(row, numbers) for row in found.changes]


def _change(row: Json, numbers: dict[str, str]) -> FileChangeOut:
    told = cast(Any, row)
    about, _, id = told["subject"].partition(":")
    words = f"{about} of {numbers[id]}" if id in numbers else numbers.get(about, about)
    return FileChangeOut(
        at=moment(told["at_us"]),
        actor=told["actor"],
        about=words,
        action=told["action"],
        changed=sorted(told["after"]),
        hash=told["hash"],
    )


def _sums(sums: Sums) -> FileSumsOut:
    told = asdict(sums)
    first_us, newest_us = told.pop("first_at_us"), told.pop("newest_at_us")
    return FileSumsOut(**told, first_at=_maybe(first_us), newest_at=_maybe(newest_us))


def _order(order: WorkOrder) -> FileOrderOut:
    return FileOrderOut(
        id=order.id,
        number=order.number,
        kind=cast(Any, order.kind.value),
        status=cast(Any, order.status.value),
        verification=cast(Any, order.verification.value),
        priority=order.priority,
        title=order.title,
        faults=[str(cause.fault) for cause in order.causes],
        finding=cast(Any, order.report.get("finding")),
        follows=order.follows,
        created_at=moment(order.created_at_us),
        updated_at=moment(order.updated_at_us),
        planned_cost=order.planned_cost,
        currency=order.currency,
    )


def _part(use: PartUse, plant: Plant) -> FilePartOut:
    return FilePartOut(
        part=use.part,
        name=_name(use.part, plant),
        used=use.used,
        planned=use.planned,
        orders=use.orders,
        last_at=moment(use.last_at_us),
        from_store=use.from_store,
        store_value=use.store_value,
    )


def _name(part: str, plant: Plant) -> str:
    known = plant.part(part)
    return known.name if known else part


def _signal(summary: SignalSummary) -> FileSignalOut:
    told = asdict(summary)
    return FileSignalOut(**told | {"last_at": _maybe(told.pop("last_at_us"))})


def _running(state: RunningState) -> FileRunningOut:
    return FileRunningOut(
        state=state.state,
        since=_maybe(state.since_us),
        hours_total=state.hours_total,
        hours_24h=state.hours_24h,
        share_30d=state.share_30d,
    )


def _maybe(at_us: int | None) -> Any:
    return None if at_us is None else moment(at_us)
