"""`forewarn people | schedule | opportunities | outages`: who does what when, by way of the running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from forewarn.api.cli_server import connected, told
from forewarn.core.errors import Rejected

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
PersonId = Annotated[str, typer.Argument(metavar="PERSON", help="Id of the person.")]
OutageId = Annotated[str, typer.Argument(metavar="OUTAGE", help="Id of the outage.")]
From = Annotated[str, typer.Option("--from", help="ISO 8601 time with a zone.")]
To = Annotated[str, typer.Option("--to", help="ISO 8601 time with a zone.")]
Assets = Annotated[
    list[str] | None, typer.Option("--asset", help="A machine that stands; also several (default: all).")
]

people_app = typer.Typer(help="Technicians: skills, shifts, absences, and what each has to do.", no_args_is_help=True)
schedule_app = typer.Typer(help="The weekly schedule: plan, put into force, show.", no_args_is_help=True)
outages_app = typer.Typer(help="Shutdowns and their work lists.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(people_app, name="people")
    app.add_typer(schedule_app, name="schedule")
    app.add_typer(outages_app, name="outages")
    app.command("opportunities")(opportunities)


@people_app.command("list")
def people_list(
    all_: Annotated[bool, typer.Option("--all", help="Also those who have left.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Everybody who is active, with skills and levels."""
    with connected(state_dir) as client:
        people = client.people(None if all_ else True)
    told(
        {"people": people},
        [_person(one) for one in people] or ["There is nobody; forewarn people import FILE"],
        as_json,
    )


def _person(one: dict[str, Any]) -> str:
    skills = " ".join(f"{skill}:{level}" for skill, level in one["skills"].items())
    company = f"  ({one['contractor']['company']})" if one["contractor"] else ""
    return f"{one['id']:<12} {one['name']:<24} {skills}{company}{'' if one['active'] else '  has left'}"


@people_app.command("show")
def people_show(person: PersonId, state_dir: StateDir = None, as_json: Json = False) -> None:
    """One person, with what is planned for them."""
    with connected(state_dir) as client:
        one, week = client.person(person), client.week_of(person)
    lines = [_person(one), *(f"  {days}: {', '.join(windows)}" for days, windows in one["week"].items())]
    lines += [f"  away {a['from']} to {a['to']} {a['reason']}" for a in one["absences"]]
    told({**one, "assignments": week}, lines + [_assignment(a) for a in week], as_json)


@people_app.command("import")
def people_import(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="people.yaml or people.csv")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Take in a people file: all of it, or nothing and the line that is wrong."""
    kind = {".yaml": "yaml", ".yml": "yaml", ".csv": "csv"}.get(file.suffix.lower())
    if kind is None:
        raise Rejected("people_file", f"{file.name}: a people file ends in .yaml or .csv")
    with connected(state_dir) as client:
        done = client.import_people(file.read_text(encoding="utf-8"), kind)
    told(done, [f"{done['added']} added, {done['changed']} changed, {done['unchanged']} as they were"], as_json)


@people_app.command("away")
def people_away(
    person: PersonId,
    from_: From,
    to: To,
    reason: Annotated[str, typer.Option(help="Holiday, illness, training.")] = "",
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Somebody is not there for a while; the next plan does without them."""
    with connected(state_dir) as client:
        absences = [*client.person(person)["absences"], {"from": from_, "to": to, "reason": reason}]
        one = client.save_person(person, absences=absences)
    told(one, [f"{person} is away from {from_} to {to}"], as_json)


@people_app.command("walk")
def people_walk(
    person: PersonId,
    day: Annotated[str, typer.Option(help="Local day, such as 2026-12-01.")],
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """The orders of a person on a day, in the order of the shortest walk."""
    with connected(state_dir) as client:
        walk = client.walk_of(person, day)
    told(walk, [f"{one['place'] or '-':<16} {_assignment(one)}" for one in walk["orders"]] or ["Nothing."], as_json)


@people_app.command("seen")
def people_seen(person: PersonId, state_dir: StateDir = None, as_json: Json = False) -> None:
    """Somebody has looked at their week: it is moved only when that is worth more than the change."""
    with connected(state_dir) as client:
        week = client.week_seen(person)
    told(week, [_assignment(one) for one in week["assignments"]] or ["Nothing."], as_json)


@schedule_app.command("show")
def schedule_show(state_dir: StateDir = None, as_json: Json = False) -> None:
    """The schedule in force."""
    with connected(state_dir) as client:
        schedule = client.schedule()
    told(schedule, [f"{a['person']:<12} {_assignment(a)}" for a in schedule["assignments"]] or ["None yet."], as_json)


@schedule_app.command("plan")
def schedule_plan(
    from_: From,
    to: To,
    limit_s: Annotated[float, typer.Option(help="Seconds that it may take, at most 45.", min=0.1, max=45)] = 20.0,
    frozen_h: Annotated[float, typer.Option(help="Nothing that begins within so many hours is moved.", min=0)] = 0.0,
    slot_min: Annotated[int, typer.Option(help="Minutes of a slot of the plan.", min=5, max=240)] = 30,
    orders: Annotated[
        Path | None, typer.Option(help="JSON: number -> hours, crew, needs, parts_at, not_before, windows, due.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Put it into force.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Plan the approved orders: who does what when and why; with --publish it counts from now on."""
    more: dict[str, Any] = {"frozen_h": frozen_h, "slot_min": slot_min}
    if orders is not None:
        more["orders"] = json.loads(orders.read_text(encoding="utf-8"))
    with connected(state_dir) as client:
        plan = client.plan_schedule(from_, to, limit_s, **more)
        published = client.publish_schedule(from_, to, plan, **more)["revision"] if publish else None
    lines = [f"{', '.join(a['crew']):<24} {_assignment(a)}" for a in plan["assignments"]]
    lines += [f"not planned: {one['order']}: {one['reason']}" for one in plan["left_out"]]
    lines += [f"changed: {text}" for text in plan["changes"]]
    told({**plan, "published": published}, [*lines, _worth(plan), *_published(published)], as_json)


def _worth(plan: dict[str, Any]) -> str:
    gap = "nothing is known about better ones" if plan["gap"] is None else f"at most {plan['gap']:.1%} above the best"
    saved = f"greedy by priority: {plan['greedy_lateness']:.0f}"
    return f"weighted lateness {plan['lateness']:.0f} h ({saved}); {gap}; {plan['seconds']:.0f} s"


def _published(revision: int | None) -> list[str]:
    return [] if revision is None else [f"in force as revision {revision}"]


def _assignment(one: dict[str, Any]) -> str:
    title = f" {one['title']}" if one.get("title") else ""
    return f"{one['from']} to {one['to'][11:16]}  {one.get('number', one['order'])}{title}: {one['reason']}"


def opportunities(
    from_: From,
    to: To,
    asset: Assets = None,
    all_: Annotated[bool, typer.Option("--all", help="Also what does not fit, and why.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """A line stops: which open orders fit the stop, the people on shift and the parts on hand."""
    with connected(state_dir) as client:
        found = client.opportunities(from_, to, asset or [])
    shown = [one for one in found if all_ or one["fits"]]
    lines = [f"{'fits' if one['fits'] else '  no'}  {one['number']}  {one['title']}: {one['why']}" for one in shown]
    told({"opportunities": shown}, lines or ["Nothing fits."], as_json)


@outages_app.command("list")
def outages_list(state_dir: StateDir = None, as_json: Json = False) -> None:
    """Shutdowns and how many orders are on them."""
    with connected(state_dir) as client:
        found = client.outages()
    lines = [f"{o['id']:<16} {o['from']} to {o['to']}  {o['name']}: {len(o['orders'])} orders" for o in found]
    told({"outages": found}, lines or ["There are none."], as_json)


@outages_app.command("add")
def outages_add(
    outage: OutageId,
    from_: From,
    to: To,
    name: Annotated[str, typer.Option(help="What it is called.")],
    asset: Assets = None,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """A new shutdown with its window."""
    with connected(state_dir) as client:
        told_ = {"name": name, "from": from_, "to": to, "assets": asset or []}
        made = client.save_outage(outage, new=True, **told_)
    told(made, [f"{made['id']}: {made['from']} to {made['to']}"], as_json)


@outages_app.command("put")
def outages_put(
    outage: OutageId,
    orders: Annotated[list[str], typer.Argument(metavar="ORDER", help="Numbers of orders.")],
    off: Annotated[bool, typer.Option("--off", help="Take them off instead.")] = False,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Put orders onto a shutdown, or take them off."""
    with connected(state_dir) as client:
        kept = [number for number in client.outage(outage)["orders"] if number not in orders]
        made = client.save_outage(outage, orders=kept if off else [*kept, *orders])
    told(made, [f"{made['id']}: {len(made['orders'])} orders"], as_json)


@outages_app.command("work-list")
def outages_work_list(
    outage: OutageId,
    limit_s: Annotated[float, typer.Option(help="Seconds that it may take, at most 45.", min=0.1, max=45)] = 5.0,
    state_dir: StateDir = None,
    as_json: Json = False,
) -> None:
    """Which orders fit the shutdown together, with whom and when; which do not, and why."""
    with connected(state_dir) as client:
        work = client.work_list(outage, limit_s)
    lines = [f"fits  {', '.join(a['crew']):<24} {_assignment(a)}" for a in work["fits"]]
    told(work, lines + [f"  no  {one['order']}: {one['reason']}" for one in work["misfits"]], as_json)
