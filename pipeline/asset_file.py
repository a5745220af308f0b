"""The whole-life file of an asset: what it is, what it ran, what was done to it, with which parts, for how much, on
whose word, and every change of it. Joins the plant, the series and the records; reads only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.plant import Asset
from forewarn.core.ports import LastValue, RollupReader
from forewarn.core.readings import SignalSpec
from forewarn.core.running import RunningState
from forewarn.core.work import Json, WorkOrder
from forewarn.maintenance.evidence import plain_object
from forewarn.maintenance.orders.asset_file import (
    MOST_PAGE,
    AssetFileRows,
    Decider,
    Fitted,
    PartUse,
    Place,
    Spent,
    Sums,
)
from forewarn.pipeline.running import running_of

SUMMED_DAYS = 30


@dataclass(frozen=True, slots=True)
class SignalSummary:
    """Readings of one signal: the newest, and of the last `SUMMED_DAYS` days how many there were and their range.
    None where nothing was read."""

    signal: str
    quantity: str
    unit: str
    kind: str
    last_at_us: int | None
    last_value: float | None
    readings: int
    low: float | None
    mean: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class AssetFile:
    """One page of the file. `asset` is None for a machine that has left the plant file: its past stays. `specification`
    as the plant file says it; `next` is where the orders go on (None: these were the last)."""

    id: str
    asset: Asset | None
    at_us: int
    sums: Sums
    orders: tuple[WorkOrder, ...]
    next: Place | None
    parts: tuple[PartUse, ...]
    fitted: tuple[Fitted, ...]
    spent: tuple[Spent, ...]
    deciders: tuple[Decider, ...]
    changes: tuple[Json, ...]
    signals: tuple[SignalSummary, ...]
    running: RunningState | None

    @property
    def specification(self) -> Json:
        """The asset as the plant file describes it, without its signals' wiring."""
        if self.asset is None:
            return {}
        told = plain_object(self.asset)
        told["faults"] = [{**plain_object(plan), "fault": str(plan.fault)} for plan in self.asset.faults]
        told["signals"] = [
            {"signal": s.signal, "quantity": s.quantity, "unit": s.unit, "role": s.role, "component": s.component}
            for s in self.asset.signals
        ]
        return told


def asset_file(
    id: str,
    asset: Asset | None,
    rows: AssetFileRows,
    raw: RollupReader,
    derived: RollupReader,
    now_us: int,
    before: Place | None = None,
    limit: int = 50,
) -> AssetFile:
    """A page of the file of an asset, with at most `limit` orders (500 at most) from `before` on.

    Sums, parts, costs and readings are of the whole life as far as `maintenance.orders.asset_file` counts, whichever
    page it is; changes are those of the orders on the page.
    """
    wanted = min(limit, MOST_PAGE)
    orders = rows.orders(id, before, wanted)
    last = orders[-1] if len(orders) == wanted else None
    whole = rows.summary(id)
    return AssetFile(
        id=id,
        asset=asset,
        at_us=now_us,
        sums=whole.sums,
        orders=tuple(orders),
        next=Place(last.created_at_us, last.number) if last else None,
        parts=whole.parts,
        fitted=whole.fitted,
        spent=whole.spent,
        deciders=tuple(rows.deciders(id)),
        changes=tuple(rows.changes(id, [order.id for order in orders])),
        signals=tuple(_signals(asset, raw, now_us)) if asset else (),
        running=running_of(asset, raw, derived, now_us) if asset else None,
    )


def _signals(asset: Asset, raw: RollupReader, now_us: int) -> list[SignalSummary]:
    names = raw.names()
    newest = {value.series: value for value in raw.last_values()}
    return [_summary(spec, names, newest, raw, now_us) for spec in asset.signals]


def _summary(
    spec: SignalSpec, names: Mapping[str, int], newest: Mapping[int, LastValue], raw: RollupReader, now_us: int
) -> SignalSummary:
    number = names.get(spec.name)
    last = newest.get(number) if number is not None else None
    n, low, mean, high = 0, None, None, None
    if number is not None and spec.kind == "scalar":
        start_us = (now_us - SUMMED_DAYS * US_PER_DAY) // US_PER_DAY * US_PER_DAY
        days = raw.rollup(number, start_us, now_us + 1, US_PER_DAY)
        if len(days):
            n, low, high = int(days.n.sum()), float(days.low.min()), float(days.high.max())
            mean = float(np.sum(days.total) / n)
    return SignalSummary(
        signal=spec.signal,
        quantity=spec.quantity,
        unit=spec.unit,
        kind=spec.kind,
        last_at_us=last.at_us if last else None,
        last_value=last.value if last else None,
        readings=n,
        low=low,
        mean=mean,
        high=high,
    )
