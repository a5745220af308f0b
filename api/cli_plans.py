"""`forewarn pm ...` and `forewarn history import`: preventive plans and the past, on the records of a state folder.

They work beside a running server: a slot is opened once, whoever opens it.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forewarn.core.errors import Rejected

if TYPE_CHECKING:
    from forewarn.api.plans_desk import PlansDesk, Ruling
    from forewarn.core.plant import Plant
    from forewarn.core.ports import Actor
    from forewarn.maintenance.plans.history_book import HistoryBook, ImportReport
    from forewarn.maintenance.records import Records

pm_app = typer.Typer(help="Preventive maintenance: plans, what is due, the interval court.", no_args_is_help=True)
history_app = typer.Typer(help="Work orders of the past, from another system.", no_args_is_help=True)

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
PlantFile = Annotated[Path | None, typer.Option("--plant", help="Plant file (default: from the settings).")]
At = Annotated[str, typer.Option("--at", help="As of this time: ISO 8601 with a zone (default: now).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
PlanArg = Annotated[str, typer.Argument(metavar="PLAN", help="Id of the plan.")]
AssetArg = Annotated[str, typer.Argument(metavar="ASSET", help="Id of the asset.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the record.")]


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(pm_app, name="pm")
    app.add_typer(history_app, name="history")


@dataclass(frozen=True, slots=True)
class Bench:
    """The opened records with what the commands ask of them."""

    plant: Plant
    records: Records
    desk: PlansDesk
    now_us: int
    actor: Actor

    @property
    def history(self) -> HistoryBook:
        """Imported orders."""
        from forewarn.maintenance.plans.history_book import HistoryBook

        return HistoryBook(self.records)


@contextmanager
def _bench(state_dir: Path | None, plant_file: Path | None, at: str = "now") -> Iterator[Bench]:
    from forewarn.api.cli_models import moment_us, settings_of
    from forewarn.api.plans_desk import PlansDesk
    from forewarn.api.wiring import kept_clock
    from forewarn.core.ports import Actor
    from forewarn.ingest.store.reader import PackedReader
    from forewarn.maintenance.orders.book import OrderBookSql
    from forewarn.maintenance.plans.book import PlanBookSql
    from forewarn.maintenance.records import open_records
    from forewarn.pipeline.adopted import load_plant_with_adopted
    from forewarn.pipeline.plan_rounds import Meters, PlanRounds

    settings = settings_of(state_dir, plant_file)
    plant = load_plant_with_adopted(settings.plant, settings.adopted)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    records = open_records(settings.records_url)
    raw, derived = PackedReader(settings.series_dir), PackedReader(settings.derived_dir)
    try:
        orders = OrderBookSql(records, house=settings.orders.house(lambda: plant))
        plans = PlanBookSql(records, orders)
        rounds = PlanRounds(lambda: plant, plans, orders, Meters(raw, derived))
        clock = kept_clock(settings, records).clock()
        now_us = moment_us(at, clock.plant_us(time.time_ns() // 1000))
        desk = PlansDesk(plans, rounds, orders, lambda: plant)
        yield Bench(plant, records, desk, now_us, Actor("command line", "planner"))
    finally:
        raw.close()
        derived.close()
        records.close()


@pm_app.command("list")
def pm_list(state_dir: StateDir = None, plant: PlantFile = None, as_json: Json = False) -> None:
    """Every plan, with its trial where a changed interval is being watched."""
    from forewarn.api.views_plans import interval_words, trial_out
    from forewarn.maintenance.plans.plan_json import plan_json

    with _bench(state_dir, plant) as bench:
        found = bench.desk.plans.plans()
        trials = {trial.plan: trial_out(trial) for trial in bench.desk.plans.trials(watching=True)}
        retired = bench.desk.plans.retired()
    if not found and not as_json:
        print("no preventive plan yet: forewarn pm set FILE")
    for plan in () if as_json else found:
        watched = f"  watched until {trials[plan.id].watch.ends:%Y-%m-%d}" if plan.id in trials else ""
        print(f"{plan.id:<24} {plan.trigger:<10} {interval_words(plan):<32} {plan.title}{watched}")
    told = [plan_json(plan) for plan in found]
    _tell(as_json, plans=told, watching=[t.model_dump(mode="json") for t in trials.values()], retired=retired)


@pm_app.command("set")
def pm_set(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML: plans by id.")],
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Make or change the plans of a YAML file; those that stand there already are left as they are."""
    from pydantic import ValidationError

    from forewarn.api.schemas_plans import PmPlanIn
    from forewarn.api.views_plans import plan_of

    told = _yaml(file)
    kept: list[str] = []
    with _bench(state_dir, plant) as bench, bench.records.write():
        for id, fields in told.items():
            try:
                wanted = plan_of(str(id), PmPlanIn.model_validate(fields))
            except ValidationError as error:
                problem = error.errors()[0]
                place = ".".join(map(str, (id, *problem["loc"])))
                raise Rejected("plan_field", f"{file}: {place}: {problem['msg']}") from error
            before = bench.desk.plans.plan(wanted.id)
            after = bench.desk.plans.save(wanted, bench.actor, bench.now_us, before.revision if before else 0)
            kept += [wanted.id] if after != before else []
    if not as_json:
        print(f"{len(kept)} of {len(told)} plans are new or changed")
    _tell(as_json, changed=kept, plans=len(told))


@pm_app.command("due")
def pm_due(
    days: Annotated[float, typer.Option(help="So many days ahead.", min=0.0)] = 30.0,
    plan_id: Annotated[str | None, typer.Option("--of", help="Of this plan only.")] = None,
    at: At = "now",
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """What is due, open, or comes soon, with open repairs of the same component."""
    from forewarn.api.views_plans import coming_out

    with _bench(state_dir, plant, at) as bench:
        coming = bench.desk.rounds.coming(bench.now_us, bench.now_us + round(days * 86_400_000_000), plan_id)
        found = [coming_out(one) for one in coming]
    for one in () if as_json else found:
        when = f"{one.due:%Y-%m-%d %H:%M}" if one.due else "by meter or condition"
        state = one.order or ("due" if one.ready else "")
        beside = f"  together with {', '.join(one.together)}" if one.together else ""
        print(f"{when:<22} {one.asset:<16} {one.plan:<24} {state:<10} {one.why}{beside}")
    _tell(as_json, due=[one.model_dump(mode="json") for one in found])


@pm_app.command("generate")
def pm_generate(
    plan_id: Annotated[str | None, typer.Argument(metavar="PLAN", help="One plan (default: all).")] = None,
    asset: Annotated[str | None, typer.Option(help="Open an order for this asset now, due or not.")] = None,
    at: At = "now",
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Open the orders that are due; with --asset one of the plan now."""
    if asset is not None and plan_id is None:
        raise typer.BadParameter("name the plan whose order is wanted now")
    with _bench(state_dir, plant, at) as bench:
        if plan_id is not None:
            bench.desk.known(plan_id)
        if asset is not None and plan_id is not None:
            opened = [bench.desk.generate(plan_id, asset, bench.actor, bench.now_us)]
        else:
            opened = list(bench.desk.rounds.round(bench.now_us, plan_id).opened)
    for order in () if as_json else opened:
        print(f"{order.number}  {order.asset}: {order.title}")
    _tell(as_json, opened=[{"number": o.number, "asset": o.asset, "kind": o.kind.value} for o in opened])


@pm_app.command("skip")
def pm_skip(
    plan_id: PlanArg,
    asset: AssetArg,
    reason: Reason,
    at: At = "now",
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Leave out the slot that is due or comes next."""
    from forewarn.api.views_plans import slot_out

    with _bench(state_dir, plant, at) as bench:
        slot = slot_out(bench.desk.skip(plan_id, asset, bench.actor, bench.now_us, reason))
    _say(as_json, f"{asset}: the slot {slot.key} is skipped", slot=slot.model_dump(mode="json"))


@pm_app.command("defer")
def pm_defer(
    plan_id: PlanArg,
    asset: AssetArg,
    until: Annotated[str, typer.Option(help="ISO 8601 time with a zone.")],
    reason: Reason,
    at: At = "now",
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Let the slot that is due or comes next wait until a time."""
    from forewarn.api.cli_models import moment_us
    from forewarn.api.views_plans import slot_out

    with _bench(state_dir, plant, at) as bench:
        until_us = moment_us(until, bench.now_us)
        slot = slot_out(bench.desk.defer(plan_id, asset, bench.actor, bench.now_us, until_us, reason))
    _say(as_json, f"{asset}: the slot {slot.key} waits until {slot.until}", slot=slot.model_dump(mode="json"))


@pm_app.command("retire")
def pm_retire(
    asset: AssetArg,
    reason: Annotated[str, typer.Option(help="Why it goes out of use.")] = "",
    back: Annotated[bool, typer.Option("--back", help="It is in use again.")] = False,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Take an asset out of use: no plan opens an order for it any more."""
    with _bench(state_dir, plant) as bench:
        if not back and bench.plant.asset(asset) is None:
            raise Rejected("unknown_asset", f"the plant file has no asset {asset!r}")
        bench.desk.plans.retire(asset, bench.actor, bench.now_us, None if back else reason)
        retired = bench.desk.plans.retired()
    _say(as_json, f"{asset} is {'in use again' if back else 'out of use'}", retired=retired)


@pm_app.command("court")
def pm_court(
    plan_id: Annotated[str | None, typer.Argument(metavar="PLAN", help="One plan (default: all).")] = None,
    watch_days: Annotated[float | None, typer.Option(help="How long a change would be watched.")] = None,
    at: At = "now",
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Is each interval the right one? Verdict, numbers, the change replayed over history."""
    from forewarn.api.views_plans import judgement_out

    with _bench(state_dir, plant, at) as bench:
        rulings = bench.desk.court(bench.now_us, plan_id, watch_days)
    for ruling in () if as_json else rulings:
        _print_ruling(ruling)
    _tell(as_json, judgements=[judgement_out(ruling).model_dump(mode="json") for ruling in rulings])


@pm_app.command("approve")
def pm_approve(
    plan_id: PlanArg,
    watch_days: Annotated[float | None, typer.Option(help="How long it is watched (default: 3 intervals).")] = None,
    note: Annotated[str, typer.Option(help="For the record.")] = "",
    at: At = "now",
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Apply what the court proposes now; the change is watched, and taken back by itself when the watch fails."""
    from forewarn.api.views_plans import trial_out

    with _bench(state_dir, plant, at) as bench:
        revision = bench.desk.known(plan_id).revision
        trial = trial_out(bench.desk.approve(plan_id, bench.actor, revision, bench.now_us, watch_days, note))
    text = (
        f"{plan_id}: {trial.before} becomes {trial.after}; taken back above {trial.watch.most_failures} failures"
        f" before {trial.watch.ends:%Y-%m-%d}"
    )
    _say(as_json, text, trial=trial.model_dump(mode="json"))


@pm_app.command("trials")
def pm_trials(state_dir: StateDir = None, plant: PlantFile = None, as_json: Json = False) -> None:
    """Changed intervals that are or were watched, newest first."""
    from forewarn.api.views_plans import trial_out

    with _bench(state_dir, plant) as bench:
        found = [trial_out(trial) for trial in bench.desk.plans.trials()]
    for trial in () if as_json else found:
        print(f"{trial.id:>4}  {trial.plan:<24} {trial.before} -> {trial.after}: {trial.state}  {trial.ended}")
    _tell(as_json, trials=[trial.model_dump(mode="json") for trial in found])


@history_app.command("import")
def history_import(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, may be gzipped.")],
    map_file: Annotated[Path, typer.Option("--map", exists=True, dir_okay=False, help="YAML: columns and words.")],
    apply: Annotated[
        bool, typer.Option("--apply", help="Write it (default: only tell what would be written).")
    ] = False,
    skip_wrong: Annotated[bool, typer.Option("--skip-wrong", help="Leave wrong rows out, not all of them.")] = False,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Bring past work orders of another system into the records, as closed orders, once each."""
    from forewarn.maintenance.plans.history_file import mapping_from, read_past

    mapping = mapping_from(_yaml(map_file))
    with _bench(state_dir, plant) as bench, _opened(file) as lines:
        parsed = read_past(lines, mapping, {asset.id for asset in bench.plant.assets})
        if apply and parsed.errors and not skip_wrong:
            first = parsed.errors[0]
            raise Rejected(
                "wrong_rows",
                f"{len(parsed.errors)} rows are wrong, the first in line {first.row}: {first.field} {first.problem};"
                " nothing was imported (--skip-wrong leaves them out)",
            )
        book = bench.history
        report = book.apply(parsed, mapping, bench.actor, bench.now_us) if apply else book.preview(parsed, mapping)
    errors = [asdict(error) for error in parsed.errors]
    if not as_json:
        _print_import(report, errors, parsed.unmapped)
    _tell(as_json, **asdict(report), errors=errors[:1000], unmapped=dict(parsed.unmapped))


def _print_import(report: ImportReport, errors: list[dict[str, Any]], unmapped: Any) -> None:
    for error in errors[:20]:
        print(f"line {error['row']}: {error['field']} {error['problem']}")
    if len(errors) > 20:
        print(f"... and {len(errors) - 20} more")
    if unmapped:
        print("failure modes without a code, imported as OTH: " + ", ".join(f"{k} ({n})" for k, n in unmapped.items()))
    did = "imported" if report.applied else "would be imported (--apply)"
    print(
        f"{report.new} of {report.rows} rows {did}, {report.known} are known, {len(report.changed)} changed since,"
        f" {report.wrong} wrong; by kind {dict(report.by_kind)}, cost {report.cost:,.2f}"
    )


def _print_ruling(ruling: Ruling) -> None:
    judged = ruling.judgement
    print(f"{judged.plan}: {judged.verdict.value.upper()}\n  {judged.reason}")
    if judged.replay is not None and ruling.watch is not None:
        again = judged.replay
        print(
            f"  Replayed over {again.asset_days:,.0f} asset days: {again.tasks} tasks become {again.tasks_after:.0f},"
            f" {again.failures} failures become {again.failures_after:.1f} ({again.failures_after_low:.1f} to"
            f" {again.failures_after_high:.1f}), cost {again.cost_before:,.0f} becomes {again.cost_after:,.0f}.\n"
            f"  Watched until more than {ruling.watch.most_failures} failures come: then it is taken back."
        )


@contextmanager
def _opened(file: Path) -> Iterator[Iterator[str]]:
    try:
        if file.suffix == ".gz":
            with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as zipped:
                yield iter(zipped)
        else:
            with file.open(encoding="utf-8-sig", newline="") as plain:
                yield iter(plain)
    except (UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise Rejected("file", f"{file} is no CSV in UTF-8: {error}") from error


def _yaml(file: Path) -> dict[str, Any]:
    import yaml

    try:
        told = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Rejected("yaml", f"{file}: {error}") from error
    if not isinstance(told, dict):
        raise Rejected("yaml", f"{file} holds no table of names")
    return told


def _say(as_json: bool, text: str, **told: Any) -> None:
    if not as_json:
        print(text)
    _tell(as_json, **told)


def _tell(as_json: bool, **told: Any) -> None:
    if as_json:
        print(json.dumps(told))
