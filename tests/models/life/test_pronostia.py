"""Recorded bearings through the bench: answers have their form, and nothing is read from a name or from the future."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench_pronostia import at_cuts, challenge_score, judged, left_out, main, read_life
from forewarn.models.life.contract import LEVELS, Forecasts, Life
from forewarn.models.life.run_to_failure import REMAINING, first_sign, wear_columns

SMALLEST = "Bearing3_1.parquet"


def made_bearing(name: str, rows: int, seed: int) -> Life:
    """A bearing that runs in, and rings in its last tenth."""
    rng = np.random.default_rng(seed)
    share = np.arange(rows) / rows
    level = (1 + np.exp(-share * 20)) * np.exp(0.3 * share + 25 * np.clip(share - 0.9, 0, None))
    features = {
        f"{channel}:{feature}": np.asarray(level * np.exp(0.1 * rng.normal(size=rows)), np.float64)
        for channel in ("horizontal", "vertical")
        for feature in ("band_500_2000", "band_2000_4000", "envelope_rms", "kurtosis")
    }
    return wear_columns(features, np.arange(10.0, 10.0 * rows + 1, 10.0), name, True)


MADE = [made_bearing(f"b{i}", 150 + 60 * i, i) for i in range(5)]


def test_the_score_of_the_challenge_is_halved_by_5_percent_late_or_20_percent_early() -> None:
    told = challenge_score(np.array([100.0, 105.0, 110.0, 80.0, 60.0, np.nan]), np.full(6, 100.0))
    np.testing.assert_allclose(told, [1.0, 0.5, 0.25, 0.5, 0.25, 0.0])


def test_only_levels_of_wear_become_columns_in_the_order_of_their_names() -> None:
    assert MADE[0].names == tuple(sorted(MADE[0].names))
    assert not any("kurtosis" in name for name in MADE[0].names)


def test_the_first_sign_of_made_bearings_comes_after_the_run_in_and_before_the_end() -> None:
    for life in MADE:
        row = first_sign(life)
        assert row is not None
        assert 0.85 < row / len(life.age) < 1.0


def test_left_out_bearings_are_asked_by_models_that_have_not_seen_them() -> None:
    seen: list[tuple[str, ...]] = []

    class Blind:
        def forecast(self, lives: list[Life]) -> Forecasts:
            row = np.array([100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0])
            return Forecasts(LEVELS, np.tile(row, (len(lives), 1)), ("",) * len(lives))

    def learn(lives: list[Life], seed: int) -> Blind:
        seen.append(tuple(life.asset for life in lives))
        return Blind()

    runs, rows = left_out(MADE, 1, learn)  # type: ignore[arg-type]
    assert [run["bearing"] in names for run, names in zip(runs, seen, strict=True)] == [False] * 5
    assert len(rows) == 15
    told = judged(runs)
    assert told["alarms_before_end"] == 5
    assert told["score"]["mean"] == pytest.approx(np.mean([run["score"] for run in runs]))
    lefts = [run["actual_s"] for run in runs]
    held = [200.0 <= left <= 600.0 for row in lefts for left in row]
    assert told["coverage_80"] == pytest.approx(np.mean(held))


def test_a_cut_knows_only_its_share_of_the_record() -> None:
    assert [len(life.age) for life in at_cuts(MADE[0])] == [75, 105, 135]
    assert not any(life.ended for life in at_cuts(MADE[0]))


@pytest.mark.slow
def test_the_preset_tells_a_made_bearing_that_the_end_is_near_when_it_rings() -> None:
    asked = made_bearing("asked", 300, 99)
    told = REMAINING.learn(MADE).forecast([asked.until(150), asked.until(292)])
    assert told.said == ("", "")
    assert told.at(0.5)[1] < 0.3 * told.at(0.5)[0]


@pytest.mark.data
@pytest.mark.slow
def test_a_recorded_bearing_is_answered_under_any_name_from_what_its_record_holds(
    data_dir: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import pyarrow.parquet as pq

    source, train, test = data_dir("pronostia"), tmp_path / "train", tmp_path / "test"
    train.mkdir()
    test.mkdir()
    for file in ("Bearing1_2", "Bearing2_1", "Bearing2_2", "Bearing3_2"):
        shutil.copy(source / f"{file}.parquet", train)
    whole = pq.read_table(source / SMALLEST)
    pq.write_table(whole, test / "a.parquet")
    pq.write_table(whole.slice(0, 300), test / "Bearing9_9.parquet")
    pq.write_table(whole.slice(0, 300), test / "zz.parquet")
    pq.write_table(whole.slice(0, 5), test / "short.parquet")
    main(["--train", str(train), "--test", str(test), "--out", str(tmp_path / "out.csv")])
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    rows = {row["bearing"]: row for row in csv.DictReader((tmp_path / "out.csv").read_text().splitlines())}
    assert printed["bearings"] == 4
    assert set(rows) == {"a", "Bearing9_9", "zz", "short"}
    assert rows["Bearing9_9"] | {"bearing": ""} == rows["zz"] | {"bearing": ""}
    assert rows["zz"]["first_alarm_s"] == ""
    assert 0.4 * 5_150 < float(rows["a"]["first_alarm_s"]) < 5_150
    assert rows["short"]["rul_q50"] == "", "five snapshots are too few to tell"
    for name in ("a", "zz"):
        low, middle, high = (float(rows[name][f"rul_{q}"]) for q in ("q10", "q50", "q90"))
        assert 0 <= low <= middle <= high


@pytest.mark.data
@pytest.mark.slow
def test_the_first_sign_of_the_shortest_recorded_bearing_is_late_and_never_in_its_sound_part(
    data_dir: Callable[[str], Path],
) -> None:
    life = read_life(data_dir("pronostia") / SMALLEST, ended=True)
    row = first_sign(life)
    assert row is not None
    assert 0.4 < row / len(life.age) < 1.0
    assert first_sign(life.until(row - 1)) is None
