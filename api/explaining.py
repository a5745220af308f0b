"""`forewarn explain`: an order's evidence, recomputed. Reads only; may run beside the system."""

from __future__ import annotations

import json
import sys
from typing import Any, cast

from forewarn.api import model_tools
from forewarn.api.settings import Settings
from forewarn.api.wiring import kept_clock
from forewarn.core.errors import ForewarnError
from forewarn.ingest.store.reader import PackedReader
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import Records, open_records
from forewarn.pipeline.explain import Explanation, explain
from forewarn.pipeline.known_outcomes import KnownOutcomes
from forewarn.pipeline.labels import Lessons
from forewarn.pipeline.plant_file import load_plant
from forewarn.pipeline.scoring import assess_settings
from forewarn.pipeline.version import Version
from forewarn.pipeline.versions_in_use import OpenVersion, opened_version

SHOWN = 12


def run_explain(settings: Settings, number: str, as_json: bool) -> int:
    """Print every cause with its evidence. 0: the same decision comes out; 1: another one; 2: no such order."""
    records = open_records(settings.records_url)
    try:
        order, clock = OrderBookSql(records).order(number), kept_clock(settings, records).clock()
        if order is None:
            print(f"There is no work order {number} in {settings.state_dir}", file=sys.stderr)
            return 2
        plant = load_plant(settings.plant)
        raw, derived = PackedReader(settings.series_dir), PackedReader(settings.derived_dir)
        book, opener = OrderBookSql(records), opener_of(settings, records)
        lessons, outcomes = Lessons(book, plant), KnownOutcomes(book, lambda: plant)
        explained = explain(order, plant, raw, derived, assess_settings(clock), opener, lessons.by, outcomes)
    finally:
        records.close()
    if as_json:
        print(json.dumps({"order": order.number, "causes": [_as_json(e) for e in explained]}))
    else:
        print(f"{order.number}  {order.title}")
        for each in explained:
            print(_as_words(each))
    return int(not all(e.same_decision for e in explained))


def opener_of(settings: Settings, records: Records) -> OpenVersion:
    """Opens the trained versions of a state folder; None for one whose files are gone or must not be used."""

    def opened(name: str, version: int) -> Version | None:
        registry = model_tools.registry_of(settings, records)
        entry = registry.book.entry(name, version)
        if entry is None:
            return None
        try:
            return opened_version(registry, name, version, model_tools.CONSOLE, entry.changed_at_us, entry.card)
        except ForewarnError as error:
            print(f"{name} {version} cannot be opened, what it said is left out: {error}", file=sys.stderr)
            return None

    return opened


def _as_json(explanation: Explanation) -> dict[str, Any]:
    return {
        "fault": str(explanation.cause.fault),
        "same": not explanation.differences,
        "same_decision": explanation.same_decision,
        "differences": [{"path": d.path, "frozen": d.frozen, "now": d.now} for d in explanation.differences],
        "frozen": explanation.frozen,
    }


def _as_words(explanation: Explanation) -> str:
    frozen = cast(Any, explanation.frozen)
    model = frozen["model"]
    lines = [f"\n{explanation.cause.fault}: model {model['name']} {model['version']} ({model['digest']})"]
    lines += [f"  with {v['name']} {v['version']} ({v['digest'][:16]})" for v in frozen.get("versions", [])]
    lines += [
        f"  {c['feature']}: {c['value']:.4g} {c['unit']}, baseline {c['baseline']:.4g} {c['unit']}, "
        f"{c['share']:.0%} of the score"
        for c in frozen["contributions"]
    ]
    for hypothesis in frozen["diagnosis"][:2]:
        lines.append(
            f"  {hypothesis['label']} ({hypothesis['failure_mode']}), probability {hypothesis['probability']:.0%}"
        )
        lines += [f"    + {e['text']}" for e in hypothesis["evidence_for"]]
        lines += [f"    - {e['text']}" for e in hypothesis["evidence_against"]]
    if not explanation.differences:
        return "\n".join([*lines, "  Recomputed from the stored series: the same."])
    verdict = "the same decision" if explanation.same_decision else "ANOTHER DECISION"
    reason = "readings that were still on their way, or another version of models or data"
    lines.append(
        f"  Recomputed from the stored series: {verdict}; {len(explanation.differences)} numbers differ ({reason}):"
    )
    lines += [f"    {d.path}: was {d.frozen}, now {d.now}" for d in explanation.differences[:SHOWN]]
    return "\n".join(lines)
