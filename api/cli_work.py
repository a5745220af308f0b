"""`forewarn departments | clocks | on-call | verification | muted | asset`: work around orders.

The file of an asset is read from a state folder; everything else asks the running server.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forewarn.api.cli_server import connected
from forewarn.core.errors import Rejected

if TYPE_CHECKING:
    from forewarn.api.schemas_asset_file import AssetFileOut
    from forewarn.api.settings import Settings

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
Order = Annotated[str, typer.Argument(help="Number of the order, for instance WO-000001.")]
StepId = Annotated[int, typer.Argument(help="Number of the step.")]

departments_app = typer.Typer(help="What orders wait for: production, safety, purchasing.", no_args_is_help=True)
on_call_app = typer.Typer(help="Who is called when a clock of an order slips.", no_args_is_help=True)
asset_app = typer.Typer(help="The whole life of a machine.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(departments_app, name="departments")
    app.add_typer(on_call_app, name="on-call")
    app.add_typer(asset_app, name="asset")
    for name, command in (("clocks", clocks), ("verification", verification), ("muted", muted)):
        app.command(name)(command)


@departments_app.command("board")
def board(
    department: Annotated[str | None, typer.Option(help="production, safety or purchasing (default: all).")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """What waits for whom, the first due first."""
    with connected(state_dir) as client:
        lines = client.board(department)
    if not lines and not as_json:
        print("no order waits for another department")
    for line in () if as_json else lines:
        step = line["step"]
        late = f"  {line['late_h']:.0f} h late" if line["late_h"] else ""
        print(f"{step['id']:>5}  {step['due']}  {step['department']:<10}  {step['owner']}: {step['what']}{late}")
        print(f"       for {line['number']} ({line['status']}), {line['title']}")
    if as_json:
        print(json.dumps({"board": lines}))


@departments_app.command("of")
def of_order(order: Order, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Steps of an order, whether it can start, and how late they make it."""
    with connected(state_dir) as client:
        found = client.departments(order)
    _steps(found, as_json)


@departments_app.command("ask")
def ask(
    order: Order,
    department: Annotated[str, typer.Option(help="production, safety or purchasing.")] = "",
    what: Annotated[str, typer.Option(help="What is to be done.")] = "",
    due: Annotated[str, typer.Option(help="ISO 8601 time with a zone.")] = "",
    owner: Annotated[str | None, typer.Option(help="Who is asked (default: from the settings).")] = None,
    optional: Annotated[bool, typer.Option("--optional", help="The order may start without it.")] = False,
    usual: Annotated[bool, typer.Option("--usual", help="Release, permit, and delivery of missing parts.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Ask another department for a step of an order."""
    step = {"department": department, "what": what, "due": due, "owner": owner, "required": not optional}
    if not usual and not (department and what and due):
        raise typer.BadParameter("name --department, --what and --due, or ask for --usual")
    with connected(state_dir) as client:
        found = client.ask_departments(order, *([step] if department else []), usual=usual)
    _steps(found, as_json)


@departments_app.command("done")
def done(
    step: StepId,
    note: Annotated[str, typer.Option(help="For the record.")] = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """The step is done."""
    with connected(state_dir) as client:
        _one(client.department_done(step, note), as_json)


@departments_app.command("drop")
def drop(
    step: StepId,
    reason: Annotated[str, typer.Option(help="Why it is not needed.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """The step is not needed."""
    with connected(state_dir) as client:
        _one(client.department_dropped(step, reason), as_json)


@departments_app.command("move")
def move(
    step: StepId,
    due: Annotated[str, typer.Option(help="ISO 8601 time with a zone.")],
    owner: Annotated[str | None, typer.Option(help="Somebody else (default: as before).")] = None,
    note: Annotated[str, typer.Option(help="For the record.")] = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Another due time or owner."""
    with connected(state_dir) as client:
        _one(client.department_moved(step, due, owner, note), as_json)


def clocks(
    order: Annotated[str | None, typer.Argument(help="Number of an order (default: all open ones).")] = None,
    state: Annotated[str | None, typer.Option(help="running, paused, warning, breached or met.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """How long until somebody has to act, and until the work has to be done."""
    with connected(state_dir) as client:
        found = [client.clocks(order)] if order else client.all_clocks(state)
    for one in () if as_json else found:
        for clock in one["clocks"]:
            used = f"{clock['used_h']:.1f} of {clock['limit_h']:g} h"
            print(f"{one['number']}  {clock['clock']:<10}  {clock['state']:<8}  {used}  due {clock['due'] or '-'}")
        for call in one.get("calls", ()):
            print(f"{one['number']}  called {call['person'] or 'nobody'} ({call['rota']}) for {call['clock']}")
        if "priority_reason" in one:
            print(f"{one['number']}  priority {one['priority']}: {one['priority_reason']}")
    if as_json:
        print(json.dumps(found[0] if order else {"orders": found}))


@on_call_app.command("list")
def on_call_list(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Who is on call now and later."""
    with connected(state_dir) as client:
        turns = client.on_call()
    if not turns and not as_json:
        print("nobody is on call: forewarn on-call add ROTA PERSON")
    for turn in () if as_json else turns:
        print(f"{turn['id']:>5}  {turn['rota']:<12}  {turn['start']} - {turn['until']}  {turn['person']}")
    if as_json:
        print(json.dumps({"on_call": turns}))


@on_call_app.command("add")
def on_call_add(
    rota: Annotated[str, typer.Argument(help="Rota of the escalation table: planner, supervisor, manager.")],
    person: Annotated[str, typer.Argument(help="Who answers.")],
    start: Annotated[str, typer.Option("--from", help="ISO 8601 time with a zone.")],
    until: Annotated[str, typer.Option("--to", help="ISO 8601 time with a zone.")],
    contact: Annotated[str, typer.Option(help="Telephone or address.")] = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Put somebody on a rota."""
    with connected(state_dir) as client:
        turn = client.put_on_call(rota, person, start, until, contact)
    print(json.dumps(turn) if as_json else f"turn {turn['id']}: {turn['person']} is on call for {turn['rota']}")


@on_call_app.command("remove")
def on_call_remove(
    turn: Annotated[int, typer.Argument(help="Number of the turn.")], state_dir: StateDir = None, as_json: Json = False
) -> None:
    """Take a turn back."""
    with connected(state_dir) as client:
        left = client.take_off_call(turn)
    print(json.dumps({"on_call": left}) if as_json else f"turn {turn} is taken back, {len(left)} are left")


def verification(order: Order, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Did the repair help? Every signal before and after, at comparable load and speed."""
    with connected(state_dir) as client:
        found = client.verification(order)
    if as_json:
        print(json.dumps(found))
        return
    print(f"{found['number']}: verification {found['verification']}")
    for one in [*found["concluded"], *([found["now"]] if found["now"] else [])]:
        print(f"  {one['at']}  {one['result']}: {one['reason']}")
        for row in one["signals"]:
            print(f"    {_compared(row)}")
    if found["follow_ups"]:
        print(f"  followed by {', '.join(found['follow_ups'])}")


def muted(
    asset: Annotated[str | None, typer.Argument(help="Machine (default: all).")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Machines that somebody works on, and the alarms that were kept meanwhile."""
    with connected(state_dir) as client:
        found = client.muted(asset)
    if not as_json and not (found["muted"] or found["kept"]):
        print("nobody works on a machine, and no alarm is kept")
    for one in () if as_json else found["muted"]:
        print(f"{one['asset']}  muted by {one['number']} since {one['since']}")
    for one in () if as_json else found["kept"]:
        print(f"{one['asset']}  kept: {one['fault']}, priority {one['priority']}, first {one['first_at']}")
    if as_json:
        print(json.dumps(found))


@asset_app.callback()
def _several() -> None:
    """Keeps `file` a word of its own, though it is the only command."""


@asset_app.command("file")
def file(
    asset: Annotated[str, typer.Argument(help="Machine.")],
    before: Annotated[str | None, typer.Option(help="Go on where the page before ended: its `next`.")] = None,
    limit: Annotated[int, typer.Option(help="Orders on the page.", min=1, max=500)] = 50,
    state_dir: StateDir = None,
    plant: Annotated[Path | None, typer.Option("--plant", help="Plant file (default: from the settings).")] = None,
    as_json: Json = False,
) -> None:
    """Specification, orders, parts, costs, readings, models and changes of a machine; also while a server runs."""
    from forewarn.api.settings import load_settings

    settings = load_settings()
    changed = {"state_dir": state_dir or settings.state_dir, "plant": plant or settings.plant}
    found = _file(settings.model_copy(update=changed), asset, before, limit)
    if as_json:
        print(found.model_dump_json())
        return
    total = found.orders_total
    print(f"{asset}: {total.orders} orders, {total.open_orders} open; {', '.join(_counts(total.by_kind))}")
    for spent in found.spent:
        print(f"  spent {spent.total:.2f} {spent.currency}, {spent.labour_hours:g} h of labour")
    for part in found.parts:
        store = f" ({part.from_store} from the store)" if part.from_store else ""
        planned = f"{part.used:g} used{store}, {part.planned} planned"
        print(f"  part {part.part} ({part.name}): {planned}, last {part.last_at}")
    for piece in found.fitted:
        print(f"  in it: {piece.part} {piece.serial} ({piece.name}) since {piece.since}")
    for order in found.orders:
        print(f"  {order.created_at:%Y-%m-%d}  {order.number}  {order.kind:<11} {order.status:<6} {order.title}")
    if found.next:
        print(f"  more: --before {found.next}")


def _file(settings: Settings, asset: str, before: str | None, limit: int) -> AssetFileOut:
    from time import time_ns

    from forewarn.api import views_asset_file
    from forewarn.api.wiring import kept_clock
    from forewarn.ingest.store.reader import PackedReader
    from forewarn.maintenance.orders.asset_file import AssetFileRows
    from forewarn.maintenance.records import open_records
    from forewarn.pipeline.adopted import load_plant_with_adopted
    from forewarn.pipeline.asset_file import asset_file

    plant = load_plant_with_adopted(settings.plant, settings.adopted)
    records = open_records(settings.records_url)
    try:
        now_us = kept_clock(settings, records).clock().plant_us(time_ns() // 1000)
        raw, derived = PackedReader(settings.series_dir), PackedReader(settings.derived_dir)
        rows, place = AssetFileRows(records), views_asset_file.place(before)
        found = asset_file(asset, plant.asset(asset), rows, raw, derived, now_us, place, limit)
    finally:
        records.close()
    if found.asset is None and not found.sums.orders:
        raise Rejected("unknown_asset", f"there is no {asset!r} in {settings.plant}, and no order of it")
    return views_asset_file.asset_file(found, plant)


def _steps(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    waits = f"waits in {found['waits_in']} for {found['reason']}" if found["waits_in"] else "can start"
    late = f", {found['late_h']:.0f} h after start work by" if found["late_h"] else ""
    print(f"{found['number']}: {waits}; not before {found['earliest_start']}{late}")
    for step in found["steps"]:
        _one(step, False)


def _one(step: dict[str, Any], as_json: bool) -> None:
    ended = f"done {step['done_at']} by {step['done_by']}" if step["done_at"] else ""
    state = ended or (f"dropped {step['dropped_at']}" if step["dropped_at"] else f"due {step['due']}")
    words = f"{step['id']:>5}  {step['department']:<10}  {step['owner']}: {step['what']}: {state}"
    print(json.dumps(step) if as_json else words)


def _compared(row: dict[str, Any]) -> str:
    before, after = ("?" if row[key] is None else f"{row[key]:.3g}" for key in ("before", "after"))
    mark = "abnormal" if row["abnormal"] else "healthy"
    told = (
        f"{row['signal']}: {before} -> {after} {row['unit']} (healthy {row['healthy']:.3g}, limit {row['limit']:.3g})"
    )
    return f"{told}, {row['hours']:.0f} h, {mark}{', carried the evidence' if row['carried'] else ''}"


def _counts(counts: dict[str, int]) -> list[str]:
    return [f"{count} {word}" for word, count in counts.items()] or ["none yet"]
