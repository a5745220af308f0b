"""Demands, policies and reviews as JSON objects, as they are kept, and back."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from forewarn.core.demand import CauseKind, PartDemand, Trace, Window
from forewarn.core.work import Json
from forewarn.maintenance.demand.leads import LeadTime
from forewarn.maintenance.demand.reorder import Policy, Terms
from forewarn.maintenance.demand.review import Reviewed, Standing, Step
from forewarn.maintenance.demand.traces import Moved
from forewarn.maintenance.evidence import plain, plain_object


def demand_json(demand: PartDemand) -> Json:
    """A demand with its chances and traces."""
    return {
        "part": demand.part,
        "at_us": demand.at_us,
        "window_days": plain(demand.window.days),
        "chances": plain(demand.chances),
        "traces": plain(demand.traces),
    }


def demand_from(kept: Json) -> PartDemand:
    """The inverse of `demand_json`."""
    told = cast(dict[str, Any], kept)
    traces = tuple(Trace(**{**trace, "kind": CauseKind(trace["kind"])}) for trace in told["traces"])
    window, chances = Window(np.array(told["window_days"], np.float64)), np.array(told["chances"], np.float64)
    return PartDemand(told["part"], told["at_us"], window, chances, traces)


def standing_json(standing: Standing) -> Json:
    """A policy with what it rests on."""
    return {
        "at_us": standing.at_us,
        "terms": plain(standing.terms),
        "lead": plain(standing.lead),
        "demand": demand_json(standing.demand),
        "year": demand_json(standing.year),
        "policy": plain(standing.policy),
    }


def standing_from(kept: Json) -> Standing:
    """The inverse of `standing_json`."""
    told = cast(dict[str, Any], kept)
    return Standing(
        told["at_us"],
        Terms(**told["terms"]),
        LeadTime(**told["lead"]),
        demand_from(told["demand"]),
        demand_from(told["year"]),
        Policy(**{**told["policy"], "reasons": tuple(told["policy"]["reasons"])}),
    )


def reviewed_json(line: Reviewed) -> Json:
    """A line of a review."""
    return {
        "before": None if line.before is None else standing_json(line.before),
        "after": standing_json(line.after),
        "steps": [plain_object(step) for step in line.steps],
        "text": line.text,
    }


def reviewed_from(kept: Json) -> Reviewed:
    """The inverse of `reviewed_json`."""
    told = cast(dict[str, Any], kept)
    before = None if told["before"] is None else standing_from(told["before"])
    steps = tuple(Step(**{**step, "moved": tuple(_moved(one) for one in step["moved"])}) for step in told["steps"])
    return Reviewed(before, standing_from(told["after"]), steps, told["text"])


def _moved(told: dict[str, Any]) -> Moved:
    return Moved(**{**told, "kind": CauseKind(told["kind"])})
