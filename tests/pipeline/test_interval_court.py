"""The interval court against histories whose truth is known: right verdicts, and none where nothing can be known."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from forewarn.models.life.weibull import Lifetimes, fit
from forewarn.models.life.weibull import log_likelihood as slow_log_likelihood
from forewarn.pipeline.court_belief import NEVER, Repair, believe, better_story
from forewarn.pipeline.court_evidence import (
    GOOD,
    WORN,
    Case,
    Event,
    early_failures,
    found_good,
    likeliest,
    lives_of,
    log_likelihood,
    mode_lives,
    trend_of,
)
from forewarn.pipeline.interval_court import Judgement, Verdict, judge, replay, watch_of
from tests.pipeline.court_world import lived, patched

SEEDS = range(8)


def verdicts(shape: float, scale: float, interval: float, **more: object) -> Counter[Verdict]:
    return Counter(judge(lived(seed, shape, scale, interval, **more)).verdict for seed in SEEDS)  # type: ignore[arg-type]


# the true best interval of shape 3, scale 1000 and a failure that costs five tasks is about 500 days


@pytest.mark.slow
def test_a_task_done_five_times_too_often_is_lengthened_and_never_dropped() -> None:
    found = verdicts(3, 1000, 100)
    assert found == {Verdict.LENGTHEN: len(SEEDS)}


@pytest.mark.slow
def test_a_task_that_comes_after_most_failures_is_made_more_often() -> None:
    found = verdicts(3, 1000, 1200)
    assert found[Verdict.SHORTEN] >= len(SEEDS) - 1
    assert not found.keys() - {Verdict.SHORTEN, Verdict.NOT_ENOUGH}


@pytest.mark.slow
def test_the_right_interval_is_kept_and_never_changed() -> None:
    found = verdicts(3, 1000, 500)
    assert found[Verdict.KEEP] >= len(SEEDS) * 0.6
    assert not found.keys() - {Verdict.KEEP, Verdict.NOT_ENOUGH}


@pytest.mark.slow
def test_a_task_against_failures_at_random_is_dropped_or_replaced_where_signals_see_them_coming() -> None:
    found = verdicts(1, 1000, 200)
    assert found[Verdict.DROP] >= len(SEEDS) / 2
    assert not found.keys() - {Verdict.DROP, Verdict.LENGTHEN, Verdict.NOT_ENOUGH}
    seen = verdicts(1, 1000, 200, monitored=True)
    assert seen[Verdict.CONDITION] >= len(SEEDS) / 2
    assert not seen.keys() - {Verdict.CONDITION, Verdict.LENGTHEN, Verdict.DROP, Verdict.NOT_ENOUGH}


@pytest.mark.slow
def test_a_task_that_brings_failures_is_dropped_and_the_early_ones_are_told() -> None:
    judged = [judge(lived(seed, 0.5, 1000, 200, monitored=True)) for seed in SEEDS]
    assert {j.verdict for j in judged} == {Verdict.DROP}
    assert all(j.early.p_value is not None and j.early.p_value < 1e-6 for j in judged)
    assert all("fails early" in j.reason for j in judged)


def test_a_small_history_gives_no_verdict_but_says_what_is_missing() -> None:
    for seed in SEEDS:
        judged = judge(lived(seed, 3, 1000, 300, assets=1, days=1500))
        assert judged.verdict is Verdict.NOT_ENOUGH
        assert judged.factor is None
        assert judged.replay is None
        assert "needed" in judged.reason
    few = judge(lived(1, 3, 1000, 200, assets=5, seen_from=None))
    assert few.verdict is Verdict.NOT_ENOUGH
    assert "Tell with each task whether there was something to do" in few.reason


def test_a_task_that_the_law_asks_for_is_kept() -> None:
    judged = judge(replace(lived(1, 3, 1000, 100), statutory=True))
    assert (judged.verdict, judged.factor) == (Verdict.KEEP, None)
    assert judged.reason.startswith("The law asks")


def test_failures_that_come_ever_faster_are_no_ground_for_an_interval() -> None:
    rng = np.random.default_rng(5)
    events = []
    for n in range(10):
        failures = 3000 * np.sqrt(rng.uniform(size=12))  # twice as many at the end as in the middle
        events += [Event(f"a{n}", float(at), "failure", mode="VIB") for at in failures]
        events += [Event(f"a{n}", float(at), "task", GOOD) for at in range(100, 3000, 100)]
    case = Case("p", 100.0, {f"a{n}": (0.0, 3000.0) for n in range(10)}, tuple(events), 1.0, 5.0, "given")
    judged = judge(case)
    assert judged.verdict is Verdict.NOT_ENOUGH
    assert "ever faster" in judged.reason
    assert judged.trend.ratio is not None
    assert 1.6 < judged.trend.ratio < 2.5, "the process grows with the square of time"


def test_the_same_history_in_another_order_is_judged_the_same() -> None:
    case = lived(3, 3, 1000, 100)
    shuffled = tuple(np.random.default_rng(1).permutation(np.array(case.events, object)))
    assert judge(replace(case, events=shuffled)) == judge(case)


# repairs that leave it as it was: only the task renews; shape 2.5, 50 days, a task costs five failures: best 81 days


@pytest.mark.slow
def test_where_a_repair_leaves_it_as_it_was_the_court_finds_out_and_judges_by_that() -> None:
    found = {t: Counter(judge(patched(seed, 2.5, 50, t)).verdict for seed in SEEDS) for t in (35.0, 80.0, 250.0)}
    assert found[35.0][Verdict.LENGTHEN] >= len(SEEDS) - 1
    assert found[80.0][Verdict.KEEP] == len(SEEDS)
    assert found[250.0][Verdict.SHORTEN] == len(SEEDS)
    assert judge(patched(1, 2.5, 50, 250.0)).repair is Repair.OLD


@pytest.mark.slow
def test_patches_at_random_need_no_task() -> None:
    found = Counter(judge(patched(seed, 1.0, 50, 250.0)).verdict for seed in SEEDS)
    assert found[Verdict.DROP] >= len(SEEDS) / 2
    assert not found.keys() - {Verdict.DROP, Verdict.LENGTHEN, Verdict.NOT_ENOUGH}


def test_the_story_of_a_repair_is_told_by_the_history() -> None:
    for seed in range(6):
        patches, new = lives_of(patched(seed, 2.5, 50, 150.0)), lives_of(lived(seed, 2.5, 200, 150.0))
        assert better_story(patches, patches.failed()) > 2
        assert better_story(new, new.failed()) < -2


def test_a_failure_that_seems_cheaper_than_its_task_is_asked_back() -> None:
    judged = judge(replace(lived(2, 3, 1000, 300, cost=100.0, failure_cost=20.0), costs_told=False))
    assert judged.verdict is Verdict.NOT_ENOUGH
    assert "`failure_cost`" in judged.reason


# the parts


def test_the_quick_likelihood_is_that_of_the_life_models() -> None:
    rng = np.random.default_rng(2)
    age, failed = rng.uniform(10, 400, 60), rng.uniform(size=60) < 0.4
    shapes, scales = np.array([0.6, 1.0, 3.5]), np.array([80.0, 300.0])
    slow = slow_log_likelihood(Lifetimes(age, failed), *np.meshgrid(shapes, scales, indexing="ij"))
    # the life models leave out a factor that does not depend on shape and scale: one age for each failure
    quick = log_likelihood(age, failed, shapes, scales)
    assert np.ptp(quick - slow) < 1e-8


def test_the_quick_fit_is_that_of_the_life_models() -> None:
    rng = np.random.default_rng(3)
    for shape in (0.7, 2.0, 5.0):
        age = 300 * rng.weibull(shape, 80)
        failed = rng.uniform(size=80) < 0.5
        quick, slow = likeliest(age, failed), fit(Lifetimes(age, failed))
        assert quick.shape == pytest.approx(slow.shape, rel=1e-3)
        assert quick.scale == pytest.approx(slow.scale, rel=1e-3)


def test_the_belief_covers_the_truth_as_often_as_it_says() -> None:
    inside = 0
    for seed in range(40):
        lives = lives_of(lived(seed, 2.0, 500, 400, assets=10, days=3000))
        belief = believe(lives, lives.failed(), np.zeros(len(lives.age), bool), Repair.NEW, 1e4)
        inside += belief.quantile(belief.shape, 0.05) <= 2.0 <= belief.quantile(belief.shape, 0.95)
    assert 32 <= inside <= 40


def test_tasks_and_failures_per_day_are_those_of_a_long_simulation() -> None:
    case = lived(7, 2.0, 500, 300, assets=200, days=20_000)
    lives = lives_of(case)
    belief = believe(lives, lives.failed(), np.zeros(len(lives.age), bool), Repair.NEW, 1e4)
    tasks, failures = (belief.mean(rate) * case.exposure for rate in belief.rates(300.0))
    assert tasks == pytest.approx(sum(e.kind == "task" for e in case.events), rel=0.03)
    assert failures == pytest.approx(sum(e.kind == "failure" for e in case.events), rel=0.03)


def test_the_replay_foretells_what_happens_at_the_new_interval() -> None:
    """Judged at 300 days; then the same kind of assets live at 450 days, which the court never saw."""
    short = 0
    for seed in range(8):
        case = lived(seed, 3, 1000, 300, assets=4, days=20_000)
        told = replay(case, 1.5, lives_of(case))
        after = lived(seed + 100, 3, 1000, 450, assets=4, days=20_000)
        failures = sum(event.kind == "failure" for event in after.events)
        tasks = sum(event.kind == "task" for event in after.events)
        assert told.tasks_after == pytest.approx(tasks, rel=0.1)
        spread = 2 * math.sqrt(failures)  # chance in the coming years, beside what is not known of the life
        short += told.failures_after_low - spread <= failures <= told.failures_after_high + spread
        assert told.failures == sum(event.kind == "failure" for event in case.events)
    assert short >= 7


def test_the_replay_names_worn_items_that_would_have_been_missed_and_failures_met_in_time() -> None:
    found = (GOOD, WORN, GOOD, WORN)
    tasks = tuple(Event("a", 100.0 * (n + 1), "task", finding) for n, finding in enumerate(found))
    case = Case("p", 100.0, {"a": (0.0, 800.0)}, (*tasks, Event("a", 600.0, "failure", mode="VIB")), 1.0, 5.0, "given")
    lives = lives_of(case)
    assert replay(case, 2.0, lives).worn_missed == 2, "done at 100 and 300, left out at 200 and 400"
    assert replay(case, 0.5, lives).failures_met == 1, "it failed 200 days after the last task"


def test_findings_failures_and_lives_are_counted_as_they_are() -> None:
    events = (
        Event("a", 10.0, "task", GOOD),
        Event("a", 15.0, "failure", mode="VIB"),
        Event("a", 25.0, "task", WORN),
        Event("a", 95.0, "failure", mode="ELP"),
    )
    case = Case("p", 50.0, {"a": (0.0, 100.0)}, events, 1.0, 5.0, "given", modes=("VIB",))
    lives = lives_of(case)
    assert lives.age.tolist() == [5.0, 10.0, 70.0, 5.0]
    assert lives.failed(("VIB",)).tolist() == [True, False, False, False]
    assert lives.failed().tolist() == [True, False, True, False]
    good = found_good(case)
    assert (good.count, good.of) == (1, 2)
    early = early_failures(case, lives)
    assert (early.count, early.of) == (1, 1)
    assert early.expected == pytest.approx((5 + 10 + 10 + 5) / 90)
    assert [life.mode for life in mode_lives(lives)] == ["ELP", "VIB"]
    assert mode_lives(lives)[0].shape is None, "one failure tells no shape"


def test_the_life_of_a_mode_covers_the_truth() -> None:
    [life] = mode_lives(lives_of(lived(4, 3, 1000, 900)))
    assert life.shape_interval is not None
    assert life.scale_interval is not None
    assert life.shape_interval[0] <= 3 <= life.shape_interval[1]
    assert life.scale_interval[0] <= 1000 <= life.scale_interval[1]


def test_failures_at_random_show_a_trend_as_rarely_as_the_test_says() -> None:
    rng, found = np.random.default_rng(8), 0
    for _ in range(200):
        events = tuple(Event("a", float(at), "failure", mode="VIB") for at in rng.uniform(0, 1000, 15))
        trend = trend_of(Case("p", 50.0, {"a": (0.0, 1000.0)}, events, 1.0, 5.0, "given"))
        assert trend.laplace_p is not None
        found += trend.laplace_p < 0.05
    assert 2 <= found <= 20


@pytest.mark.slow
def test_a_watch_rarely_fails_a_right_change_and_catches_a_wrong_one() -> None:
    false_alarms = caught = 0
    for seed in range(20):
        case = lived(seed, 3, 1000, 300)
        watch = watch_of(case, 1.5, 0, days=900.0)
        right = lived(seed + 500, 3, 1000, 450, days=900.0)
        wrong = lived(seed + 500, 3, 500, 450, days=900.0)
        false_alarms += sum(e.kind == "failure" for e in right.events) > watch.most_failures
        caught += sum(e.kind == "failure" for e in wrong.events) > watch.most_failures
    assert false_alarms <= 3
    assert caught >= 17


def test_a_watch_says_how_long_how_many_and_how_well_it_sees() -> None:
    case = lived(1, 1, 1000, 200)
    watch = watch_of(case, NEVER, 5)
    assert watch.assets == tuple(case.spans)
    assert watch.ends_at_us == 5 + 600 * 86_400_000_000
    assert watch.expected == pytest.approx(600 * 20 / 1000, rel=0.5)
    assert watch.most_failures > watch.expected
    assert 0.5 < watch.caught < 1


def test_the_reason_is_told_in_words_with_its_numbers() -> None:
    judged: Judgement = judge(lived(1, 3, 1000, 100))
    assert judged.factor == 2.0
    for words in ("A task every 200 days would save", "tasks found nothing to do", "Weibull shape", "probability"):
        assert words in judged.reason
