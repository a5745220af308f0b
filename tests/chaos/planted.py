"""The harness is proved by bugs that are planted on purpose: each must be caught, by name.

A planted bug is a patch in `planted/`. It is applied to a copy of the sources, the scenario that stands beside it in
`PLANTED` runs against the copy in its brief form, and the fault that belongs to the bug must be among what it finds.
The oracles run from the true sources. A test makes sure that every patch still applies to the tree as it is.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.chaos.scenario import Bench, NotRun, Scenario

ROOT = Path(__file__).resolve().parents[2]
PATCHES = Path(__file__).with_name("planted")
PACKAGES = ("api", "core", "ingest", "maintenance", "models", "pipeline", "simulators")


class Planted(NamedTuple):
    """A bug: its patch is `planted/NAME.patch`, `scenario` has to find it, as one of the faults `shows_as`."""

    name: str
    scenario: str
    shows_as: tuple[str, ...]
    points: int = 0
    focus: str = ""


ACKED_EARLY, BROKEN_DISK = ("acked_before_fsync",), ("went_on_after_journal_fsync_EIO",)
PLANTED = (
    Planted("ack-before-commit", "syscalls", ACKED_EARLY, focus="honest"),
    Planted("ack-before-fsync", "syscalls", ACKED_EARLY, focus="honest"),
    Planted("retry-after-failed-fsync", "syscalls", BROKEN_DISK, focus="refused"),
    Planted("any-error-acknowledges", "syscalls", BROKEN_DISK, focus="refused"),
    Planted("cursor-before-write", "syscalls", ("lost",), points=8, focus="pwrite64"),
    Planted("counters-outside-transaction", "syscalls", ("miscounted", "lost"), points=6, focus="pwrite64"),
    Planted("torn-tail-accepted", "syscalls", ("phantoms",), points=2),
    Planted("drop-when-full", "disk_full", ("lost", "acked_while_full_journal")),
    Planted("full-disk-is-final", "disk_full", ("ended_when_full_journal",)),
    Planted("reading-never-stops", "memory", ("reading_never_stopped",)),
    Planted("duplicates-known-for-an-hour", "network", ("duplicates", "replay_stored_anew")),
    Planted("duplicates-by-packet-id", "network", ("lost",)),
    Planted("future-accepted", "clock", ("future_stored",)),
    Planted("gaps-forgotten-on-restart", "mosquitto", ("lost_in_silence",)),
    Planted("broker-acknowledged-too-early", "mosquitto", ("lost_after_delivery", "acked_before_fsync")),
    Planted("no-fencing", "stops", ("second_writer_got_in",)),
    Planted("bad-messages-vanish", "poison", ("bad_not_quarantined",)),
    Planted("bad-message-keeps-its-place", "poison", ("stream_stopped",)),
    Planted("nan-accepted", "poison", ("bad_not_quarantined", "ended_by_a_message")),
)


def check_patch(name: str, tree: Path = ROOT) -> str:
    """What speaks against applying the patch to a tree; empty when nothing does."""
    command = ["git", "apply", "--check", "-C1", str(PATCHES / f"{name}.patch")]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip() or "git apply refused it"


def planted_tree(folder: Path, name: str) -> Path:
    """A copy of the sources with this bug, as a folder for PYTHONPATH. Raises ValueError when the patch is stale."""
    sources = folder / "sources"
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("static", "__pycache__")
        shutil.copytree(ROOT / package, sources / package, ignore=ignored)
    if wrong := check_patch(name, sources):
        raise ValueError(f"planted/{name}.patch: {wrong}")
    subprocess.run(["git", "apply", "-C1", str(PATCHES / f"{name}.patch")], cwd=sources, check=True)
    (folder / "path").mkdir()
    (folder / "path" / "forewarn").symlink_to(sources)
    return folder / "path"


def hunt(planted: Planted, scenario: Scenario, folder: Path, seed: int) -> dict[str, Any]:
    """Run the scenario against the bug: was it caught, and by what."""
    began = time.monotonic()
    answer: dict[str, Any] = {"name": planted.name, "scenario": planted.scenario, "seed": seed}
    try:
        tree = planted_tree(folder / "tree", planted.name)
        told: dict[str, Any] = {"points": planted.points, "focus": planted.focus, "brief": True, "tree": tree}
        bench = Bench(folder / "run", seed, f"planted {planted.name}", **told)
        wrong = scenario.run(bench).wrong
    except NotRun as reason:
        return {**answer, "caught": False, "not_run": str(reason)}
    found = {name: count for name, count in wrong.items() if count}
    caught = any(name in found for name in planted.shows_as)
    print(f"planted {planted.name}: {'caught' if caught else 'MISSED'} {found}", file=sys.stderr, flush=True)
    return {**answer, "caught": caught, "found": found, "seconds": round(time.monotonic() - began, 1)}
