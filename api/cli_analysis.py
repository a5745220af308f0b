"""`forewarn kpi ...`: figures about maintenance with their definitions and rows, on the records of a state folder.

They only read, and work beside a running server or without one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from forewarn.api.schemas_analysis import KpiOut
    from forewarn.maintenance.analysis.facts import Period
    from forewarn.pipeline.analysis import Analysis, Scope

kpi_app = typer.Typer(
    help="Figures about maintenance, each with its definition and the rows behind it.", no_args_is_help=True
)

From = Annotated[
    str | None, typer.Option("--from", help="ISO 8601 time or local day (default: a year before the end).")
]
To = Annotated[str | None, typer.Option("--to", help="ISO 8601 time or local day, included (default: now).")]
AssetOption = Annotated[str | None, typer.Option("--asset", help="Of this machine only.")]
ClassOption = Annotated[str | None, typer.Option("--class", help="Of this class of machines only.")]
AreaOption = Annotated[str | None, typer.Option("--area", help="Of this area only.")]
StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
PlantFile = Annotated[Path | None, typer.Option("--plant", help="Plant file (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
Key = Annotated[str, typer.Argument(metavar="KPI", help="Key of the figure, such as mtbf; forewarn kpi list.")]


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(kpi_app, name="kpi")


@contextmanager
def _opened(state_dir: Path | None, plant_file: Path | None) -> Iterator[Analysis]:
    from forewarn.api.cli_models import settings_of
    from forewarn.api.wiring import kept_clock
    from forewarn.ingest.store.reader import PackedReader
    from forewarn.maintenance.records import open_records
    from forewarn.pipeline.adopted import load_plant_with_adopted
    from forewarn.pipeline.analysis import Analysis

    settings = settings_of(state_dir, plant_file)
    plant = load_plant_with_adopted(settings.plant, settings.adopted)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    records, derived = open_records(settings.records_url), PackedReader(settings.derived_dir)
    clock = kept_clock(settings, records).clock()
    try:
        yield Analysis(lambda: plant, records, derived, lambda: clock.plant_us(time.time_ns() // 1000))
    finally:
        derived.close()
        records.close()


def _scope(asset: str | None, asset_class: str | None, area: str | None) -> Scope:
    from forewarn.pipeline.analysis import Scope

    return Scope(asset, asset_class, area)


def _span(analysis: Analysis, from_: str | None, to: str | None) -> Period:
    from forewarn.pipeline.analysis import period_of

    return period_of(from_, to, analysis.now_us(), analysis.zone)


def _tell(as_json: bool, lines: Sequence[str], **told: Any) -> None:
    print(json.dumps(told) if as_json else "\n".join(lines))


def _plain(shapes: Sequence[BaseModel]) -> list[dict[str, Any]]:
    return [shape.model_dump(mode="json", by_alias=True) for shape in shapes]


def _value(kpi: KpiOut) -> str:
    if kpi.value is None:
        return f"-  {kpi.why}"
    value = f"{kpi.value:.1%}" if kpi.unit == "1" else f"{kpi.value:,.2f} {kpi.unit}"
    span = ""
    if kpi.low is not None:
        high = "" if kpi.high is None else f"{kpi.high:.1%}" if kpi.unit == "1" else f"{kpi.high:,.1f}"
        span = f"  (95 %: {f'{kpi.low:.1%}' if kpi.unit == '1' else f'{kpi.low:,.1f}'} to {high or 'any'})"
    return f"{value}{span}" + (f"  {kpi.note}" if kpi.note else "")


@kpi_app.command("list")
def kpi_list(
    from_: From = None,
    to: To = None,
    asset: AssetOption = None,
    class_: ClassOption = None,
    area: AreaOption = None,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Every figure of a period."""
    from forewarn.api.views_analysis import kpi_out

    with _opened(state_dir, plant) as analysis:
        span = _span(analysis, from_, to)
        found = [kpi_out(answer, span) for answer in analysis.figures(span, _scope(asset, class_, area))]
    _tell(as_json, [f"{kpi.key:<26} {_value(kpi)}" for kpi in found], kpis=_plain(found))


@kpi_app.command("show")
def kpi_show(
    key: Key,
    from_: From = None,
    to: To = None,
    asset: AssetOption = None,
    class_: ClassOption = None,
    area: AreaOption = None,
    rows: Annotated[int, typer.Option(help="Show so many of the rows behind it.", min=0)] = 20,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """One figure: its definition, what it was divided from, and the rows behind it."""
    from forewarn.api.views_analysis import rows_out

    with _opened(state_dir, plant) as analysis:
        span = _span(analysis, from_, to)
        told = rows_out(analysis.figure(key, span, _scope(asset, class_, area)), span, 0, rows)
    kpi = told.kpi
    below = "" if kpi.denominator is None else f" / {kpi.denominator:,.2f}"
    lines = [f"{kpi.name}: {_value(kpi)}", kpi.definition, f"{kpi.formula} = {kpi.numerator:,.2f}{below}"]
    lines += [
        f"  {row.number:<14} {row.asset:<16} {str(row.at.date()) if row.at else '':<10}  {row.numerator:>12,.2f}"
        f" {row.denominator:>10,.2f}  {row.note}"
        for row in told.rows
    ]
    lines += [f"  ... and {told.total - len(told.rows)} more rows"] if told.total > len(told.rows) else []
    _tell(as_json, lines, **told.model_dump(mode="json", by_alias=True))


@kpi_app.command("trend")
def kpi_trend(
    key: Key,
    step: Annotated[str, typer.Option(help="week or month.")] = "month",
    from_: From = None,
    to: To = None,
    asset: AssetOption = None,
    class_: ClassOption = None,
    area: AreaOption = None,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """A figure of each local week or month."""
    from forewarn.api.views_analysis import kpi_out

    with _opened(state_dir, plant) as analysis:
        span = _span(analysis, from_, to)
        found = [kpi_out(a, piece) for piece, a in analysis.trend(key, span, step, _scope(asset, class_, area))]
        zone = analysis.zone
    _tell(as_json, [f"{kpi.from_.astimezone(zone).date()}  {_value(kpi)}" for kpi in found], trend=_plain(found))


@kpi_app.command("bad-actors")
def kpi_bad_actors(
    by: Annotated[str, typer.Option(help="asset, class, area, component or failure_mode.")] = "asset",
    measure: Annotated[str, typer.Option(help="failures, cost or downtime.")] = "failures",
    currency: Annotated[str, typer.Option(help="Of costs, where there are several.")] = "",
    from_: From = None,
    to: To = None,
    asset: AssetOption = None,
    class_: ClassOption = None,
    area: AreaOption = None,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """The few that make most of the trouble (Pareto); those that make 80 % are marked."""
    from forewarn.api.views_analysis import actor_out

    with _opened(state_dir, plant) as analysis:
        span = _span(analysis, from_, to)
        found = analysis.bad_actors(span, by, measure, _scope(asset, class_, area), currency)
    lines = [
        f"{'*' if a.vital else ' '} {a.what:<28} {a.amount:>14,.1f} {a.share:>7.1%} {a.cumulative:>7.1%}" for a in found
    ]
    _tell(as_json, lines or ["Nothing in this period."], bad_actors=_plain([actor_out(actor) for actor in found]))


@kpi_app.command("costs")
def kpi_costs(
    by: Annotated[
        str, typer.Option(help="asset, class, area, supplier, person, kind, component, part or month.")
    ] = "asset",
    from_: From = None,
    to: To = None,
    asset: AssetOption = None,
    class_: ClassOption = None,
    area: AreaOption = None,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """What maintenance cost, and what it went to."""
    from forewarn.api.views_analysis import cost_out

    with _opened(state_dir, plant) as analysis:
        span = _span(analysis, from_, to)
        found = analysis.costs(span, by, _scope(asset, class_, area))
    lines = [f"{c.what:<28} {c.total:>16,.2f} {c.currency}  {c.hours:>9,.1f} h  {c.orders:>6} orders" for c in found]
    _tell(as_json, lines or ["No cost was reported in this period."], costs=_plain([cost_out(cost) for cost in found]))


@kpi_app.command("load")
def kpi_load(
    weeks: Annotated[int, typer.Option(help="So many weeks.", min=1, max=53)] = 8,
    from_: Annotated[
        str | None, typer.Option("--from", help="From the week of this time or local day on (default: now).")
    ] = None,
    asset: AssetOption = None,
    class_: ClassOption = None,
    area: AreaOption = None,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Open work by skill and week, in percent of the hours of those who have the skill."""
    from forewarn.api.views_analysis import load_out
    from forewarn.pipeline.analysis import moment_of

    with _opened(state_dir, plant) as analysis:
        start_us = moment_of(from_, analysis.zone) if from_ else analysis.now_us()
        told, zone = load_out(analysis.load(start_us, weeks, _scope(asset, class_, area))), analysis.zone
    lines = [f"{'':<20}" + "".join(f"{week.astimezone(zone):%d %b}".rjust(9) for week in told.weeks)]
    for skill in dict.fromkeys(cell.skill for cell in told.cells):
        shown = [
            f"{c.share:.0%}" if c.share is not None else "-" if not c.load else "nobody"
            for c in told.cells
            if c.skill == skill
        ]
        lines.append(f"{skill:<20}" + "".join(text.rjust(9) for text in shown))
    lines.append(f"without a date {told.undated:g} h, later {told.later:g} h")
    _tell(as_json, lines, **told.model_dump(mode="json"))


@kpi_app.command("verify")
def kpi_verify(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="interval, limit, part or supplier.")],
    of: Annotated[str, typer.Argument(metavar="OF", help="Which plan, limit, part or supplier.")],
    at: Annotated[str | None, typer.Option("--at", help="When it changed, where the records do not tell.")] = None,
    days: Annotated[float, typer.Option(help="Days to compare to either side.", min=7, max=3650)] = 180.0,
    component: Annotated[str | None, typer.Option(help="Failures of this component only.")] = None,
    asset: AssetOption = None,
    class_: ClassOption = None,
    area: AreaOption = None,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Did a change work? Failures and costs before and after, with intervals."""
    from forewarn.api.views_analysis import comparison_out
    from forewarn.pipeline.analysis import Change, moment_of

    with _opened(state_dir, plant) as analysis:
        at_us = moment_of(at, analysis.zone) if at else None
        change = Change(what, of, at_us, days, _scope(asset, class_, area), component)
        told = comparison_out(analysis.compare(change))
    _tell(as_json, [told.text], **told.model_dump(mode="json", by_alias=True))
