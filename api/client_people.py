"""Calls of the client about people and time: technicians, the schedule, opportunities of a stop, outages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import quote

import httpx2

Record = dict[str, Any]


class PeopleCalls(ABC):
    """What `api.client.Client` can ask about people; field names are those of `api/schemas_people.py`. Errors as
    there. Times are ISO 8601 with a zone."""

    @abstractmethod
    def _get(self, path: str, query: Record | None = None) -> Any:
        """GET, as JSON."""

    @abstractmethod
    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        """One request; raises for an answer that is a problem."""

    @abstractmethod
    def _once(self, path: str, body: Record, headers: dict[str, str] | None = None, method: str = "POST") -> Record:
        """A change under a key of its own."""

    def people(self, active: bool | None = None) -> list[Record]:
        """Everybody (`PersonOut`), by id."""
        return cast(list[Record], self._get("/api/people", None if active is None else {"active": active}))

    def person(self, id: str) -> Record:
        """One person (`PersonOut`)."""
        return cast(Record, self._get(f"/api/people/{_part(id)}"))

    def save_person(self, id: str, new: bool = False, **told: Any) -> Record:
        """Add somebody (`new`), or change fields of `PersonIn` of somebody as they are now; answers `PersonOut`."""
        body, revision = dict(told), '"0"'
        if not new:
            answer = self._send("GET", f"/api/people/{_part(id)}")
            known = {k: v for k, v in answer.json().items() if k not in ("id", "revision", "changed_at")}
            body, revision = {**known, **told}, answer.headers["ETag"]
        return self._once(f"/api/people/{_part(id)}", body, {"If-Match": revision}, "PUT")

    def import_people(self, text: str, kind: str) -> Record:
        """Take in a people file (`yaml` or `csv`); counts added, changed and unchanged."""
        return self._once("/api/people/import", {"kind": kind, "text": text})

    def week_of(self, person: str) -> list[Record]:
        """What is planned for somebody (`KeptOut`)."""
        return cast(list[Record], self._get(f"/api/people/{_part(person)}/week")["assignments"])

    def week_seen(self, person: str) -> Record:
        """Somebody has looked at their week."""
        return cast(Record, self._send("POST", f"/api/people/{_part(person)}/seen").json())

    def walk_of(self, person: str, day: str) -> Record:
        """Orders of a person on a day in the order of the shortest walk (`DayOut`)."""
        return cast(Record, self._get(f"/api/people/{_part(person)}/walk", {"day": day}))

    def schedule(self) -> Record:
        """The schedule in force (`StandingOut`)."""
        return cast(Record, self._get("/api/schedule"))

    def plan_schedule(self, from_: str, to: str, limit_s: float = 20.0, **more: Any) -> Record:
        """Propose a plan (`PlanOut`); `more` holds fields of `PlanIn`: frozen_h, slot_min, orders, seed."""
        body: Record = {"from": from_, "to": to, "limit_s": limit_s, **more}
        return cast(Record, self._send("POST", "/api/schedule/plan", json=body).json())

    def publish_schedule(self, from_: str, to: str, plan: Record, **more: Any) -> Record:
        """Put a proposal of `plan_schedule` into force (`StandingOut`); `more` as it was planned with. Raises
        `Conflict` when the schedule has changed since."""
        body: Record = {"from": from_, "to": to, "assignments": plan["assignments"], **more}
        return self._once("/api/schedule", body, {"If-Match": f'"{plan["revision"]}"'})

    def opportunities(self, from_: str, to: str, assets: Sequence[str] = ()) -> list[Record]:
        """Open orders and a stop of machines (none named: all): what fits, with whom and when (`OpportunityOut`)."""
        query: Record = {"from": from_, "to": to} | ({"asset": list(assets)} if assets else {})
        return cast(list[Record], self._get("/api/opportunities", query))

    def outages(self) -> list[Record]:
        """Outages (`OutageOut`)."""
        return cast(list[Record], self._get("/api/outages"))

    def outage(self, id: str) -> Record:
        """One outage (`OutageOut`)."""
        return cast(Record, self._get(f"/api/outages/{_part(id)}"))

    def save_outage(self, id: str, new: bool = False, **told: Any) -> Record:
        """Add an outage (`new`; `name`, `from`, `to`, `assets`, `orders`), or change fields of one as it is now."""
        body, revision = dict(told), '"0"'
        if not new:
            answer = self._send("GET", f"/api/outages/{_part(id)}")
            known = {k: v for k, v in answer.json().items() if k not in ("id", "revision", "changed_at")}
            body, revision = {**known, **told}, answer.headers["ETag"]
        return self._once(f"/api/outages/{_part(id)}", body, {"If-Match": revision}, "PUT")

    def work_list(self, outage: str, limit_s: float = 5.0) -> Record:
        """Which orders of an outage fit, and why the others do not (`WorkListOut`)."""
        return cast(Record, self._get(f"/api/outages/{_part(outage)}/work-list", {"limit_s": limit_s}))


def _part(id: str) -> str:
    return quote(id, safe="")
