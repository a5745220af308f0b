"""Calls of the client about preventive maintenance: plans, what is due, the interval court."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

if TYPE_CHECKING:
    import httpx2

Record = dict[str, Any]


class PlanCalls(ABC):
    """What `api.client.Client` can ask about plans; field names are those of `schemas_plans`. Errors as there."""

    @abstractmethod
    def _get(self, path: str, query: Record | None = None) -> Any:
        """GET, as JSON."""

    @abstractmethod
    def _once(self, path: str, body: Record, headers: dict[str, str] | None = None, method: str = "POST") -> Record:
        """A change under a key of its own."""

    @abstractmethod
    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        """A request, with its headers."""

    def pm_plans(self) -> list[Record]:
        """Every preventive plan (`PmPlanOut`), by id."""
        return cast(list[Record], self._get("/api/pm/plans"))

    def pm_plan(self, id: str) -> Record:
        """One plan with its slots, trials and record (`PmPlanDetail`)."""
        return cast(Record, self._get(_plan(id)))

    def pm_save(self, id: str, **fields: Any) -> Record:
        """Make a plan, or change the one that is there as it is now; `fields` are those of `PmPlanIn`, all of them.

        Raises `Conflict` when somebody changed it in between, `Rejected` for rules that do not hold together.
        """
        there = next((plan for plan in self.pm_plans() if plan["id"] == id), None)
        revision = there["revision"] if there else 0
        return self._once(_plan(id), fields, {"If-Match": f'"{revision}"'}, method="PUT")

    def pm_due(self, days: float = 30, plan: str | None = None) -> list[Record]:
        """What is due, open or comes soon (`ComingOut`), with repairs that the same visit could do."""
        query: Record = {"days": days} | ({"plan": plan} if plan else {})
        return cast(list[Record], self._get("/api/pm/due", query))

    def pm_generate(self, plan: str, asset: str) -> Record:
        """Open an order of a plan now (`OrderDetail`). Raises `Conflict` while one is open for the asset."""
        return self._once(f"{_plan(plan)}/generate", {"asset": asset})

    def pm_skip(self, plan: str, asset: str, reason: str) -> Record:
        """Leave out the slot that is due or comes next (`SlotOut`)."""
        return self._once(f"{_plan(plan)}/skip", {"asset": asset, "reason": reason})

    def pm_defer(self, plan: str, asset: str, until: str, reason: str) -> Record:
        """Let the slot that is due or comes next wait until an ISO 8601 time with a zone (`SlotOut`)."""
        return self._once(f"{_plan(plan)}/defer", {"asset": asset, "until": until, "reason": reason})

    def pm_court(self, plan: str | None = None, watch_days: float | None = None) -> list[Record]:
        """The interval court on one plan or all (`JudgementOut`): verdict, numbers, replay, and the watch."""
        if plan is None:
            return cast(list[Record], self._get("/api/pm/court"))
        return [cast(Record, self._get(f"{_plan(plan)}/court", {"watch_days": watch_days} if watch_days else None))]

    def pm_approve(self, plan: str, watch_days: float | None = None, note: str = "") -> Record:
        """Apply what the court proposes for the plan as it is now, and watch it (`PmPlanDetail`). Raises `Conflict`
        where it proposes nothing, or a change is being watched."""
        revision = self._send("GET", _plan(plan)).headers["ETag"]
        body: Record = {"watch_days": watch_days, "note": note}
        return self._once(f"{_plan(plan)}/approve", body, {"If-Match": revision})

    def pm_trials(self, watching: bool = False) -> list[Record]:
        """Changed intervals that are or were watched (`TrialOut`), newest first."""
        return cast(list[Record], self._get("/api/pm/trials", {"watching": watching}))

    def retire(self, asset: str, reason: str | None) -> list[Record]:
        """Take an asset out of use for a reason, or (None) into use again; answers all that are out of use."""
        place = f"/api/pm/retired/{quote(asset, safe='')}"
        return cast(list[Record], self._send("PUT", place, json={"reason": reason}).json())


def _plan(id: str) -> str:
    return f"/api/pm/plans/{quote(id, safe='')}"
