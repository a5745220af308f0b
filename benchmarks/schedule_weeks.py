"""Made-up weeks of a maintenance shop: people with trades and shifts, orders with skills, windows, parts and due dates.

`load` says how much work there is, as a share of the hours that the people have. Everything follows from the seed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.people import Absence, Contractor, SkillNeed, Technician
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.maintenance.people.problem import Job, Problem, Span

MONDAY_US = 1_791_158_400_000_000  # 5 October 2026, 00:00 UTC
END_US = MONDAY_US + 5 * US_PER_DAY
TRADES = ("mechanical", "electrical", "instruments", "hydraulics", "welding")
TRADE_SHARE = (0.40, 0.25, 0.15, 0.12, 0.08)
PLACES = ("north", "south", "boilers", "packing", "yard", "store")
LINES = 8
SHIFTS = {"day": (7, 15), "early": (6, 14), "late": (14, 22)}
MODES = ("VIB", "ELU", "OHE", "AIR", "UST")


def week(seed: int, orders: int, technicians: int, load: float = 0.8) -> Problem:
    """One week from Monday 0:00 to Saturday 0:00, on half hours."""
    rng = np.random.default_rng(seed)
    people = tuple(_person(rng, number) for number in range(technicians))
    stops = [_line_stops(rng) for _ in range(LINES)]
    drawn = [_job(rng, number, stops) for number in range(orders)]
    there_h = sum(stop - start for p in people for start, stop in p.windows(MONDAY_US, END_US)) / US_PER_HOUR
    scale = load * there_h / sum(job.hours * job.crew for job in drawn)
    jobs = tuple(replace(job, hours=float(np.clip(job.hours * scale, 0.25, 8.0))) for job in drawn)
    success = {(p.id, mode): float(rng.uniform(0.6, 1.0)) for p in people for mode in MODES}
    where = {place: rng.uniform(0, 3, 2) for place in PLACES}
    distance = {(a, b): float(np.hypot(*(where[a] - where[b]))) for a in PLACES for b in PLACES}
    return Problem(MONDAY_US, END_US, people, jobs, success=success, distance=distance)


def _person(rng: np.random.Generator, number: int) -> Technician:
    first = TRADES[number % len(TRADES)] if number < len(TRADES) else str(rng.choice(TRADES, p=TRADE_SHARE))
    skills = {first: int(rng.choice((2, 3, 4), p=(0.4, 0.4, 0.2)))}
    for other in rng.choice(TRADES, int(rng.integers(0, 3)), replace=False):
        skills.setdefault(str(other), int(rng.choice((1, 2, 3), p=(0.5, 0.4, 0.1))))
    start, stop = SHIFTS[str(rng.choice(tuple(SHIFTS), p=(0.5, 0.25, 0.25)))]
    plan = ShiftPlan(tuple(Shift(day, start * 60, stop * 60) for day in range(5)))
    absences: tuple[Absence, ...] = ()
    if rng.random() < 0.2:
        away = MONDAY_US + int(rng.integers(0, 5)) * US_PER_DAY
        absences = (Absence(away, away + int(rng.integers(1, 3)) * US_PER_DAY, "holiday"),)
    contract = Contractor("Rotating Ltd", None, frozenset({"preventive", "corrective"})) if number % 12 == 11 else None
    place = str(rng.choice(PLACES))
    return Technician(f"t{number:02d}", f"Technician {number:02d}", skills, plan, place, 45.0, absences, contract)


def _line_stops(rng: np.random.Generator) -> tuple[Span, ...]:
    """When a line stands: on three of five days for six to twelve hours."""
    stops = []
    for day in sorted(rng.choice(5, 3, replace=False)):
        start_us = MONDAY_US + int(day) * US_PER_DAY + int(rng.integers(6, 13)) * US_PER_HOUR
        stops.append((start_us, start_us + int(rng.integers(6, 13)) * US_PER_HOUR))
    return tuple(stops)


def _job(rng: np.random.Generator, number: int, stops: list[tuple[Span, ...]]) -> Job:
    hours = float(rng.lognormal(np.log(3.0), 0.6))
    crew = int(rng.choice((1, 2, 3), p=(0.85, 0.13, 0.02)))
    needs = [SkillNeed(str(rng.choice(TRADES, p=TRADE_SHARE)), int(rng.choice((1, 2, 3), p=(0.4, 0.45, 0.15))))]
    if crew > 1 and rng.random() < 0.5:
        other = str(rng.choice([trade for trade in TRADES if trade != needs[0].skill]))
        needs.append(SkillNeed(other, 1))
    ready_us = MONDAY_US
    if rng.random() < 0.25:
        ready_us += int(rng.integers(0, 4)) * US_PER_DAY + 10 * US_PER_HOUR
    return Job(
        f"WO-{number:06d}",
        hours,
        int(rng.choice((1, 2, 3, 4, 5), p=(0.05, 0.2, 0.4, 0.25, 0.1))),
        MONDAY_US + round(float(rng.uniform(-1.0, 6.0)) * 24) * US_PER_HOUR,
        tuple(needs),
        crew,
        ready_us,
        stops[int(rng.integers(LINES))] if rng.random() < 0.3 else None,
        str(rng.choice(("condition", "preventive", "corrective"))),
        f"asset-{number % 60:02d}",
        str(rng.choice(PLACES)),
        str(rng.choice(MODES)),
    )
