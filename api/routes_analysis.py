"""Routes of figures about maintenance: every one with its definition and the rows behind it. Reads only.

`from` and `to` are ISO 8601 times or local days (the last one included); without them the year up to now.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from forewarn.api import views_analysis
from forewarn.api.auth import Caller
from forewarn.api.schemas_analysis import BadActorOut, ChangeOut, CostOut, KpiOut, KpiRowsOut, LoadOut
from forewarn.api.state import Plantroom, Room
from forewarn.maintenance.analysis.definitions import BY_KEY
from forewarn.maintenance.analysis.facts import Period
from forewarn.pipeline.analysis import Analysis, Change, Scope, moment_of, period_of

router = APIRouter(prefix="/api")

Text = Annotated[str | None, Query(max_length=200)]
From = Annotated[str | None, Query(alias="from", max_length=40)]
To = Annotated[str | None, Query(alias="to", max_length=40)]
Key = Annotated[str, Path(max_length=60)]


def analysis_of(room: Plantroom) -> Analysis:
    """What computes figures, or 503 where there are no records to compute from."""
    if room.analysis is None:
        raise HTTPException(503, "This server keeps no records to compute figures from")
    return room.analysis


def known_key(key: str) -> str:
    """The key, or 404 with those that there are."""
    if key not in BY_KEY:
        raise HTTPException(404, f"There is no figure {key!r}; there are {', '.join(BY_KEY)}")
    return key


def scope_of(
    asset: Text = None,
    asset_class: Annotated[str | None, Query(alias="class", max_length=200)] = None,
    area: Text = None,
) -> Scope:
    """Of which machines."""
    return Scope(asset, asset_class, area)


def span_of(room: Room, from_: From = None, to: To = None) -> Period:
    """The period that is asked for."""
    analysis = analysis_of(room)
    return period_of(from_, to, analysis.now_us(), analysis.zone)


Of = Annotated[Scope, Depends(scope_of)]
Span = Annotated[Period, Depends(span_of)]


@router.get("/kpis")
def get_kpis(room: Room, _: Caller, span: Span, of: Of) -> list[KpiOut]:
    """Every figure of a period with its definition; of a machine, a class, an area, or all."""
    return [views_analysis.kpi_out(answer, span) for answer in analysis_of(room).figures(span, of)]


@router.get("/kpis/{key}")
def get_kpi(key: Key, room: Room, _: Caller, span: Span, of: Of) -> KpiOut:
    """One figure. 404 for one that there is not."""
    return views_analysis.kpi_out(analysis_of(room).figure(known_key(key), span, of), span)


@router.get("/kpis/{key}/rows")
def get_rows(
    key: Key,
    room: Room,
    _: Caller,
    span: Span,
    of: Of,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> KpiRowsOut:
    """The rows behind a figure, page by page: their numerators and denominators add up to those of the figure."""
    answer = analysis_of(room).figure(known_key(key), span, of)
    return views_analysis.rows_out(answer, span, offset, limit)


@router.get("/kpis/{key}/trend")
def get_trend(
    key: Key, room: Room, _: Caller, span: Span, of: Of, step: Literal["week", "month"] = "month"
) -> list[KpiOut]:
    """A figure of each local week or month of the period; the first and the last may be shorter."""
    found = analysis_of(room).trend(known_key(key), span, step, of)
    return [views_analysis.kpi_out(answer, piece) for piece, answer in found]


@router.get("/analysis/bad-actors")
def get_bad_actors(
    room: Room,
    _: Caller,
    span: Span,
    of: Of,
    by: Literal["asset", "class", "area", "component", "failure_mode"] = "asset",
    measure: Literal["failures", "cost", "downtime"] = "failures",
    currency: Annotated[str, Query(max_length=3)] = "",
) -> list[BadActorOut]:
    """The Pareto list: what makes most of the failures, the cost or the downtime. 422 for downtime by component, and
    for costs in several currencies where none is named."""
    found = analysis_of(room).bad_actors(span, by, measure, of, currency)
    return [views_analysis.actor_out(actor) for actor in found]


@router.get("/analysis/costs")
def get_costs(
    room: Room,
    _: Caller,
    span: Span,
    of: Of,
    by: Literal["asset", "class", "area", "supplier", "person", "kind", "component", "part", "month"] = "asset",
) -> list[CostOut]:
    """What maintenance cost by asset, class, area, supplier, person, kind of order, component, part or month."""
    return [views_analysis.cost_out(cost) for cost in analysis_of(room).costs(span, by, of)]


@router.get("/analysis/load")
def get_load(
    room: Room, _: Caller, of: Of, from_: From = None, weeks: Annotated[int, Query(ge=1, le=53)] = 8
) -> LoadOut:
    """Open work by skill and week against the hours of those who have the skill, from the week of `from` (now) on."""
    analysis = analysis_of(room)
    start_us = moment_of(from_, analysis.zone) if from_ else analysis.now_us()
    return views_analysis.load_out(analysis.load(start_us, weeks, of))


@router.get("/analysis/verify")
def get_verify(
    room: Room,
    _: Caller,
    what: Literal["interval", "limit", "part", "supplier"],
    of: Annotated[str, Query(min_length=1, max_length=200)],
    scope: Of,
    at: Annotated[str | None, Query(max_length=40)] = None,
    days: Annotated[float, Query(ge=7, le=3650)] = 180.0,
    component: Annotated[str | None, Query(max_length=200)] = None,
) -> ChangeOut:
    """Did a change work? Failures and costs before and after: of the `interval` of a plan, a `limit`, a `part` or a
    `supplier`. `at`: when it changed, where the records do not tell; `component`: failures of this one only."""
    analysis = analysis_of(room)
    at_us = moment_of(at, analysis.zone) if at else None
    return views_analysis.comparison_out(analysis.compare(Change(what, of, at_us, days, scope, component)))
