"""`forewarn count ...`, and the looks over all stock: `forewarn stock classes | losses | dead`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from forewarn.api.cli_server import connected, told
from forewarn.api.cli_stock import Json, StateDir, records, stock_app

SheetArg = Annotated[str, typer.Argument(metavar="SHEET", help="Number of the sheet, such as CNT-000012.")]

count_app = typer.Typer(help="Counting: what is due, sheets, differences.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(count_app, name="count")


@count_app.command("due")
def count_due(
    days: Annotated[float, typer.Option(help="Also what comes due within so many days.", min=0.0)] = 0.0,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """What the rolling count asks for: walks, and each part and place."""
    with connected(state_dir) as client:
        due = client.counts_due(days)
    lines = [
        f"walk {walk['area']}: {walk['lines']} lines, {walk['due']} due: {', '.join(walk['places'])}"
        for walk in due["walks"]
    ]
    lines += [f"{one['due'][:10]}  {one['abc']}  {one['part']:<20} {one['place']}" for one in due["spots"]]
    told(due, lines, as_json, "nothing is due")


@count_app.command("list")
def count_list(
    under_way: Annotated[bool, typer.Option("--under-way", help="Only those that are not done.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Count sheets, newest first."""
    with connected(state_dir) as client:
        rows = records(client.count_sheets(under_way))
    lines = [f"{row['number']}  {row['state']:<9} {row['area']}  drawn by {row['made_by']}" for row in rows]
    told({"sheets": rows}, lines, as_json, "no sheet was drawn yet")


@count_app.command("draw")
def count_draw(
    places: Annotated[list[str] | None, typer.Argument(metavar="PLACE", help="None: the next walk.")] = None,
    area: Annotated[str, typer.Option(help="The next walk of this room; or a name for the sheet.")] = "",
    part: Annotated[list[str] | None, typer.Option(help="Only this part there; also several.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Draw a sheet: of the next walk that is due, or of places."""
    with connected(state_dir) as client:
        sheet = client.draw_count(places or [], area, part or [])
    told(sheet, _sheet(sheet), as_json)


@count_app.command("show")
def count_show(sheet: SheetArg, state_dir: StateDir = None, as_json: Json = False) -> None:
    """One sheet; blind while somebody has to count."""
    with connected(state_dir) as client:
        one = client.count_sheet(sheet)
    told(one, _sheet(one), as_json)


@count_app.command("tell")
def count_tell(
    sheet: SheetArg,
    line: Annotated[int, typer.Argument(metavar="LINE", help="Number of the line.", min=1)],
    pieces: Annotated[int, typer.Argument(metavar="PIECES", help="What lies there.", min=0)],
    by: Annotated[str, typer.Option(help="Who counted (default: the caller).")] = "",
    at: Annotated[str | None, typer.Option(help="When: ISO 8601 with a zone (default: now).")] = None,
    serial: Annotated[list[str] | None, typer.Option(help="Of a rotable, each number that lies there.")] = None,
    note: Annotated[str, typer.Option(help="For the record.")] = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Tell what was counted on a line."""
    with connected(state_dir) as client:
        one = client.count_line(sheet, line, pieces, by, at=at, serials=serial or [], note=note)
    told(one, _sheet(one), as_json)


@count_app.command("post")
def count_post(sheet: SheetArg, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Book the differences of a sheet, all or none, once."""
    with connected(state_dir) as client:
        one = client.post_count(sheet)
    told(one, _sheet(one), as_json)


@count_app.command("cancel")
def count_cancel(
    sheet: SheetArg,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the record.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Give a count up; nothing is booked."""
    with connected(state_dir) as client:
        one = client.cancel_count(sheet, reason)
    told(one, [f"{one['number']} is {one['state']}"], as_json)


@stock_app.command("classes")
def stock_classes(
    days: Annotated[float, typer.Option(help="From the issues of so many days.", min=12, max=3660)] = 365.0,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """ABC by value, XYZ by evenness, VED by the machines that need the part."""
    with connected(state_dir) as client:
        rows = records(client.part_classes(days))
    lines = [f"{row['code']}  {row['part']:<20} {row['yearly_value']:>12,.2f} a year  {row['why']}" for row in rows]
    told({"classes": rows}, lines, as_json, "no part is known")


@stock_app.command("losses")
def stock_losses(
    by: Annotated[str, typer.Option(help="part, place, month, class or who (counted).")] = "part",
    since: Annotated[str | None, typer.Option(help="ISO 8601 with a zone (default: a year ago).")] = None,
    until: Annotated[str | None, typer.Option(help="ISO 8601 with a zone (default: now).")] = None,
    handled: Annotated[bool, typer.Option("--handled", help="Also who moved it since the count before.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """What counts found missing, against what was issued."""
    span = {key: value for key, value in (("since", since), ("until", until)) if value is not None}
    with connected(state_dir) as client:
        found = client.stock_losses(by, handled=handled, **span)
    lines = [line for group in found["groups"] for line in _loss(group)] + [_loss(found["total"])[0]]
    told(found, lines if found["total"]["counted"] else [], as_json, "nothing was counted in this time")


@stock_app.command("dead")
def stock_dead(
    still_days: Annotated[float | None, typer.Option(help="Dead: no issue for so many days.", min=0.0)] = None,
    cover_years: Annotated[float | None, typer.Option(help="Slow: it lasts for so many years.", min=0.0)] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Slow and dead stock: what to do with it and why."""
    limits = {k: v for k, v in (("still_days", still_days), ("cover_years", cover_years)) if v is not None}
    with connected(state_dir) as client:
        table = client.dead_stock(**limits)
    rows, sums = records(table), table.attrs
    lines = [
        f"{row['motion']:<6} {row['part']:<20} {row['on_hand']:>5} worth {row['value']:>10,.2f}  {row['advice']}"
        f"{' ' + str(row['surplus']) if row['surplus'] else ''}: {row['reason']}"
        for row in rows
    ]
    lines += [f"{sums['value']:,.2f} in all, {sums['surplus_value']:,.2f} of it could go"] if rows else []
    told({"parts": rows, **sums}, lines, as_json, "everything moves")


def _sheet(one: dict[str, Any]) -> list[str]:
    lines = [f"{one['number']}  {one['state']}  {one['area']}"]
    for line in one["lines"]:
        what = f"{line['part']}{' batch ' + line['batch'] if line['batch'] else ''}"
        lines.append(f"  {line['line']:>3}  {line['place']:<20} {what:<24} {_found(line)}")
    if one["value"] is not None:
        lines.append(f"  {'booked' if one['state'] == 'posted' else 'to be booked'}: {one['value']:,.2f}")
    return lines


def _found(line: dict[str, Any]) -> str:
    if line["difference"] is None:
        return {"count": "to be counted", "recount": "to be counted again by somebody else"}.get(
            line["need"], "counted"
        )
    numbers = [f"{what} {', '.join(line[what])}" for what in ("missing", "extra") if line[what]]
    off = f"{line['difference']:+d} ({line['value']:+,.2f})" if line["difference"] or numbers else "as it should be"
    return ", ".join([f"{line['expected'] + line['difference']} of {line['expected']}: {off}", *numbers])


def _loss(group: dict[str, Any]) -> list[str]:
    rate = group["rate"]
    share = (
        f"{rate['rate']:.2%} of issues ({rate['low']:.2%} to {rate['high']:.2%})" if rate["rate"] is not None else ""
    )
    lines = [
        f"{group['key']:<20} {group['off']} of {group['counted']} lines off: {group['missing_pieces']} missing,"
        f" {group['found_pieces']} found, unexplained {group['unexplained_value']:,.2f}  {share}".rstrip()
    ]
    for row in group["rows"]:
        who = ", ".join(f"{one['by']} {one['moves']}" for one in row["handled"] or [])
        moved = f"; moved by {who}" if who else ""
        lines.append(
            f"    {row['sheet']} line {row['line']}: {row['pieces']:+d} {row['part']} in {row['place']},"
            f" {row['rest']:+d} unexplained, counted by {row['counted_by']}{moved}"
        )
    return lines
