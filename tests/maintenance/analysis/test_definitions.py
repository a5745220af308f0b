"""The page of figures says what the code says."""

from __future__ import annotations

from forewarn.maintenance.analysis.definitions import BY_KEY, DEFINITIONS, Definition
from forewarn.maintenance.analysis.kpis import FIGURES
from tests.conftest import ROOT

BETTER = {"up": "higher", "down": "lower", "": "-"}


def line_of(told: Definition) -> str:
    """The line of the page for a definition."""
    cells = (f"`{told.key}`", told.name, told.unit, told.definition, told.formula, BETTER[told.better], told.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def test_the_page_holds_the_definitions_of_the_code_and_no_others() -> None:
    page = (ROOT / "docs/explanation/analysis.md").read_text().splitlines()
    table = [line for line in page if line.startswith("| `")]
    assert table == [line_of(told) for told in DEFINITIONS]


def test_every_definition_has_a_figure_and_says_everything() -> None:
    assert list(FIGURES) == list(BY_KEY)
    assert len(BY_KEY) == len(DEFINITIONS)
    for told in DEFINITIONS:
        assert all((told.name, told.unit, told.definition.endswith("."), told.formula, told.source)), told.key
