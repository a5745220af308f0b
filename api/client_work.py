"""Calls of the client about work around orders: departments, clocks, verification, muting, the file of an asset."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import quote

Record = dict[str, Any]


class WorkCalls(ABC):
    """What `api.client.Client` can ask about work; field names are those of `api/schemas_work.py`. Errors as there."""

    @abstractmethod
    def _get(self, path: str, query: Record | None = None) -> Any:
        """GET, as JSON."""

    @abstractmethod
    def _once(self, path: str, body: Record, headers: dict[str, str] | None = None, method: str = "POST") -> Record:
        """A change under a key of its own."""

    def departments(self, number: str) -> Record:
        """Steps of other departments of an order, whether it can start, and how late they make it (`StepsOut`)."""
        return cast(Record, self._get(f"/api/orders/{_part(number)}/departments"))

    def ask_departments(self, number: str, *steps: Record, usual: bool = False) -> Record:
        """Ask other departments: steps as `StepIn` (department, what, due in ISO 8601 with a zone, owner, required),
        the `usual` ones, or both. Asked again after a lost answer without asking twice."""
        body: Record = {"steps": list(steps), "usual": usual}
        return self._once(f"/api/orders/{_part(number)}/departments", body)

    def department_step(self, step: int) -> Record:
        """One step (`StepOut`)."""
        return cast(Record, self._get(f"/api/department-steps/{step}"))

    def department_done(self, step: int, note: str = "") -> Record:
        """The step, as it is now, is done."""
        return self._step(step, "done", {"note": note})

    def department_dropped(self, step: int, reason: str) -> Record:
        """The step is not needed."""
        return self._step(step, "drop", {"reason": reason})

    def department_moved(self, step: int, due: str, owner: str | None = None, note: str = "") -> Record:
        """Another due time (ISO 8601 with a zone), another owner."""
        return self._step(step, "due", {"due": due, "owner": owner, "note": note})

    def board(self, department: str | None = None) -> list[Record]:
        """What waits for whom (`WaitingOut`), the first due first."""
        return cast(list[Record], self._get("/api/departments", {"department": department} if department else None))

    def clocks(self, number: str) -> Record:
        """Clocks of an order, who was called, its priority now and why (`ClocksOut`)."""
        return cast(Record, self._get(f"/api/orders/{_part(number)}/clocks"))

    def all_clocks(self, state: str | None = None) -> list[Record]:
        """Open orders with their clocks (`TimedOut`), what breaches first at the top; of one state of a clock."""
        return cast(list[Record], self._get("/api/clocks", {"state": state} if state else None))

    def on_call(self) -> list[Record]:
        """Who is on call now and later (`OnCallOut`)."""
        return cast(list[Record], self._get("/api/on-call"))

    def put_on_call(self, rota: str, person: str, start: str, until: str, contact: str = "") -> Record:
        """Put somebody on a rota; times in ISO 8601 with a zone."""
        body = {"rota": rota, "person": person, "start": start, "until": until, "contact": contact}
        return self._once("/api/on-call", body)

    def take_off_call(self, turn: int) -> list[Record]:
        """Take a turn back; answers who is on call then."""
        return cast(list[Record], self._once(f"/api/on-call/{turn}", {}, method="DELETE"))

    def verification(self, number: str) -> Record:
        """Did the repair help? Every signal before and after at comparable load and speed (`VerificationOut`)."""
        return cast(Record, self._get(f"/api/orders/{_part(number)}/verification"))

    def muted(self, asset: str | None = None) -> Record:
        """Machines that somebody works on, since when and by which order, and advice kept meanwhile (`MutedOut`)."""
        return cast(Record, self._get(f"/api/assets/{_part(asset)}/muted" if asset else "/api/muted"))

    def asset_file(self, asset: str, before: str | None = None, limit: int = 50) -> Record:
        """A page of the whole-life file of a machine (`AssetFileOut`); the next one is `before` its `next`."""
        query: Record = {"limit": limit} | ({"before": before} if before else {})
        return cast(Record, self._get(f"/api/assets/{_part(asset)}/file", query))

    def asset_orders(self, asset: str) -> Iterator[Record]:
        """Every order of a machine, newest first, page by page (`FileOrderOut`)."""
        before: str | None = None
        while True:
            page = self.asset_file(asset, before, 500)
            yield from page["orders"]
            before = page["next"]
            if before is None:
                return

    def _step(self, step: int, what: str, body: Record) -> Record:
        path = f"/api/department-steps/{step}"
        revision = self._get(path)["revision"]
        return self._once(f"{path}/{what}", body, {"If-Match": f'"{revision}"'})


def _part(id: str) -> str:
    return quote(id, safe="")
