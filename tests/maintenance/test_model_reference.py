"""The diagram of stages in the docs is the table."""

from __future__ import annotations

import re

from forewarn.core.model_cards import STAGES
from tests.conftest import ROOT


def test_the_diagram_shows_exactly_the_steps_of_the_table() -> None:
    page = (ROOT / "docs/explanation/model-registry.md").read_text()
    drawn = set(re.findall(r"^    (\w+) --> (\w+)$", page, re.MULTILINE))
    assert drawn == {(start.value, stop.value) for start, stops in STAGES.items() for stop in stops}
