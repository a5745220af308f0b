"""Figures of the bench of turbofan engines, by hand; all of it on a small fleet in the publisher's format."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench_cmapss import main, marks
from forewarn.core.readings import Floats
from forewarn.models.life.contract import LEVELS, Forecasts, Life
from tests.models.life.fleets import cut_fleet, worn_fleet


def test_figures_are_those_of_the_published_formulas() -> None:
    left = np.array([20.0, 140.0, 50.0])
    rows = np.stack([np.array([m - 9, m - 5, m - 2, m, m + 2, m + 5, m + 9]) for m in (30.0, 130.0, 50.0)])
    found = marks(Forecasts(LEVELS, rows, ("", "", "")), left)
    assert found["rmse_raw"] == round(math.sqrt((100 + 100 + 0) / 3), 3)
    assert found["rmse_capped"] == round(math.sqrt(100 / 3), 3)
    assert found["phm08"] == round(math.exp(10 / 10) - 1 + math.exp(10 / 13) - 1, 1)
    assert found["coverage_80"] == round(1 / 3, 4)
    assert found["coverage_80_near"] == 0.5
    assert found["width_80_near"] == 10.0


def text_of(life: Life) -> Floats:
    """26 columns: unit, cycle, three settings, 21 sensors of which four move."""
    table = np.ones((len(life.age), 26))
    table[:, 0], table[:, 1], table[:, 6:10] = int(life.asset[2:]) + 1, life.age, life.values
    return table


@pytest.mark.slow
def test_publishers_files_become_forecasts_with_and_without_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test, left = cut_fleet(worn_fleet(6, seed=2, usual=60.0))
    for name, lives in (("train", worn_fleet(12, seed=1, usual=60.0)), ("test", test)):
        np.savetxt(tmp_path / f"{name}_FD001.txt", np.vstack([text_of(life) for life in lives]), fmt="%.4f")
    arguments = ["--data", str(tmp_path), "--subset", "FD001", "--out", str(tmp_path / "p.csv")]
    assert "rmse_raw" not in main(arguments)
    np.savetxt(tmp_path / "RUL_FD001.txt", left, fmt="%d")
    found = main(arguments)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["rmse_raw"] == found["rmse_raw"]
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[0] == "unit,rul_q10,rul_q50,rul_q90"
    assert len(lines) == 7
    cells = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    assert cells[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert np.all((cells[:, 1] >= 0) & (cells[:, 1] <= cells[:, 2]) & (cells[:, 2] <= cells[:, 3]))
    assert found["rmse_raw"] == pytest.approx(np.sqrt(np.mean((cells[:, 2] - left) ** 2)), abs=0.02)
