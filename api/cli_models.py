"""`forewarn evaluate | compare | promote | whatif | models | scorecard | drift`: models, on a state folder.

Series are only read. While a server runs on the folder it alone writes the records: promotion asks it.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forewarn.core.errors import Rejected

if TYPE_CHECKING:
    from forewarn.api.client import Client
    from forewarn.api.settings import Settings
    from forewarn.core.model_cards import ModelEntry
    from forewarn.models.training.intervals import Estimate

StateDir = Annotated[Path | None, typer.Option(help="Folder of the system (default: from the settings).")]
PlantFile = Annotated[Path | None, typer.Option("--plant", help="Plant file (default: from the settings).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
Since = Annotated[str, typer.Option(help="Begin: ISO 8601 with a zone, or so long ago, such as 365d or 12h.")]
Until = Annotated[str, typer.Option(help="End: as --since; nothing that came later counts (default: now).")]
Version = Annotated[str, typer.Argument(metavar="NAME:VERSION")]
US_PER = {"h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}


def register(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    from forewarn.api.cli_training import train

    for name, command in (
        ("train", train),
        ("evaluate", evaluate),
        ("compare", compare),
        ("promote", promote),
        ("whatif", whatif),
        ("models", models),
        ("scorecard", scorecard),
        ("drift", drift),
    ):
        app.command(name)(command)


def settings_of(state_dir: Path | None, plant: Path | None) -> Settings:
    """The settings, with another folder and plant file where they are given."""
    from forewarn.api.settings import load_settings

    settings = load_settings()
    return settings.model_copy(update={"state_dir": state_dir or settings.state_dir, "plant": plant or settings.plant})


def moment_us(text: str, now_us: int) -> int:
    """A moment in UTC microseconds: "now", ISO 8601 with a zone, microseconds as they are, or so long ago.

    >>> moment_us("12h", 50_000_000_000), moment_us("2026-08-01T00:00:00Z", 0)
    (6800000000, 1785542400000000)
    """
    ago = re.fullmatch(r"(\d+(?:\.\d+)?)([hdw])", text.strip())
    if ago:
        return now_us - round(float(ago[1]) * US_PER[ago[2]])
    if text in ("", "now"):
        return now_us
    if re.fullmatch(r"\d{9,19}", text):
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time: write 2026-08-01T00:00:00Z, 365d or 12h") from None
    if at.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no zone: end it with Z")
    return round(at.timestamp() * 1e6)


@dataclass(slots=True)
class Shown:
    """Progress on stderr: a line that moves on a terminal, else a line for every 5 %, at most one in two seconds."""

    last_s: float = 0.0
    last_percent: int = -5
    began_s: float = field(default_factory=time.monotonic)

    def __call__(self, share: float, what: str) -> None:
        """Tell how far it is, once it takes longer than two seconds."""
        now_s, percent = time.monotonic(), round(100 * share)
        if now_s - self.began_s < 2 or now_s - self.last_s < (0.2 if sys.stderr.isatty() else 2):
            return
        if not sys.stderr.isatty() and percent - self.last_percent < 5:
            return
        self.last_s, self.last_percent = now_s, percent
        end = "\r" if sys.stderr.isatty() else "\n"
        print(f"{percent:3d} %  {what[:90]:<90}".rstrip(), end=end, file=sys.stderr, flush=True)


def client_of(settings: Settings) -> Client:
    from forewarn.api.client import Client

    address = f"http://{settings.http.host}:{settings.http.port}"
    return Client(address, token_file=settings.state_dir / "api-token")


def evaluate(
    version: Version,
    until: Until = "now",
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Figures of a version on what came after its training; where that is too little, those of its card."""
    from forewarn.api import model_tools
    from forewarn.pipeline.promotion import parse_version
    from forewarn.pipeline.training import evaluate as evaluated

    with model_tools.opened(settings_of(state_dir, plant)) as tools:
        now_us = moment_us(until, tools.clock.plant_us(time.time_ns() // 1000))
        found = evaluated(tools.archive, tools.contender(*parse_version(version)), now_us, Shown())
    lines = [f"{version}, held out: {found.held_out}", *found.reasons, figures_of(found.metrics)]
    tell(asdict(found), as_json, "\n".join(lines))


def compare(
    a: Version,
    b: Version,
    until: Until = "now",
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Two versions on the same held-out machines and moments, with the interval of their paired difference."""
    from forewarn.api import model_tools
    from forewarn.pipeline.promotion import parse_version
    from forewarn.pipeline.shadow import shadow_figures
    from forewarn.pipeline.training import compare as compared

    with model_tools.opened(settings_of(state_dir, plant)) as tools:
        now_us = moment_us(until, tools.clock.plant_us(time.time_ns() // 1000))
        one, other = (tools.contender(*parse_version(text)) for text in (a, b))
        found = compared(tools.archive, one, other, now_us, Shown())
        shadow = {text: shadow_figures(tools.archive, c.card, now_us) for text, c in ((a, one), (b, other))}
    better = {"a": f"{a} is better", "b": f"{b} is better"}.get(found.better, "no sure difference")
    difference = f"{found.measure}, {b} minus {a}: {_number(found.difference)}; {better}"
    lines = [
        f"held out: {found.a.held_out}",
        f"{a}  {figures_of(found.a.metrics)}",
        f"{b}  {figures_of(found.b.metrics)}",
    ]
    lines += [f"{text} in the shadow  {figures_of(figures)}" for text, figures in shadow.items() if figures]
    tell({**asdict(found), "shadow": shadow}, as_json, "\n".join([*lines, difference]))


def promote(
    version: Version,
    report: Annotated[str | None, typer.Option(help="SHA-256 of its what-if report (default: the newest).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Without a what-if report; needs --reason.")] = False,
    reason: Annotated[str, typer.Option(help="Why it is forced; stands in the record.")] = "",
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Make a version the champion of its name: it decides from now on, and the one before retires."""
    from forewarn.api import model_tools
    from forewarn.pipeline.promotion import parse_version
    from forewarn.pipeline.promotion import promote as promoted

    if force and not reason.strip():
        raise typer.BadParameter("who forces a promotion says why: --reason TEXT")
    name, number = parse_version(version)
    settings = settings_of(state_dir, plant)
    if model_tools.server_runs(settings):
        with client_of(settings) as client:
            told = client.promote(name, number, report, force, reason)
        tell(told, as_json, f"{version} is {told['stage']}")
        return
    with model_tools.opened(settings) as tools:
        now_us = tools.clock.plant_us(time.time_ns() // 1000)
        forced = reason.strip() if force else ""
        entry = promoted(tools.registry, tools.reports, name, number, model_tools.CONSOLE, now_us, None, report, forced)
    tell(_row(entry), as_json, f"{version} is {entry.stage.value}")


def whatif(
    since: Since,
    until: Until = "now",
    every: Annotated[float, typer.Option(help="Hours between two looks.")] = 24.0,
    false_alarms: Annotated[float | None, typer.Option(help="Set rate for an asset and year.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Orders only from this score on (0.5 = at the limit).")
    ] = None,
    policy: Annotated[list[str] | None, typer.Option(help="NAME=NUMBER of the advice or the order book.")] = None,
    model: Annotated[str, typer.Option(metavar="NAME:VERSION", help="A trained version.")] = "",
    class_: Annotated[str, typer.Option("--class", help="Only machines of this class.")] = "",
    asset: Annotated[list[str] | None, typer.Option(help="Only this machine; may be repeated.")] = None,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Replay history with other settings and say which orders would be new, gone, earlier or later. Changes nothing."""
    from forewarn.api import model_tools
    from forewarn.pipeline.whatif_run import WhatIfRequest, what_if

    with model_tools.opened(settings_of(state_dir, plant)) as tools:
        now_us = tools.clock.plant_us(time.time_ns() // 1000)
        span = moment_us(since, now_us), moment_us(until, now_us)
        request = WhatIfRequest(
            *span, every, false_alarms, threshold, _policies(policy or []), model, class_, tuple(asset or ())
        )
        events = tools.events.events(limit=None)
        voices, notes = model_tools.voices_with(tools, model), model_tools.notes_on(tools, model, span[0])
        report = what_if(tools.archive, tools.today, request, events, voices, Shown(), notes=notes)
        sha256 = tools.reports.put(report)
    before, after = report.before, report.after
    lines = [f"{c.what:9} {c.asset:20} {c.moved_h:+8.0f} h" for c in report.changes if c.what != "same"]
    lines += [f"orders {before.orders} -> {after.orders}, right {before.confirmed} -> {after.confirmed}"]
    lines += [f"for nothing {before.false} -> {after.false}, missed {before.missed} -> {after.missed}"]
    lines += [
        f"days of warning {_number(before.warning_days)} -> {_number(after.warning_days)}",
        *report.notes,
        f"report {sha256}",
    ]
    tell({"sha256": sha256, **report.json}, as_json, "\n".join(lines))


def _policies(given: list[str]) -> dict[str, float]:
    found = {}
    for text in given:
        name, equals, number = text.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise Rejected("whatif_policy", f"write NAME=NUMBER, such as cool_down_h=24, not {text!r}")
    return found


def models(
    name: Annotated[str | None, typer.Argument(help="Only versions of this model.")] = None,
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """List versions of models: stage, task, class of machines, figures."""
    from forewarn.api import model_tools

    with model_tools.opened(settings_of(state_dir, plant)) as tools:
        entries = tools.registry.book.entries(name)
    lines = [
        f"{e.name}:{e.version}  {e.stage.value:10} {e.card.task}/{e.card.kind} {e.card.schema.asset_class}"
        f"  {figures_of(e.card.metrics)}{f'  failed: {e.failed}' if e.failed else ''}"
        for e in entries
    ]
    tell({"models": [_row(e) for e in entries]}, as_json, "\n".join(lines) or "No version was trained yet.")


def scorecard(
    since: Since = "365d",
    until: Until = "now",
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """How good the advices were, from finished orders: precision, misses, warning time, false alarms."""
    from forewarn.api import model_tools
    from forewarn.models.diagnosis.taught import what_taught
    from forewarn.pipeline.labels import labels_from
    from forewarn.pipeline.scorecard import scorecard_of

    settings = settings_of(state_dir, plant)
    with model_tools.opened(settings) as tools:
        now_us = tools.clock.plant_us(time.time_ns() // 1000)
        span = moment_us(since, now_us), moment_us(until, now_us)
        first, rate = tools.assessments.watched_since().get, settings.scoring.false_alarms_per_asset_year
        costs = model_tools.costs_of(settings)
        card = scorecard_of(tools.archive.orders, tools.archive.plant, *span, first, rate, costs)
        taught = what_taught(labels_from(tools.archive.orders, tools.archive.plant, span[1]))
    lines = ["No order was finished with a finding yet."] if card.total.orders == 0 else []
    for line in (card.total, *card.by_class, *card.by_model):
        lines.append(
            f"{line.of or 'all':24} orders {line.orders:4}  right {_number(line.precision)}"
            f"  failures announced {_number(line.recall)}  days of warning {_number(line.warning_days)}"
            f"  false alarms a year {_number(line.false_alarms_per_year)} (set {line.set_rate})"
        )
    lines += [f"missed: {miss.asset} {miss.number}" for miss in card.misses]
    tell(asdict(card) | {"taught": asdict(taught)}, as_json, "\n".join([*lines, taught.sentence]))


def drift(
    state_dir: StateDir = None,
    plant: PlantFile = None,
    as_json: Json = False,
) -> None:
    """Look whether models still see what they learnt from. Only tells; the running server opens the tasks."""
    from forewarn.api import model_tools
    from forewarn.pipeline.drift_watch import drift_built_in, drift_of_card

    with model_tools.opened(settings_of(state_dir, plant)) as tools:
        now_us = tools.clock.plant_us(time.time_ns() // 1000)
        history = tools.assessments.history
        cards = model_tools.in_use(tools.registry)
        reports = [drift_of_card(tools.archive, card, now_us, history) for card in cards]
        classes = sorted({known.asset_class for known in tools.archive.plant.assets})
        reports += [drift_built_in(tools.archive, known, now_us, history) for known in classes]
    lines = []
    for report in reports:
        lines.append(
            f"{report.name} {report.version or ''} {report.asset_class}: coverage {_number(report.verdict.coverage)}"
        )
        lines += [f"  {reason}" for reason in report.verdict.reasons] + ([f"  {report.note}"] if report.note else [])
    tell({"models": [asdict(report) for report in reports]}, as_json, "\n".join(lines) or "No model is in use.")


def _row(entry: ModelEntry) -> dict[str, Any]:
    card = entry.card
    told: dict[str, Any] = {"name": entry.name, "version": entry.version, "stage": entry.stage.value}
    told |= {"task": card.task, "kind": card.kind, "asset_class": card.schema.asset_class}
    return told | {"metrics": dict(card.metrics), "report_sha256": entry.report_sha256, "failed": entry.failed}


def figures_of(metrics: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in sorted(metrics.items()))


def _number(found: Estimate) -> str:
    """A number with its interval and count."""
    if found.value is None:
        return "-"
    span = "" if found.low is None else f" [{found.low:.3g}, {found.high:.3g}]"
    return f"{found.value:.3g}{span} of {found.total:.3g}"


def tell(result: dict[str, Any], as_json: bool, text: str) -> None:
    print(json.dumps(result) if as_json else text)
