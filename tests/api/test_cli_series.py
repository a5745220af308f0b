"""`forewarn series` on a store that nobody writes, and on one that the ingest process is writing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forewarn.api.cli import app
from forewarn.api.settings import HANDOVER, RetentionSettings, Settings
from forewarn.api.wiring_ingest import raw_store
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Retriable
from forewarn.core.readings import Readings

DAY = 20_000 * US_PER_DAY


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    made = Settings(state_dir=tmp_path / "state", retention=RetentionSettings(raw_days=100, waveform_days=None))
    monkeypatch.setenv(HANDOVER, made.model_dump_json())
    store = raw_store(made)
    store.assign(["a"])
    store.write(1, Readings.of([1, 1, 1], [DAY, DAY + 1, DAY + 70_000_000], [1.0, 2.0, 3.0]), [], [])
    store.close()
    return made


def run(*arguments: str, status: int = 0) -> dict[str, object]:
    result = CliRunner().invoke(app, ["series", *arguments, "--json"])
    assert result.exit_code == status, result.output
    found = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_a_backup_is_verified_and_a_damaged_one_is_named(settings: Settings, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert run("backup", str(kept))["position"] == 1
    assert run("verify", str(kept))["readings"] == 3
    (kept / "day-2024-10-04.db").write_bytes(b"nonsense" * 4096)
    damages = run("verify", str(kept), status=1)["damages"]
    assert "day-2024-10-04.db" in str(damages)
    assert run("verify")["damages"] == []


def test_retention_drops_old_days_and_info_still_counts_them(settings: Settings) -> None:
    assert run("info")["days"] == 1
    assert run("retention")["days"] == ["2024-10-04"]
    info = run("info")
    assert info["days"] == 0
    counts = info["counts"]
    assert isinstance(counts, dict)
    assert counts["stored"] == 3


def test_a_store_that_is_written_by_a_process_which_does_not_answer_is_left_alone(settings: Settings) -> None:
    store = raw_store(settings)
    result = CliRunner().invoke(app, ["series", "retention"])
    assert isinstance(result.exception, Retriable)
    store.close()


def test_where_no_series_are_nothing_is_made(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["series", "info", "--state-dir", str(tmp_path / "none")])
    assert "no_store" in str(result.exception)
    assert not (tmp_path / "none").exists()
