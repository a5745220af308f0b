"""Calls of `api.client.Client` around the work of an order: results, sign-offs, report, breakdowns, job plans."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import quote

Record = dict[str, Any]


class JobCalls(ABC):
    """Every change is sent with the revision that was read and with a key of its own, as `Client.act` does."""

    @abstractmethod
    def _get(self, path: str, query: Record | None = None) -> Any: ...

    @abstractmethod
    def _once(self, path: str, body: Record, headers: dict[str, str] | None = None, method: str = "POST") -> Record: ...

    def job(self, number: str) -> Record:
        """The work of an order: steps with results, report, costs, the orders around it (`OrderJobOut`)."""
        return cast(Record, self._get(f"/api/orders/{_part(number)}/job"))

    def step_done(self, number: str, step: str, outcome: str = "done", **told: Any) -> Record:
        """Tell the result of a step: `done`, `failed` or `skipped`; `told`: value, unit, note, by, photos. A bad one
        opens an order that follows: `follow_up_order` of the step (`OrderJobOut`)."""
        return self._job(number, f"steps/{_part(step)}", {"outcome": outcome, **told})

    def sign_off(self, number: str, step: str, note: str = "") -> Record:
        """Confirm the result of a step that somebody else did (`OrderJobOut`)."""
        return self._job(number, f"steps/{_part(step)}/sign-off", {"note": note})

    def report(self, number: str, *lines: Record) -> Record:
        """Add lines to the completion report, all or none: `{"kind": "labour", "what": "ann", "quantity": 6.5,
        "unit_cost": 60}`; fields of `LineIn`. Answers `OrderJobOut` with the costs."""
        return self._job(number, "report", {"lines": list(lines)})

    def approve_cost(self, number: str) -> Record:
        """Approve what an order is planned to cost. Raises `Conflict`, with who may, when the caller may not."""
        return self._job(number, "cost-approval", {})

    def take_plan(self, number: str, plan: str) -> Record:
        """Give an open order a job plan by hand (`OrderJobOut`)."""
        return self._job(number, "plan", {"plan": plan})

    def breakdown(self, asset: str, what: str, **told: Any) -> Record:
        """A machine stands: opens an order or joins its open repair (`BreakdownOut`). `told`: since (ISO 8601 with a
        zone), reason, fault (component:mechanism), emergency."""
        return self._once("/api/breakdowns", {"asset": asset, "what": what, **told})

    def codes(self) -> Record:
        """ISO 14224 codes and reasons of downtime, each table code -> words."""
        return cast(Record, self._get("/api/codes"))

    def job_plans(self, retired: bool = False) -> list[Record]:
        """The newest version of every job plan (`JobPlanOut`)."""
        return cast(list[Record], self._get("/api/job-plans", {"retired": retired}))

    def job_plan(self, id: str, version: int | None = None) -> Record:
        """One job plan, the newest version or the one named."""
        return cast(Record, self._get(f"/api/job-plans/{_part(id)}", {"version": version} if version else None))

    def save_plan(self, id: str, plan: Record, version: int = 0) -> Record:
        """Save a job plan (fields of `JobPlanIn`) as the version after `version` (0: a new plan)."""
        return self._once(f"/api/job-plans/{_part(id)}", plan, {"If-Match": f'"{version}"'}, "PUT")

    def _job(self, number: str, what: str, body: Record) -> Record:
        path = f"/api/orders/{_part(number)}"
        revision = self._get(path)["revision"]
        return self._once(f"{path}/{what}", body, {"If-Match": f'"{revision}"'})


def _part(id: str, known: Sequence[str] = ()) -> str:
    return quote(id, safe="")
