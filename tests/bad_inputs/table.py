"""All bad inputs in the order of the catalogue, and the page that shows them: `python -m tests.bad_inputs.write`."""

from __future__ import annotations

from itertools import groupby

from tests.bad_inputs import meaning, payloads, sessions, topics
from tests.bad_inputs.case import Case

LAST_PAYLOAD_ROW, LAST_ROW = 30, 46
CASES: list[Case] = sorted([*payloads.CASES, *meaning.CASES, *topics.CASES, *sessions.CASES], key=lambda case: case.row)
BEGIN, END = "<!-- written by tests/bad_inputs/table.py -->", "<!-- end -->"


def written_into(page: str) -> str:
    """The page with its tables as the cases are now."""
    head, _, rest = page.partition(BEGIN)
    tail = rest.partition(END)[2]
    return head + BEGIN + "\n\n" + _tables() + "\n" + END + tail


def _tables() -> str:
    payload = [case for case in CASES if case.row <= LAST_PAYLOAD_ROW]
    protocol = [case for case in CASES if case.row > LAST_PAYLOAD_ROW]
    return f"## Payloads\n\n{_table(payload)}\n## Topics, sessions, protocol\n\n{_table(protocol)}"


def _table(cases: list[Case]) -> str:
    lines = ["| | input | what happens |", "|---|---|---|"]
    for (row, expected), alike in groupby(cases, key=lambda case: (case.row, case.expected)):
        names = ", ".join(case.name for case in alike)
        lines.append(f"| {row} | {_shown(names)} | {_shown(expected)} |")
    return "\n".join(lines) + "\n"


def _shown(text: str) -> str:
    """Without what would end a cell or a line, or become HTML."""
    return text.replace("\n", "\\n").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
