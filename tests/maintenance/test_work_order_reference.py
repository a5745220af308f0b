"""The reference page says what the program does."""

from __future__ import annotations

from pathlib import Path

from forewarn.core.work import TRANSITIONS, Status
from forewarn.maintenance.advice.numbers import LIFE_UNKNOWN, PRIORITIES
from forewarn.maintenance.orders.diagram import mermaid
from forewarn.maintenance.orders.rules import AS_USUAL


def page(root: Path) -> str:
    return (root / "docs" / "reference" / "work-orders.md").read_text()


def test_the_diagram_in_the_docs_is_the_one_of_the_table(root: Path) -> None:
    assert f"```mermaid\n{mermaid()}\n```" in page(root)


def test_the_diagram_holds_every_step_of_the_table_and_no_other() -> None:
    drawn: set[tuple[Status, Status]] = set()
    for line in mermaid().splitlines()[1:]:
        words = line.split()
        if len(words) == 3 and words[1] in ("-->", "<-->"):
            drawn.add((Status(words[0]), Status(words[2])))
            if words[1] == "<-->":
                drawn.add((Status(words[2]), Status(words[0])))
    assert drawn == {(status, follower) for status, followers in TRANSITIONS.items() for follower in followers}


def test_the_table_of_priorities_in_the_docs_is_the_one_of_the_program(root: Path) -> None:
    rows = [[criticality, *map(str, row.values())] for criticality, row in PRIORITIES.items()]
    head = ["criticality", *next(iter(PRIORITIES.values()))]
    for row in (head, *rows):
        assert f"| {' | '.join(row)} |" in page(root)
    assert list(PRIORITIES["A"]).index(LIFE_UNKNOWN) == 1  # "the second column counts"


def test_the_hours_in_the_docs_are_those_of_the_program(root: Path) -> None:
    assert (AS_USUAL.cool_down_h, AS_USUAL.moved_h, AS_USUAL.moved_share, AS_USUAL.hold_h) == (72, 4, 0.1, 24)
    for told in ("quiet for 72 h", "more than 4 h and more than a tenth", "older than 24 h"):
        assert told in " ".join(page(root).split())
