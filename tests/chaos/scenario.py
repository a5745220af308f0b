"""What a scenario is: it does something bad to the system, then asks its oracles, and answers with figures.

Everything that must not be stands in `Finding.wrong` under a name of its own, with how often it was found. A run is
good when all of these are zero; a planted bug is caught when the name that belongs to it is not.
"""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forewarn.api.settings import Settings
from tests.chaos.ledger import Ledger, Orders
from tests.chaos.verdict import BOOKS, judged_readings
from tests.chaos.victim import NAMES, Surroundings, Victim, ledger_settings, wait_until_accounted

DRAIN_S = 60.0


class NotRun(Exception):
    """This machine does not offer what a scenario needs; the reason is the message."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a scenario: the books (`verdict.BOOKS`), what was wrong by name, and figures of its own."""

    books: dict[str, int]
    wrong: dict[str, int]
    figures: dict[str, Any] = field(default_factory=dict)

    def troubles(self) -> list[str]:
        """What must not be, in words; empty when everything is well."""
        return [f"{name}: {count}" for name, count in self.wrong.items() if count]


@dataclass(slots=True)
class Bench:
    """What a scenario is given: a folder, its own random numbers, how much to do, and the tree under test.

    `brief`: just enough to catch a planted bug. `focus`: the one part or system call to strike at.
    `tree`: a copy of the sources that stands in for the installed ones.
    """

    folder: Path
    seed: int
    name: str
    kills: int = 60
    points: int = 24
    brief: bool = False
    focus: str = ""
    tree: Path | None = None
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.seed} {self.name}")
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def drain_s(self) -> float:
        """How long to wait for what is due: a planted bug is seen by what does not come."""
        return DRAIN_S / 6 if self.brief else DRAIN_S

    def say(self, what: str) -> None:
        """Progress."""
        print(f"  {self.name}: {what}", file=sys.stderr, flush=True)

    def surroundings(self) -> Surroundings:
        """The tree under test and nothing else."""
        return Surroundings(tree=self.tree)

    def victim(self, settings: Settings | None = None) -> Victim:
        """An ingest process that is not started yet."""
        return Victim(settings or ledger_settings(self.folder), self.surroundings())

    def orders(self, victim: Victim, **changes: Any) -> Orders:
        """Orders for a publisher that sends to it. Times begin an hour ago, so that ids may run ahead of the clock."""
        told: dict[str, Any] = {
            "file": str(self.folder / "ledger"),
            "port": victim.settings.mqtt.port,
            "topics": NAMES,
            "start_ms": time.time_ns() // 1_000_000 - 3_600_000,
        }
        return Orders(**{**told, **changes})


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table: which invariants it attacks, what it does, what proves that they hold."""

    name: str
    invariants: tuple[str, ...]
    does: str
    oracle: str
    run: Callable[[Bench], Finding]


def need(*programs: str) -> None:
    """Raises `NotRun` when a program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            raise NotRun(f"{program} is not installed")


def settle(victim: Victim, ledger: Ledger, timeout_s: float) -> dict[str, int]:
    """Wait until what was acknowledged is accounted for, end the victim, judge its files: the books."""
    wait_until_accounted(victim.settings, len(ledger.acked) + len(ledger.bad_acked), timeout_s)
    victim.stop()
    return books_of(victim.settings, ledger)


def books_of(settings: Settings, ledger: Ledger, refused: Set[int] = frozenset()) -> dict[str, int]:
    """The books of a store that nobody writes any more. `refused`: good ids that lie in quarantine with good reason."""
    expected = ledger.acked - refused
    others = len(ledger.bad_acked) + len(ledger.acked & refused)
    judged = {
        **judged_readings(settings.series_dir, NAMES, ledger.attempted, expected, others),
        "acked": len(ledger.acked),
    }
    return {name: int(judged[name]) for name in BOOKS}


def zeros(books: dict[str, int], *names: str) -> dict[str, int]:
    """The part of the books that must be zero, under the same names."""
    return {name: books[name] for name in names or ("lost", "duplicates", "phantoms", "miscounted")}


def joined(findings: Sequence[Finding]) -> Finding:
    """Several parts of a scenario as one: books and faults are summed, figures stand side by side."""
    books, wrong, figures = dict.fromkeys(BOOKS, 0), dict[str, int](), dict[str, Any]()
    for finding in findings:
        for name, count in finding.books.items():
            books[name] += count
        for name, count in finding.wrong.items():
            wrong[name] = wrong.get(name, 0) + count
        figures.update(finding.figures)
    return Finding(books, wrong, figures)
