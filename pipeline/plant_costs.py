"""`costs:`, `crew_wait_hours:` and lead times of the plant file -> numbers."""

from __future__ import annotations

from forewarn.core.plant import PlantCosts
from forewarn.pipeline.plant_layers import Report
from forewarn.pipeline.plant_schema import CostsEntry, LeadTime, WaitHours
from forewarn.pipeline.plant_yaml import Path

Z90 = 1.2815515655446004


def costs_of(entry: CostsEntry | None) -> PlantCosts | None:
    """What the plant reckons with; None where it says nothing."""
    if entry is None:
        return None
    down = entry.downtime_per_h
    return PlantCosts(entry.currency, down.A, down.B, down.C, entry.labour_per_h)


def crew_wait_of(entry: WaitHours | None, report: Report) -> tuple[float, float] | None:
    """Hours until people can begin, half and nine in ten times."""
    if entry is None:
        return None
    if entry.late < entry.typical:
        report(("crew_wait_hours",), f"late {entry.late:g} is less than typical {entry.typical:g}")
    return entry.typical, entry.late


def lead_time_of(entry: LeadTime, path: Path, report: Report) -> tuple[float, float]:
    """Days within which half and nine in ten deliveries come. A spread s is the factor of one standard deviation of a
    lognormal distribution: P90 = typical x s^1.2816.

    >>> round(lead_time_of(LeadTime(typical=10.0, spread=1.5), (), print)[1], 2)
    16.81
    """
    if (entry.late is None) == (entry.spread is None):
        report(path, "give `late` or `spread`, one of them")
        return entry.typical, entry.typical
    late = entry.typical * (entry.spread or 1.0) ** Z90 if entry.late is None else entry.late
    if late < entry.typical:
        report(path, f"late {late:g} is less than typical {entry.typical:g}")
    return entry.typical, late
