"""Who needs a part: the parts list of an asset and of a failure mode."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from forewarn.core.faults import Fault
from forewarn.core.job_plans import JobPlan
from forewarn.core.plans import Every, Plan, Trigger, Unit
from forewarn.core.plant import Asset, FaultPlan, PartLine, Plant
from forewarn.core.work import Cause, OrderKind, Status, WorkOrder
from forewarn.maintenance.stock.needs import BY_HAND, Source, Wants, needs_of, parts_of_asset

SEAL, BEARING = Fault("seal", "seal_leak"), Fault("de_bearing", "outer_race_spall")
PUMP = Asset(
    "p1",
    "Pump 1",
    "pump",
    "s",
    "a",
    "A",
    faults=(FaultPlan(SEAL, "ELP", (PartLine("seal", 2),)), FaultPlan(BEARING, "VIB", (PartLine("6205"),))),
)
FAN = Asset("f1", "Fan 1", "fan", "s", "a", "C")
WORKS = Plant("works", (), (PUMP, FAN))
ORDER = WorkOrder(
    "o1", "WO-000001", "f1", OrderKind.CORRECTIVE, Status.APPR, 3, "Belt", (Cause(BEARING, "LOO", {}, 0),),
    (PartLine("belt", 3),), (), 1.0, 0, 0, 1,
)  # fmt: skip


def told(wants: Wants, part: str) -> list[tuple[Source, str, str, int]]:
    return [(need.source, need.name, need.asset, need.quantity) for need in needs_of(wants).get(part, ())]


def test_fault_plans_name_the_parts_of_an_asset_and_of_a_failure_mode() -> None:
    needs = needs_of(Wants(WORKS))
    assert set(parts_of_asset(needs, "p1")) == {"seal", "6205"}
    assert set(parts_of_asset(needs, "p1", "VIB")) == {"6205"}
    assert parts_of_asset(needs, "f1") == {}


def test_a_job_plan_asks_for_its_parts_on_the_assets_whose_orders_may_take_it() -> None:
    of_class = JobPlan("lube", "Lubricate", asset_class="pump", parts=(PartLine("grease"),))
    of_fault = JobPlan("spall", "Bearing", mechanism="outer_race_spall", parts=(PartLine("puller"),))
    other = JobPlan("winding", "Rewind", mechanism="winding_overheating", parts=(PartLine("wire"),))
    by_hand = JobPlan("paint", "Paint", parts=(PartLine("paint"),))
    gone = replace(of_class, id="old", retired=True, parts=(PartLine("tallow"),))
    wants = Wants(WORKS, [of_class, of_fault, other, by_hand, gone])
    assert told(wants, "grease") == [(Source.JOB, "lube", "p1", 1)]
    assert told(wants, "puller") == [(Source.JOB, "spall", "p1", 1)]
    assert needs_of(wants)["puller"][0].failure_modes == ("VIB",)
    assert told(wants, "paint") == [(Source.JOB, "paint", BY_HAND, 1)]
    assert told(wants, "wire") == told(wants, "tallow") == []


def test_a_preventive_plan_asks_for_its_own_parts_and_those_of_its_job_plan() -> None:
    job = JobPlan("filter", "Change the filter", parts=(PartLine("filter", 2),))
    plan = Plan(
        "pm-1", "Filters", Trigger.FIXED, date(2026, 1, 1), ("f1",), every=Every(1, Unit.MONTHS),
        parts=(PartLine("gasket"),), job_plan="filter", failure_modes=("PLU",),
    )  # fmt: skip
    wants = Wants(WORKS, [job], [plan])
    assert told(wants, "gasket") == [(Source.PREVENTIVE, "pm-1", "f1", 1)]
    assert (Source.PREVENTIVE, "pm-1", "f1", 2) in told(wants, "filter")
    assert set(parts_of_asset(needs_of(wants), "f1", "PLU")) == {"gasket", "filter"}
    assert told(Wants(WORKS, [job], [replace(plan, active=False)]), "gasket") == []


def test_an_asset_that_is_out_of_use_needs_nothing_but_what_its_open_orders_still_ask_for() -> None:
    wants = Wants(WORKS, orders=[ORDER], retired={"p1", "f1"})
    assert told(wants, "seal") == []
    assert told(wants, "belt") == [(Source.ORDER, "WO-000001", "f1", 3)]
    assert told(replace(wants, orders=[replace(ORDER, status=Status.CLOSE)]), "belt") == []


def test_what_is_in_a_kit_and_what_stands_in_for_a_part_are_needed_too() -> None:
    kits = {"seal": [PartLine("o-ring", 3)]}
    needs = needs_of(Wants(WORKS, kits=kits, substitutes={"o-ring": ["o-ring-2"], "o-ring-2": ["o-ring"]}))
    assert [(need.quantity, need.via) for need in needs["o-ring"]] == [(6, ("seal",))]
    assert [(need.quantity, need.via) for need in needs["o-ring-2"]] == [(6, ("seal", "o-ring"))]
    assert str(needs["o-ring-2"][0]) == "fault plan seal:seal_leak of p1 (as seal in o-ring)"
