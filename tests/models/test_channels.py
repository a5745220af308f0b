"""Tracks to channels: what signals share is worked out once and comes out as for each alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.readings import Track
from forewarn.models.channels import Channel, Workshop, process_table
from forewarn.models.detectors.baseline import MARGIN_OF_REGIME, design_of
from forewarn.models.tracks import held, regime_of, usable
from tests.models import oracle
from tests.models.machines import ORIGIN_US, PUMP, Life, pump_tracks

holes = st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=1, max_size=30)


@given(holes.filter(lambda x: any(v is not None for v in x)))
def test_gaps_hold_the_last_value_as_the_slow_twin_says(values: list[float | None]) -> None:
    assert held(np.array([np.nan if v is None else v for v in values])).tolist() == oracle.held(values)


times = st.lists(st.integers(0, 50), max_size=20, unique=True).map(sorted)


@given(st.lists(times, min_size=1, max_size=2), st.integers(0, 50), st.integers(0, 50))
def test_what_is_used_of_a_track_is_what_lies_between(several: list[list[int]], start: int, stop: int) -> None:
    names = ("flow", "pressure", "load", "vib:tone_bpfo")
    tracks = {
        n: Track.of(several[i % len(several)], [i + t / 100 for t in several[i % len(several)]])
        for i, n in enumerate(names)
    }
    found = usable(PUMP, tracks, {"load"}, start, stop)
    expected = {
        name: [(t, v) for t, v in zip(track.at.tolist(), track.value.tolist(), strict=True) if start <= t <= stop]
        for name, track in tracks.items()
        if name != "load"
    }
    told = {name: list(zip(t.at.tolist(), t.value.tolist(), strict=True)) for name, t in found.items()}
    assert told == {name: points for name, points in expected.items() if points}


@given(st.integers(0, 4), st.integers(20, 60), st.integers(0, 9))
def test_a_design_is_what_the_slow_twin_says(columns: int, points: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    regime = rng.uniform(-1, 1, (points, columns)) * rng.choice([0.0, 1.0, 50.0], columns) + 20
    found = design_of(regime, points // 2)
    matrix, places = oracle.design(regime.tolist(), points // 2, MARGIN_OF_REGIME)
    assert found.matrix.tolist() == [pytest.approx(row) for row in matrix]
    assert found.places.tolist() == places
    coefficients = rng.normal(size=(len(matrix[0]), 2))
    assert found.expected(coefficients) == pytest.approx((np.array(matrix) @ coefficients).T)


def channels_of(tracks: dict[str, Track]) -> dict[str, Channel]:
    seen = usable(PUMP, tracks, set(), 0, int(ORIGIN_US + 1_000 * US_PER_HOUR))
    return {c.name: c for c in Workshop(PUMP, seen, regime_of(PUMP, seen)).channels()}


def some_missing(track: Track, seed: int) -> Track:
    keep = np.random.default_rng(seed).random(len(track)) > 0.1
    return Track(track.at[keep], track.value[keep])


def test_channels_come_out_the_same_whether_their_signals_share_times_or_not() -> None:
    tracks = pump_tracks(Life(100.0))
    shared = channels_of(tracks)
    # one reading more at the end of each makes all times different and no bin but the last
    apart = {
        name: Track(np.append(t.at, t.at[-1] + i), np.append(t.value, t.value[-1]))
        for i, (name, t) in enumerate(tracks.items())
        if ":" not in name
    }
    alone = channels_of(tracks | apart)
    assert shared.keys() == alone.keys()
    for name, channel in shared.items():
        n = len(channel.y) - 1
        assert alone[name].at[:n].tolist() == channel.at[:n].tolist()
        assert alone[name].y[:n].tolist() == channel.y[:n].tolist()
        assert alone[name].regime.columns[:n].tolist() == channel.regime.columns[:n].tolist()


def test_signals_of_other_times_are_judged_at_their_own() -> None:
    tracks = pump_tracks(Life(100.0))
    tracks |= {name: some_missing(tracks[name], seed) for seed, name in enumerate(("flow", "pressure"))}
    found = channels_of(tracks)
    for name in ("flow", "pressure"):
        width = US_PER_HOUR // 6
        bins = {int(t) - int(t) % width for t in tracks[name].at}
        assert set(found[name].at.tolist()) <= bins
        assert len(found[name].at) > 0.95 * len(bins)
        assert found[name].regime.columns.shape == (len(found[name].at), 5)


def test_a_reading_that_is_no_number_takes_only_its_own_channel_out_of_a_bin() -> None:
    tracks = pump_tracks(Life(100.0))
    value = tracks["flow"].value.copy()
    value[50] = np.nan
    found = channels_of(tracks | {"flow": replace(tracks["flow"], value=value)})
    assert len(found["flow"].y) == len(found["pressure"].y) - 1
    assert not np.isnan(found["flow"].y).any()


def test_the_regime_of_a_process_is_each_role_with_its_square_but_ambient() -> None:
    tracks = pump_tracks(Life(60.0))
    seen = usable(PUMP, tracks, set(), 0, int(ORIGIN_US + 1_000 * US_PER_HOUR))
    regime, bins = regime_of(PUMP, seen), np.array([30, 31, 40])
    speed, load, hall = (regime.means[role][bins] for role in ("speed", "load", "ambient"))
    found = process_table("process", regime, bins)
    assert found.columns.T.tolist() == [x.tolist() for x in (speed, speed**2, load, load**2, hall)]
    warm = [regime.memory[f"{role}_felt_{h}"][bins] for h in (0.5, 2.0) for role in ("load", "ambient")]
    squares = [warm[0], warm[0] ** 2, warm[1], warm[2], warm[2] ** 2, warm[3]]
    assert process_table("thermal", regime, bins).columns[:, 5:].T.tolist() == [x.tolist() for x in squares]
    assert found.told.tolist() == [x.tolist() for x in (speed, load, hall)]
