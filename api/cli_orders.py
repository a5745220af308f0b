"""`forewarn orders` and `forewarn plans`: the work of orders at a running server.

What changes an order is sent with the revision that was read a moment before, and under a key, so that a lost answer is
asked for again without acting twice.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from forewarn.api.cli_server import connected, told
from forewarn.core.errors import Rejected

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
Number = Annotated[str, typer.Argument(metavar="ORDER", help="Number of the order, for instance WO-000001.")]
Note = Annotated[str, typer.Option(help="What else there is to say.")]

orders_app = typer.Typer(help="Work orders: what is open, what was done, what it took.", no_args_is_help=True)
jobs_app = typer.Typer(help="Job plans: steps, skills, parts and safety of a kind of job.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(orders_app, name="orders")
    app.add_typer(jobs_app, name="job-plans")


@orders_app.command("list")
def orders_list(
    all_: Annotated[bool, typer.Option("--all", help="Also those that are finished.")] = False,
    asset: Annotated[str | None, typer.Option(help="Of one machine.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Work orders, newest first."""
    with connected(state_dir) as client:
        table = client.orders(open=not all_, asset=asset)
    rows = json.loads(table.reset_index().to_json(orient="records", date_format="iso")) if len(table) else []
    lines = [f"{r['number']}  {r['status']:6} {r['kind']:11} {r['priority']}  {r['asset']}: {r['title']}" for r in rows]
    told({"orders": rows}, lines or ["There are none."], as_json)


@orders_app.command("show")
def orders_show(number: Number, state_dir: StateDir = None, as_json: Json = False) -> None:
    """One order with its work: steps, report, costs, the orders around it."""
    with connected(state_dir) as client:
        order, job = client.order(number), client.job(number)
    told({**order, "job": job}, [*_order_lines(order), *_job_lines(job)], as_json)


@orders_app.command("move")
def orders_move(
    number: Number,
    status: Annotated[str, typer.Argument(help="A status that is allowed now, such as APPR, INPRG or COMP.")],
    note: Note = "",
    finding: Annotated[str | None, typer.Option(help="confirmed, partly or not_found.")] = None,
    fault_found: Annotated[str | None, typer.Option(help="What was there instead, as component:mechanism.")] = None,
    mode: Annotated[str | None, typer.Option(help="ISO 14224 failure mode (default: what the order knows).")] = None,
    mechanism: Annotated[str | None, typer.Option(help="ISO 14224 failure mechanism (default: as --mode).")] = None,
    cause: Annotated[str | None, typer.Option(help="ISO 14224 failure cause, for instance 3.4.")] = None,
    detection: Annotated[str | None, typer.Option(help="ISO 14224 detection method (default: as --mode).")] = None,
    activity: Annotated[str | None, typer.Option(help="ISO 14224 activity, for instance 1 (replace).")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Open step that was not done, as STEP=WHY.")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Move an order to another status; to complete a repair, tell what was found and the ISO 14224 codes."""
    codes = {"failure_mode_found": mode, "failure_mechanism": mechanism, "failure_cause": cause}
    codes |= {"detection_method": detection, "activity": activity}
    words: dict[str, Any] = {"finding": finding, "fault_found": fault_found, **codes}
    report = {key: value for key, value in words.items() if value is not None}
    if skip:
        report["skipped"] = dict(_skipped(one) for one in skip)
    with connected(state_dir) as client:
        if status == "COMP":
            report = _with_usual(client.order(number), report)
        order = client.act(number, status, note, **report)
    told(order, _order_lines(order), as_json)


@orders_app.command("step")
def orders_step(
    number: Number,
    step: Annotated[str, typer.Argument(help="Id of the step, as `forewarn orders show` names it.")],
    outcome: Annotated[str, typer.Argument(help="done, failed or skipped.")] = "done",
    value: Annotated[float | None, typer.Option(help="What was measured.")] = None,
    unit: Annotated[str, typer.Option(help="Unit of the value; refused when it is not the step's.")] = "",
    note: Note = "",
    by: Annotated[str, typer.Option(help="Who did it, where somebody else tells it.")] = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Tell the result of a step; a value outside its limits or a failed check opens an order that follows."""
    with connected(state_dir) as client:
        job = client.step_done(number, step, outcome, value=value, unit=unit, note=note, by=by)
    told(job, _job_lines(job), as_json)


@orders_app.command("sign-off")
def orders_sign_off(
    number: Number,
    step: Annotated[str, typer.Argument(help="Id of the step.")],
    note: Note = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Confirm the result of a step that somebody else did."""
    with connected(state_dir) as client:
        job = client.sign_off(number, step, note)
    told(job, _job_lines(job), as_json)


@orders_app.command("report")
def orders_report(
    number: Number,
    kind: Annotated[str, typer.Argument(help="labour, part, cost, duration, rating or downtime.")],
    what: Annotated[str, typer.Argument(help="Person, part, what for, or the reason of the downtime.")] = "",
    quantity: Annotated[float, typer.Option(help="Hours, pieces, or the rating from 1 to 5.")] = 1.0,
    unit_cost: Annotated[float, typer.Option(help="Cost of one, in the currency of the order.")] = 0.0,
    start: Annotated[str | None, typer.Option(help="Begin of a downtime, ISO 8601 with a zone.")] = None,
    end: Annotated[str | None, typer.Option(help="Its end; left out while it lasts.")] = None,
    corrects: Annotated[int | None, typer.Option(help="Number of the line that this one replaces.")] = None,
    note: Note = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Add a line to the completion report; nothing is overwritten, a correction is a further line."""
    line: dict[str, Any] = {"kind": kind, "what": what, "quantity": quantity, "unit_cost": unit_cost, "note": note}
    line |= {key: v for key, v in (("start", start), ("end", end), ("corrects", corrects)) if v is not None}
    with connected(state_dir) as client:
        job = client.report(number, line)
    told(job, _job_lines(job), as_json)


@orders_app.command("approve-cost")
def orders_approve_cost(number: Number, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Approve what an order is planned to cost."""
    with connected(state_dir) as client:
        job = client.approve_cost(number)
    told(job, _job_lines(job), as_json)


@orders_app.command("plan")
def orders_plan(
    number: Number,
    plan: Annotated[str, typer.Argument(help="Id of the job plan.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Give an open order a job plan by hand; it is frozen on the order."""
    with connected(state_dir) as client:
        job = client.take_plan(number, plan)
    told(job, _job_lines(job), as_json)


@orders_app.command("breakdown")
def orders_breakdown(
    asset: Annotated[str, typer.Argument(help="The machine that stands.")],
    what: Annotated[str, typer.Argument(help="What happened.")],
    since: Annotated[str | None, typer.Option(help="Since when, ISO 8601 with a zone (default: now).")] = None,
    reason: Annotated[str, typer.Option(help="Reason of the downtime (`forewarn orders codes`).")] = "breakdown",
    fault: Annotated[str | None, typer.Option(help="The fault, where it is known, as component:mechanism.")] = None,
    emergency: Annotated[bool, typer.Option("--emergency", help="It endangers people or the plant.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Raise a breakdown: opens an order, or joins the open repair of the machine."""
    with connected(state_dir) as client:
        found = client.breakdown(asset, what, since=since, reason=reason, fault=fault, emergency=emergency)
    told(found, [found["what"], *_order_lines(found["order"])], as_json)


@orders_app.command("codes")
def orders_codes(state_dir: StateDir = None, as_json: Json = False) -> None:
    """ISO 14224 codes that a repair is completed with, and reasons of downtime."""
    with connected(state_dir) as client:
        codes = client.codes()
    lines = [
        line for table, words in codes.items() for line in (f"{table}:", *(f"  {c:14} {w}" for c, w in words.items()))
    ]
    told(codes, lines, as_json)


@jobs_app.command("list")
def plans_list(
    retired: Annotated[bool, typer.Option("--retired", help="Also those that no order takes any more.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """The newest version of every job plan."""
    with connected(state_dir) as client:
        plans = client.job_plans(retired)
    lines = [f"{p['id']}@{p['version']}  {p['title']}, {len(p['steps'])} steps, {p['work_hours']:g} h" for p in plans]
    told({"plans": plans}, lines or ["There are none."], as_json)


@jobs_app.command("show")
def plans_show(
    id: Annotated[str, typer.Argument(help="Id of the plan.")],
    version: Annotated[int | None, typer.Option(help="A version of it (default: the newest).")] = None,
    state_dir: StateDir = None,
) -> None:
    """One job plan as JSON: what `forewarn job-plans save` takes."""
    with connected(state_dir) as client:
        print(json.dumps(client.job_plan(id, version)))


@jobs_app.command("save")
def plans_save(
    id: Annotated[str, typer.Argument(help="Id of the plan: a-z, 0-9, - and _.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON with title, steps, skills, parts.")],
    after: Annotated[int | None, typer.Option(help="Version that was read (default: the newest now).")] = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Save a job plan as a new version; orders that took an older one keep it."""
    try:
        plan = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Rejected("not_json", f"{file} is no JSON: {error}") from error
    if not isinstance(plan, dict):
        raise Rejected("not_json", f"{file} holds no JSON object with the fields of a job plan")
    fields = {key: value for key, value in plan.items() if key not in ("id", "version", "work_hours")}
    with connected(state_dir) as client:
        if after is None:
            after = next((p["version"] for p in client.job_plans(retired=True) if p["id"] == id), 0)
        kept = client.save_plan(id, fields, after)
    told(kept, [f"{kept['id']}@{kept['version']}: {kept['title']}"], as_json)


def _skipped(text: str) -> tuple[str, str]:
    step, equals, why = text.partition("=")
    if not equals or not why.strip():
        raise typer.BadParameter(f"{text!r}: write STEP=WHY")
    return step, why


def _with_usual(order: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """What the order itself knows of its codes, where nothing else is told and a fault was there."""
    asked = order["codes_asked"]
    if report.get("finding") == "not_found" and "fault_found" not in report:
        asked = [key for key in asked if key in ("detection_method", "activity")]
    known = {key: code for key, code in order["usual_codes"].items() if key in asked}
    if "fault_found" in report:  # the order knows the codes of its own fault alone
        known = {key: code for key, code in known.items() if key == "detection_method"}
    return {**known, **report}


def _order_lines(order: dict[str, Any]) -> list[str]:
    head = f"{order['number']}  {order['status']}  {order['kind']}, priority {order['priority']}: {order['title']}"
    around = [f"  follows {order['follows']}"] if order["follows"] else []
    around += [f"  followed by {', '.join(order['follow_ups'])}"] if order["follow_ups"] else []
    around += [f"  {order['needs_approval']}"] if order["needs_approval"] else []
    return [head, *around, f"  may go to: {', '.join(order['allowed_actions']) or 'nothing'}"]


def _job_lines(job: dict[str, Any]) -> list[str]:
    costs = job["costs"]
    lines = [f"{job['order']}  {', '.join(job['plans']) or 'no job plan'}"]
    for step in job["steps"]:
        lines.append(f"  {step['id']:20} {_result(step):28} {step['text']}")
    for line in job["lines"]:
        if line["stands"]:
            lines.append(
                f"  line {line['seq']}: {line['kind']} {line['what']} {line['quantity']:g} = {line['amount']:,.2f}"
            )
    lines.append(f"  cost {costs['total']:,.2f} {costs['currency']} so far, {costs['planned']:,.2f} planned")
    return lines


def _result(step: dict[str, Any]) -> str:
    result = step["result"]
    if result is None:
        return "open" if step["required"] else "open (optional)"
    value = f" {result['value']:g} {result['unit']}" if result["value"] is not None else ""
    bad = f" -> {step['follow_up_order']}" if step["follow_up_order"] else ""
    signed = f", signed by {result['signed_by']}" if result["signed_by"] else ""
    return f"{result['outcome']}{value}{' OUTSIDE' if result['outside'] else ''}{bad}{signed}"
