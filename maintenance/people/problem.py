"""A week of work to be planned: jobs, people, windows, and what a plan costs. Values and plain sums; no search here.

A plan gives each job a crew and a start. A job runs without a pause, inside one shift of everybody in its crew, inside
one production window of its machine, and not before its parts are there. What a plan costs is weighted lateness, and
small amounts for walking, for people with less success at such repairs, and for changing what somebody already saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import Rejected
from forewarn.core.people import SkillNeed, Technician, missing_skills

US_PER_MINUTE = 60_000_000
WEIGHT_OF_PRIORITY = {1: 16.0, 2: 8.0, 3: 4.0, 4: 2.0, 5: 1.0}
Span = tuple[int, int]
"""Half-open interval in UTC microseconds."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work to be planned. `id` is the order's; `hours` above 0 is how long a whole crew of `crew` people needs.

    `due_us` None: never late. `ready_us`: when its parts are there. `windows`: when the machine may be worked on (None:
    at any time). `place` names where it is (`area` of the plant, or finer).
    """

    id: str
    hours: float
    priority: int = 3
    due_us: int | None = None
    needs: tuple[SkillNeed, ...] = ()
    crew: int = 1
    ready_us: int = 0
    windows: tuple[Span, ...] | None = None
    kind: str = "condition"
    asset: str = ""
    place: str = ""
    failure_mode: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        if not self.hours > 0:
            raise Rejected("job_hours", f"{self.id}: a job takes more than 0 hours, not {self.hours}")
        if self.crew < 1:
            raise Rejected("crew", f"{self.id}: a crew is 1 or more people, not {self.crew}")
        if self.priority not in WEIGHT_OF_PRIORITY:
            raise Rejected("priority", f"{self.id}: priority {self.priority} is not one of 1 to 5")

    @property
    def weight(self) -> float:
        """What an hour of lateness costs: 16, 8, 4, 2, 1 for priority 1 to 5."""
        return WEIGHT_OF_PRIORITY[self.priority]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job with its crew (ids, in order) in [start_us, stop_us)."""

    job: str
    crew: tuple[str, ...]
    start_us: int
    stop_us: int


@dataclass(frozen=True, slots=True)
class Costs:
    """The small amounts, in weighted hours of lateness, and what counts as small.

    `walk` per unit of distance between where somebody is based and the job; `failure` for a person whose repairs of
    this kind never hold (half of it where half of them do); `change` for another crew or start than people saw;
    `left_out` x weight for a job that is not in the plan, besides its lateness: as if done `left_out_h` after the
    end of the plan.
    """

    walk: float = 0.01
    failure: float = 0.2
    change: float = 2.0
    left_out: float = 0.1
    left_out_h: float = 8.0


USUAL_COSTS = Costs()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be planned in [from_us, to_us), on a grid of `slot_min` minutes that begins at `from_us`.

    Starts lie on the grid and lengths are rounded up to it. `fixed` stays as it is (work in progress, and the frozen
    part of the plan before); its jobs are not among `jobs`, or are taken as done. `seen` is the plan people know.
    `success` is the share in [0, 1] by (person, failure mode); `distance` by (place, place), both ways; what is not in
    it: 0 at the same place, else 1.
    """

    from_us: int
    to_us: int
    people: tuple[Technician, ...]
    jobs: tuple[Job, ...]
    fixed: tuple[Assignment, ...] = ()
    seen: Mapping[str, Assignment] = field(default_factory=dict)
    success: Mapping[tuple[str, str], float] = field(default_factory=dict)
    distance: Mapping[tuple[str, str], float] = field(default_factory=dict)
    costs: Costs = USUAL_COSTS
    slot_min: int = 30

    def __post_init__(self) -> None:
        if self.to_us <= self.from_us:
            raise Rejected("plan_span", "a plan ends after it begins")
        if self.slot_min < 1:
            raise Rejected("slot", f"a slot is a minute or more, not {self.slot_min}")
        for what, ids in (("job", [j.id for j in self.jobs]), ("person", [p.id for p in self.people])):
            twice = sorted({id for id in ids if ids.count(id) > 1})
            if twice:
                raise Rejected("twice", f"a {what} stands twice in the plan: {', '.join(twice)}")

    @property
    def slot_us(self) -> int:
        """Length of a slot of the grid."""
        return self.slot_min * US_PER_MINUTE

    def length_us(self, job: Job) -> int:
        """How long a job takes on the grid: its hours rounded up.

        >>> a = Problem(0, 10**12, (), ())
        >>> a.length_us(Job("1", 1.2)) / US_PER_HOUR
        1.5
        """
        return -(-round(job.hours * US_PER_HOUR) // self.slot_us) * self.slot_us

    def late_h(self, job: Job, stop_us: int) -> float:
        """Hours between due and done, 0 or above. What was late before the plan begins counts from its beginning on:
        no plan can do anything about the time before."""
        if job.due_us is None:
            return 0.0
        return max(0, stop_us - max(job.due_us, self.from_us)) / US_PER_HOUR

    def left_out_cost(self, job: Job) -> float:
        """What it costs not to plan a job."""
        done_us = self.to_us + round(self.costs.left_out_h * US_PER_HOUR)
        return job.weight * (self.late_h(job, done_us) + self.costs.left_out)

    def small_cost(self, job: Job, person: Technician) -> float:
        """Walking and past success of one person at one job."""
        apart = 0.0 if person.place == job.place or not job.place or not person.place else 1.0
        far = self.distance.get((person.place, job.place), self.distance.get((job.place, person.place), apart))
        success = self.success.get((person.id, job.failure_mode), 1.0)
        return self.costs.walk * far + self.costs.failure * (1.0 - success)

    def allowed(self, job: Job, person: Technician) -> bool:
        """May a person work on a job at all? Contractors only on what is in their contract."""
        return person.active and (person.contractor is None or person.contractor.may(job.kind))

    def cost(self, job: Job, done: Assignment | None) -> float:
        """What one job costs under its assignment, or left out."""
        if done is None:
            return self.left_out_cost(job)
        people = {person.id: person for person in self.people}
        small = sum(self.small_cost(job, people[id]) for id in done.crew) / len(done.crew)
        seen = self.seen.get(job.id)
        changed = seen is not None and (seen.start_us, seen.crew) != (done.start_us, done.crew)
        return job.weight * self.late_h(job, done.stop_us) + small + (self.costs.change if changed else 0.0)

    def total(self, plan: Iterable[Assignment]) -> float:
        """What a plan costs, jobs that it leaves out included."""
        done = {a.job: a for a in plan}
        return sum(self.cost(job, done.get(job.id)) for job in self.jobs)

    def weighted_lateness(self, plan: Iterable[Assignment]) -> float:
        """The part of `total` that is lateness, in weighted hours; jobs left out as if done soon after the plan."""
        done = {a.job: a for a in plan}
        end_us = self.to_us + round(self.costs.left_out_h * US_PER_HOUR)
        stops = ((job, done[job.id].stop_us if job.id in done else end_us) for job in self.jobs)
        return sum(job.weight * self.late_h(job, stop_us) for job, stop_us in stops)


def faults_of(problem: Problem, plan: Iterable[Assignment]) -> list[str]:
    """Everything that is wrong with a plan, in words; empty when it can be done as it stands.

    Slow and plain: it looks at each promise by itself and shares no code with what makes plans.
    """
    jobs = {job.id: job for job in problem.jobs}
    people = {person.id: person for person in problem.people}
    found: list[str] = []
    busy: dict[str, list[Span]] = {id: [] for id in people}
    done: set[str] = set()
    for kept in problem.fixed:
        for id in kept.crew:
            busy.setdefault(id, []).append((kept.start_us, kept.stop_us))
    for one in plan:
        job = jobs.get(one.job)
        if job is None or one.job in done:
            found.append(f"{one.job} is no job of the plan" if job is None else f"{one.job} is planned twice")
            continue
        done.add(one.job)
        found += _job_faults(problem, job, one, people)
        for id in one.crew:
            clash = [s for s in busy.get(id, []) if s[0] < one.stop_us and one.start_us < s[1]]
            if clash:
                found.append(f"{id} has two jobs at once: {one.job} and another")
            busy.setdefault(id, []).append((one.start_us, one.stop_us))
    return found


def _job_faults(problem: Problem, job: Job, one: Assignment, people: Mapping[str, Technician]) -> list[str]:
    unknown = [id for id in one.crew if id not in people]
    if unknown:
        return [f"{job.id}: nobody is called {', '.join(unknown)}"]
    crew = [people[id] for id in one.crew]
    span = (one.start_us, one.stop_us)
    found = []
    if len(set(one.crew)) != job.crew:
        found.append(f"{job.id} needs a crew of {job.crew}")
    found += [f"{job.id} needs {n.skill} {n.level}, nobody of its crew has it" for n in missing_skills(job.needs, crew)]
    found += [f"{p.id} may not do {job.id}" for p in crew if not problem.allowed(job, p)]
    found += [f"{job.id} is outside of a shift of {p.id}" for p in crew if not inside(span, _shifts(problem, p))]
    if one.start_us < max(job.ready_us, problem.from_us):
        found.append(f"{job.id} starts before its parts are there")
    if job.windows is not None and not inside(span, job.windows):
        found.append(f"{job.id} is outside of its production windows")
    if one.stop_us - one.start_us < job.hours * US_PER_HOUR - 1:
        found.append(f"{job.id} is too short")
    return found


def _shifts(problem: Problem, person: Technician) -> list[Span]:
    return person.windows(problem.from_us, problem.to_us)


def inside(span: Span, windows: Iterable[Span]) -> bool:
    """Does a span lie within one of the windows?"""
    return any(start <= span[0] and span[1] <= stop for start, stop in windows)
