"""What was found, as told when an order is completed or closed: the keys of a report that models learn from. Pure.

| key | value |
|---|---|
| `finding` | `confirmed`, `partly` or `not_found`: against what the order had advised |
| `fault_found` | `component:mechanism` of what was there instead |
| `failure_mode_found` | ISO 14224 failure mode, of `core.faults.FAILURE_MODES` |
| `failure_mechanism`, `failure_cause` | ISO 14224 codes of `core.failure_codes` |
| `detection_method`, `activity` | likewise |
| `part_used` | the part that the repair took |
| `text` | the technician's own words |

Who completes a repair (`CODED_KINDS`) tells the codes. Where no fault was found, `finding` says so and neither mode nor
mechanism nor cause is asked for. A finding itself may be left out: then the order teaches nothing. `finding_at_us` is
written by the book: from then on it is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from forewarn.core.errors import Rejected
from forewarn.core.failure_codes import ACTIVITIES, DETECTION_METHODS, FAILURE_CAUSES, FAILURE_MECHANISMS, code_of
from forewarn.core.faults import FAILURE_MODES, MECHANISMS, Fault
from forewarn.core.labels import Finding
from forewarn.core.work import Json, OrderKind, Status, WorkOrder

KEYS = ("finding", "fault_found", "part_used", "text")
CODES: dict[str, Mapping[str, str]] = {
    "failure_mode_found": FAILURE_MODES,
    "failure_mechanism": FAILURE_MECHANISMS,
    "failure_cause": FAILURE_CAUSES,
    "detection_method": DETECTION_METHODS,
    "activity": ACTIVITIES,
}
"""Keys of a report that hold an ISO 14224 code, with the table of each."""

OF_A_FAULT = ("failure_mode_found", "failure_mechanism", "failure_cause")
"""Codes that are not asked for where no fault was found."""

CODED_KINDS = (OrderKind.CONDITION, OrderKind.CORRECTIVE, OrderKind.EMERGENCY)
"""Orders that are not completed without their codes."""

NOTED_AT = "finding_at_us"
TOLD_WITH = (Status.COMP, Status.CLOSE)
TEXT_LIMIT = 4_000
BOOKS_OWN = ("breakdowns", "raised")
"""Keys of a report that say why the order was raised."""


def checked_finding(order: WorkOrder, status: Status, report: Json, at_us: int) -> Json:
    """The report, with the moment noted when it holds a finding.

    Raises Rejected for words that are not known (the sentence says which are), a finding told with another step than
    completing or closing, skipped steps with another step than completing, more about a finding that is not told, a
    finding that contradicts the fault found, keys that are the book's own, and a repair completed without its codes.
    """
    if NOTED_AT in report:
        raise Rejected("finding_time_given", f"{NOTED_AT} is noted by the book; leave it out")
    if kept := [key for key in BOOKS_OWN if key in report]:
        raise Rejected("report_key", f"{_listed(kept)}: written by the book alone; give your own key another name")
    if "skipped" in report:  # taken out before, where the order is completed
        raise Rejected("skipped_too_early", f"skipped steps are told with {Status.COMP}, not with {status}")
    _check_codes(status, report)
    noted = _noted(order, status, report, at_us)
    missing = [key for key in codes_asked(order, report) if report.get(key) is None]
    if status is Status.COMP and missing:
        raise Rejected(
            "codes_missing",
            f"{order.number} is a {order.kind} order: it is completed with {_listed(missing)} (ISO 14224); where"
            " nothing was wrong, the finding is not_found",
        )
    return noted


def _noted(order: WorkOrder, status: Status, report: Json, at_us: int) -> Json:
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
    return {key: value for key, value in report.items() if key not in (*KEYS, *CODES, NOTED_AT)}


def codes_asked(order: WorkOrder, report: Json) -> tuple[str, ...]:
    """Codes that the order is completed with: none for work that mends nothing, not those of a fault where there was
    none.

    >>> nothing: Json = {"finding": "not_found"}
    >>> [no_fault_found(nothing), no_fault_found({**nothing, "fault_found": "coupling:misalignment"})]
    [True, False]
    """
    if order.kind not in CODED_KINDS:
        return ()
    return tuple(key for key in CODES if not (key in OF_A_FAULT and no_fault_found(report)))


def no_fault_found(report: Json) -> bool:
    """Was nothing wrong? The advised fault was not there, and no other was named."""
    return report.get("finding") == Finding.NOT_FOUND and not report.get("fault_found")


def usual_codes(order: WorkOrder, report: Json | None = None) -> Json:
    """What a form fills in beforehand: codes that the order itself knows. `failure_cause` and `activity` are the
    technician's alone.

    The fault is the one that was found, else the first cause of the order; condition orders were detected by continuous
    monitoring, emergencies by what production felt.
    """
    named = (report or {}).get("fault_found")
    fault = Fault.parse(str(named)) if named else (order.causes[0].fault if order.causes else None)
    mechanism = MECHANISMS.get(fault.mechanism) if fault else None
    known: Json = {}
    if named is None and order.causes:
        known["failure_mode_found"] = order.causes[0].failure_mode
    elif mechanism is not None:
        known["failure_mode_found"] = mechanism.mode
    if mechanism is not None:
        known["failure_mechanism"] = code_of(mechanism.iso_mechanism)
    method = {OrderKind.CONDITION: "6", OrderKind.EMERGENCY: "7"}.get(order.kind)
    return {**known, **({"detection_method": method} if method else {})}


def _check_codes(status: Status, report: Json) -> None:
    told = {key: report[key] for key in CODES if report.get(key) is not None}
    if told and status not in TOLD_WITH:
        raise Rejected("finding_too_early", f"{_listed(told)}: told with {_listed(TOLD_WITH)}, not with {status}")
    for key, code in told.items():
        if not isinstance(code, str) or code not in CODES[key]:
            known = "; ".join(f"{number} {words}" for number, words in CODES[key].items())
            slug = "unknown_failure_mode" if key == "failure_mode_found" else "unknown_code"
            raise Rejected(slug, f"there is no {key} {code!r}; known are {known}")


def _check_words(order: WorkOrder, told: dict[str, str]) -> None:
    if told["finding"] not in list(Finding):
        raise Rejected("unknown_finding", f"a finding is {_listed(Finding)}, not {told['finding']!r}")
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
