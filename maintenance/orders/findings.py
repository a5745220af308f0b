"""What was found, as told when an order is completed or closed: the keys of a report that models learn from. Pure.

| key | value |
|---|---|
| `finding` | `confirmed`, `partly` or `not_found`: against what the order had advised |
| `fault_found` | `component:mechanism` of what was there instead |
| `failure_mode_found` | an ISO 14224 code of `core.faults.FAILURE_MODES` |
| `part_used` | the part that the repair took |
| `text` | the technician's own words |

A report without them is valid and tells nothing. `finding_at_us` is written by the book: from then on it is known.
"""

from __future__ import annotations

from collections.abc import Iterable

from forewarn.core.errors import Rejected
from forewarn.core.faults import FAILURE_MODES, MECHANISMS, Fault
from forewarn.core.labels import Finding
from forewarn.core.work import Json, Status, WorkOrder

KEYS = ("finding", "fault_found", "failure_mode_found", "part_used", "text")
NOTED_AT = "finding_at_us"
TOLD_WITH = (Status.COMP, Status.CLOSE)
TEXT_LIMIT = 4_000


def checked_finding(order: WorkOrder, status: Status, report: Json, at_us: int) -> Json:
    """The report, with the moment noted when it holds a finding.

    Raises Rejected for words that are not known (the sentence says which are), a finding told with another step than
    completing or closing, more about a finding that is not told, and a finding that contradicts the fault found.
    """
    if NOTED_AT in report:
        raise Rejected("finding_time_given", f"{NOTED_AT} is noted by the book; leave it out")
    told = {key: report[key] for key in KEYS if report.get(key) is not None}
    if not told:
        return report
    for key, value in told.items():
        if not isinstance(value, str) or not value.strip() or len(value) > TEXT_LIMIT:
            raise Rejected("finding_no_text", f"{key} is a text of 1 to {TEXT_LIMIT} letters")
    if "finding" not in told:
        if told.keys() - {"text"}:
            raise Rejected("finding_missing", f"{_listed(told)} goes with a finding: {_listed(Finding)}")
        return report
    if status not in TOLD_WITH:
        raise Rejected("finding_too_early", f"a finding is told with {_listed(TOLD_WITH)}, not with {status}")
    _check_words(order, {key: str(value) for key, value in told.items()})
    return {**report, NOTED_AT: at_us}


def without_finding(report: Json) -> Json:
    """A report whose order is taken up again: what was found is told anew."""
    return {key: value for key, value in report.items() if key not in (*KEYS, NOTED_AT)}


def _check_words(order: WorkOrder, told: dict[str, str]) -> None:
    if told["finding"] not in list(Finding):
        raise Rejected("unknown_finding", f"a finding is {_listed(Finding)}, not {told['finding']!r}")
    mode = told.get("failure_mode_found")
    if mode is not None and mode not in FAILURE_MODES:
        raise Rejected("unknown_failure_mode", f"there is no failure mode {mode!r}; known are {_listed(FAILURE_MODES)}")
    if "fault_found" in told:
        _check_fault(order, Finding(told["finding"]), told["fault_found"])


def _check_fault(order: WorkOrder, finding: Finding, text: str) -> None:
    try:
        fault = Fault.parse(text)
    except ValueError as error:
        raise Rejected("unknown_fault", str(error)) from error
    if fault.mechanism not in MECHANISMS:
        raise Rejected("unknown_fault", f"there is no mechanism {fault.mechanism!r}; known are {_listed(MECHANISMS)}")
    advised = any(cause.fault == fault for cause in order.causes)
    if finding is Finding.CONFIRMED and not advised:
        raise Rejected("finding_contradicts", f"{fault} was not advised: the finding is partly or not_found")
    if finding is Finding.NOT_FOUND and advised:
        raise Rejected("finding_contradicts", f"{fault} was advised: the finding is confirmed or partly")


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
