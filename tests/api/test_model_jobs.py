"""Jobs run one after the other, can be cancelled, and a failure is a sentence; the watch survives a bad look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from forewarn.api.model_jobs import WAITING, Job, Jobs
from forewarn.core.errors import Conflict, Rejected, Retriable
from forewarn.pipeline.training_set import Progress
from forewarn.pipeline.whatif import Cancelled


def over(job: Job) -> Job:
    for _ in range(400):
        if job.is_over:
            return job
        time.sleep(0.01)
    raise AssertionError(job.state)


def until_cancelled(progress: Progress, cancelled: Callable[[], bool]) -> dict[str, Any]:
    progress(0.5, "half way")
    while not cancelled():
        time.sleep(0.005)
    raise Cancelled("it was cancelled")


def fails(error: Exception) -> Callable[[Progress, Callable[[], bool]], dict[str, Any]]:
    def work(progress: Progress, cancelled: Callable[[], bool]) -> dict[str, Any]:
        raise error

    return work


def test_a_job_tells_how_far_it_is_and_what_it_made() -> None:
    jobs, gate = Jobs(), threading.Event()

    def work(progress: Progress, cancelled: Callable[[], bool]) -> dict[str, Any]:
        progress(0.25, "reading p1")
        gate.wait(5)
        return {"report": "ab"}

    job = jobs.add("whatif", work, 7)
    while job.progress == 0:
        time.sleep(0.005)
    assert (job.state, job.progress, job.doing) == ("running", 0.25, "reading p1")
    gate.set()
    assert (over(job).result, job.progress, job.state) == ({"report": "ab"}, 1.0, "done")
    jobs.close()


def test_a_running_job_and_one_that_waits_are_cancelled_and_the_next_one_runs() -> None:
    jobs = Jobs()
    first, second = jobs.add("whatif", until_cancelled, 0), jobs.add("whatif", until_cancelled, 0)
    third = jobs.add("whatif", lambda progress, cancelled: {}, 0)
    assert jobs.cancel(second.id).state == "cancelled"
    jobs.cancel(first.id)
    assert [over(job).state for job in (first, second, third)] == ["cancelled", "cancelled", "done"]
    with pytest.raises(Conflict, match="nothing to cancel"):
        jobs.cancel(third.id)
    jobs.close()


def test_a_failure_is_a_sentence_and_a_bug_does_not_stop_the_next_job() -> None:
    jobs = Jobs()
    refused = jobs.add("whatif", fails(Rejected("x", "the span ends before it begins")), 0)
    bug = jobs.add("whatif", fails(ZeroDivisionError("secret detail")), 0)
    after = jobs.add("train", lambda progress, cancelled: {"trained": "a:1"}, 0)
    assert over(after).state == "done"
    assert refused.problem == "x: the span ends before it begins"
    assert bug.problem == "something failed here: ZeroDivisionError"
    assert [job.id for job in jobs.jobs()] == [after.id, bug.id, refused.id]
    jobs.close()


def test_too_many_waiting_jobs_are_refused_for_now() -> None:
    jobs = Jobs()
    for _ in range(WAITING):
        jobs.add("whatif", until_cancelled, 0)
    with pytest.raises(Retriable, match="wait already"):
        jobs.add("whatif", until_cancelled, 0)
    jobs.close()
    assert all(job.state in ("cancelled", "queued") for job in jobs.jobs())
