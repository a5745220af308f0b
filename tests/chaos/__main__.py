"""sh run chaos: every scenario of the table, then every planted bug; one JSON line at the end.

Exit status 1 when anything acknowledged was lost, stored twice, invented or miscounted, when a scenario found another
fault, or when a planted bug was not caught. A scenario that this machine cannot run says so under `not_run`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chaos.planted import PLANTED, hunt
from tests.chaos.scenario import Bench, NotRun, Scenario
from tests.chaos.table import BY_NAME, SCENARIOS
from tests.chaos.verdict import BOOKS

MOSQUITTO = ("lost_after_delivery", "lost_ids_equal_gaps")


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    names = [*BY_NAME, "planted"]
    parser = argparse.ArgumentParser(prog="sh run chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="random kills of the whole system")
    parser.add_argument("--points", type=int, default=24, help="deaths at chosen system calls")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=names, help="run only this part; may be given repeatedly")
    parser.add_argument("--bug", action="append", help="hunt only this planted bug; may be given repeatedly")
    parser.add_argument("--json", action="store_true", help="accepted for sameness: the result is always JSON")
    parser.add_argument("--out", type=Path, help="write the JSON line here too")
    parser.add_argument("--keep", type=Path, help="leave all files in this folder")
    parser.add_argument("--list", action="store_true", help="say what there is and do nothing")
    return parser


def play(scenario: Scenario, bench: Bench) -> dict[str, Any]:
    """Run one scenario; its entry in the JSON."""
    print(f"{scenario.name}: {scenario.does}", file=sys.stderr, flush=True)
    began = time.monotonic()
    entry: dict[str, Any] = {"name": scenario.name, "invariants": scenario.invariants}
    try:
        finding = scenario.run(bench)
    except NotRun as reason:
        print(f"{scenario.name}: NOT RUN, {reason}", file=sys.stderr, flush=True)
        return {**entry, "not_run": str(reason)}
    seconds = round(time.monotonic() - began, 1)
    for trouble in finding.troubles():
        print(f"{scenario.name}: WRONG, {trouble}", file=sys.stderr, flush=True)
    return {**entry, **finding.books, "wrong": finding.wrong, **finding.figures, "seconds": seconds}


def result_of(entries: list[dict[str, Any]], bugs: list[dict[str, Any]], told: argparse.Namespace) -> dict[str, Any]:
    """The JSON object: the sums over all scenarios, then each one's own figures."""
    sums = {name: sum(entry.get(name, 0) for entry in entries) for name in ("kills", *BOOKS)}
    caught = sum(bug["caught"] for bug in bugs)
    result: dict[str, Any] = {**sums, "planted": {"caught": caught, "total": len(bugs), "bugs": bugs}}
    for entry in entries:
        if entry["name"] == "mosquitto":
            result["mosquitto"] = {name: entry.get(name) for name in MOSQUITTO}
    result["scenarios"] = entries
    result["not_run"] = {entry["name"]: entry["not_run"] for entry in entries if "not_run" in entry}
    run = {"seed": told.seed, "kills": told.kills, "points": told.points, "cores": os.cpu_count()}
    return {**result, "runs": [run]}


def is_good(result: dict[str, Any]) -> bool:
    """Nothing wrong in any scenario, and every planted bug caught."""
    clean = not any(count for entry in result["scenarios"] for count in entry.get("wrong", {}).values())
    return clean and result["planted"]["caught"] == result["planted"]["total"]


def run_all(told: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """What was asked for, part after part."""
    wanted = set(told.only or [*BY_NAME, *([] if told.bug else ["planted"])] if not told.bug or told.only else [])
    entries = [
        play(scenario, Bench(folder / scenario.name, told.seed, scenario.name, told.kills, told.points))
        for scenario in SCENARIOS
        if scenario.name in wanted
    ]
    bugs = [bug for bug in PLANTED if "planted" in wanted or bug.name in (told.bug or ())]
    hunted = [hunt(bug, BY_NAME[bug.scenario], folder / bug.name, told.seed) for bug in bugs]
    return result_of(entries, hunted, told)


def describe() -> None:
    """The table, for people."""
    for scenario in SCENARIOS:
        print(f"{scenario.name} ({', '.join(scenario.invariants)}): {scenario.does}\n    proof: {scenario.oracle}")
    for bug in PLANTED:
        print(f"planted {bug.name}: {bug.scenario} must find {' or '.join(bug.shows_as)}")


def main() -> None:
    """See the module."""
    told = arguments().parse_args()
    if told.list:
        describe()
        return
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(2))  # so that mounts and links are taken away
    folder = told.keep or Path(tempfile.mkdtemp(prefix="forewarn-chaos-"))
    try:
        result = run_all(told, folder)
    finally:
        if told.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    line = json.dumps(result)
    if told.out:
        told.out.write_text(line + "\n")
    print(line)
    sys.exit(0 if is_good(result) else 1)


if __name__ == "__main__":
    main()
