"""The race of part and crew against the failure, and what waiting costs: against drawing lots, and by law."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.plant import Asset, Part, PartLine, Plant, PlantCosts
from forewarn.core.readings import Floats
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.core.work import Advice, Decision
from forewarn.maintenance.advice import advise
from forewarn.maintenance.advice.costs import CostInputs
from forewarn.maintenance.advice.numbers import Inputs, numbers
from forewarn.maintenance.advice.race import Lead, latest, lead_hours
from forewarn.maintenance.evidence import plain
from forewarn.pipeline.plant_file import parse_plant
from tests.maintenance.samples import BEARING, NOW_US, assessment, forecast, hours, plant_of, pump

LEVELS = (0.1, 0.5, 0.9)
COSTS = CostInputs("EUR", 400.0, 60.0, 250.0, 30.0, 0.8, 168.0)
CASE = Inputs(
    0,
    "B",
    16.0,
    8.0,
    LEVELS,
    (150.0, 300.0, 600.0),
    (Lead("a", 6.0, 11.0), Lead("b", 7.0, 9.0)),
    repair_late_h=20.0,
    crew_p50_h=24.0,
    crew_p90_h=72.0,
    costs=COSTS,
)


def lognormal(p50: float, p90: float, z: Floats) -> Floats:
    return np.asarray(p50 * np.exp(np.log(p90 / p50) / 1.2815515655446004 * z), np.float64)


def by_lots(case: Inputs, draws: int = 400_000) -> tuple[float, float, float, float]:
    """Chance to be in time, cost of acting, cost of waiting, chance to lose when waiting: every case played out."""
    rng, costs = np.random.default_rng(11), case.costs
    assert costs is not None
    life = np.interp(
        rng.random(draws), (0, *case.levels), (0, *(h * 24 / case.operating_hours_per_day for h in case.hours))
    )
    z = rng.standard_normal((len(case.leads) + 2, draws))
    leads = [lognormal(lead.p50_days * 24, lead.p90_days * 24, z[i]) for i, lead in enumerate(case.leads)]
    ready = np.max([*leads, lognormal(case.crew_p50_h, case.crew_p90_h, z[-2])], axis=0)
    repair = lognormal(case.repair_hours, case.repair_late_h or case.repair_hours, z[-1])
    down = costs.downtime_per_h * case.operating_hours_per_day / 24
    planned = costs.parts + (costs.labour_per_h + down) * case.repair_hours

    def played(wait_h: float) -> tuple[float, float]:
        ordered = np.minimum(wait_h, life)
        lost = life <= wait_h + ready + repair
        standing = np.maximum(ordered + ready - life, 0) * lost
        broken = costs.parts + (costs.labour_per_h + down) * costs.breakdown_hours + down * standing
        return float(np.where(lost, broken, planned).mean()), float(lost.mean())

    (now, lost_now), (later, lost_later) = played(0.0), played(costs.look_again_h)
    acting = costs.real_share * now + (1 - costs.real_share) * planned
    return 1 - lost_now, acting, costs.real_share * later, lost_later


@pytest.mark.parametrize(
    "case",
    [
        CASE,
        replace(CASE, leads=(), crew_p50_h=1.0, crew_p90_h=2.0),
        replace(CASE, hours=(10.0, 40.0, 90.0)),
        replace(CASE, operating_hours_per_day=6.0, repair_late_h=9.0),
    ],
)
def test_chance_and_costs_agree_with_playing_out_every_case(case: Inputs) -> None:
    found = numbers(case)
    chance, acting, waiting, lost = by_lots(case)
    assert found.win_probability == pytest.approx(chance, abs=0.004)
    assert found.acting == pytest.approx(acting, rel=0.01)
    assert found.waiting == pytest.approx(waiting, rel=0.01)
    assert found.lost_if_waiting == pytest.approx(lost, abs=0.004)


def test_the_latest_of_several_parts_is_later_than_the_slowest_alone() -> None:
    both = latest([lead_hours(lead) for lead in CASE.leads])
    rng = np.random.default_rng(3)
    z = rng.standard_normal((2, 200_000))
    drawn = np.max(
        [lognormal(lead.p50_days * 24, lead.p90_days * 24, z[i]) for i, lead in enumerate(CASE.leads)], axis=0
    )
    for level in (0.1, 0.5, 0.9):
        assert np.quantile(both, level) == pytest.approx(np.quantile(drawn, level), rel=0.01)
    assert np.median(both) > max(np.median(lead_hours(lead)) for lead in CASE.leads)


@given(st.floats(0.0, 1.0), st.floats(0.0, 500.0), st.floats(0.0, 2000.0))
@settings(max_examples=40)
def test_waiting_longer_never_wins_more_often_and_costs_more_where_the_advice_is_sure(
    factor: float, wait_h: float, down_per_h: float
) -> None:
    costs = replace(COSTS, real_share=1.0, look_again_h=wait_h, downtime_per_h=down_per_h)
    case = replace(CASE, hours=tuple(h * factor for h in CASE.hours), costs=costs)
    found = numbers(case)
    assert found.win_probability is not None
    assert found.lost_if_waiting is not None
    assert found.lost_if_waiting >= 1 - found.win_probability - 1e-12
    assert found.risk_cost is not None
    assert found.risk_cost >= -1e-6 * (1 + (found.acting or 0))


# ---- what becomes of it in an advice ----


def costly(down_per_h: float, price: float = 500.0) -> tuple[Asset, Plant]:
    machine = replace(pump("C"), downtime_cost_per_h=down_per_h)
    bearing = replace(BEARING, price=price)
    return machine, replace(plant_of(machine, bearing), costs=PlantCosts(labour_per_h=50.0))


def given_advice(down_per_h: float, p10_h: float, p50_h: float, p90_h: float) -> Advice:
    machine, plant = costly(down_per_h)
    [made] = advise(assessment(forecasts=[forecast(p10_h, p50_h, p90_h)]), machine, plant)
    return made


def test_an_order_is_only_prepared_where_waiting_costs_less_and_nothing_is_urgent() -> None:
    made = given_advice(1.0, 2000, 3000, 4000)
    assert made.decision is Decision.DRAFT
    assert "look again in 7.0 days costs less" in made.reason
    assert made.risk_cost is not None
    assert made.risk_cost < 0


@pytest.mark.parametrize(("down_per_h", "p"), [(5000.0, (400, 500, 600)), (1.0, (100, 200, 300))])
def test_where_waiting_costs_more_or_parts_are_late_the_order_is_opened(
    down_per_h: float, p: tuple[float, float, float]
) -> None:
    assert given_advice(down_per_h, *p).decision is Decision.OPEN


def test_a_plant_that_names_no_costs_weighs_nothing_and_says_so() -> None:
    machine = pump("C")
    [made] = advise(assessment(forecasts=[forecast(2000, 3000, 4000)]), machine, plant_of(machine, BEARING))
    assert (made.decision, made.risk_cost) == (Decision.OPEN, None)
    assert "nothing is weighed" in cast(dict[str, str], made.evidence["reasons"])["costs"]


def test_each_number_has_its_reason_with_units_in_the_evidence() -> None:
    made = given_advice(5000.0, 600, 700, 800)
    told = cast(dict[str, str], made.evidence["reasons"])
    assert list(told) == ["decision", "priority", "start_by", "order_by", "chance", "costs"]
    assert told["priority"] == "Priority 4: criticality C, P10 of failure in 25.0 days (within a month)."
    assert told["start_by"] == "P10 of failure in 25.0 days, less 8 h of repair."
    assert told["order_by"] == "Start of work, less 7 days: nine of ten deliveries of 6205 come within."
    assert told["costs"].startswith("Acting now costs EUR ")
    assert told["costs"] in made.reason


def test_costs_stops_and_crew_are_kept_and_give_the_same_numbers_again() -> None:
    machine, plant = costly(800.0)
    weekdays = tuple(Shift(day, 6 * 60, 22 * 60) for day in range(5))
    machine = replace(machine, shifts=ShiftPlan(weekdays), operating_hours_per_day=80 / 7)
    plant = replace(plant, assets=(machine,), crew_wait_h=(4.0, 16.0))
    [made] = advise(assessment(forecasts=[forecast(240, 300, 480)]), machine, plant)
    kept = cast(dict[str, Any], json.loads(json.dumps(made.evidence, allow_nan=False)))
    again = numbers(Inputs.from_json(kept["inputs"]))
    assert plain(asdict(again)) == kept["numbers"]
    assert (kept["inputs"]["crew_p90_h"], kept["inputs"]["costs"]["downtime_per_h"]) == (16.0, 800.0)


def test_the_last_stop_of_production_before_the_work_is_named_and_costs_no_downtime() -> None:
    machine, plant = costly(800.0)
    weekdays = tuple(Shift(day, 6 * 60, 22 * 60) for day in range(5))
    shifted = replace(machine, shifts=ShiftPlan(weekdays), operating_hours_per_day=80 / 7)
    [made] = advise(assessment(forecasts=[forecast(240, 300, 480)]), shifted, replace(plant, assets=(shifted,)))
    kept = cast(dict[str, Any], made.evidence)["numbers"]
    first, last = kept["stop_us"]
    assert made.start_by_us is not None
    assert NOW_US + 7 * US_PER_DAY <= first <= made.start_by_us
    assert last - first >= 8 * US_PER_HOUR
    assert "Production stands from" in made.reason
    inputs = Inputs.from_json(cast(dict[str, Any], made.evidence)["inputs"])
    nearer = numbers(replace(inputs, stops=()))
    assert nearer.acting is not None
    assert nearer.acting > kept["acting"]


def test_a_slack_below_zero_says_by_how_much_the_last_moment_to_order_has_passed() -> None:
    late = given_advice(1.0, 100, 200, 300)
    assert late.slack_h == pytest.approx(100 - 8 - 168)
    assert late.fails_in_h == pytest.approx(200)
    assert late.order_by_us == NOW_US + hours(0)


# ---- the plant file ----

FILE = """
plant: Works
sites: {north: {}}
costs: {currency: EUR, downtime_per_h: {A: 1200, C: 40}, labour_per_h: 55}
crew_wait_hours: {typical: 4, late: 16}
parts:
  sure: {lead_time_days: 7}
  spread: {lead_time_days: {typical: 10, spread: 1.5}}
  old: {lead_time_days: {typical: 5, late: 12}}
assets:
  p1:
    class: pump
    area: hall
    downtime_cost_per_h: 90
    components: {rotor: {kind: rotor}}
    faults: [{component: rotor, mechanism: imbalance, repair_hours: 4, repair_hours_late: 9, breakdown_hours: 30}]
"""


def test_the_plant_file_says_costs_crew_and_how_lead_times_spread() -> None:
    plant = parse_plant(FILE, "f")
    assert plant.costs == PlantCosts("EUR", 1200.0, None, 40.0, 55.0)
    assert plant.crew_wait_h == (4.0, 16.0)
    told = {part.id: (part.lead_p50_days, round(part.lead_p90_days, 2)) for part in plant.parts}
    assert told == {"sure": (7.0, 7.0), "spread": (10.0, 16.81), "old": (5.0, 12.0)}
    (machine,) = plant.assets
    assert machine.downtime_cost_per_h == 90
    assert (machine.faults[0].repair_late_h, machine.faults[0].breakdown_hours) == (9.0, 30.0)


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("lead_time_days: 7", "lead_time_days: -7", "lead_time_days"),
        ("{typical: 10, spread: 1.5}", "{typical: 10}", "one of them"),
        ("{typical: 10, spread: 1.5}", "{typical: 10, spread: 0.5}", "spread"),
        ("{typical: 4, late: 16}", "{typical: 4, late: 1}", "less than typical"),
        ("repair_hours_late: 9", "repair_hours_late: 3", "less than repair_hours"),
        ("A: 1200", "A: -1", "downtime_per_h"),
    ],
)
def test_costs_and_lead_times_that_make_no_sense_are_told_with_their_line(was: str, becomes: str, told: str) -> None:
    with pytest.raises(Exception, match=told):
        parse_plant(FILE.replace(was, becomes), "f")


def test_a_part_on_hand_and_a_part_to_come_race_together() -> None:
    machine = replace(pump(), faults=(replace(pump().faults[0], parts=(PartLine("6205"), PartLine("seal"))),))
    plant = plant_of(machine, replace(BEARING, on_hand=1), Part("seal", "Seal", 3.0, 4.0))
    [made] = advise(assessment(), machine, plant)
    assert made.order_by_us == (made.start_by_us or 0) - 4 * US_PER_DAY
