"""The catalogue is whole, and the page shows it. That the cases hold, tests/system/test_bad_input.py finds out."""

from __future__ import annotations

from collections import Counter

from tests.bad_inputs.table import CASES, LAST_ROW, written_into
from tests.conftest import ROOT


def test_every_row_of_the_catalogue_has_a_case_and_every_case_a_name_of_its_own() -> None:
    assert {case.row for case in CASES} == set(range(1, LAST_ROW + 1))
    assert [name for name, times in Counter(case.id for case in CASES).items() if times > 1] == []


def test_the_page_shows_the_table() -> None:
    page = (ROOT / "docs/explanation/bad-input.md").read_text()
    assert written_into(page) == page, "python -m tests.bad_inputs.write"
