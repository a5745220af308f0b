"""Job plans, results and lines of reports as plain JSON and back. What `plain` wrote, the functions here read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from forewarn.core.errors import Rejected
from forewarn.core.jobs import (
    Job,
    JobPlan,
    JobStep,
    LineKind,
    NewLine,
    Outcome,
    Photo,
    PlanRef,
    ReportLine,
    Safety,
    SignOff,
    StepKind,
    StepResult,
)
from forewarn.core.people import SkillNeed
from forewarn.core.plant import PartLine
from forewarn.core.work import Json, OrderKind


def bare(job: Job) -> Job:
    """The frozen part of a job: what was to be done, without what was done."""
    return replace(job, results=(), sign_offs=(), lines=())


def plan_of(body: Json) -> JobPlan:
    """A plan from its JSON. Raises Rejected for what a plan refuses and for a body of another shape."""
    try:
        told = dict(cast(dict[str, Any], body))
        return JobPlan(
            **{
                **told,
                "kinds": tuple(OrderKind(kind) for kind in told.get("kinds", ())),
                "steps": _steps(told.get("steps", ())),
                "skills": _skills(told.get("skills", ())),
                "tools": tuple(told.get("tools", ())),
                "parts": tuple(PartLine(**line) for line in told.get("parts", ())),
                "safety": _safety(told.get("safety") or {}),
                "photos": _photos(told.get("photos", ())),
            }
        )
    except (TypeError, ValueError, KeyError) as error:
        raise Rejected("plan_shape", f"this is no job plan: {error}") from error


def job_of(body: Json) -> Job:
    """The frozen part of a job from its JSON."""
    told = cast(dict[str, Any], body)
    return Job(
        plans=tuple(PlanRef(**ref) for ref in told["plans"]),
        steps=_steps(told["steps"]),
        skills=_skills(told["skills"]),
        tools=tuple(told["tools"]),
        safety=_safety(told["safety"]),
        photos=_photos(told["photos"]),
        other_cost=told["other_cost"],
    )


def result_of(body: Json) -> StepResult:
    """A result from its JSON."""
    told = cast(dict[str, Any], body)
    return StepResult(**{**told, "outcome": Outcome(told["outcome"]), "photos": _photos(told["photos"])})


def sign_off_of(body: Json) -> SignOff:
    """A sign-off from its JSON."""
    return SignOff(**cast(dict[str, Any], body))


def line_of(body: Json) -> ReportLine:
    """A line of a report from its JSON."""
    told = cast(dict[str, Any], body)
    line = told["line"]
    return ReportLine(**{**told, "line": NewLine(**{**line, "kind": LineKind(line["kind"])})})


def _steps(told: Sequence[dict[str, Any]]) -> tuple[JobStep, ...]:
    return tuple(JobStep(**{**step, **_kinds(step)}) for step in told)


def _kinds(step: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": StepKind(step.get("kind", StepKind.TASK)),
        "follow_up": OrderKind(step.get("follow_up", OrderKind.INSPECTION)),
    }


def _skills(told: Sequence[dict[str, Any]]) -> tuple[SkillNeed, ...]:
    return tuple(SkillNeed(**need) for need in told)


def _safety(told: dict[str, Any]) -> Safety:
    return Safety(**{**told, "permits": tuple(told.get("permits", ()))})


def _photos(told: Sequence[dict[str, Any]]) -> tuple[Photo, ...]:
    return tuple(Photo(**photo) for photo in told)
