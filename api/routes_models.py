"""Routes of models: versions, promotion, scorecard, what-if jobs, drift, retraining."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Path, Query, Response

from forewarn.api import views_models as views
from forewarn.api.auth import Caller
from forewarn.api.model_jobs import Job
from forewarn.api.models_desk import ModelsDesk
from forewarn.api.problems import Stale
from forewarn.api.routes_orders import Key, known_order, revision_of
from forewarn.api.schemas_models import (
    DriftPage,
    JobOut,
    LessonsOut,
    ModelDetail,
    ModelNameOut,
    ModelNew,
    ModelRow,
    PolicyOut,
    PromoteIn,
    RetrainingOut,
    ScorecardOut,
    StageIn,
    SuggestionOut,
    WhatIfIn,
    WhatIfOut,
)
from forewarn.api.state import Plantroom, Room
from forewarn.api.views import moment
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.model_cards import ModelEntry, Stage
from forewarn.pipeline.labels import labels_from
from forewarn.pipeline.scorecard import scorecard_of
from forewarn.pipeline.text_in_use import suggestion
from forewarn.pipeline.whatif_run import WhatIfRequest, policies

router = APIRouter(prefix="/api")
YEAR_US = 365 * US_PER_DAY
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""A version, or the number of a task: what the records can hold."""
Text = Annotated[str, Query(min_length=1, max_length=4000)]


def desk_of(room: Plantroom) -> ModelsDesk:
    """Where models are looked after, or 503 where there is no state folder."""
    if room.models is None:
        raise HTTPException(503, "This server keeps no models")
    return room.models


def known_version(desk: ModelsDesk, name: str, version: int) -> ModelEntry:
    """A version, or 404."""
    entry = desk.registry.book.entry(name, version)
    if entry is None:
        raise HTTPException(404, f"There is no version {version} of the model {name!r}")
    return entry


def us_of(at: datetime) -> int:
    """A time of a request in UTC microseconds. Raises Rejected for one without a zone."""
    if at.tzinfo is None:
        raise Rejected("time_without_zone", f"{at.isoformat()} has no zone: end it with Z")
    return round(at.timestamp() * 1e6)


@router.get("/models")
def get_models(room: Room, _: Caller, name: str | None = None, stage: Stage | None = None) -> list[ModelRow]:
    """Versions of all models, names ascending, newest first; of one name or stage when asked."""
    return [views.model_row(entry) for entry in desk_of(room).registry.book.entries(name, stage)]


@router.post("/models", status_code=201)
def post_model(body: ModelNew, room: Room, caller: Caller) -> ModelRow:
    """Register a version that `forewarn train` has put into the state folder of this server."""
    return views.model_row(desk_of(room).register(body.incoming, caller, room.now_us()))


@router.get("/models/{name}")
def get_model(name: str, room: Room, _: Caller) -> ModelNameOut:
    """One model with its versions and its record."""
    book = desk_of(room).registry.book
    entries = book.entries(name)
    if not entries:
        raise HTTPException(404, f"There is no model {name!r}")
    champion = next((entry.version for entry in entries if entry.stage is Stage.CHAMPION), None)
    rows = [views.model_row(entry) for entry in entries]
    return ModelNameOut(name=name, champion=champion, versions=rows, record=book.history(name))


@router.get("/models/{name}/{version}")
def get_version(name: str, version: Number, room: Room, _: Caller, response: Response) -> ModelDetail:
    """One version with its card. `ETag` is its revision."""
    return _told(desk_of(room), name, version, response)


@router.post("/models/{name}/{version}/promote")
def post_promote(
    name: str,
    version: Number,
    body: PromoteIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
    key: Key = None,
) -> ModelDetail:
    """Make a version the champion. 428 without `If-Match`, 412 when somebody changed it since, 409 when it is the
    champion already, 422 without a what-if report unless forced with a reason. The same Idempotency-Key with the same
    body answers again without acting again."""
    desk, revision = desk_of(room), revision_of(if_match)
    known_version(desk, name, version)
    if body.force and not body.reason.strip():
        raise Rejected("reason_needed", "who forces a promotion says why: give a `reason`")
    request = hashlib.sha256(f"{name}|{version}|{revision}|{body.model_dump_json()}".encode()).hexdigest()

    def act() -> tuple[int, str]:
        _fresh(desk, name, version, revision)
        forced = body.reason.strip() if body.force else ""
        desk.promote(name, version, caller, room.now_us(), revision, body.report_sha256, forced)
        return 200, f"{name}:{version}"

    if key is None:
        act()
    else:
        room.idempotent(key, caller.name, request, act)
    return _told(desk, name, version, response)


@router.post("/models/{name}/{version}/stage")
def post_stage(
    name: str,
    version: Number,
    body: StageIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
) -> ModelDetail:
    """Move a version into the shadow, back among the candidates, or into retirement; as `promote` else."""
    desk, revision = desk_of(room), revision_of(if_match)
    known_version(desk, name, version)
    _fresh(desk, name, version, revision)
    desk.move(name, version, Stage(body.stage), caller, room.now_us(), revision)
    return _told(desk, name, version, response)


@router.get("/scorecard")
def get_scorecard(room: Room, _: Caller, since: datetime | None = None, until: datetime | None = None) -> ScorecardOut:
    """How good the advices were, from finished orders; the last year when nothing else is said."""
    until_us = room.now_us() if until is None else us_of(until)
    since_us = until_us - YEAR_US if since is None else us_of(since)
    if since_us >= until_us:
        raise Rejected("scorecard_span", "the span ends before it begins")
    desk = room.models
    rate, costs = (desk.set_rate, desk.costs) if desk else (None, None)
    card = scorecard_of(room.orders, room.plant, since_us, until_us, room.assessments.watched_since().get, rate, costs)
    return views.scorecard(card)


@router.get("/lessons")
def get_lessons(room: Room, _: Caller) -> LessonsOut:
    """What findings taught the diagnosis, and by how much; each order is left out once. Takes seconds with many."""
    from forewarn.models.diagnosis.taught import what_taught

    return views.lessons(what_taught(labels_from(room.orders, room.plant, room.now_us())))


@router.get("/orders/{id}/suggestion")
def get_suggestion(id: str, text: Text, room: Room, _: Caller) -> SuggestionOut:
    """What words about an order speak of, to offer in a form: by the promoted reader of texts, else by a table."""
    order = known_order(room, id)
    asset = room.plant.asset(order.asset)
    if asset is None:
        raise HTTPException(404, f"{order.asset} is not in the plant file any more")
    reader = room.models.reader(asset, room.now_us()) if room.models else None
    return views.suggestion(suggestion(text, asset, reader))


@router.post("/whatif", status_code=202)
def post_whatif(body: WhatIfIn, room: Room, _: Caller) -> JobOut:
    """Queue a what-if run; ask for its job until it is done. Nothing is changed by it. 503 when too many wait."""
    until_us = room.now_us() if body.until is None else us_of(body.until)
    request = WhatIfRequest(
        us_of(body.since),
        until_us,
        body.every_h,
        body.false_alarms,
        body.threshold,
        body.policy,
        body.model,
        body.asset_class,
        tuple(body.assets),
    )
    return _job(desk_of(room).what_if(request, room.now_us()))


@router.get("/whatif/policies")
def get_policies(_: Caller) -> list[PolicyOut]:
    """Numbers that a what-if run may change, with their values of today."""
    return [PolicyOut(name=name, value=value) for name, value in sorted(policies().items())]


@router.get("/whatif/{sha256}")
def get_report(sha256: str, room: Room, _: Caller) -> WhatIfOut:
    """The report of a finished run."""
    report = desk_of(room).reports.get(sha256)
    if report is None:
        raise HTTPException(404, f"There is no what-if report {sha256!r}")
    return views.what_if(sha256, report, room.plant)


@router.get("/jobs")
def get_jobs(room: Room, _: Caller) -> list[JobOut]:
    """What-if runs and trainings since the start, newest first."""
    return [_job(job) for job in desk_of(room).jobs.jobs()]


@router.get("/jobs/{id}")
def get_job(id: str, room: Room, _: Caller) -> JobOut:
    """One job; ask again while it is queued or running."""
    job = desk_of(room).jobs.job(id)
    if job is None:
        raise HTTPException(404, f"There is no job {id!r} (any more)")
    return _job(job)


@router.delete("/jobs/{id}")
def delete_job(id: str, room: Room, _: Caller) -> JobOut:
    """Cancel a job. 409 when it is over already."""
    get_job(id, room, _)
    return _job(desk_of(room).jobs.cancel(id))


@router.get("/drift")
def get_drift(room: Room, _: Caller) -> DriftPage:
    """The newest look at every model in use, and what wants to be trained again."""
    desk = desk_of(room)
    looked_at = None if desk.looked_at_us is None else moment(desk.looked_at_us)
    tasks = [views.retraining(task) for task in desk.retraining.tasks()]
    return DriftPage(looked_at=looked_at, models=[views.drift(report) for report in desk.drift], tasks=tasks)


@router.get("/retraining")
def get_retraining(
    room: Room, _: Caller, open: bool = True, limit: Annotated[int, Query(ge=1, le=500)] = 200
) -> list[RetrainingOut]:
    """Retraining tasks, newest first; `open=false`: also closed ones."""
    return [views.retraining(task) for task in desk_of(room).retraining.tasks(open, limit)]


@router.post("/retraining/{id}/train", status_code=202)
def post_train(id: Number, room: Room, caller: Caller) -> JobOut:
    """Train the model of an open task again, in a process of its own; the new version is a candidate."""
    desk = desk_of(room)
    task = next((task for task in desk.retraining.tasks(limit=10_000) if task.id == id), None)
    if task is None:
        raise HTTPException(404, f"There is no open retraining task {id}")
    return _job(desk.train_again(task, caller, room.now_us))


def _fresh(desk: ModelsDesk, name: str, version: int, revision: int) -> None:
    entry = known_version(desk, name, version)
    if entry.revision != revision:
        raise Stale(f"{name}:{version} is at revision {entry.revision}, you sent {revision}")


def _told(desk: ModelsDesk, name: str, version: int, response: Response) -> ModelDetail:
    entry = known_version(desk, name, version)
    response.headers["ETag"] = f'"{entry.revision}"'
    return views.model_detail(entry, desk.reports.of_model(name, version))


def _job(job: Job) -> JobOut:
    return JobOut(
        id=job.id,
        kind=job.kind,
        state=job.state,
        progress=job.progress,
        doing=job.doing,
        created_at=moment(job.created_at_us),
        report=job.result.get("report"),
        trained=job.result.get("trained"),
        problem=job.problem,
    )
