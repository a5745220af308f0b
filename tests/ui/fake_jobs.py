"""The work of an order in the fake interface: steps with results, the report, other departments, verification."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse

from forewarn.api.schemas import OrderDetail
from forewarn.api.schemas_jobs import (
    CostsOut,
    JobStepOut,
    LineOut,
    LinesIn,
    OrderJobOut,
    ResultIn,
    ResultOut,
    SafetyIO,
    SignOffIn,
    SkillIO,
    StepIO,
)
from forewarn.api.schemas_stock import OrderStockOut
from forewarn.api.schemas_work import ComparedOut, ComparisonOut, StepOut, StepsIn, StepsOut, VerificationOut
from tests.ui.fake_telemetry import problem

if TYPE_CHECKING:
    from tests.ui.fake_api import FakePlant

PLANNED = (
    StepIO(id="isolate", text="Isolate the drive and prove it dead", sign_off=True),
    StepIO(id="gap", text="Measure the clearance", kind="measure", unit="mm", low=0.05, high=0.25),
    StepIO(id="run", text="Look at the seal after a test run", kind="quality", required=False),
)


@dataclass
class FakeJobs:
    """Results and lines by order; `now` is the plant's time, `person` who tells them."""

    now: datetime
    person: str = "planner"
    results: dict[tuple[str, str], ResultOut] = field(default_factory=dict)
    lines: dict[str, list[LineOut]] = field(default_factory=dict)
    asked: dict[str, list[StepOut]] = field(default_factory=dict)

    def of(self, order: OrderDetail) -> OrderJobOut:
        steps = PLANNED if order.number == "WO-000003" else _plain(order)
        told = [self._step(order, step) for step in steps]
        lines = self.lines.get(order.id, [])
        spent = {kind: sum(line.amount for line in lines if line.stands and line.kind == kind) for kind in _COSTING}
        return OrderJobOut(
            order=order.id, revision=order.revision, status=order.status, plans=[], steps=told,
            open_steps=[step.id for step in told if step.required and step.result is None], unsigned=[],
            skills=[SkillIO(skill="mechanical", level=2)], tools=["feeler gauge"],
            safety=SafetyIO(loto=True, permits=["hot work"]), photos=[], lines=lines, codes={}, codes_asked=[],
            usual_codes={}, needs_approval="", follows=None, follow_ups=[],
            costs=CostsOut(
                currency="EUR", labour=spent["labour"], parts=spent["part"], other=spent["cost"],
                total=sum(spent.values()), hours=0.0, planned=order.planned_cost, approved=None, approved_by=None,
            ),
        )  # fmt: skip

    def _step(self, order: OrderDetail, step: StepIO) -> JobStepOut:
        result = self.results.get((order.id, step.id))
        follow_up = "WO-000009" if result is not None and result.outside else None
        return JobStepOut(**step.model_dump(), result=result, follow_up_order=follow_up)

    def tell(self, order: OrderDetail, step: str, told: ResultIn) -> None:
        planned = next(one for one in PLANNED if one.id == step)
        value = told.value if told.value is not None else planned.low
        outside = planned.unit != "" and not (planned.low or 0) <= (value or 0) <= (planned.high or 0)
        self.results[order.id, step] = ResultOut(
            seq=1, outcome=told.outcome, value=told.value, unit=told.unit, outside=outside, note=told.note, photos=[],
            by=self.person, told_by=self.person, at=self.now, signed_by=None, signed_at=None,
        )  # fmt: skip

    def report(self, order: OrderDetail, told: LinesIn) -> None:
        lines = self.lines.setdefault(order.id, [])
        for line in told.lines:
            kept = [old.model_copy(update={"stands": old.stands and old.seq != line.corrects}) for old in lines]
            made = LineOut(
                **line.model_dump(exclude={"currency"}), currency="EUR", amount=line.quantity * line.unit_cost,
                seq=len(lines) + 1, stands=True, by=self.person, at=self.now,
            )  # fmt: skip
            lines[:] = [*kept, made]

    def departments(self, order: OrderDetail) -> StepsOut:
        steps = self.asked.get(order.id, [])
        late = [step for step in steps if step.done_at is None]
        return StepsOut(
            order=order.id, number=order.number, start_by=order.start_by,
            earliest_start=late[0].due if late else self.now,
            late_h=9.0 if late else 0.0, can_start=not late, waits_in="WMATL" if late else None,
            reason="waits for purchasing: deliver the bearing" if late else "", steps=steps,
        )  # fmt: skip

    def ask(self, order: OrderDetail) -> None:
        self.asked[order.id] = [
            StepOut(
                id=1, order=order.id, department="purchasing", what="deliver the bearing", owner="Ute", required=True,
                due=self.now + timedelta(days=6), asked_at=self.now, done_at=None, done_by=None, dropped_at=None,
                note="", slipped=True, revision=1,
            )
        ]  # fmt: skip

    def verification(self, order: OrderDetail) -> VerificationOut:
        signal = ComparedOut(
            signal="vib_de:rms", unit="m/s^2", carried=True, healthy=2.1, before=6.4, after=2.2, limit=3.5,
            before_ratio=1.8, after_ratio=0.63, hours=20.0, points=40, other_points=2, abnormal=False,
        )  # fmt: skip
        seen = ComparisonOut(
            result="pending", reason="20 of 24 h at comparable load are seen, all within limits", at=self.now,
            seen_h=20.0, needed_h=24.0, health_before=22.0, health_after=96.0, signals=[signal],
        )  # fmt: skip
        return VerificationOut(
            order=order.id, number=order.number, verification="pending", now=seen, concluded=[], follows=None,
            follow_ups=[],
        )  # fmt: skip


_COSTING: tuple[Literal["labour", "part", "cost"], ...] = ("labour", "part", "cost")


def _plain(order: OrderDetail) -> tuple[StepIO, ...]:
    return tuple(StepIO(id=f"step-{n}", text=text) for n, text in enumerate(order.steps, 1))


def job_routes(app: FastAPI, plant: FakePlant) -> None:
    jobs = plant.jobs

    def changed(ref: str, if_match: str) -> OrderDetail | JSONResponse:
        order = plant.order(ref)
        if order is None:
            return problem(404, "Not Found")
        if if_match != f'"{order.revision}"':
            return problem(412, "Changed meanwhile", f"{order.number} is at revision {order.revision}")
        plant.change(ref, revision=order.revision + 1)
        return plant.order(ref) or order

    @app.get("/api/orders/{ref}/job", response_model=OrderJobOut)
    def get_job(ref: str) -> OrderJobOut | JSONResponse:
        order = plant.order(ref)
        return jobs.of(order) if order else problem(404, "Not Found")

    @app.post("/api/orders/{ref}/steps/{step}", response_model=OrderJobOut)
    def post_step(ref: str, step: str, body: ResultIn, if_match: str = Header()) -> OrderJobOut | JSONResponse:
        order = changed(ref, if_match)
        if isinstance(order, JSONResponse):
            return order
        jobs.tell(order, step, body)
        return jobs.of(order)

    @app.post("/api/orders/{ref}/steps/{step}/sign-off", response_model=OrderJobOut)
    def post_sign_off(ref: str, step: str, body: SignOffIn, if_match: str = Header()) -> OrderJobOut | JSONResponse:
        order = changed(ref, if_match)
        if isinstance(order, JSONResponse):
            return order
        result = jobs.results[order.id, step]
        jobs.results[order.id, step] = result.model_copy(update={"signed_by": "planner", "signed_at": jobs.now})
        return jobs.of(order)

    @app.post("/api/orders/{ref}/report", response_model=OrderJobOut)
    def post_report(ref: str, body: LinesIn, if_match: str = Header()) -> OrderJobOut | JSONResponse:
        order = changed(ref, if_match)
        if isinstance(order, JSONResponse):
            return order
        jobs.report(order, body)
        return jobs.of(order)

    @app.get("/api/orders/{ref}/departments", response_model=StepsOut)
    def get_departments(ref: str) -> StepsOut | JSONResponse:
        order = plant.order(ref)
        return jobs.departments(order) if order else problem(404, "Not Found")

    @app.post("/api/orders/{ref}/departments", response_model=StepsOut)
    def post_departments(ref: str, body: StepsIn) -> StepsOut | JSONResponse:
        order = plant.order(ref)
        if order is None or not body.usual:
            return problem(422, "Nothing asked")
        jobs.ask(order)
        return jobs.departments(order)

    @app.post("/api/department-steps/{id}/done")
    def post_done(id: int) -> StepOut:
        for steps in jobs.asked.values():
            steps[:] = [s.model_copy(update={"done_at": jobs.now, "done_by": "planner"}) for s in steps]
        return next(step for steps in jobs.asked.values() for step in steps if step.id == id)

    @app.get("/api/stock/orders/{ref}", response_model=OrderStockOut)
    def get_order_stock(ref: str) -> OrderStockOut | JSONResponse:
        order = plant.order(ref)
        if order is None:
            return problem(404, "Not Found")
        return OrderStockOut(
            order=order.id, number=order.number, status=order.status, reservations=[], in_hand={}, moves=[]
        )

    @app.get("/api/orders/{ref}/verification", response_model=VerificationOut)
    def get_verification(ref: str) -> VerificationOut | JSONResponse:
        order = plant.order(ref)
        return jobs.verification(order) if order else problem(404, "Not Found")
