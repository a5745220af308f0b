"""`forewarn autonomy` and `forewarn windows`: levels, budgets, held advices and maintenance windows of a running
server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forewarn.api.cli_server import connected, told

if TYPE_CHECKING:
    pass

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
Name = Annotated[str, typer.Argument(help="Class of machines, instrument, or plant.")]
Reason = Annotated[str, typer.Option(help="Why; it is shown with the step.")]

autonomy_app = typer.Typer(help="How far Forewarn goes by itself.", no_args_is_help=True)
windows_app = typer.Typer(help="Maintenance windows: times without new orders.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(autonomy_app, name="autonomy")
    app.add_typer(windows_app, name="windows")


@autonomy_app.command("show")
def autonomy_show(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Levels and the weekly alarm budget of the plant and of every class."""
    with connected(state_dir) as client:
        found = client.autonomy()
    told(found, [_line(row) for row in (found["plant"], *found["classes"])], as_json)


@autonomy_app.command("set")
def autonomy_set(
    name: Name,
    reason: Reason,
    level: Annotated[str | None, typer.Option(help="advise, draft, open or reserve.")] = None,
    pin: Annotated[bool | None, typer.Option("--pin/--no-pin", help="Only a person moves a pinned class.")] = None,
    budget: Annotated[str | None, typer.Option(help="Orders a week, or none for no budget of its own.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Set level, pin or weekly budget of a class."""
    change: dict[str, Any] = {} if level is None else {"level": level}
    change |= {} if pin is None else {"pinned": pin}
    if budget is not None:
        if budget != "none" and not budget.isdigit():
            raise typer.BadParameter(f"{budget!r} is no budget: write a number of orders a week, or none")
        change["orders_per_week"] = None if budget == "none" else int(budget)
    if not change:
        raise typer.BadParameter("say what to set: --level, --pin, --no-pin or --budget")
    with connected(state_dir) as client:
        row = client.set_autonomy(name, reason, **change)
    told(row, [_line(row)], as_json)


@autonomy_app.command("undo")
def autonomy_undo(name: Name, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Take the newest step of a class back, be it a person's or measured."""
    with connected(state_dir) as client:
        row = client.undo_autonomy(name)
    told(row, [_line(row)], as_json)


@autonomy_app.command("steps")
def autonomy_steps(
    name: Annotated[str | None, typer.Argument(help="Only of this class.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Every step of levels and budgets, newest first."""
    with connected(state_dir) as client:
        rows = client.autonomy_steps(name)
    lines = [f"{row['at']}  {row['name']}: {row['action']} by {row['actor']}: {row['after']['reason']}" for row in rows]
    told({"steps": rows}, lines, as_json)


@autonomy_app.command("measure")
def autonomy_measure(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Measure the precision of every class now and let the levels follow."""
    with connected(state_dir) as client:
        moved = client.measure_autonomy()
    told({"moved": moved}, [_line(row) for row in moved] or ["no class moves"], as_json)


@autonomy_app.command("held")
def autonomy_held(
    name: Annotated[str | None, typer.Argument(help="Only of this class.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Advices that opened no order, the most urgent first, with the reason."""
    with connected(state_dir) as client:
        rows = client.held(name)
    lines = [f"{row['asset']} {row['fault']}  priority {row['priority']}: {row['reason']}" for row in rows]
    told({"held": rows}, lines or ["nothing is held back"], as_json)


@autonomy_app.command("release")
def autonomy_release(
    asset: Annotated[str, typer.Argument(help="Machine.")],
    fault: Annotated[str, typer.Argument(help="Its fault as component:mechanism, as `held` shows it.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Open the order for a held advice, outside of every budget."""
    with connected(state_dir) as client:
        order = client.release(asset, fault)
    told(order, [f"{order['number']}: {order['title']}"], as_json)


@windows_app.command("list")
def windows_list(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Maintenance windows, by their first start."""
    with connected(state_dir) as client:
        rows = client.windows()
    told({"windows": rows}, [_window(row) for row in rows] or ["no maintenance window is planned"], as_json)


@windows_app.command("plan")
def windows_plan(
    scope: Annotated[str, typer.Argument(help="asset, area, class or plant.")],
    of: Annotated[str, typer.Argument(help="Which one; - for the whole plant.")],
    hours: Annotated[float, typer.Option(help="How long it stands.")],
    reason: Reason,
    start: Annotated[str | None, typer.Option(help="First start: ISO 8601 with a zone (default: now).")] = None,
    repeat: Annotated[str, typer.Option(help="once, daily, weekly or monthly.")] = "once",
    every: Annotated[int, typer.Option(help="Every so many days, weeks or months.")] = 1,
    until: Annotated[str | None, typer.Option(help="It comes again until then: ISO 8601 with a zone.")] = None,
    timezone: Annotated[str, typer.Option(help="IANA name; repeats at the same local time there.")] = "UTC",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Plan a maintenance window: no order is opened for its machines while it stands."""
    more = {"repeat": repeat, "every": every, "until": until, "timezone": timezone}
    with connected(state_dir) as client:
        row = client.plan_window(scope, "" if of == "-" else of, start, hours, reason, **more)
    told(row, [_window(row)], as_json)


@windows_app.command("end")
def windows_end(
    id: Annotated[str, typer.Argument(help="Id of the window, as `list` shows it.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Take a window back; what it held is looked at again."""
    with connected(state_dir) as client:
        rows = client.end_window(id)
    told({"windows": rows}, [_window(row) for row in rows] or ["no maintenance window is planned"], as_json)


def _line(row: dict[str, Any]) -> str:
    level = f"{row['level']}{', pinned' if row['pinned'] else ''}" if row["level"] else "budget"
    budget = "" if row["orders_per_week"] is None else f" of {row['orders_per_week']}"
    beyond = f", {row['overspent_this_week']} beyond it" if row["overspent_this_week"] else ""
    week = f"{row['opened_this_week']}{budget} orders this week{beyond}, {row['held_back']} held back"
    return f"{row['name']}: {level}; {week}{'; ' + row['reason'] if row['reason'] else ''}"


def _window(row: dict[str, Any]) -> str:
    when = f"stands until {row['stands_until']}" if row["stands_until"] else f"next {row['next_start']}"
    name = f"{row['scope']} {row['of']}".strip()
    return f"{row['id']}  {name}: {row['hours']:g} h, {row['repeat']}, {when}: {row['reason']}"
