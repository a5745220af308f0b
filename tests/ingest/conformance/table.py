"""Reads the table of statements, and writes it as the section of the reference."""

from __future__ import annotations

from typing import NamedTuple

from tests.ingest.conformance import statements

BEGIN, END = "<!-- conformance: written by tests/ingest/conformance/table.py -->", "<!-- end of conformance -->"


class Row(NamedTuple):
    """Statements that one sentence covers, and its tests; `reason` instead of tests where there are none."""

    numbers: tuple[str, ...]
    sentence: str
    tests: tuple[str, ...]
    reason: str | None


def rows(text: str) -> list[Row]:
    """The lines of one standard."""
    return [_row(line) for line in text.strip().splitlines()]


def _row(line: str) -> Row:
    numbers, sentence, proof = (part.strip() for part in line.split(" | "))
    expanded = tuple(number for part in numbers.split() for number in _expanded(part))
    if proof in statements.REASONS:
        return Row(expanded, sentence, (), statements.REASONS[proof])
    return Row(expanded, sentence, tuple(proof.split()), None)


def _expanded(part: str) -> list[str]:
    section, numbers = part.split("-")
    first, _, last = numbers.partition("..")
    return [f"{section}-{number}" for number in range(int(first), int(last or first) + 1)]


def existing(last: dict[str, int], left_out: set[str]) -> set[str]:
    """Every statement number of a standard."""
    return {f"{section}-{n}" for section, end in last.items() for n in range(1, end + 1)} - left_out


def as_markdown() -> str:
    """The section of docs/reference/mqtt.md."""
    parts = [BEGIN]
    for title, text in (("MQTT 3.1.1", statements.V311), ("MQTT 5.0", statements.V5)):
        parts += ["", f"### {title}", "", "| statements | what the door does | test, or why none |", "|---|---|---|"]
        for row in rows(text):
            proof = ", ".join(f"`{name}`" for name in row.tests) or f"not applicable: {row.reason}"
            parts.append(f"| {' '.join(row.numbers)} | {row.sentence} | {proof} |")
    return "\n".join([*parts, "", END])


def written_into(page: str) -> str:
    """The page with its section replaced."""
    before, _, rest = page.partition(BEGIN)
    return before + as_markdown() + rest.partition(END)[2]
