"""A job plan, people, prices, and orders that are worked on: what the contracts of order books share."""

from __future__ import annotations

from forewarn.core.jobs import (
    Job,
    JobPlan,
    JobStep,
    NewResult,
    Photo,
    Safety,
    StepKind,
    Worked,
)
from forewarn.core.people import SkillNeed
from forewarn.core.plant import PartLine
from forewarn.core.ports import Actor
from forewarn.core.work import OrderKind, Status, WorkOrder
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.maintenance.orders.costs import CostLimit, CostRules, House
from tests.maintenance.samples import ANN, NOW_US, advice, hours

Book = MemoryOrderBook | OrderBookSql

BEN, EVE = Actor("ben", "technician"), Actor("eve", "manager")
PLAN = JobPlan(
    "bearing-change",
    "Change the bearing",
    mechanism="outer_race_spall",
    steps=(
        JobStep("isolate", "Lock out and tag", hours=0.5),
        JobStep("gap", "Measure the clearance", StepKind.MEASURE, unit="mm", low=0.05, high=0.25, sign_off=True),
        JobStep("turn", "Does the shaft turn freely?", StepKind.QUALITY, follow_up=OrderKind.CORRECTIVE),
        JobStep("paint", "Touch up the paint", required=False),
    ),
    hours=6.0,
    skills=(SkillNeed("mechanical", 2),),
    tools=("puller",),
    parts=(PartLine("6205", 2),),
    safety=Safety(loto=True, permits=("hot work",)),
    photos=(Photo("drawing.pdf", "a" * 64),),
    other_cost=100.0,
)


class Prices:
    def asset_class(self, asset: str) -> str:
        return "pump"

    def part_price(self, part: str) -> float:
        return {"6205": 40.0}.get(part, 0.0)


LIMITS = (CostLimit("planner", 500.0), CostLimit("manager", None))
PLANT = House(CostRules("CHF", 60.0, LIMITS), Prices())


def opened(book: Book) -> WorkOrder:
    order = book.advise(advice()).order
    assert order is not None
    return order


def job_of(book: Book, order: WorkOrder) -> Job:
    job = book.job(order.id)
    assert job is not None
    return job


def at_work(book: Book) -> WorkOrder:
    """An order with the plan, in progress."""
    book.save_plan(PLAN, ANN, NOW_US)
    order = opened(book)
    for status in (Status.APPR, Status.INPRG):
        order = book.act(order.id, status, EVE, order.revision, NOW_US)
    return order


def told(book: Book, order: WorkOrder, *results: NewResult, actor: Actor = BEN) -> Worked:
    for result in results:
        done = book.step_done(order.id, result, actor, order.revision, NOW_US + hours(1))
        order = done.order
    return done


ALL_GOOD = (NewResult("isolate"), NewResult("gap", value=0.1), NewResult("turn"))
