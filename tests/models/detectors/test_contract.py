"""One suite for every line of `DETECTORS`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.contract import Detector
from forewarn.models.detectors.table import DETECTORS
from tests.models.detectors.signals import NAMES, healthy, in_regimes, shifted, with_values

PAST = 600
FAULT = 100

every_detector = pytest.mark.parametrize("detector", DETECTORS.values(), ids=list(DETECTORS))


def past_and_later(rows: int = 200) -> tuple[Window, Window]:
    whole = healthy(PAST + rows, seed=3)
    return whole.rows(slice(0, PAST)), whole.rows(slice(PAST, None))


@every_detector
def test_a_detector_is_found_under_its_own_name(detector: Detector) -> None:
    assert DETECTORS[detector.name] is detector


@every_detector
@pytest.mark.parametrize("column", range(len(NAMES)))
def test_a_planted_fault_stands_above_what_the_healthy_machine_shows(detector: Detector, column: int) -> None:
    past, later = past_and_later()
    found = detector.learn(past).strangeness(shifted(later, column, 8.0, FAULT))
    usual, strange = found.distance[20:FAULT], found.distance[FAULT + 20 :]
    assert np.median(strange) > np.quantile(usual, 0.9)


@every_detector
def test_what_moved_pulls_most(detector: Detector) -> None:
    past, later = past_and_later()
    found = detector.learn(past).strangeness(shifted(later, 2, 12.0, FAULT))
    assert int(np.argmax(found.pulls[FAULT + 20 :].mean(axis=0))) == 2


@every_detector
def test_a_row_never_depends_on_later_rows(detector: Detector) -> None:
    past, later = past_and_later()
    judge, faulty = detector.learn(past), shifted(later, 1, 8.0, FAULT)
    whole = judge.strangeness(faulty)
    for rows in (1, 7, FAULT, FAULT + 1, 150):
        part = judge.strangeness(faulty.rows(slice(0, rows)))
        assert part.distance == pytest.approx(whole.distance[:rows], rel=1e-9, nan_ok=True)
        assert part.pulls == pytest.approx(whole.pulls[:rows], rel=1e-6, abs=1e-9)


@every_detector
def test_the_same_past_teaches_the_same(detector: Detector) -> None:
    past, later = past_and_later()
    first, second = (detector.learn(past).strangeness(later) for _ in range(2))
    assert np.array_equal(first.distance, second.distance, equal_nan=True)
    assert np.array_equal(first.pulls, second.pulls)


@every_detector
def test_looking_twice_changes_nothing(detector: Detector) -> None:
    past, later = past_and_later()
    judge = detector.learn(past)
    assert np.array_equal(judge.strangeness(later).distance, judge.strangeness(later).distance, equal_nan=True)


@every_detector
def test_units_do_not_matter(detector: Detector) -> None:
    past, later = past_and_later()
    units = np.array([1024.0, 0.25, 2.0, 0.0078125])  # powers of two: not even rounding differs
    plain = detector.learn(past).strangeness(later)
    other = detector.learn(with_values(past, past.values * units)).strangeness(with_values(later, later.values * units))
    assert other.distance == pytest.approx(plain.distance, rel=1e-6, nan_ok=True)


@every_detector
def test_pulls_are_shares_of_each_row(detector: Detector) -> None:
    past, later = past_and_later()
    found = detector.learn(past).strangeness(shifted(later, 0, 8.0, FAULT))
    total, judged = found.pulls.sum(axis=1), found.distance > 0
    assert (found.pulls >= 0).all()
    assert total[judged] == pytest.approx(1.0)
    assert not total[~judged].any()


@every_detector
def test_a_row_without_values_is_not_judged_and_one_with_half_of_them_is(detector: Detector) -> None:
    past, later = past_and_later(60)
    gappy = later.values.copy()
    gappy[10:50] = np.nan
    gappy[5, :2] = np.nan
    found = detector.learn(past).strangeness(with_values(later, gappy))
    assert np.isnan(found.distance[30:50]).all()
    assert np.isfinite(found.distance[[5, 55]]).all()
    assert not found.pulls[30:50].any()


@every_detector
def test_gaps_in_the_past_are_no_obstacle(detector: Detector) -> None:
    past, later = past_and_later()
    holes = past.values.copy()
    holes[np.random.default_rng(0).random(holes.shape) < 0.2] = np.nan
    holes[100:130] = np.nan
    found = detector.learn(with_values(past, holes)).strangeness(shifted(later, 3, 8.0, FAULT))
    assert np.median(found.distance[FAULT + 20 :]) > np.median(found.distance[20:FAULT])


@every_detector
def test_a_column_that_was_never_seen_is_left_out(detector: Detector) -> None:
    past, later = past_and_later()
    blind = past.values.copy()
    blind[:, 1] = np.nan
    found = detector.learn(with_values(past, blind)).strangeness(later)
    assert np.isfinite(found.distance).all()
    assert not found.pulls[:, 1].any()


@every_detector
def test_other_columns_are_refused(detector: Detector) -> None:
    past, later = past_and_later()
    judge = detector.learn(past)
    for names in (("a", *NAMES[1:]), tuple(reversed(NAMES))):
        with pytest.raises(Rejected, match="other_columns"):
            judge.strangeness(Window(later.at, names, later.values, later.regime))


@every_detector
@pytest.mark.parametrize("rows", [0, 1, 5, 23])
def test_too_short_a_past_is_warming_up(detector: Detector, rows: int) -> None:
    with pytest.raises(NotReady):
        detector.learn(healthy(PAST, seed=1).rows(slice(0, rows)))


@every_detector
def test_a_regime_that_the_past_has_shown_is_not_strange(detector: Detector) -> None:
    past, later = in_regimes(PAST, seed=5), in_regimes(240, seed=6, start=PAST)
    judge = detector.learn(past)
    calm, broken = judge.strangeness(later), judge.strangeness(shifted(later, 2, 8.0, 120))
    steps = np.flatnonzero(np.diff(later.regime[:, 0])) + 1
    at_steps = np.concatenate([calm.distance[step : step + 5] for step in steps])
    assert np.median(at_steps) < np.median(broken.distance[140:])
    assert np.median(calm.distance) < np.median(broken.distance[140:])


@every_detector
def test_a_regime_that_the_past_has_not_shown_is_not_judged(detector: Detector) -> None:
    past, later = in_regimes(PAST, seed=5), in_regimes(240, seed=6, start=PAST, top=2.0)
    found = detector.learn(past).strangeness(later)
    unseen = later.regime[:, 0] > 1.5
    long_unseen = unseen & np.r_[np.zeros(20, np.bool_), unseen[:-20]]
    assert long_unseen.any()
    assert np.isnan(found.distance[long_unseen]).all()
    assert np.isfinite(found.distance[later.regime[:, 0] == 0.0]).all()


@every_detector
def test_one_column_alone_can_be_judged(detector: Detector) -> None:
    past, later = past_and_later()
    alone = (Window(w.at, ("flow",), w.values[:, 2:3], w.regime) for w in (past, shifted(later, 2, 8.0, FAULT)))
    taught, asked = alone
    distance = detector.learn(taught).strangeness(asked).distance
    assert np.median(distance[FAULT + 20 :]) > np.quantile(distance[20:FAULT], 0.9)


@every_detector
def test_nothing_asked_is_nothing_answered(detector: Detector) -> None:
    past, later = past_and_later()
    found = detector.learn(past).strangeness(later.rows(slice(0, 0)))
    assert found.distance.shape == (0,)
    assert found.pulls.shape == (0, len(NAMES))


@pytest.mark.slow
@every_detector
@settings(max_examples=15)
@given(
    arrays(
        np.float64,
        (150, 2),
        elements=st.one_of(st.sampled_from([0.0, 1.0, -5.0, np.nan]), st.floats(-1e9, 1e9, width=32)),
    )
)
def test_any_numbers_give_distances_or_a_refusal(detector: Detector, values: Floats) -> None:
    window = Window.of(np.arange(150) * 600_000_000, ["a", "b"], values)
    try:
        found = detector.learn(window.rows(slice(0, 120))).strangeness(window)
    except NotReady:
        return
    known = found.distance[~np.isnan(found.distance)]
    assert np.isfinite(known).all()
    assert (known >= 0).all()
    assert np.isfinite(found.pulls).all()
