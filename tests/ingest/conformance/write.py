"""Writes the conformance section of docs/reference/mqtt.md from the table."""

from __future__ import annotations

from tests.conftest import ROOT
from tests.ingest.conformance.table import written_into

if __name__ == "__main__":
    target = ROOT / "docs/reference/mqtt.md"
    target.write_text(written_into(target.read_text()))
