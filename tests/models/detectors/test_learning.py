"""What may teach after an alarm was closed, and the class that a new machine starts from."""

from __future__ import annotations

import numpy as np
import pytest

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Window
from forewarn.models.detectors.calibration import calibrated
from forewarn.models.detectors.first_days import FirstDays, distances_of_class, learn_class
from forewarn.models.detectors.rebaseline import Closing, Finding, past_of, teaching
from tests.models.detectors.signals import NAMES, SCALE, healthy, in_regimes, shifted, with_values

AT = np.arange(0, 100, 10)


def taught(*closings: Closing, open_since_us: int | None = None) -> list[int]:
    return [int(at) for at in AT[teaching(AT, closings, open_since_us)]]


def test_after_a_repair_only_what_follows_teaches() -> None:
    assert taught(Closing(30, 55, Finding.REPAIRED)) == [60, 70, 80, 90]


def test_a_new_normal_teaches_from_where_it_settled() -> None:
    assert taught(Closing(30, 75, Finding.NEW_NORMAL, settled_us=50)) == [50, 60, 70, 80, 90]
    assert taught(Closing(30, 75, Finding.NEW_NORMAL)) == [80, 90]


def test_a_false_alarm_loses_nothing() -> None:
    assert taught(Closing(30, 55, Finding.FALSE_ALARM)) == AT.tolist()


def test_an_open_alarm_and_one_that_was_not_fixed_teach_nothing() -> None:
    assert taught(open_since_us=70) == [0, 10, 20, 30, 40, 50, 60]
    assert taught(Closing(30, 55, Finding.NOT_FIXED)) == [0, 10, 20]


def test_a_later_repair_restarts_what_an_unfixed_fault_had_stopped() -> None:
    assert taught(Closing(60, 75, Finding.REPAIRED), Closing(30, 55, Finding.NOT_FIXED)) == [80, 90]


def test_a_closing_that_cannot_be_is_refused() -> None:
    with pytest.raises(Rejected, match="closed_before"):
        Closing(10, 5, Finding.REPAIRED)
    with pytest.raises(Rejected, match="settled_elsewhere"):
        Closing(10, 20, Finding.NEW_NORMAL, settled_us=5)


def test_a_machine_at_an_accepted_new_level_is_usual_again() -> None:
    whole = shifted(healthy(1_200, seed=5), 2, 6.0, 500)
    closing = Closing(int(whole.at[500]), int(whole.at[800]), Finding.NEW_NORMAL, int(whole.at[520]))
    past, later = past_of(whole.rows(slice(0, 900)), [closing]), whole.rows(slice(900, None))
    detector = FirstDays(learn_class(fleet(3)))
    before = detector.learn(whole.rows(slice(0, 500))).strangeness(later).distance
    after = detector.learn(past).strangeness(later).distance
    assert np.median(after) < 0.5 < 1.5 < np.median(before)


def fleet(machines: int, rows: int = 400) -> list[Window]:
    """Sisters whose levels differ by three of their own scatters."""
    offsets = np.random.default_rng(1).normal(0, 3, (machines, 4)) * SCALE
    plain = [healthy(rows, seed=100 + i) for i in range(machines)]
    return [with_values(w, w.values + own) for w, own in zip(plain, offsets, strict=True)]


def test_a_machine_without_a_past_is_judged_by_its_class() -> None:
    detector = FirstDays(learn_class(fleet(8)))
    new = healthy(200, seed=50)
    judge = detector.learn(new.rows(slice(0, 0)))
    assert np.quantile(judge.strangeness(new).distance, 0.99) < 3
    assert np.median(judge.strangeness(shifted(new, 1, 25.0, 0)).distance) > 4


def test_its_own_past_takes_over_as_it_grows() -> None:
    known = learn_class(fleet(8))
    odd = healthy(1_500, seed=51)
    odd = with_values(odd, odd.values + 5 * SCALE)
    beside = [known.blended(odd.rows(slice(0, rows))) for rows in (0, 3, 30, 1_000)]
    spreads = np.array([usual.spread for usual in beside])
    assert (spreads[1] < spreads[0]).all()
    assert spreads[-1] == pytest.approx(known.usual.spread, rel=0.25)
    off = [float(np.abs(np.nanmedian(usual.deviations(odd), axis=0)).max()) for usual in beside]
    assert off[-1] < 0.3 < off[0]
    small = shifted(odd.rows(slice(1_000, None)), 2, 6.0, 100)
    first, grown = (FirstDays(known).learn(odd.rows(slice(0, rows))).strangeness(small) for rows in (0, 1_000))
    assert np.median(grown.distance[120:]) > 3 > np.median(first.distance[120:])


def test_the_class_tells_what_a_regime_explains_before_the_machine_has_been_in_it() -> None:
    detector = FirstDays(learn_class([in_regimes(400, seed=i) for i in range(4)]))
    new = in_regimes(240, seed=60)
    judge = detector.learn(new.rows(slice(0, 30)))  # it has only idled so far
    assert np.quantile(judge.strangeness(new).distance, 0.99) < 3


def test_a_rate_can_be_set_from_sisters_alone() -> None:
    sisters = fleet(6)
    detector, new = FirstDays(learn_class(sisters)), healthy(600, seed=52)
    judge = detector.learn(new.rows(slice(0, 0)))
    found = calibrated(judge, distances_of_class(sisters), 1.0, 52_596.0)
    assert not found.alarm(new).any()


def test_one_machine_is_no_class_and_other_columns_are_another() -> None:
    with pytest.raises(NotReady, match="sister"):
        learn_class(fleet(1))
    with pytest.raises(NotReady, match="sister"):
        distances_of_class(fleet(2))
    stranger = healthy(100, seed=1)
    with pytest.raises(Rejected, match="other_columns"):
        learn_class([stranger, Window(stranger.at, ("a", *NAMES[1:]), stranger.values, stranger.regime)])
