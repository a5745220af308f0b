"""An advice as JSON and back: what is held back has to be opened later exactly as it was meant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from forewarn.core.faults import Fault
from forewarn.core.plant import PartLine
from forewarn.core.work import Advice, Decision, OrderKind
from forewarn.maintenance.evidence import canonical, plain


def advice_text(advice: Advice) -> str:
    """Canonical JSON of all fields."""
    told = {field.name: plain(getattr(advice, field.name)) for field in fields(advice)}
    return canonical({**told, "fault": str(advice.fault)})


def advice_of(text: str) -> Advice:
    """The inverse of `advice_text`.

    >>> kept = Advice("p1", Fault("seal", "leak"), "ELP", OrderKind.CONDITION, Decision.OPEN, "", 3, "Leak", 0,
    ...               {"a": 1}, slack_h=12.5)
    >>> advice_of(advice_text(kept)) == kept
    True
    """
    told: Mapping[str, Any] = json.loads(text)
    rebuilt = {
        "fault": Fault.parse(told["fault"]),
        "kind": OrderKind(told["kind"]),
        "decision": Decision(told["decision"]),
        "parts": tuple(PartLine(line["part"], line["quantity"]) for line in told["parts"]),
        "steps": tuple(told["steps"]),
    }
    return Advice(**{**told, **rebuilt})
