"""The spare-part benchmark itself: honest replay, fair peers, files it has not seen."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import bench_spares
from benchmarks.bench_spares import quantile_loss, read_series, ways
from benchmarks.spares_stock import replay
from forewarn.maintenance.demand.distribution import LEVELS
from forewarn.maintenance.demand.history import cleaned


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    monkeypatch.setattr(sys, "argv", ["bench_spares", *arguments])
    bench_spares.main()
    answer: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return answer


def a_file(folder: Path) -> pd.DataFrame:
    table = np.random.default_rng(1).poisson(0.6, (12, 18)).astype(float)
    table[0, :5] = np.nan
    frame = pd.DataFrame(table, columns=[f"p{i}" for i in range(18)])
    frame.insert(0, "name", [f"part {i}" for i in range(12)])
    return frame


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_gets_its_quantiles_in_its_own_order(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frame, file, out = a_file(tmp_path), tmp_path / f"some.{ending}", tmp_path / "q.csv"
    frame.to_csv(file, index=False) if ending == "csv" else frame.to_parquet(file)
    told = run(monkeypatch, capsys, "--file", str(file), "--lead", "4", "--out", str(out), "--json")
    assert told["series"] == 12
    found = pd.read_csv(out)
    assert found.columns.tolist() == ["series", "q50", "q90", "q95", "q98"]
    assert found["series"].tolist() == frame["name"].tolist()
    assert (np.diff(found.iloc[:, 1:].to_numpy(), axis=1) >= 0).all()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "x", "give a .csv or a .parquet"),
        ("a.csv", "part,1,2\nbolt,3,many\n", "row 1, column 2: 'many' is not a number"),
        ("a.csv", "part\nbolt\n", "one column per period"),
        ("a.parquet", "no parquet", "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_with_what_to_do(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SystemExit, match=said):
        read_series(tmp_path / name)
    with pytest.raises(SystemExit, match="is not there"):
        read_series(tmp_path / "none.csv")


def test_the_loss_is_the_pinball_loss() -> None:
    """0.9 x 2, 0.95 x 1, and 0.02 x 3 above; by hand."""
    found = quantile_loss(np.array([[4.0, 5.0, 9.0]]), np.array([6.0]), np.array([2.0]))
    assert found[0] == pytest.approx((1.8 + 0.95 + 0.06) / 3 / 2)


def test_the_four_ways_keep_the_rate_in_the_middle() -> None:
    histories = cleaned(np.random.default_rng(2).poisson(2.0, (30, 40)))
    rate = np.full(30, 2.0)
    found = ways(histories, rate, 6)
    assert len(found) == 4
    for table in found.values():
        assert np.median(table[:, LEVELS.tolist().index(0.5)]) == pytest.approx(12.0, abs=1.5)


def by_hand(demand: list[float], low: float, high: float, lead: int) -> tuple[float, list[float]]:
    """One part, month by month."""
    shelf, waiting, coming, filled, ends = high, 0.0, [0.0] * (len(demand) + lead + 1), 0.0, []
    for month, asked in enumerate(demand):
        shelf += coming[month]
        late = min(shelf, waiting)
        shelf, waiting = shelf - late, waiting - late
        given = min(shelf, asked)
        shelf, waiting, filled = shelf - given, waiting + asked - given, filled + given
        position = shelf + sum(coming[month + 1 :]) - waiting
        if position <= low and high > position:
            coming[month + lead] += high - position
        ends.append(shelf)
    return filled, ends


def test_the_replay_of_many_equals_one_by_one() -> None:
    rng = np.random.default_rng(3)
    demand = rng.poisson(0.8, (40, 20)).astype(float)
    low, lot, leads = rng.integers(0, 4, 40).astype(float), rng.integers(0, 5, 40), rng.integers(1, 5, 40)
    story = replay(demand, 20, low, low + lot, leads)
    for i in range(40):
        filled, ends = by_hand(demand[i].tolist(), low[i], low[i] + lot[i], int(leads[i]))
        assert story.filled[i] == filled
        assert story.on_hand[i] == pytest.approx(np.mean(ends))


@pytest.mark.slow
def test_a_made_up_set_gets_every_agreed_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(4)
    months = [f"{year}-{month:02}" for year in (1997, 1998, 1999) for month in range(1, 13)]
    frame = pd.DataFrame(rng.poisson(0.4, (60, 36)).astype(float), columns=months)
    frame.loc[0, months[:12]] = np.nan
    for name, value in (("min_level", 1), ("max_level", 3), ("price", 12.5), ("delivery_days", 40), ("material", 7)):
        frame.insert(0, name, value)
    frame.to_parquet(tmp_path / "oil_monthly.parquet")
    sets = run(monkeypatch, capsys, "--data", str(tmp_path), "--sets", "oil", "--json")["sets"]
    assert isinstance(sets, dict)
    oil = sets["oil"]
    for method in ("forewarn", "croston", "sba", "tsb", "imapa", "mean"):
        assert {"quantile_loss", "bias", "fill_rate", "stock_value"} <= oil[method].keys()
    assert "stock_value_saving_at_recorded_fill" in oil
    with pytest.raises(SystemExit, match="holds no raf_monthly"):
        run(monkeypatch, capsys, "--data", str(tmp_path), "--sets", "raf")
