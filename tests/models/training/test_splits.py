"""Splits by asset and by time: nothing of what is asked has taught."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import NotReady
from forewarn.models.training.splits import by_asset, by_asset_and_time, by_time

names = st.lists(st.sampled_from("abcdefgh"), min_size=4, max_size=40)
times = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 30)), min_size=4, max_size=40)


@given(names, st.integers(2, 4), st.integers(0, 9))
def test_every_row_is_asked_once_and_no_asset_stands_on_both_sides(assets: list[str], folds: int, seed: int) -> None:
    if len(set(assets)) < folds:
        with pytest.raises(NotReady):
            by_asset(assets, folds, seed)
        return
    made = by_asset(assets, folds, seed)
    assert sorted(np.concatenate([asked for _, asked in made]).tolist()) == list(range(len(assets)))
    counts = []
    for taught, asked in made:
        taught_names, asked_names = {assets[i] for i in taught}, {assets[i] for i in asked}
        assert not taught_names & asked_names
        assert taught_names | asked_names == set(assets)
        counts.append(len(asked_names))
    assert max(counts) - min(counts) <= 1


@given(times, st.integers(1, 4), st.integers(0, 20))
def test_a_row_teaches_only_when_its_label_was_known_an_embargo_before_the_first_question(
    rows: list[tuple[int, int]], folds: int, embargo: int
) -> None:
    at = np.array([row[0] for row in rows])
    known = at + np.array([row[1] for row in rows])
    asked_before: set[int] = set()
    for taught, asked in by_time(at, known, folds, embargo):
        first = min(at[i] for i in asked)
        assert all(known[i] + embargo <= first for i in taught)
        left_out = set(range(len(rows))) - set(taught.tolist())
        assert all(known[i] + embargo > first for i in left_out if at[i] < first), "nothing usable is thrown away"
        assert not asked_before & set(asked.tolist())
        asked_before |= set(asked.tolist())


def test_readings_of_one_moment_are_not_torn_apart() -> None:
    at = np.repeat([0, 10, 20], 5)
    for taught, asked in by_time(at, at, 2, 1):
        assert not set(at[taught].tolist()) & set(at[asked].tolist())


def test_a_label_known_before_its_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="not known before"):
        by_time(np.array([5]), np.array([4]), 2, 0)


@given(times, st.integers(0, 9))
def test_both_at_once_keep_both_promises(rows: list[tuple[int, int]], seed: int) -> None:
    at = np.array([row[0] for row in rows])
    known = at + np.array([row[1] for row in rows])
    assets = [f"asset {i % 3}" for i in range(len(rows))]
    for taught, asked in by_asset_and_time(assets, at, known, 3, 5, seed):
        assert not {assets[i] for i in taught} & {assets[i] for i in asked}
        assert max(known[taught]) + 5 <= min(at[asked])
