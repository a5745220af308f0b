"""A small works of forty machines, six technicians and a contractor, and what fate has in store for it in a year.

Everything is drawn from one seed before the year begins; the books under test know nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from forewarn.core.clock import US_PER_DAY
from forewarn.core.faults import Fault
from forewarn.core.jobs import JobPlan, JobStep, StepKind
from forewarn.core.people import Absence, Contractor, SkillNeed, Technician
from forewarn.core.plans import Every, Plan, Trigger, Unit
from forewarn.core.plant import Asset, Component, FaultPlan, Part, PartLine, Plant
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.core.work import OrderKind
from forewarn.maintenance.orders.costs import CostLimit, CostRules, House

WEEK_US = 7 * US_PER_DAY
START_US = 1_800_230_400_000_000  # Monday, 18 January 2027, UTC
WEEKS = 52

SPALL, IMBALANCE = Fault("de_bearing", "outer_race_spall"), Fault("rotor", "imbalance")
MISALIGNMENT = Fault("coupling", "misalignment")
FAULTS = {SPALL: "VIB", IMBALANCE: "VIB", MISALIGNMENT: "VIB"}
PRICES = {"6205": 84.0, "coupling": 310.0, "grease": 6.5}
FLEET = {"pump": 16, "fan": 10, "conveyor": 8, "compressor": 6}
AREAS = ("boiler house", "hall 1", "hall 2", "yard")


def works() -> Plant:
    """Forty machines, each with a bearing, a rotor and a coupling, and the parts that their faults need."""
    todo = (
        FaultPlan(SPALL, "VIB", (PartLine("6205", 2),), 6.0, ("Isolate", "Replace the bearing"), ("mechanical",)),
        FaultPlan(IMBALANCE, "VIB", (), 3.0, ("Isolate", "Balance"), ("vibration",)),
        FaultPlan(MISALIGNMENT, "VIB", (PartLine("coupling"),), 4.0, ("Isolate", "Align"), ("mechanical",)),
    )
    components = (Component("de_bearing", "bearing"), Component("rotor", "rotor"), Component("coupling", "coupling"))
    names = [(kind, f"{kind}-{n:02d}") for kind, count in FLEET.items() for n in range(1, count + 1)]
    assets = tuple(
        Asset(name, name, kind, "works", AREAS[n % 4], "ABC"[n % 3], components=components, faults=todo)
        for n, (kind, name) in enumerate(names)
    )
    parts = tuple(Part(id, id, 2.0, 5.0, price, 1_000) for id, price in PRICES.items())
    return Plant("works", (), assets, parts)


class Facts:
    """What the books of orders ask the plant."""

    def asset_class(self, asset: str) -> str:
        return asset.partition("-")[0]

    def part_price(self, part: str) -> float:
        return PRICES.get(part, 0.0)


HOUSE = House(CostRules("EUR", 55.0, (CostLimit("planner", 600.0), CostLimit("manager", None))), Facts())

BEARING_JOB = JobPlan(
    "bearing", "Change the bearing", mechanism="outer_race_spall", kinds=(OrderKind.CONDITION,), hours=6.0,
    steps=(
        JobStep("isolate", "Lock out and tag"),
        JobStep("gap", "Measure the clearance", StepKind.MEASURE, unit="mm", low=0.05, high=0.25),
    ),
    skills=(SkillNeed("mechanical", 2),), parts=(PartLine("6205", 2),),
)  # fmt: skip

PLANS = (
    Plan("lube", "Lubricate", Trigger.FLOATING, date(2027, 1, 18), asset_class="pump", every=Every(8, Unit.WEEKS),
         component="de_bearing", parts=(PartLine("grease", 3),), hours=1.0, priority=4),
    Plan("belts", "Look at the belts", Trigger.FIXED, date(2027, 2, 1), asset_class="conveyor",
         every=Every(3, Unit.MONTHS), kind=OrderKind.INSPECTION, hours=1.5, priority=4),
    Plan("round", "Fan round", Trigger.FIXED, date(2027, 1, 20), every=Every(1, Unit.MONTHS), route=True, hours=3.0,
         assets=tuple(f"fan-{n:02d}" for n in range(1, 11)), kind=OrderKind.INSPECTION, priority=5),
)  # fmt: skip


def people() -> tuple[Technician, ...]:
    """Six technicians of two crafts on early and late shift, two of them away in summer, and a contractor to autumn."""
    early = ShiftPlan(tuple(Shift(day, 360, 840) for day in range(5)))
    late = ShiftPlan(tuple(Shift(day, 840, 1320) for day in range(5)))
    summer, ill = _weeks(26, 29), _weeks(30, 31)
    both = {"mechanical": 3, "vibration": 2}
    return (
        Technician("ann", "Ann", both, early, "hall 1", 48.0),
        Technician("ben", "Ben", {"mechanical": 2}, early, "hall 2", 44.0, (Absence(*summer, "holiday"),)),
        Technician("cem", "Cem", {"mechanical": 2, "vibration": 1}, early, "yard", 44.0),
        Technician("dia", "Dia", both, late, "hall 1", 48.0, (Absence(*ill, "ill"),)),
        Technician("eli", "Eli", {"mechanical": 1}, late, "hall 2", 39.0),
        Technician("fay", "Fay", {"mechanical": 2, "vibration": 3}, late, "boiler house", 46.0),
        Technician("gus", "Gus", both, early, "yard", 70.0, contractor=Contractor("Rotex", _weeks(40, 41)[0])),
    )


def _weeks(first: int, stop: int) -> tuple[int, int]:
    return START_US + first * WEEK_US, START_US + stop * WEEK_US


@dataclass(frozen=True)
class Trouble:
    """A fault of a machine in a week: announced by the models, or found when it stands."""

    asset: str
    fault: Fault
    week: int
    announced: bool


def fate(plant: Plant, seed: int) -> list[Trouble]:
    """About 0.8 troubles a machine and year, three of four announced; never two of one machine within ten weeks."""
    rng = np.random.default_rng(seed)
    found = []
    for asset in plant.assets:
        weeks = np.sort(rng.uniform(1, WEEKS - 8, rng.poisson(0.8))).astype(int)
        kept = [week for n, week in enumerate(weeks) if n == 0 or week - weeks[n - 1] >= 10]
        for week in kept:
            found.append(Trouble(asset.id, list(FAULTS)[rng.integers(3)], int(week), bool(rng.random() < 0.75)))
    return found
