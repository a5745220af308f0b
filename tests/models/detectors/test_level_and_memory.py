"""The two presets without a regime: fast signals against their last minutes, slow ones against all they were."""

from __future__ import annotations

import numpy as np
import pytest

from forewarn.core.clock import US_PER_HOUR, US_PER_S
from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.level_shift import LevelShift, limits_of, smallest_changes
from forewarn.models.detectors.long_memory import LongMemory, away, summed, timed_mean

PAST = 400


def flow(rows: int = 1_000, seed: int = 0, wander: float = 0.0) -> Floats:
    """A flow of 30 with a noise of 0.4, and if asked for a slow wave of that size."""
    rng = np.random.default_rng(seed)
    return 30 + 0.4 * rng.normal(size=rows) + wander * np.sin(np.arange(rows) / 120)


def seconds(*columns: Floats) -> Window:
    names = [f"c{i}" for i in range(len(columns))]
    return Window.of(np.arange(len(columns[0])) * US_PER_S, names, np.column_stack(columns))


def shift_alarm(window: Window, detector: LevelShift | None = None) -> np.ndarray:
    """Alarm of the rows after the past, by their place in the whole."""
    learnt = (detector or LevelShift()).learn(window.rows(slice(0, PAST)))
    return np.flatnonzero(learnt.alarm(window.rows(slice(PAST, None)))) + PAST


def test_a_step_is_found_within_its_mean_and_ends_soon_after_it_has_gone() -> None:
    values = flow()
    values[600:800] -= 2
    rows = shift_alarm(seconds(values))
    assert 600 <= rows[0] < 615
    assert 800 <= rows[-1] < 830
    assert len(rows) == rows[-1] - rows[0] + 1


def test_an_episode_ends_when_most_of_the_way_back_is_gone_though_the_old_level_is_not_reached() -> None:
    values = flow()
    values[600:800] -= 6
    values[800:] -= 1
    rows = shift_alarm(seconds(values))
    assert 800 <= rows[-1] < 830


def test_the_level_it_comes_to_rest_at_is_the_accepted_one() -> None:
    values = flow(1_200)
    values[600:700] -= 6
    values[700:1_000] -= 1
    values[1_000:] -= 3
    rows = shift_alarm(seconds(values))
    assert not ((rows > 730) & (rows < 1_000)).any()
    assert rows[-1] == 1_199


def test_a_fault_that_stays_is_never_learnt() -> None:
    values = flow(3_000)
    values[600:] -= 2
    assert shift_alarm(seconds(values))[-1] == 2_999


def test_slow_wander_is_no_alarm() -> None:
    assert len(shift_alarm(seconds(flow(wander=0.5)))) == 0


def test_less_than_what_matters_is_no_alarm() -> None:
    values = flow()
    values[600:] -= 2
    assert len(shift_alarm(seconds(values), LevelShift(smallest=(3.0,)))) == 0


def test_a_past_that_wandered_itself_gives_a_wider_limit() -> None:
    noise = np.random.default_rng(0).normal(size=(300, 1))
    slow = np.repeat(noise[:6], 50, axis=0)
    slow *= np.median(np.abs(noise)) / np.median(np.abs(slow))
    independent, alike = limits_of(noise, 0.01), limits_of(slow, 0.01)
    assert alike[0] > 1.3 * independent[0]


def test_a_gap_does_not_make_an_episode_of_one_value() -> None:
    values = flow(600)
    values[450] = 10.0
    values[451:] = np.nan
    learnt = LevelShift().learn(seconds(values).rows(slice(0, PAST)))
    assert not learnt.alarm(seconds(values).rows(slice(PAST, None))).any()


def test_smallest_changes_follow_the_quantity_and_have_to_fit_the_columns() -> None:
    window = seconds(np.full(10, 50.0), np.full(10, -4.0), np.full(10, 8.0))
    assert smallest_changes(["temperature", "acceleration", "flow"], window) == pytest.approx((5.0, 1.0, 0.08))
    with pytest.raises(Rejected, match="2 smallest changes for 1"):
        LevelShift(smallest=(1.0, 2.0)).learn(seconds(flow()))


def test_most_windows_of_a_healthy_column_are_quiet() -> None:
    shares = [len(shift_alarm(seconds(flow(4_000, seed)))) / 3_600 for seed in range(6)]
    assert np.mean(shares) < 0.03


def hours(values: Floats, spacing_h: float = 1.0) -> Window:
    at = (np.arange(len(values)) * spacing_h * US_PER_HOUR).astype(np.int64)
    return Window.of(at, ["t"], values[:, None])


def memory_alarm(window: Window, taught: int) -> np.ndarray:
    learnt = LongMemory().learn(window.rows(slice(0, taught)))
    return np.flatnonzero(learnt.alarm(window.rows(slice(taught, None)))) + taught


def slow(rows: int = 1_000, seed: int = 0) -> Floats:
    return 80 + 2 * np.random.default_rng(seed).normal(size=rows)


def test_half_a_day_far_out_and_two_days_a_little_out_are_alarms_and_a_short_dip_is_none() -> None:
    far, little, dip = slow(), slow(), slow()
    far[500:512] -= 12
    little[500:548] -= 4.5
    dip[500] -= 12
    assert 500 < memory_alarm(hours(far), 100)[0] <= 504
    assert 500 < memory_alarm(hours(little), 100)[0] < 548
    assert len(memory_alarm(hours(dip), 100)) == 0


def test_each_side_has_its_own_scatter() -> None:
    past = sorted(80 - np.abs(np.random.default_rng(0).standard_exponential(1_001)) * 5)
    assert away(past, 81.0) > 1.5 * away(past, 79.0)
    assert away(past, past[500]) == 0.0


def test_a_gap_is_no_evidence() -> None:
    window = hours(np.r_[slow(200), 80.0, 90.0])
    late = Window(
        np.r_[window.at[:201], window.at[201] + 500 * US_PER_HOUR], window.names, window.values, window.regime
    )
    assert len(memory_alarm(late, 100)) == 0


def test_the_spacing_of_the_rows_hardly_matters() -> None:
    values = slow(600)
    values[400:] -= 8
    fine = np.repeat(values, 12)
    assert memory_alarm(hours(fine, 1 / 12), 1_200)[0] / 12 == pytest.approx(memory_alarm(hours(values), 100)[0], abs=2)


def test_equal_times_are_taken() -> None:
    window = hours(slow(300))
    twice = np.sort(np.r_[np.arange(300), [150, 151, 152]])
    assert len(memory_alarm(window.rows(twice), 100)) == 0


def test_the_mean_of_the_last_hour_agrees_with_the_slow_twin() -> None:
    rng = np.random.default_rng(3)
    at = np.sort(rng.integers(0, 500, 60)).astype(np.int64)
    values = np.where(rng.random((60, 2)) < 0.2, np.nan, rng.normal(size=(60, 2)))
    found = timed_mean(at, values, 50)
    for i in range(60):
        for j in range(2):
            seen = [
                values[k, j] for k in range(i + 1) if (at[k] > at[i] - 50 or k == i) and values[k, j] == values[k, j]
            ]
            assert found[i, j] == pytest.approx(np.mean(seen) if seen else np.nan, nan_ok=True)


def test_the_sum_waits_where_values_are_missing_and_ends_by_itself() -> None:
    past = sorted(slow(200).tolist())
    means = np.r_[np.full(6, 70.0), np.full(5, np.nan), np.full(20, 80.0)]
    sums, alarm = summed(means, np.ones(31), past, LongMemory())
    assert len(set(sums[5:11].tolist())) == 1
    assert alarm[5:11].all()
    assert not alarm[-1]


def test_a_memory_of_less_than_a_day_is_warming_up() -> None:
    with pytest.raises(NotReady, match="24 hours"):
        LongMemory().learn(hours(slow(200), 0.1))
