"""What is told when an order is completed: known words only, nothing that contradicts itself; silence is allowed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.errors import Rejected
from forewarn.core.failure_codes import FAILURE_MECHANISMS, code_of
from forewarn.core.faults import MECHANISMS
from forewarn.core.work import Json, Status
from forewarn.maintenance.orders.findings import codes_asked, usual_codes
from forewarn.maintenance.orders.rules import KeptOrder, opened, stepped
from tests.maintenance.samples import CODES, IMBALANCE, NOW_US, SPALL, advice, hours

DONE_US = NOW_US + hours(30)


def in_progress() -> KeptOrder:
    kept = opened(advice(), "id-1", "WO-000001", None)
    return replace(kept, order=replace(kept.order, status=Status.INPRG))


def completed(report: Json | None, status: Status = Status.COMP) -> Json:
    report = {**CODES, **(report or {})} if status is Status.COMP else report
    told = stepped(in_progress(), status, 1, DONE_US, report).order.report
    return {key: value for key, value in told.items() if CODES.get(key) != value}


@pytest.mark.parametrize(
    "told",
    [
        {"finding": "confirmed"},
        {"finding": "confirmed", "fault_found": str(SPALL), "part_used": "6205", "text": "spalled outer ring"},
        {"finding": "partly", "fault_found": str(IMBALANCE), "failure_mode_found": "PDE"},
        {"finding": "not_found"},
    ],
)
def test_a_finding_is_kept_with_the_moment_from_which_it_is_known(told: Json) -> None:
    assert completed({"note": "done", **told}) == {"note": "done", **told, "finding_at_us": DONE_US}


@pytest.mark.parametrize("report", [None, {}, {"note": "done"}, {"text": "cleaned"}, {"finding": None}])
def test_a_report_without_a_finding_is_valid_and_tells_nothing(report: Json | None) -> None:
    assert "finding_at_us" not in completed(report)


@pytest.mark.parametrize(
    ("told", "reason", "says"),
    [
        ({"finding": "yes"}, "unknown_finding", "confirmed, partly, not_found"),
        ({"finding": "partly", "failure_mode_found": "BAD"}, "unknown_failure_mode", "VIB"),
        ({"finding": "partly", "fault_found": "de_bearing"}, "unknown_fault", "component:mechanism"),
        ({"finding": "partly", "fault_found": "de_bearing:gremlin"}, "unknown_fault", "seal_leak"),
        ({"finding": "confirmed", "fault_found": str(IMBALANCE)}, "finding_contradicts", "partly or not_found"),
        ({"finding": "not_found", "fault_found": str(SPALL)}, "finding_contradicts", "confirmed or partly"),
        ({"fault_found": str(SPALL)}, "finding_missing", "confirmed, partly, not_found"),
        ({"finding": 1}, "finding_no_text", "text"),
        ({"finding": "partly", "text": "x" * 4_001}, "finding_no_text", "4000"),
        ({"finding": "partly", "part_used": " "}, "finding_no_text", "part_used"),
        ({"finding": "partly", "finding_at_us": 5}, "finding_time_given", "leave it out"),
        ({"breakdowns": []}, "report_key", "another name"),
        ({"failure_cause": "9.9"}, "unknown_code", "3.4 expected wear and tear"),
        ({"activity": 1}, "unknown_code", "1 replace"),
        ({"activity": None}, "codes_missing", "activity"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_would_be(told: Json, reason: str, says: str) -> None:
    with pytest.raises(Rejected, match=says) as refused:
        completed(told)
    assert refused.value.reason == reason


def test_a_finding_before_the_work_is_done_is_refused() -> None:
    with pytest.raises(Rejected, match="COMP, CLOSE"):
        completed({"finding": "confirmed"}, Status.WMATL)


def test_codes_and_skipped_steps_before_the_work_is_done_are_refused() -> None:
    with pytest.raises(Rejected, match="failure_cause: told with COMP, CLOSE"):
        completed({"failure_cause": "3.4"}, Status.WMATL)
    with pytest.raises(Rejected, match="told with COMP, not with WMATL"):
        completed({"skipped": {"gap": "x"}}, Status.WMATL)


def test_an_order_knows_the_codes_of_its_own_fault_and_those_of_the_one_that_was_found() -> None:
    order = in_progress().order
    assert usual_codes(order) == {
        "failure_mode_found": "VIB", "failure_mechanism": "2.6", "detection_method": "6"
    }  # fmt: skip
    leak: Json = {"finding": "partly", "fault_found": "seal:seal_leak"}
    assert usual_codes(order, leak)["failure_mechanism"] == "1.1"
    assert codes_asked(order, {"finding": "not_found"}) == ("detection_method", "activity")


def test_every_mechanism_that_forewarn_names_has_an_iso_code() -> None:
    assert {code_of(m.iso_mechanism) for m in MECHANISMS.values()} <= set(FAILURE_MECHANISMS)


def test_work_that_is_taken_up_again_forgets_its_finding_and_keeps_its_note() -> None:
    done = stepped(in_progress(), Status.COMP, 1, DONE_US, {"note": "done", "finding": "confirmed", **CODES})
    assert stepped(done, Status.INPRG, 2, DONE_US + 1, None).order.report == {"note": "done"}
