"""`bench skab` and `bench nab` on made-up files, and their bars on the recorded ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import bench_nab, bench_skab

COLUMNS = [*list(bench_skab.QUANTITIES)[:7], "Volume Flow RateRMS"]
LEVELS = [0.03, 0.04, 1.0, 0.05, 70.0, 24.0, 230.0, 32.0]


def rig(rows: int, labels: bool) -> pd.DataFrame:
    """A calm rig whose flow falls from row 600 to 800."""
    rng = np.random.default_rng(0)
    values = np.array(LEVELS) * (1 + 0.002 * rng.normal(size=(rows, 8)))
    fault = (np.arange(rows) >= 600) & (np.arange(rows) < 800)
    values[fault, 7] -= 3
    when = pd.date_range("2020-03-09 10:00", periods=rows, freq="s")
    table = pd.DataFrame(values, columns=COLUMNS)
    table.insert(0, "datetime", when.strftime("%Y-%m-%d %H:%M:%S"))
    return table.assign(anomaly=fault.astype(float), changepoint=0.0) if labels else table


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out.strip().splitlines()[-1]))


@pytest.fixture
def rigs(tmp_path: Path) -> Path:
    for name, rows, labels in (("valve1/a.csv", 1_000, True), ("b.csv.gz", 1_000, False), ("short.csv", 50, True)):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rig(rows, labels).to_csv(path, sep=";", index=False)
    return tmp_path / "data"


def test_skab_writes_one_file_per_input_with_or_without_labels(
    rigs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench_skab.main(["--data", str(rigs), "--out", str(tmp_path / "out")])
    found = last_line(capsys)
    with_labels, without = pd.read_csv(tmp_path / "out/valve1/a.csv"), pd.read_csv(tmp_path / "out/b.csv.gz")
    assert list(with_labels.columns) == ["datetime", "score", "alarm"]
    assert len(with_labels) == len(without) == 600
    assert with_labels["alarm"].tolist() == without["alarm"].tolist()
    assert with_labels["alarm"][220:400].all()
    assert [s["file"] for s in found["skipped"]] == ["short.csv"]
    assert found["faults_found"] == found["faults"] == 1
    assert found["f1"] > 0.9
    assert found["always_alarm_from_row_550"]["far"] > found["far"]


def test_skab_looks_at_no_label(rigs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench_skab.main(["--data", str(rigs), "--out", str(tmp_path / "one")])
    table = pd.read_csv(rigs / "valve1/a.csv", sep=";")
    table.assign(anomaly=1 - table["anomaly"]).to_csv(rigs / "valve1/a.csv", sep=";", index=False)
    bench_skab.main(["--data", str(rigs), "--out", str(tmp_path / "two")])
    capsys.readouterr()
    assert (tmp_path / "one/valve1/a.csv").read_text() == (tmp_path / "two/valve1/a.csv").read_text()


def test_skab_counts_what_the_leaderboard_counts() -> None:
    alarm = np.array([0, 1, 0, 1, 1, 1, 0], np.bool_)
    truth = np.array([0, 0, 0, 1, 1, 0, 1], np.bool_)
    found = bench_skab.scores([(alarm, truth), (np.zeros(2, np.bool_), np.ones(2, np.bool_))])
    assert found["f1"] == pytest.approx(2 * 2 / (2 * 2 + 2 + 3), abs=1e-4)
    assert (found["far"], found["mar"], found["far_before_fault"]) == (50.0, 60.0, 33.33)
    assert (found["faults_found"], found["faults"]) == (1, 2)


def test_nab_joins_alarms_within_two_days_and_counts_those_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    values = 80 + 2 * rng.normal(size=3_000)
    values[1_000:1_030] -= 15
    values[1_050:1_070] -= 15
    values[2_000:2_030] += 15
    when = pd.date_range("2020-01-01", periods=3_000, freq="h")
    pd.DataFrame({"timestamp": when, "value": values}).to_csv(tmp_path / bench_nab.MACHINE, index=False)
    pd.DataFrame({"timestamp": when, "value": values}).to_csv(tmp_path / "unlabelled.csv", index=False)
    window = [str(when[995]), str(when[1_040])]
    label = {bench_nab.MACHINE: {"windows": [window], "points": [str(when[1_020])]}}
    (tmp_path / "labels.json").write_text(json.dumps(label))
    bench_nab.main(["--data", str(tmp_path)])
    found = last_line(capsys)
    assert (found["windows_found"], found["windows"], found["false_alarms"]) == (1, 1, 1)
    assert 15 <= found["hours_before_label"][0] <= 20
    assert len(found["files"]["unlabelled.csv"]["events"]) == 2


@pytest.mark.data
@pytest.mark.slow
def test_the_bars_on_recorded_data_hold(
    data_dir: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench_skab.main(["--data", str(data_dir("skab")), "--out", str(tmp_path)])
    skab = last_line(capsys)
    assert skab["f1"] >= 0.83
    assert skab["far"] <= 12
    assert skab["mar"] <= 22
    assert skab["far_before_fault"] <= 1
    assert skab["faults_found"] >= skab["faults"] - 2
    bench_nab.main(["--data", str(data_dir("nab"))])
    nab = last_line(capsys)
    assert nab["windows_found"] == nab["windows"] == 4
    assert nab["false_alarms"] <= 1
    assert nab["hours_before_label"][3] >= 12
