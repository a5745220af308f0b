"""Limits that people set, what may teach after an alarm was closed, and the class that a new machine starts from."""

from __future__ import annotations

import numpy as np
import pytest

from forewarn.core.clock import US_PER_S
from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Window
from forewarn.models.detectors.calibration import calibrated
from forewarn.models.detectors.first_days import FirstDays, distances_of_class, learn_class
from forewarn.models.detectors.limit_rules import Condition, LimitRule, LimitState
from forewarn.models.detectors.rebaseline import Closing, Finding, past_of, teaching
from tests.models.detectors.signals import NAMES, SCALE, healthy, in_regimes, shifted, with_values

MINUTE_US = 60 * US_PER_S


def minutes(**columns: list[float]) -> Window:
    values = np.array(list(columns.values())).T
    return Window.of(np.arange(len(values)) * MINUTE_US, list(columns), values)


def states(rule: LimitRule, window: Window) -> str:
    """One letter a row: Normal, Alarm, Shelved, - for no data."""
    return "".join("NAS-"[state] for state in rule.states(window))


def test_a_limit_has_to_be_passed_for_its_duration() -> None:
    rule = LimitRule("hot", (Condition("t", above=100, for_s=120),))
    assert states(rule, minutes(t=[99, 101, 101, 99, 101, 101, 101, 101])) == "NNNNNNAA"


def test_an_alarm_ends_below_its_hysteresis_only() -> None:
    rule = LimitRule("hot", (Condition("t", above=100, hysteresis=5),))
    assert states(rule, minutes(t=[101, 99, 96, 95, 99, 101])) == "AAANNA"


def test_low_limits_work_like_high_ones() -> None:
    rule = LimitRule("starved", (Condition("p", above=9, below=2, hysteresis=0.5),))
    assert states(rule, minutes(p=[3, 1.9, 2.4, 2.6, 9.1, 8.6, 8.4])) == "NAANAAN"


def test_conditions_of_one_rule_are_an_or() -> None:
    rule = LimitRule("either", (Condition("t", above=100), Condition("p", below=2)))
    assert states(rule, minutes(t=[90, 101, 90, 90], p=[3, 3, 1, 3])) == "NAAN"


def test_a_shelf_ends_by_itself() -> None:
    rule = LimitRule("hot", (Condition("t", above=100),), shelved_until_us=2 * MINUTE_US)
    assert states(rule, minutes(t=[90, 101, 101, 101])) == "NSAA"


def test_no_data_is_no_alarm_and_a_gap_is_no_duration() -> None:
    rule = LimitRule("hot", (Condition("t", above=100, for_s=180),), stale_after_s=90)
    gap = float("nan")
    assert states(rule, minutes(t=[gap, 101, 101, gap, gap, gap, 101, 101, 101, 101])) == "-NNN--NNNA"


def test_one_missing_value_neither_raises_nor_ends_an_alarm() -> None:
    rule = LimitRule("hot", (Condition("t", above=100),), stale_after_s=3_600)
    assert states(rule, minutes(t=[90, float("nan"), 101, float("nan"), 90])) == "NNAAN"


@pytest.mark.parametrize(
    ("slug", "wrong"),
    [
        ("no_limit", {}),
        ("limits_crossed", {"above": 1.0, "below": 2.0}),
        ("negative_limit", {"above": 1.0, "for_s": -1.0}),
        ("negative_limit", {"above": 1.0, "hysteresis": -1.0}),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(slug: str, wrong: dict[str, float]) -> None:
    with pytest.raises(Rejected, match=slug):
        Condition("t", **wrong)


def test_a_rule_without_conditions_or_columns_is_refused() -> None:
    with pytest.raises(Rejected, match="no_condition"):
        LimitRule("empty", ())
    with pytest.raises(Rejected, match="needs p"):
        LimitRule("blind", (Condition("p", above=1),)).states(minutes(t=[1.0]))
    assert LimitState(3).name == "NO_DATA"


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
