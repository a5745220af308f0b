"""Calls of the client about the demand for parts: forecasts with their causes, reorder policies and their reviews."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, cast

Record = dict[str, Any]


class DemandCalls(ABC):
    """What `api.client.Client` can ask about demand; field names are those of `schemas_demand`. Errors as there."""

    @abstractmethod
    def _get(self, path: str, query: Record | None = None) -> Any:
        """GET, as JSON."""

    @abstractmethod
    def _once(self, path: str, body: Record, headers: dict[str, str] | None = None, method: str = "POST") -> Record:
        """A change under a key of its own."""

    def part_demands(self, days: float | None = None, limit: int = 200) -> list[Record]:
        """Every part with its demand (`PartDemandRow`), most expected pieces first: over so many days, else over its
        lead time and the time until the next review."""
        return cast(list[Record], self._get("/api/demand", {"limit": limit} | _known(days=days)))

    def part_demand(self, part: str, days: float | None = None) -> Record:
        """One part with every cause of its demand (`PartDemandOut`)."""
        return cast(Record, self._get("/api/demand/part", {"part": part} | _known(days=days)))

    def reorder_policies(self) -> list[Record]:
        """Policies in force (`ReorderPolicyOut`), by part."""
        return cast(list[Record], self._get("/api/demand/policies"))

    def reorder_proposals(self, tell_buyers: bool = False) -> list[Record]:
        """What should be ordered now (`ReorderProposalOut`); `tell_buyers` puts it before them."""
        if tell_buyers:
            return cast(list[Record], self._once("/api/demand/proposals", {}))
        return cast(list[Record], self._get("/api/demand/proposals"))

    def demand_reviews(self) -> list[Record]:
        """Reviews that were held (`DemandReviewOut`), newest first."""
        return cast(list[Record], self._get("/api/demand/reviews"))

    def review_demand(self, keep: bool = True, part: str | None = None) -> list[Record]:
        """Hold a review of all parts now; its lines (`PolicyLineOut`). `keep=False`: only what it would say."""
        if keep:
            return cast(list[Record], self._once("/api/demand/reviews", {}))
        return cast(list[Record], self._get("/api/demand/reviews/preview", _known(part=part)))

    def policy_lines(self, slot: str | None = None, state: str | None = None, part: str | None = None) -> list[Record]:
        """Lines of reviews (`PolicyLineOut`), newest first; `state="proposed"`: those that wait for a decision."""
        return cast(list[Record], self._get("/api/demand/lines", _known(slot=slot, state=state, part=part)))

    def policy_line(self, id: int) -> Record:
        """One line of a review."""
        return cast(Record, self._get(f"/api/demand/lines/{id}"))

    def decide_line(self, id: int, approve: bool, note: str = "") -> Record:
        """Approve what a review proposes, or decline it. Raises `Conflict` where it does not wait for that."""
        return self._once(f"/api/demand/lines/{id}/decide", {"approve": approve, "note": note})

    def reverse_line(self, id: int, note: str = "") -> Record:
        """Put the policy of before into force again. Raises `Conflict` when a later change lies over it."""
        return self._once(f"/api/demand/lines/{id}/reverse", {"note": note})

    def demand_accuracy(self, month: str | None = None, part: str | None = None) -> Record:
        """How good the monthly forecasts were (`ForecastAccuracyOut`)."""
        return cast(Record, self._get("/api/demand/accuracy", _known(month=month, part=part)))


def _known(**query: Any) -> Record:
    return {name: value for name, value in query.items() if value is not None}
