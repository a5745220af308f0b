"""History from a file into the running ingest process, by the command that people use."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forewarn.api.cli import app
from forewarn.api.settings import HANDOVER, Settings
from forewarn.ingest.store.reader import PackedReader
from tests.system.running import settings_for
from tests.system.test_ingest_commands import ingest, soon

pytestmark = pytest.mark.slow


def run(*arguments: str, status: int = 0) -> dict[str, object]:
    result = CliRunner().invoke(app, ["series", *arguments, "--json"])
    assert result.exit_code == status, result.output
    found: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_history_is_imported_once_and_exported_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(tmp_path)
    monkeypatch.setenv(HANDOVER, settings.model_dump_json())
    rows = [
        f"press-1/temp,2026-11-{day:02d}T00:00:{second:02d}Z,{day + second / 8}"
        for day in (1, 2)
        for second in range(60)
    ]
    file = tmp_path / "history.csv"
    file.write_text("\n".join(["series,at,value", *rows]) + "\n")
    with ingest(settings) as running:
        assert run("import", str(file), "--dry-run")["imported"] == 0
        assert run("import", str(file))["imported"] == 120
        assert run("import", str(file))["imported"] == 120
        reader = PackedReader(settings.series_dir)
        soon(lambda: reader.counts().acknowledged == 240)
        counts = reader.counts()
        assert (counts.stored, counts.duplicates, counts.quarantined) == (120, 120, 0)
        reader.close()
        out = tmp_path / "again.csv"
        assert run("export", str(out), "--series", "press-1/temp", "--to", "2026-11-02")["rows"] == 60
        assert len(out.read_text().splitlines()) == 61
        assert list(settings.import_dir.iterdir()) == []
        assert running.end(signal.SIGTERM) == 0


@pytest.fixture
def at_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A system that was there and does not run now."""
    settings = settings_for(tmp_path)
    settings.series_dir.mkdir(parents=True)
    monkeypatch.setenv(HANDOVER, settings.model_dump_json())
    return settings


def test_without_a_running_system_nothing_is_imported_and_it_is_said(tmp_path: Path, at_rest: Settings) -> None:
    file = tmp_path / "history.csv"
    file.write_text("series,at,value\npress-1/temp,2026-11-01T00:00:00Z,5\n")
    result = CliRunner().invoke(app, ["series", "import", str(file)])
    assert result.exit_code == 1
    assert "forewarn up" in str(result.exception)
    assert list(at_rest.import_dir.iterdir()) == []


def test_one_wrong_row_keeps_everything_out_until_it_is_left_out(tmp_path: Path, at_rest: Settings) -> None:
    file = tmp_path / "history.csv"
    file.write_text("series,at,value\npress-1/temp,2026-11-01T00:00:00Z,5\npress-1/temp,2026-11-01T00:00:01Z,x\n")
    result = CliRunner().invoke(app, ["series", "import", str(file)])
    assert "wrong_rows" in str(result.exception)
    assert run("import", str(file), "--skip-wrong", "--dry-run")["readings"] == 1
