"""`forewarn demand ...`: demand for parts and its causes, reorder policies and their reviews, by way of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from forewarn.api.cli_server import connected, told

demand_app = typer.Typer(
    help="Demand for spare parts, each piece with its cause; reorder policies and their reviews.", no_args_is_help=True
)

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
PartArg = Annotated[str, typer.Argument(metavar="PART", help="Id of the part.")]
PartOption = Annotated[str | None, typer.Option("--part", help="Of this part only.")]
LineArg = Annotated[int, typer.Argument(metavar="LINE", help="Number of the line of a review.")]
Days = Annotated[float | None, typer.Option(help="Over so many days (default: lead time + time until the review).")]
Note = Annotated[str, typer.Option(help="For the record.")]


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(demand_app, name="demand")


@demand_app.command("list")
def demand_list(
    days: Days = None,
    limit: Annotated[int, typer.Option(help="So many parts at most.")] = 200,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Every part with its demand, most expected pieces first, and what asks for most of it."""
    with connected(state_dir) as client:
        rows = client.part_demands(days, limit)
    lines = [
        f"{row['part']:<20} {row['mean']:7.2f} in {row['window_days']:4.0f} days, P90 {row['p90']:>3};"
        f" {row['available']} available, {row['on_order']} on order; {row['main_cause'] or 'nothing asks for it'}"
        for row in rows
    ]
    told({"parts": rows}, lines, as_json, "there are no parts yet: write them into the plant file")


@demand_app.command("show")
def demand_show(part: PartArg, days: Days = None, state_dir: StateDir = None, as_json: Json = False) -> None:
    """One part: who asks for how many pieces and why, and how it is reordered."""
    with connected(state_dir) as client:
        one = client.part_demand(part, days)
    lines = [f"{one['part']} {one['name']}: {one['text']}"]
    lines += [f"  {t['pieces']:6.2f}  {t['probability']:4.0%}  {t['text']}: {t['why']}" for t in one["traces"]]
    lines += _policy(one["policy"], "In force") if one["policy"] else ["No policy in force: forewarn demand review"]
    told(one, lines, as_json)


@demand_app.command("policies")
def demand_policies(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Reorder policies in force."""
    with connected(state_dir) as client:
        policies = client.reorder_policies()
    lines = [
        f"{one['part']:<20} reorder at {_point(one['reorder_point']):>5}, up to {one['order_up_to']:>4}, service"
        f" level {one['level']:.1%}"
        for one in policies
    ]
    told({"policies": policies}, lines, as_json, "there are no policies yet: forewarn demand review")


@demand_app.command("review")
def demand_review(
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what it would say; keep nothing.")] = False,
    part: PartOption = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Review all policies now: what should change, and what moved it. Each month this happens by itself."""
    if part is not None and not preview:
        raise typer.BadParameter("a review that is kept is of all parts; give --preview with --part")
    with connected(state_dir) as client:
        lines = client.review_demand(not preview, part)
    told({"lines": lines}, [_line(line) for line in lines], as_json, "there are no parts to review")


@demand_app.command("reviews")
def demand_reviews(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Reviews that were held, newest first."""
    with connected(state_dir) as client:
        reviews = client.demand_reviews()
    lines = [f"{one['slot']:<44} {one['by']:<16} {_counts(one['counts'])}" for one in reviews]
    told({"reviews": reviews}, lines, as_json, "no review was held yet: forewarn demand review")


@demand_app.command("lines")
def demand_lines(
    slot: Annotated[str | None, typer.Option(help="Of this review: its month, or its moment.")] = None,
    state: Annotated[str | None, typer.Option(help="kept, proposed, applied, declined, reversed, overtaken.")] = None,
    part: PartOption = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Lines of reviews, newest first: each with what changed and why."""
    with connected(state_dir) as client:
        found = client.policy_lines(slot, state, part)
    told({"lines": found}, [_line(line) for line in found], as_json, "no review has such lines")


@demand_app.command("approve")
def demand_approve(line: LineArg, note: Note = "", state_dir: StateDir = None, as_json: Json = False) -> None:
    """Put a proposed policy into force."""
    _decide(line, True, note, state_dir, as_json)


@demand_app.command("decline")
def demand_decline(line: LineArg, note: Note = "", state_dir: StateDir = None, as_json: Json = False) -> None:
    """Leave the policy as it is."""
    _decide(line, False, note, state_dir, as_json)


@demand_app.command("reverse")
def demand_reverse(line: LineArg, note: Note = "", state_dir: StateDir = None, as_json: Json = False) -> None:
    """Put the policy of before an applied line into force again."""
    with connected(state_dir) as client:
        done = client.reverse_line(line, note)
    told(done, [_line(done)], as_json)


@demand_app.command("proposals")
def demand_proposals(
    tell: Annotated[bool, typer.Option("--tell-buyers", help="Put them before the buyers.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """What should be ordered now, and why."""
    with connected(state_dir) as client:
        found = client.reorder_proposals(tell)
    lines = [f"{one['part']:<20} {one['quantity']:>5}  {one['money']:>12,.2f}  {one['reason']}" for one in found]
    told({"proposals": found}, lines, as_json, "nothing has to be ordered now")


@demand_app.command("accuracy")
def demand_accuracy(
    month: Annotated[str | None, typer.Option(help="Of this month: 2026-11.")] = None,
    part: PartOption = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """How good the monthly forecasts were against what was issued."""
    with connected(state_dir) as client:
        found = client.demand_accuracy(month, part)
    bias = "nothing was issued" if found["bias"] is None else f"bias {found['bias']:+.0%}"
    lines = [f"{found['count']} forecasts: {found['expected']:.1f} expected, {found['issued']:.0f} issued, {bias}"]
    lines += [f"  {n}: covered {found['covered'][n]:.0%}, mean loss {loss:.3f}" for n, loss in found["losses"].items()]
    told(found, lines if found["count"] else [], as_json, "no month with a forecast is over yet")


def _decide(line: int, approve: bool, note: str, state_dir: Path | None, as_json: bool) -> None:
    with connected(state_dir) as client:
        done = client.decide_line(line, approve, note)
    told(done, [_line(done)], as_json)


def _line(one: dict[str, Any]) -> str:
    number = f"{one['id']:>5}" if one["id"] is not None else "    -"
    return f"{number}  {one['part']:<20} {one['state']:<10} {one['money']:+,.2f} {one['currency']}  {one['text']}"


def _policy(one: dict[str, Any], title: str) -> list[str]:
    head = f"{title}: reorder at {_point(one['reorder_point'])}, order up to {one['order_up_to']}, lot {one['lot']}"
    return [head, *(f"  {reason}" for reason in one["reasons"])]


def _point(point: int | None) -> str:
    return "none" if point is None else str(point)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items())
