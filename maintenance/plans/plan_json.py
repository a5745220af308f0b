"""A plan as JSON: kept in the records, written by people as YAML, shown by the API. One form for all three.

`at` is the local time of day, `season` two days of the year: {"first": "11-01", "last": "03-31"}.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from forewarn.core.errors import Rejected
from forewarn.core.plans import (
    ConditionRule,
    Every,
    MeterRule,
    Plan,
    Season,
    Trial,
    TrialState,
    Trigger,
    Unit,
    Watch,
)
from forewarn.core.plant import PartLine
from forewarn.core.work import Json, OrderKind, Status
from forewarn.maintenance.evidence import plain, plain_object

PLAIN = ("id", "title", "asset_class", "component", "tolerance", "ahead_h", "route", "job_plan", "hours", "priority",
         "statutory", "cost", "failure_cost", "active", "revision")  # fmt: skip
LISTS = ("assets", "steps", "failure_modes")
KNOWN = (*PLAIN, *LISTS, "trigger", "kind", "open_as", "start", "at", "every", "meter", "condition", "season", "parts")


def plan_json(plan: Plan) -> Json:
    """Every field of a plan; what is not there is null."""
    season = plan.season
    return {
        **{name: getattr(plan, name) for name in PLAIN},
        **{name: list(getattr(plan, name)) for name in LISTS},
        "trigger": plan.trigger.value,
        "kind": plan.kind.value,
        "open_as": plan.open_as.value,
        "start": plan.start.isoformat(),
        "at": f"{plan.at_min // 60:02d}:{plan.at_min % 60:02d}",
        "every": plain(plan.every),
        "meter": plain(plan.meter),
        "condition": plain(plan.condition),
        "season": {"first": _day(season.first), "last": _day(season.last)} if season else None,
        "parts": plain(plan.parts),
    }


def plan_from(told: Mapping[str, Any]) -> Plan:
    """The inverse; what is missing or null is as usual. Raises Rejected "plan_field" for what is not understood.

    >>> plan_from({"id": "g", "title": "Grease", "trigger": "fixed", "start": "2026-01-05", "assets": ["p1"],
    ...            "every": {"count": 2, "unit": "weeks"}}).every
    Every(count=2, unit=<Unit.WEEKS: 'weeks'>)
    """
    unknown = sorted(set(told) - set(KNOWN))
    if unknown:
        raise Rejected("plan_field", f"a plan has no {', '.join(unknown)}; it has {', '.join(KNOWN)}")
    given = {name: value for name, value in told.items() if value is not None}
    try:
        fields: dict[str, Any] = {name: given[name] for name in PLAIN if name in given}
        fields |= {name: tuple(given[name]) for name in LISTS if name in given}
        for name, kind in (("trigger", Trigger), ("kind", OrderKind), ("open_as", Status)):
            if name in given:
                fields[name] = kind(given[name])
        for name, rule in (("meter", MeterRule), ("condition", ConditionRule)):
            if name in given:
                fields[name] = rule(**given[name])
        if "every" in given:
            fields["every"] = Every(int(given["every"]["count"]), Unit(given["every"]["unit"]))
        if "season" in given:
            fields["season"] = Season(_month_day(given["season"]["first"]), _month_day(given["season"]["last"]))
        if "at" in given:
            hours, _, minutes = str(given["at"]).partition(":")
            fields["at_min"] = int(hours) * 60 + int(minutes)
        fields["start"] = date.fromisoformat(str(given["start"]))
        fields["parts"] = tuple(PartLine(**line) for line in given.get("parts", ()))
        return Plan(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected(
            "plan_field", f"a plan as described in docs/explanation/preventive.md is expected: {error}"
        ) from error


def trial_json(trial: Trial) -> Json:
    """What a trial keeps beside its columns."""
    return {
        "before": plan_json(trial.before),
        "after": plan_json(trial.after),
        "watch": plain_object(trial.watch),
        "reason": trial.reason,
    }


def trial_from(
    id: int, plan: str, state: str, started_at_us: int, body: Json, ended_at_us: int | None, ended: str
) -> Trial:
    """A trial from its row."""
    told = cast(Any, body)
    watch = Watch(**{**told["watch"], "assets": tuple(told["watch"]["assets"])})
    before, after = plan_from(told["before"]), plan_from(told["after"])
    return Trial(id, plan, TrialState(state), before, after, watch, started_at_us, told["reason"], ended_at_us, ended)


def _day(place: tuple[int, int]) -> str:
    return f"{place[0]:02d}-{place[1]:02d}"


def _month_day(text: str) -> tuple[int, int]:
    month, _, day = str(text).partition("-")
    return int(month), int(day)
