"""People files, past success, walking order, opportunities of a stop, work lists of outages, jobs from orders."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.people import Contractor, SkillNeed, Technician
from forewarn.core.plant import Asset, FaultPlan, Part, PartLine, Plant, Site
from forewarn.core.shifts import Shift, ShiftPlan
from forewarn.core.work import Cause, OrderKind, Status, Verification, WorkOrder
from forewarn.maintenance.people.from_orders import MoreOfJob, due_by, jobs_of
from forewarn.maintenance.people.opportunities import (
    Outage,
    Stop,
    opportunities,
    outage_from,
    outage_json,
    work_list,
)
from forewarn.maintenance.people.people_file import people_of
from forewarn.maintenance.people.plain_people import person_from, person_json
from forewarn.maintenance.people.problem import Assignment, Job
from forewarn.maintenance.people.success import Repair, past_success, repairs_of
from forewarn.maintenance.people.walk import length_of, walking_order
from tests.maintenance.people.weeks import HOUR_US, MONDAY_US, at, person

MORNING = ShiftPlan(tuple(Shift(day, 360, 840) for day in range(5)))
ANN = Technician("ann", "Ann", {"mechanical": 3}, MORNING)
ROB = Technician(
    "rob", "Rob", {"electrical": 4}, MORNING, contractor=Contractor("R Ltd", None, frozenset({"preventive"}))
)
SPALL = Fault("bearing", "outer_race_spall")
ORDER = WorkOrder(
    "o1", "WO-000001", "p1", OrderKind.CONDITION, Status.APPR, 2, "Bearing", (Cause(SPALL, "VIB", {}, 0),),
    (PartLine("brg", 2),), (), 4.0, MONDAY_US, MONDAY_US, 1, start_by_us=at(30),
)  # fmt: skip
PLANT = Plant(
    "works",
    (Site("s", "S"),),
    (Asset("p1", "Pump", "pump", "s", "hall-1", faults=(FaultPlan(SPALL, "VIB", skills=("mechanical",)),)),),
    (Part("brg", "Bearing", 2, 5, on_hand=1),),
)


@settings(max_examples=30, deadline=None)
@given(person(1))
def test_a_person_is_read_back_as_written(one: Technician) -> None:
    assert person_from(person_json(one)) == one


YAML = """
people:
  ann:
    skills: {mechanical: 3}
    week: {mon-fri: ["06:00-14:00"], sat: "22:00-06:00"}
    timezone: Europe/Berlin
    holidays: [2026-12-25]
    absences: [{from: 2026-12-24, to: 2026-12-24, reason: leave}]
    contractor: {company: R Ltd, until: 2026-12-31, may_do: [preventive]}
"""


def test_a_people_file_is_read_with_days_in_the_time_zone_of_the_person() -> None:
    (ann,) = people_of(YAML, "yaml")
    (away,) = ann.absences
    assert (away.to_us - away.from_us) / HOUR_US == 24.0
    assert (len(ann.shifts.shifts), away.from_us % (24 * HOUR_US)) == (7, 23 * HOUR_US)
    assert ann.contractor is not None
    assert (ann.contractor.may("preventive"), ann.contractor.may("condition")) == (True, False)


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("people: {ann: {week: {monday: ['06:00-14:00']}}}", "yaml", "ann: 'monday' is no day; write mon"),
        ("people: {ann: {week: {mon: ['6-14']}}}", "yaml", "write 06:00-14:00"),
        ("people: {ann: {skill: {a: 1}, week: {mon: ['06:00-14:00']}}}", "yaml", "skill is not known"),
        ("people: {ann: {}}", "yaml", "has an id and a week"),
        ("people: [ann]", "yaml", "one entry for each id"),
        ("people: {", "yaml", "not YAML"),
        ("id,name,age\nann,Ann,5\n", "csv", "not known: age"),
        ("id,skills,week\nann,mechanical,mon 06:00-14:00\n", "csv", "line 2: write skills as mechanical:3"),
        ("id,week\nann,mon 06:00-14:00\nann,mon 06:00-14:00\n", "csv", "twice in the file: ann"),
        ("id,week\n", "csv", "names nobody"),
        ("x", "xlsx", "people files are yaml or csv"),
        ("people: {a: {week: {mon: ['06:00-14:00']}, timezone: Mars/Base}}", "yaml", "'Mars/Base' is no time zone"),
    ],
)
def test_a_people_file_that_is_wrong_says_where_and_what_to_write(text: str, kind: str, told: str) -> None:
    with pytest.raises(Rejected) as refused:
        people_of(text, kind)
    assert told in str(refused.value)


def test_an_absence_and_the_end_of_a_contract_cut_what_somebody_works() -> None:
    (ann,) = people_of(
        YAML.replace("2026-12-24, to: 2026-12-24", "2026-10-05T10:00+02:00, to: 2026-10-05T11:00+02:00"), "yaml"
    )
    monday = ann.windows(MONDAY_US, at(24))
    assert [((a - MONDAY_US) / HOUR_US, (b - MONDAY_US) / HOUR_US) for a, b in monday] == [(4, 8), (9, 12)]
    assert replace(ann, contractor=Contractor("R", at(6))).windows(MONDAY_US, at(24)) == [(at(4), at(6))]
    assert replace(ann, active=False).windows(MONDAY_US, at(24)) == []


def test_success_is_shrunk_to_the_mean_and_grows_with_what_was_verified() -> None:
    told = [Repair("ann", "VIB", True)] * 20 + [Repair("bob", "VIB", False)] * 20 + [Repair("eva", "VIB", False)]
    shares = past_success(told, ["zoe"])
    assert shares["ann", "VIB"] > shares["zoe", "VIB"] > shares["eva", "VIB"] > shares["bob", "VIB"]
    closed = replace(ORDER, status=Status.CLOSE, verification=Verification.PASSED)
    waived = replace(closed, id="o2", verification=Verification.WAIVED)
    crews = {"o1": ["ann", "bob"], "o2": ["ann"]}
    assert repairs_of([closed, waived, ORDER], crews) == [Repair("ann", "VIB", True), Repair("bob", "VIB", True)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=7))
def test_no_walk_is_shorter_than_the_one_that_is_told(spots: list[tuple[int, int]]) -> None:
    at_ = {str(n): spot for n, spot in enumerate(spots)}

    def apart(a: str, b: str) -> float:
        return float(abs(at_[a][0] - at_[b][0]) + abs(at_[a][1] - at_[b][1]))

    places = [str(n) for n in range(1, len(spots))]
    way = walking_order("0", places, apart)
    shortest = min(length_of("0", places, other, apart) for other in permutations(range(len(places))))
    assert sorted(way) == list(range(len(places)))
    assert length_of("0", places, way, apart) == shortest


def test_a_long_walk_visits_every_place_once_and_crosses_no_way_twice() -> None:
    places = [str(n * 7 % 20) for n in range(1, 20)]
    way = walking_order("0", places, lambda a, b: abs(int(a) - int(b)))
    assert sorted(way) == list(range(19))
    assert length_of("0", places, way, lambda a, b: abs(int(a) - int(b))) == 38


def test_a_stop_shows_what_fits_it_and_what_is_in_the_way_of_the_rest() -> None:
    jobs = [
        Job("fits", 2, 3, at(10), (SkillNeed("mechanical"),), asset="p1", windows=()),
        Job("late", 2, 1, at(5), (SkillNeed("mechanical"),), asset="p1"),
        Job("long", 5, 3, asset="p1"),
        Job("parts", 2, 3, asset="p1", ready_us=at(30)),
        Job("skill", 1, 3, needs=(SkillNeed("welding"),), asset="p1"),
        Job("contract", 1, 3, needs=(SkillNeed("electrical"),), asset="p1", kind="condition"),
        Job("other", 1, 3, asset="p2"),
        Job("two", 1, 3, crew=2, asset="p1", kind="condition"),
        Job("busy", 3, 3, needs=(SkillNeed("mechanical"),), asset="p1"),
    ]
    busy = [Assignment("elsewhere", ("ann",), at(8), at(9)), Assignment("fits", ("ann",), at(9), at(11))]
    found = opportunities(Stop(at(8), at(11), frozenset({"p1"})), jobs, [ANN, ROB], busy, {"late": at(20)})
    told = {one.job: one.why for one in found}
    assert [one.job for one in found if one.fits] == ["fits"]  # its own place in the schedule is not in its way
    assert told["fits"].startswith("Ann is free Mon 5 Oct 09:00 to 11:00")
    assert told["late"] == told["busy"] == "its people are not free long enough within the stop"
    assert told["long"] == "takes 5 h, the stop lasts 3 h"
    assert told["parts"].startswith("its parts come too late")
    assert told["skill"] == "nobody on shift who may do it has welding 1"
    assert told["contract"] == "nobody on shift who may do it has electrical 1"
    assert told["other"] == "p2 does not stand"
    assert told["two"] == "needs 2 people, 1 who may do it are on shift"


def test_what_would_be_latest_without_the_stop_stands_at_the_top() -> None:
    jobs = [Job(id, 1, priority, at(9)) for id, priority in (("soon", 2), ("late", 2), ("urgent", 1))]
    planned = {"soon": at(10), "late": at(60), "urgent": at(40)}
    found = opportunities(Stop(at(8), at(11)), jobs, [ANN], (), planned)
    assert [one.job for one in found] == ["urgent", "late", "soon"]


def test_the_work_list_of_an_outage_says_what_does_not_fit_beside_the_others() -> None:
    outage = Outage("spring", "Spring", at(6), at(10), orders=("a", "b", "c", "gone"))
    assert outage_from("spring", outage_json(outage)) == outage
    jobs = [Job("a", 3, 1, at(9)), Job("b", 3, 4, at(9)), Job("c", 6, 1), Job("d", 1, 1)]
    told = work_list(outage, jobs, [ANN])
    assert [(one.job, one.crew) for one in told.plan] == [("a", ("ann",))]
    assert told.misfits == ("b", "c", "gone")
    assert told.reasons["b"].startswith("no room")
    assert told.reasons["c"] == "takes 6 h, the stop lasts 4 h"
    assert told.reasons["gone"] == "is no open order"
    with pytest.raises(Rejected):
        Outage("", "x", 0, 1)
    with pytest.raises(Rejected):
        Stop(5, 5)


def test_an_approved_order_becomes_a_job_and_a_draft_does_not() -> None:
    waiting = replace(ORDER, id="o2", status=Status.WAPPR)
    (job,) = jobs_of([ORDER, waiting], PLANT, MONDAY_US)
    assert (job.hours, job.due_us, job.needs, job.place) == (4.0, at(34), (SkillNeed("mechanical", 1),), "hall-1")
    assert job.ready_us == MONDAY_US + 5 * 24 * HOUR_US  # one of two bearings is missing: late lead time
    known = MoreOfJob(2.0, 2, (SkillNeed("welding", 2),), at(5), at(3), ((at(6), at(9)),), at(20))
    (told,) = jobs_of([ORDER], PLANT, MONDAY_US, {"o1": known})
    assert (told.hours, told.crew, told.ready_us, told.windows, told.due_us) == (
        2.0,
        2,
        at(5),
        ((at(6), at(9)),),
        at(20),
    )
    (undated,) = jobs_of([replace(ORDER, start_by_us=None, parts=())], PLANT, MONDAY_US)
    assert (undated.due_us, undated.ready_us) == (due_by(2, MONDAY_US), 0)
