"""Plans keep every promise, cost what they say, and cannot be beaten where that can be counted out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from forewarn.core.errors import Rejected
from forewarn.core.people import SkillNeed, Technician
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.maintenance.people.grid import Grid, grid_of
from forewarn.maintenance.people.milp import relaxed, solved, week_of
from forewarn.maintenance.people.neighbourhoods import Neighbourhoods
from forewarn.maintenance.people.planner import Progress, WeekPlan, plan_week
from forewarn.maintenance.people.problem import Assignment, Job, Problem, faults_of
from forewarn.maintenance.people.search import Search, greedy
from tests.maintenance.people.weeks import HOUR_US, MONDAY_US, at, cheapest_cost, everywhere, problem

FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
FEWER = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
MORNING = ShiftPlan(tuple(Shift(day, 360, 840) for day in range(5)))
ANN = Technician("ann", "Ann", {"mechanical": 3}, MORNING)
BOB = Technician("bob", "Bob", {"electrical": 2}, MORNING)


def searched(week: Problem, steps: int = 300) -> Search:
    grid = grid_of(week)
    search = Search(grid, greedy(grid))
    search.run(lambda: None if search.steps >= steps else 2.0)
    return search


@FEW
@given(problem())
def test_greedy_and_searched_plans_keep_every_promise_and_cost_what_they_say(week: Problem) -> None:
    grid = grid_of(week)
    search = searched(week)
    first = greedy(grid)
    for places in (first, search.best):
        plan = grid.plan(places)
        assert faults_of(week, plan) == []
        assert week.total(plan) == pytest.approx(grid.total(places))
    assert search.best_cost == pytest.approx(grid.total(search.best))
    assert search.best_cost <= grid.total(first) + 1e-9


@pytest.mark.slow
@FEWER
@given(problem(people=3, jobs=3))
def test_a_small_week_is_planned_as_well_as_by_trying_everything(week: Problem) -> None:
    plan = plan_week(week, limit_s=20.0)
    assert faults_of(week, plan.assignments) == []
    assert plan.cost == pytest.approx(cheapest_cost(grid_of(week)), abs=1e-3)


@pytest.mark.slow
@FEWER
@given(problem(people=3, jobs=3))
def test_no_plan_costs_less_than_a_bound(week: Problem) -> None:
    grid = grid_of(week)
    best = cheapest_cost(grid)
    found = relaxed(grid, 20.0)
    assert found is not None
    assert found.bound <= best + 1e-6
    assert sum(found.costs) == pytest.approx(found.bound, abs=1e-3, rel=1e-4)
    assert solved(week_of(grid), 20.0).bound <= best + 1e-6


@pytest.mark.slow
@FEW
@given(problem())
def test_the_grid_knows_every_place_that_the_checker_allows_and_no_other(week: Problem) -> None:
    grid = grid_of(week)
    search = searched(week, 0)
    for number, job in enumerate(grid.jobs):
        found = set(everywhere(grid, number))
        alone = Search(replace_jobs(grid.problem, number), [None])
        wish = alone._wish(0)
        assert wish is None or wish in found
        if job.crew == 1:
            masks = {t: search._whole[number].get(t, 0) for t in range(len(week.people))}
            told = {(s, (t,)) for t, mask in masks.items() for s in range(grid.slots) if (mask >> s) & 1}
            assert told == found


def replace_jobs(week: Problem, number: int) -> Grid:
    return grid_of(replace(week, jobs=(week.jobs[number],)))


def crowded(jobs: int) -> Problem:
    """More work than two mornings have hours, all due at once."""
    work = [
        Job(f"j{n}", 1 + n % 3, 1 + n % 5, at(8), (SkillNeed(skill),)) for n in range(jobs) for skill in ("mechanical",)
    ]
    return Problem(MONDAY_US, at(120), (ANN, replace(ANN, id="eva", name="Eva")), tuple(work))


@pytest.mark.slow
def test_a_neighbourhood_only_ever_makes_a_plan_cheaper_and_it_can_still_be_done() -> None:
    week = crowded(16)
    grid = grid_of(week)
    places, found = greedy(grid), relaxed(grid, 20.0)
    assert found is not None
    parts = Neighbourhoods(grid, found.costs, seed=1)
    costs = [grid.total(places)]
    for _ in range(4):
        places = parts.better(places, 5.0) or places
        costs.append(grid.total(places))
        assert faults_of(week, grid.plan(places)) == []
    assert costs == sorted(costs, reverse=True)
    assert found.bound <= costs[-1] < costs[0]


@pytest.mark.slow
def test_a_large_week_comes_with_a_bound_and_an_honest_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forewarn.maintenance.people.planner.SMALL", 0)
    heard: list[Progress] = []
    plan = plan_week(crowded(16), limit_s=4.0, progress=heard.append)
    assert heard
    assert 0 < plan.bound <= plan.cost
    assert plan.gap == pytest.approx((plan.cost - plan.bound) / plan.bound) or plan.gap == 0.0
    assert plan.lateness < plan.greedy_lateness


def test_a_plan_that_is_stopped_at_once_says_that_it_knows_little() -> None:
    plan = plan_week(crowded(30), limit_s=0.01, elapsed=lambda: 1.0)
    assert plan.stopped
    assert plan.gap > 0
    assert faults_of(crowded(30), plan.assignments) == []


def planned(*jobs: Job, people: tuple[Technician, ...] = (ANN, BOB), **more: object) -> WeekPlan:
    return plan_week(Problem(MONDAY_US, at(120), people, jobs, **more), limit_s=10.0)  # type: ignore[arg-type]


def test_every_job_says_why_it_is_where_it_is_or_nowhere() -> None:
    plan = planned(
        Job("parts", 2, 2, at(12), (SkillNeed("mechanical", 2),), ready_us=at(9)),
        Job("window", 1, 3, at(40), (SkillNeed("electrical"),), windows=((at(30), at(33)),)),
        Job("expert", 1, 3, at(40), (SkillNeed("mechanical", 4),)),
        Job("long", 9, 3, at(40)),
        Job("crowd", 1, 3, at(40), crew=3),
        Job("later", 1, 3, at(40), ready_us=at(121)),
    )
    assert plan.reasons["parts"] == (
        "Ann has mechanical 2, nobody else can; as soon as the parts are there (Mon 5 Oct 09:00); "
        "1.0 h before it is due (Mon 5 Oct 12:00)"
    )
    assert "in the first production window that fits" in plan.reasons["window"]
    assert plan.reasons["expert"] == "nobody who may do it has mechanical 4"
    assert plan.reasons["long"] == "no shift is 9 h long: split it"
    assert plan.reasons["crowd"].startswith("no crew of 3")
    assert plan.reasons["later"].startswith("its parts come after the plan ends")
    assert set(plan.left_out) == {"expert", "long", "crowd", "later"}


def test_what_people_saw_is_moved_only_when_that_is_worth_the_change() -> None:
    slow = Job("slow", 2, 5, at(60), (SkillNeed("mechanical"),))
    seen = {"slow": Assignment("slow", ("ann",), at(9), at(11))}
    urgent = Job("urgent", 4, 1, at(13), (SkillNeed("mechanical"),), ready_us=at(9))
    kept, moved = planned(slow, seen=seen), planned(slow, urgent, seen=seen)
    assert [(a.job, a.start_us) for a in kept.assignments] == [("slow", at(9))]
    assert {a.job: a.start_us for a in moved.assignments}["urgent"] == at(9)
    assert {a.job: a.start_us for a in moved.assignments}["slow"] != at(9)


def test_what_is_fixed_stays_and_nobody_is_at_two_jobs_at_once() -> None:
    fixed = (Assignment("begun", ("ann",), at(6), at(12)),)
    (one,) = planned(Job("new", 2, 1, at(8), (SkillNeed("mechanical"),)), fixed=fixed).assignments
    assert (one.start_us, one.crew) == (at(12), ("ann",))


def test_a_person_whose_repairs_hold_more_often_is_preferred_when_both_are_free() -> None:
    eva = replace(ANN, id="aaa", name="Eva")
    job = Job("one", 1, 3, at(20), (SkillNeed("mechanical"),), failure_mode="VIB")
    (one,) = planned(job, people=(eva, ANN), success={("aaa", "VIB"): 0.4, ("ann", "VIB"): 0.9}).assignments
    assert one.crew == ("ann",)


def test_the_checker_names_each_broken_promise() -> None:
    job = Job("one", 2, 1, needs=(SkillNeed("mechanical", 3),), ready_us=at(7), windows=((at(6), at(10)),))
    week = Problem(MONDAY_US, at(120), (ANN, BOB), (job,), (Assignment("other", ("ann",), at(8), at(9)),))
    good = Assignment("one", ("ann",), at(9), at(11))
    cases = {
        "outside of its production windows": good,
        "two jobs at once": replace(good, start_us=at(8), stop_us=at(10)),
        "before its parts are there": replace(good, start_us=at(6), stop_us=at(8)),
        "nobody of its crew has it": replace(good, crew=("bob",)),
        "outside of a shift": replace(good, start_us=at(13), stop_us=at(15)),
        "too short": replace(good, stop_us=at(9.5)),
        "needs a crew of 1": replace(good, crew=("ann", "bob")),
        "nobody is called": replace(good, crew=("eve",)),
        "is no job of the plan": replace(good, job="two"),
    }
    for told, wrong in cases.items():
        assert any(told in fault for fault in faults_of(week, [wrong])), told


def test_a_problem_that_makes_no_sense_is_refused() -> None:
    for wrong in (
        lambda: Job("a", 0.0),
        lambda: Job("a", 1.0, crew=0),
        lambda: Job("a", 1.0, priority=6),
        lambda: Problem(1, 1, (), ()),
        lambda: Problem(0, HOUR_US, (), (Job("a", 1), Job("a", 2))),
    ):
        with pytest.raises(Rejected):
            wrong()
