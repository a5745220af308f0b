"""Small weeks for the tests: people and jobs drawn by hypothesis, and the slow obvious ways to plan them."""

from __future__ import annotations

from itertools import combinations

from hypothesis import strategies as st

from forewarn.core.people import Absence, Contractor, SkillNeed, Technician
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.maintenance.people.grid import Grid, Place
from forewarn.maintenance.people.problem import Assignment, Job, Problem, faults_of

HOUR_US = 3_600_000_000
MONDAY_US = 1_791_158_400_000_000  # 5 October 2026, 00:00 UTC
SKILLS = ("mechanical", "electrical")


def at(hour: float) -> int:
    """Hours after Monday midnight."""
    return MONDAY_US + round(hour * HOUR_US)


@st.composite
def person(draw: st.DrawFn, number: int) -> Technician:
    """Somebody with a shift on Monday and perhaps one on Tuesday."""
    start = draw(st.integers(0, 12))
    shifts = [Shift(0, start * 60, (start + draw(st.integers(2, 5))) * 60)]
    if draw(st.booleans()):
        shifts.append(Shift(1, 6 * 60, 9 * 60))
    away = draw(st.none() | st.integers(0, 15))
    absences = (Absence(at(away), at(away + 1)),) if away is not None else ()
    contract = draw(st.sampled_from([None, None, Contractor("Other Ltd", at(30), frozenset({"preventive"}))]))
    skills = {skill: draw(st.integers(1, 3)) for skill in SKILLS if draw(st.booleans())}
    place = draw(st.sampled_from(["north", "south"]))
    return Technician(
        f"p{number}",
        f"Person {number}",
        skills,
        ShiftPlan(tuple(shifts)),
        place,
        absences=absences,
        contractor=contract,
    )


@st.composite
def job(draw: st.DrawFn, number: int) -> Job:
    """A job of one to three hours."""
    needs = tuple(SkillNeed(skill, draw(st.integers(1, 3))) for skill in SKILLS if draw(st.integers(0, 2)) == 0)
    window = draw(st.none() | st.integers(0, 12))
    return Job(
        f"j{number}",
        draw(st.sampled_from([0.75, 1.0, 2.0, 2.5])),
        draw(st.integers(1, 5)),
        draw(st.none() | st.integers(-10, 40).map(at)),
        needs,
        draw(st.sampled_from([1, 1, 1, 2])),
        at(draw(st.integers(-5, 10))),
        None if window is None else ((at(window), at(window + 5)), (at(30), at(33))),
        draw(st.sampled_from(["condition", "preventive"])),
        place=draw(st.sampled_from(["north", "south"])),
        failure_mode="VIB",
    )


@st.composite
def problem(draw: st.DrawFn, people: int = 3, jobs: int = 6) -> Problem:
    """Two days with an hour's grid; perhaps something fixed, and something people saw."""
    who = tuple(draw(person(number)) for number in range(draw(st.integers(1, people))))
    what = tuple(draw(job(number)) for number in range(draw(st.integers(1, jobs))))
    fixed = (Assignment("begun", ("p0",), at(7), at(8)),) if draw(st.booleans()) else ()
    seen = {"j0": Assignment("j0", ("p0",), at(9), at(10))} if draw(st.booleans()) else {}
    success = {(p.id, "VIB"): draw(st.sampled_from([0.5, 0.9])) for p in who}
    return Problem(MONDAY_US, at(48), who, what, fixed, seen, success, slot_min=60)


def everywhere(grid: Grid, number: int) -> list[Place]:
    """All places of a job that break no promise when it is alone, by the checker, one after the other."""
    problem = grid.problem
    size = problem.jobs[number].crew
    found = []
    for start in range(grid.slots):
        for crew in combinations(range(len(problem.people)), size):
            if not faults_of(problem, [grid.assignment(number, (start, crew))]):
                found.append((start, crew))
    return found


def cheapest_cost(grid: Grid) -> float:
    """What the best plan costs: all ways to place all jobs, or to leave them out. For three jobs or so."""
    places = [everywhere(grid, number) for number in range(len(grid.jobs))]
    best = float("inf")
    stack: list[tuple[int, list[Assignment]]] = [(0, [])]
    while stack:
        number, plan = stack.pop()
        if number == len(grid.jobs):
            best = min(best, grid.problem.total(plan))
            continue
        stack.append((number + 1, plan))
        for place in places[number]:
            longer = [*plan, grid.assignment(number, place)]
            if not any("at once" in fault for fault in faults_of(grid.problem, longer)):
                stack.append((number + 1, longer))
    return best
