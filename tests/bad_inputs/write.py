"""Writes the tables of docs/explanation/bad-input.md from the cases."""

from __future__ import annotations

from tests.bad_inputs.table import written_into
from tests.conftest import ROOT

if __name__ == "__main__":
    target = ROOT / "docs/explanation/bad-input.md"
    target.write_text(written_into(target.read_text()))
