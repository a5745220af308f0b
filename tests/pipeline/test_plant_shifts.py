"""`shifts:` in the plant file, and the dates of an advice that are counted through them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.shifts import Shift
from forewarn.maintenance.advice.numbers import Inputs, numbers
from forewarn.pipeline.plant_file import PlantFileError, parse_plant, plant_json_schema

BASE = """
plant: P
sites:
  here:
    timezone: Europe/Berlin
    shifts:
      week: {mon-fri: ["06:00-14:00", "14:00-22:00"], sat: ["22:00-06:00"]}
      holidays: ["2026-12-25"]
      stops: [{first: "2026-08-03", last: "2026-08-16"}]
templates:
  night: {class: pump, shifts: {week: {sun-mon: ["22:00-24:00"]}}}
assets:
  usual: {class: pump, area: a}
  own: {class: pump, area: a, shifts: {week: {wed: ["00:00-24:00"]}}}
  of_template: {template: night, area: a}
"""


def us(year: int, month: int, day: int, hour: int) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp() * 1e6)


def test_an_asset_takes_its_own_shifts_then_those_of_its_template_then_those_of_its_site() -> None:
    plant = parse_plant(BASE)
    usual, own, of_template = (asset.shifts for asset in plant.assets)
    assert usual is not None
    assert own is not None
    assert of_template is not None
    assert usual.hours_per_week == 5 * 16 + 8
    assert Shift(6, 0, 360) in usual.shifts, "Saturday night goes on on Sunday"
    assert usual.holidays == {date(2026, 12, 25)}
    assert usual.stops == ((us(2026, 8, 2, 22), us(2026, 8, 16, 22)),), "whole days of Berlin, the last one included"
    assert own.shifts == (Shift(2, 0, 1_440),)
    assert of_template.shifts == (Shift(6, 1_320, 1_440), Shift(0, 1_320, 1_440))
    assert str(own.zone) == "Europe/Berlin"


def test_a_plant_without_shifts_has_none() -> None:
    plant = parse_plant("plant: P\nsites: {here: {}}\nassets: {p: {class: pump, area: a}}\n")
    assert plant.assets[0].shifts is None


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("mon-fri", "mon-fry", "mon-fry"),
        ("06:00-14:00", "6-14", "week"),
        ("06:00-14:00", "06:00-25:00", "week"),
        ('"2026-12-25"', '"2026-02-30"', "there is no day 2026-02-30"),
        ('last: "2026-08-16"', 'last: "2026-08-01"', "before first"),
        ('{wed: ["00:00-24:00"]}', "{wed: []}", "no shift is given"),
        ("holidays:", "holydays:", "did you mean holidays"),
    ],
)
def test_a_mistake_is_said_at_its_place(written: str, instead: str, said: str) -> None:
    with pytest.raises(PlantFileError) as refused:
        parse_plant(BASE.replace(written, instead, 1))
    assert said in str(refused.value)
    assert "shifts" in str(refused.value)


def test_the_schema_for_editors_knows_shifts() -> None:
    schema = plant_json_schema()
    assert "shifts" in schema["$defs"]["SiteEntry"]["properties"]
    assert "shifts" in schema["$defs"]["AssetEntry"]["properties"]


FORECAST = Inputs(us(2026, 10, 2, 10), "A", 16.0, 4.0, (0.1, 0.5, 0.9), (10.0, 12.0, 26.0))


def test_dates_are_counted_through_the_shifts_and_not_through_the_weekend() -> None:
    plan = parse_plant(BASE).assets[0].shifts
    assert plan is not None
    week = replace(plan, shifts=tuple(s for s in plan.shifts if s.weekday < 5))
    calendar = tuple(week.calendar_hours(FORECAST.at_us, np.array(FORECAST.hours)).tolist())
    found = numbers(replace(FORECAST, calendar=calendar))
    assert calendar == (10.0, 68.0, 82.0), "Friday noon in Berlin, Monday 8:00, Monday 22:00"
    assert found.start_by_us == FORECAST.at_us + 6 * US_PER_HOUR
    without = numbers(FORECAST)
    assert without.start_by_us == FORECAST.at_us + 11 * US_PER_HOUR


def test_evidence_from_before_there_were_shifts_gives_the_same_numbers_as_then() -> None:
    kept = {
        "at_us": 0, "criticality": "A", "operating_hours_per_day": 12.0, "repair_hours": 24.0,
        "levels": [0.1, 0.5, 0.9], "hours": [120.0, 200.0, 400.0],
        "leads": [{"part": "6205", "p50_days": 5.0, "p90_days": 7.0}],
    }  # fmt: skip
    found = numbers(Inputs.from_json(kept))
    assert found.start_by_us == 9 * 24 * US_PER_HOUR
    assert found.order_by_us == 2 * 24 * US_PER_HOUR
