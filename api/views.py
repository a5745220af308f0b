"""From stores and books to the shapes of `api.schemas`. Reads only."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from forewarn.api.schemas import (
    AssetDetail,
    AssetRow,
    AuditRow,
    CauseOut,
    ContributionOut,
    CountsOut,
    HistoryPoint,
    HypothesisOut,
    IsolationOut,
    OrderDetail,
    OrderRow,
    Overview,
    PartLineOut,
    RobustTrendOut,
    Rul,
    SecondOpinionOut,
    SensorProblemOut,
    SignalOut,
)
from forewarn.api.state import Plantroom
from forewarn.core import VERSION
from forewarn.core.jobs import NO_JOB
from forewarn.core.plant import Asset
from forewarn.core.ports import Actor, LastValue
from forewarn.core.readings import Quality, SignalSpec
from forewarn.core.work import Json, WorkOrder
from forewarn.maintenance.evidence import fault_label
from forewarn.maintenance.orders.costs import NO_LIMITS, allowed
from forewarn.maintenance.orders.findings import codes_asked, usual_codes
from forewarn.maintenance.orders.job_book import JobBook
from forewarn.maintenance.orders.rules import NOBODY

if TYPE_CHECKING:  # its module brings the models, which only some routes need
    from forewarn.models.second_opinion import SecondOpinion


def moment(at_us: int) -> datetime:
    """UTC microseconds -> aware datetime."""
    return datetime.fromtimestamp(at_us / 1e6, UTC)


def overview(room: Plantroom) -> Overview:
    """The plant at a glance."""
    counts = room.book.counts()
    latest = room.assessments.latest()
    states = Counter(str(latest[a.id]["state"]) if a.id in latest else "warming_up" for a in room.plant.assets)
    orders = room.orders.orders(limit=10_000, evidence=False)
    return Overview(
        plant=room.plant.name,
        version=VERSION,
        timezone=room.plant.sites[0].timezone,
        now=moment(room.now_us()),
        clock_rate=room.clock.rate,
        assets=len(room.plant.assets),
        by_state=cast(Any, dict(states)),
        readings_per_s=room.meter.see(counts.stored),
        open_orders=sum(o.is_open for o in orders),
        orders_total=len(orders),
        counts=CountsOut(
            acked=counts.acknowledged,
            stored=counts.stored,
            duplicates=counts.duplicates,
            conflicts=counts.conflicts,
            quarantined=counts.quarantined,
            summarised=counts.summarised,
            replayed=counts.replayed,
        ),
    )


def asset_rows(room: Plantroom) -> list[AssetRow]:
    """Every machine, in the order of the plant file."""
    latest = room.assessments.latest()
    orders = room.orders.orders(open_only=True, limit=10_000, evidence=False)
    return [AssetRow(**_row(a, latest.get(a.id), orders)) for a in room.plant.assets]


def asset_row(room: Plantroom, asset: Asset) -> AssetRow:
    """One machine for the board."""
    orders = room.orders.orders(open_only=True, asset=asset.id, evidence=False)
    return AssetRow(**_row(asset, room.assessments.latest().get(asset.id), orders))


def asset_detail(room: Plantroom, asset: Asset) -> AssetDetail:
    """One machine with everything its last assessment said."""
    latest = cast(Any, room.assessments.latest().get(asset.id) or {})
    orders = room.orders.orders(open_only=True, asset=asset.id, evidence=False)
    model = latest.get("model")
    return AssetDetail(
        **_row(asset, latest or None, orders),
        signals=signals(room, asset),
        diagnosis=[HypothesisOut(**h) for h in latest.get("diagnosis", [])],
        contributions=[ContributionOut(**c) for c in latest.get("contributions", [])],
        false_alarm_rate_per_year=latest.get("false_alarm_rate_per_year"),
        model=f"{model['name']} {model['version']}" if model else None,
    )


def signals(room: Plantroom, asset: Asset) -> list[SignalOut]:
    """Signals of a machine with their newest values and the features computed from them."""
    newest = {v.name: v for v in room.reader.last_values()}
    features: dict[str, list[str]] = {}
    for name in sorted(room.derived.names()):
        owner, _, rest = name.partition("/")
        signal, colon, _ = rest.partition(":")
        if owner == asset.id and colon:
            features.setdefault(signal, []).append(rest)
    return [_signal(s, newest.get(s.name), features.get(s.signal, [])) for s in asset.signals]


def _signal(spec: SignalSpec, last: LastValue | None, features: list[str]) -> SignalOut:
    return SignalOut(
        name=spec.signal,
        quantity=spec.quantity,
        unit=spec.unit,
        kind=cast(Any, spec.kind),
        role=spec.role,
        component=spec.component,
        last_value=last.value if last else None,
        last_at=moment(last.at_us) if last else None,
        quality=[str(flag.name).lower() for flag in Quality(last.quality)] if last else [],
        features=features,
    )


def _row(asset: Asset, latest: Json | None, open_orders: list[WorkOrder]) -> dict[str, Any]:
    known = cast(Any, latest or {})
    top = known["diagnosis"][0] if known.get("diagnosis") else None
    warming = known.get("warming_up")
    return {
        "id": asset.id,
        "name": asset.name,
        "asset_class": asset.asset_class,
        "site": asset.site,
        "area": asset.area,
        "criticality": asset.criticality,
        "state": known.get("state", "warming_up"),
        "health": known.get("health"),
        "anomaly": known.get("anomaly"),
        "warming_up_share": min(1.0, warming["seen_hours"] / max(warming["needed_hours"], 1e-9)) if warming else None,
        "fault": top["fault"] if top else None,
        "fault_label": top["label"] if top else None,
        "failure_mode": top["failure_mode"] if top else None,
        "fault_probability": top["probability"] if top else None,
        "rul": _rul(known, top["fault"] if top else None),
        "open_orders": [o.number for o in open_orders if o.asset == asset.id],
        "sensor_problems": [
            SensorProblemOut(signal=p["signal"], kind=p["kind"], since=moment(p["since_us"]), text=p["text"])
            for p in known.get("sensor_problems", [])
        ],
        "assessed_at": moment(known["at_us"]) if known else None,
    }


def _rul(known: Any, fault: str | None) -> Rul | None:
    forecasts = known.get("forecasts") or []
    chosen = next((f for f in forecasts if f["fault"] == fault), forecasts[0] if forecasts else None)
    if chosen is None:
        return None
    return Rul(**{key: chosen[key] for key in ("fault", "p10_h", "p50_h", "p90_h", "horizon_h")})


def history_point(known: Json) -> HistoryPoint:
    """One past assessment for the charts."""
    any_known = cast(Any, known)
    top = any_known["diagnosis"][0]["fault"] if any_known["diagnosis"] else None
    rul = _rul(any_known, top)
    return HistoryPoint(
        at_ms=any_known["at_us"] // 1000,
        state=any_known["state"],
        health=any_known["health"],
        anomaly=any_known["anomaly"],
        rul_p10_h=rul.p10_h if rul else None,
        rul_p50_h=rul.p50_h if rul else None,
        rul_p90_h=rul.p90_h if rul else None,
    )


def second_opinion(opinion: SecondOpinion) -> SecondOpinionOut:
    """A second opinion with its times."""
    found = opinion.isolation
    forest = found and IsolationOut(
        share_outside=found.share_outside,
        expected_share=found.expected_share,
        newest_rows=found.newest_rows,
        newest_from=moment(found.newest_from_us),
        baseline_rows=found.baseline_rows,
        baseline_until=moment(found.baseline_until_us),
        features=found.features,
    )
    return SecondOpinionOut(
        asset=opinion.asset,
        at=moment(opinion.at_us),
        warming_up=found is None,
        rows=opinion.rows,
        needed_rows=opinion.needed_rows,
        isolation=forest,
        trends=[RobustTrendOut(**asdict(t), excludes_zero=t.excludes_zero) for t in opinion.trends],
    )


def order_row(room: Plantroom, order: WorkOrder) -> OrderRow:
    """One order for a list."""
    return OrderRow(**_order(room, order))


def order_detail(room: Plantroom, order: WorkOrder, caller: Actor = NOBODY) -> OrderDetail:
    """One order with causes, parts and its record, and what the caller may do with it."""
    return OrderDetail(
        **_order(room, order),
        causes=[
            CauseOut(
                fault=str(c.fault),
                label=fault_label(c.fault),
                failure_mode=c.failure_mode,
                added_at=moment(c.added_at_us),
                evidence=cast(Any, c.evidence),
            )
            for c in order.causes
        ],
        parts=[_part_line(room, order.asset, line.part, line.quantity) for line in order.parts],
        steps=list(order.steps),
        repair_hours=order.repair_hours,
        verification=str(order.verification),
        finding=cast(Any, order.report.get("finding")),
        fault_found=cast(Any, order.report.get("fault_found")),
        codes_asked=list(codes_asked(order, {})),
        usual_codes=cast(Any, usual_codes(order)),
        planned_cost=order.planned_cost,
        currency=order.currency,
        **_around(room, order, caller),
        history=[_audit(row) for row in room.orders.history(order.id)],
    )


def _around(room: Plantroom, order: WorkOrder, caller: Actor) -> dict[str, Any]:
    """What the book says of an order beside itself: steps that the caller may take, who approves, forerunner and
    followers."""
    book = room.orders
    if not isinstance(book, JobBook):
        return {"allowed_actions": [str(s) for s in allowed(order, caller.role, NO_LIMITS)]}
    parent, job = book.order(order.follows) if order.follows else None, book.job(order.id) or NO_JOB
    return {
        "open_steps": {step.id: step.text for step in job.open_steps()},
        "allowed_actions": [str(s) for s in book.allowed(order, caller.role)],
        "needs_approval": book.approval_needed(order, caller.role),
        "follows": parent.number if parent else None,
        "follow_ups": [other.number for other in book.follow_ups(order.id)],
    }


def _order(room: Plantroom, order: WorkOrder) -> dict[str, Any]:
    asset = room.plant.asset(order.asset)
    return {
        "id": order.id,
        "number": order.number,
        "asset": order.asset,
        "asset_name": asset.name if asset else order.asset,
        "kind": str(order.kind),
        "status": str(order.status),
        "priority": order.priority,
        "title": order.title,
        "faults": [str(c.fault) for c in order.causes],
        "failure_mode": order.causes[0].failure_mode if order.causes else "UNK",
        "rul_p10_h": order.rul_p10_h,
        "rul_p50_h": order.rul_p50_h,
        "rul_p90_h": order.rul_p90_h,
        "order_by": moment(order.order_by_us) if order.order_by_us is not None else None,
        "start_by": moment(order.start_by_us) if order.start_by_us is not None else None,
        "win_probability": order.win_probability,
        "draft": order.draft if order.is_draft else None,
        "reserve_parts": order.reserve_parts,
        "changed": order.changed,
        "created_at": moment(order.created_at_us),
        "updated_at": moment(order.updated_at_us),
        "revision": order.revision,
    }


def _part_line(room: Plantroom, asset: str, id: str, quantity: int) -> PartLineOut:
    """A part of an order for an asset, with what is free or put aside for it."""
    known = room.stock.stock.parts_for(asset, [id], room.now_us()) if room.stock is not None else []
    part = known[0] if known else room.plant.part(id)
    return PartLineOut(
        part=id,
        name=part.name if part else id,
        quantity=quantity,
        on_hand=part.on_hand if part else 0,
        lead_p50_days=part.lead_p50_days if part else 0.0,
        lead_p90_days=part.lead_p90_days if part else 0.0,
    )


def _audit(row: Json) -> AuditRow:
    known = cast(Any, row)
    before, after = known.get("before") or {}, known.get("after") or {}
    changed = {k: v for k, v in after.items() if before.get(k) != v} if isinstance(after, dict) else {}
    detail = ", ".join(f"{key}: {_short(value)}" for key, value in changed.items())
    return AuditRow(
        at=moment(known["at_us"]), actor=known["actor"], action=known["action"], detail=detail, hash=known["hash"]
    )


def _short(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 120 else text[:117] + "..."


def thinned(at: np.ndarray[Any, Any], value: np.ndarray[Any, Any], most: int) -> tuple[list[int], list[float]]:
    """At most about `most` points that keep every peak: the lowest and highest of each of most/2 equal runs.

    >>> import numpy as np
    >>> thinned(np.arange(6) * 1000, np.array([0.0, 9.0, 1.0, 0.0, -5.0, 0.0]), 4)
    ([0, 1, 3, 4], [0.0, 9.0, 0.0, -5.0])
    """
    n = len(at)
    if n > most:
        edges = np.linspace(0, n, most // 2 + 1).astype(int)
        runs = [(i, j) for i, j in itertools.pairwise(edges) if j > i]
        places = sorted({i + int(pick(value[i:j])) for i, j in runs for pick in (np.argmin, np.argmax)})
        at, value = at[places], value[places]
    return [int(t) // 1000 for t in at], [float(v) for v in value]
