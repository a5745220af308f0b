"""Jobs that take minutes: what-if runs and trainings, one after the other, each in a process of its own.

Kept in memory: a restart forgets them; what they made (reports, versions) is kept elsewhere.
"""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog

from forewarn.core.errors import Conflict, ForewarnError, Retriable
from forewarn.pipeline.training_set import Progress
from forewarn.pipeline.whatif import Cancelled

log = structlog.get_logger(__name__)

KEPT = 50
WAITING = 10
"""So many jobs may wait; more are refused, so that nobody fills the memory."""

Kind = Literal["whatif", "train"]
State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(slots=True)
class Job:
    """One job. `result` is what it made: {"report": sha256} or {"trained": "name:version"}."""

    id: str
    kind: Kind
    created_at_us: int
    state: State = "queued"
    progress: float = 0.0
    doing: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Has it ended, one way or the other?"""
        return self.state in ("done", "failed", "cancelled")


Work = Callable[[Progress, Callable[[], bool]], dict[str, Any]]
"""(progress, cancelled?) -> result. Raises a ForewarnError with a sentence for people, or Cancelled."""


class Jobs:
    """Runs one job at a time in a thread; callable from any thread."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._turn = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="model-job")

    def add(self, kind: Kind, work: Work, now_us: int) -> Job:
        """Queue one. Raises Retriable when too many wait."""
        with self._turn:
            if sum(not job.is_over for job in self._jobs.values()) >= WAITING:
                raise Retriable(f"{WAITING} jobs wait already; cancel one, or wait until one is done")
            job = Job(uuid.uuid4().hex, kind, now_us)
            self._jobs[job.id] = job
            self._forget_old()
        self._pool.submit(self._run, job, work)
        return job

    def job(self, id: str) -> Job | None:
        """One job, None when it is not known (any more)."""
        return self._jobs.get(id)

    def jobs(self) -> list[Job]:
        """All that are remembered, newest first."""
        return list(reversed(self._jobs.values()))

    def cancel(self, id: str) -> Job:
        """End one that waits or runs. Raises Conflict when it is over already, or not known."""
        job = self._jobs.get(id)
        if job is None or job.is_over:
            raise Conflict(f"job {id} is {job.state if job else 'not known'}: nothing to cancel")
        job.stop.set()
        if job.state == "queued":
            job.state = "cancelled"
        return job

    def close(self) -> None:
        """End everything."""
        for job in self._jobs.values():
            job.stop.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Job, work: Work) -> None:
        if job.stop.is_set():
            job.state = "cancelled"
            return
        job.state = "running"

        def told(share: float, what: str) -> None:
            job.progress, job.doing = min(max(share, 0.0), 1.0), what

        try:
            job.result = work(told, job.stop.is_set)
            job.progress, job.doing, job.state = 1.0, "", "done"
        except Cancelled:
            job.state = "cancelled"
        except ForewarnError as error:
            job.problem, job.state = str(error), "failed"
        except Exception as error:  # a bug in one job is told, and the next job runs
            log.error("model_job_failed", job=job.id, kind=job.kind, exc_info=True)
            job.problem, job.state = f"something failed here: {type(error).__name__}", "failed"

    def _forget_old(self) -> None:
        over = [id for id, job in self._jobs.items() if job.is_over]
        for id in over[: max(len(self._jobs) - KEPT, 0)]:
            del self._jobs[id]
