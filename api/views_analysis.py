"""From figures to the shapes of `api.schemas_analysis`."""

from __future__ import annotations

from dataclasses import asdict

from forewarn.api.schemas_analysis import (
    BadActorOut,
    ChangeOut,
    CostOut,
    KpiOut,
    KpiRowOut,
    KpiRowsOut,
    LoadCellOut,
    LoadOut,
    MoneyOut,
    RatesOut,
)
from forewarn.api.views import moment
from forewarn.maintenance.analysis.answers import Answer, Row, page
from forewarn.maintenance.analysis.definitions import definition_of
from forewarn.maintenance.analysis.facts import Period
from forewarn.maintenance.analysis.heat_map import Load
from forewarn.maintenance.analysis.money import Cost
from forewarn.maintenance.analysis.repeats import Actor
from forewarn.maintenance.analysis.verify import Comparison


def kpi_out(answer: Answer, period: Period) -> KpiOut:
    """A figure with its definition."""
    told = definition_of(answer.key)
    return KpiOut(
        key=told.key,
        name=told.name,
        unit=answer.unit or told.unit,
        definition=told.definition,
        formula=told.formula,
        better=told.better,
        source=told.source,
        from_=moment(period.from_us),
        to=moment(period.to_us),
        value=answer.value,
        why=answer.why,
        note=answer.note,
        numerator=answer.numerator,
        denominator=answer.denominator,
        low=answer.low,
        high=answer.high,
        rows=len(answer.rows),
        left_out=answer.left_out,
    )


def rows_out(answer: Answer, period: Period, offset: int, limit: int) -> KpiRowsOut:
    """A page of its rows."""
    rows = [row_out(row) for row in page(answer.rows, offset, limit)]
    return KpiRowsOut(kpi=kpi_out(answer, period), rows=rows, offset=offset, total=len(answer.rows))


def row_out(row: Row) -> KpiRowOut:
    """One row."""
    return KpiRowOut(
        what=row.what,
        id=row.id,
        number=row.number,
        asset=row.asset,
        at=None if row.at_us is None else moment(row.at_us),
        numerator=row.numerator,
        denominator=row.denominator,
        note=row.note,
    )


def actor_out(actor: Actor) -> BadActorOut:
    """A line of a Pareto list."""
    return BadActorOut(**asdict(actor))


def cost_out(cost: Cost) -> CostOut:
    """Money that went to something."""
    return CostOut(
        what=cost.what,
        currency=cost.currency,
        labour=cost.labour,
        parts=cost.parts,
        other=cost.other,
        total=cost.total,
        labour_hours=cost.hours,
        orders=cost.orders,
    )


def load_out(load: Load) -> LoadOut:
    """The heat map."""
    cells = [
        LoadCellOut(
            skill=cell.skill,
            week=moment(cell.week_us),
            load=cell.load,
            capacity=cell.capacity,
            share=cell.share,
            overdue=cell.overdue,
            orders=list(cell.orders),
        )
        for cell in load.cells
    ]
    return LoadOut(weeks=[moment(us) for us in load.weeks], cells=cells, undated=load.undated, later=load.later)


def comparison_out(found: Comparison) -> ChangeOut:
    """Before and after a change."""
    return ChangeOut(
        what=found.what,
        of=found.of,
        at=moment(found.at_us),
        from_=moment(found.from_us),
        to=moment(found.to_us),
        verdict=found.verdict,
        text=found.text,
        failures=RatesOut(**asdict(found.failures)),
        costs=MoneyOut(**asdict(found.costs)),
        currency=found.currency,
        orders_before=list(found.orders_before),
        orders_after=list(found.orders_after),
    )
