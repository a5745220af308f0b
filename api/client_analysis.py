"""Calls of the client about figures: KPIs with their rows, costs, bad actors, load, and whether a change worked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

if TYPE_CHECKING:
    from pandas import DataFrame

Record = dict[str, Any]
PAGE = 1_000


class AnalysisCalls(ABC):
    """What `api.client.Client` can ask about figures; field names are those of `api/schemas_analysis.py`. Errors as
    there.

    `start` and `stop` are ISO 8601 times or local days of the plant (the last one included), by default the year up to
    now. `of` narrows to machines: `{"asset": "pump-04"}`, `{"class": "pump"}`, `{"area": "hall 1"}`.
    """

    @abstractmethod
    def _get(self, path: str, query: Record | None = None) -> Any:
        """GET, as JSON."""

    def kpis(self, start: str | None = None, stop: str | None = None, of: Record | None = None) -> DataFrame:
        """Every figure, one row each, by key: value (NaN: `why` says why), unit, numerator, denominator, definition."""
        import pandas as pd

        return pd.DataFrame(self._get("/api/kpis", _query(start, stop, of))).set_index("key")

    def kpi(self, key: str, start: str | None = None, stop: str | None = None, of: Record | None = None) -> Record:
        """One figure (`KpiOut`). Raises `Rejected` (`not-found`) for one that there is not."""
        return cast(Record, self._get(f"/api/kpis/{quote(key, safe='')}", _query(start, stop, of)))

    def kpi_rows(
        self, key: str, start: str | None = None, stop: str | None = None, of: Record | None = None
    ) -> DataFrame:
        """All rows behind a figure: what, id, number, asset, at, numerator, denominator, note. The figure itself stands
        in `attrs["kpi"]`."""
        import pandas as pd

        path, query = f"/api/kpis/{quote(key, safe='')}/rows", _query(start, stop, of)
        told = self._get(path, {**query, "limit": PAGE})
        rows = list(told["rows"])
        while len(rows) < told["total"]:
            told = self._get(path, {**query, "limit": PAGE, "offset": len(rows)})
            if not told["rows"]:
                break
            rows += told["rows"]
        columns = ["what", "id", "number", "asset", "at", "numerator", "denominator", "note"]
        table = pd.DataFrame(rows, columns=columns)
        table["at"] = pd.to_datetime(table["at"], utc=True, format="ISO8601")
        table.attrs = {"kpi": told["kpi"]}
        return table

    def kpi_trend(
        self,
        key: str,
        step: str = "month",
        start: str | None = None,
        stop: str | None = None,
        of: Record | None = None,
    ) -> DataFrame:
        """A figure of each local week or month. Index: begin (UTC); value, numerator, denominator, rows, why."""
        import pandas as pd

        told = self._get(f"/api/kpis/{quote(key, safe='')}/trend", {**_query(start, stop, of), "step": step})
        table = pd.DataFrame(told)[["value", "numerator", "denominator", "rows", "why"]]
        begins = [one["from"] for one in told]
        table.index = pd.DatetimeIndex(pd.to_datetime(begins, utc=True, format="ISO8601"), name="from")
        return table

    def bad_actors(
        self,
        by: str = "asset",
        measure: str = "failures",
        start: str | None = None,
        stop: str | None = None,
        of: Record | None = None,
        currency: str = "",
    ) -> DataFrame:
        """The Pareto list (`BadActorOut`), the worst first; `measure` failures, cost or downtime."""
        import pandas as pd

        query = {**_query(start, stop, of), "by": by, "measure": measure, "currency": currency}
        columns = ["what", "amount", "share", "cumulative", "vital", "failures"]
        return pd.DataFrame(self._get("/api/analysis/bad-actors", query), columns=columns)

    def costs(
        self, by: str = "asset", start: str | None = None, stop: str | None = None, of: Record | None = None
    ) -> DataFrame:
        """What maintenance cost (`CostOut`), the dearest first."""
        import pandas as pd

        columns = ["what", "currency", "labour", "parts", "other", "total", "labour_hours", "orders"]
        return pd.DataFrame(self._get("/api/analysis/costs", {**_query(start, stop, of), "by": by}), columns=columns)

    def load(self, weeks: int = 8, start: str | None = None, of: Record | None = None) -> DataFrame:
        """Open work over capacity: a row a skill, a column a week (UTC); NaN where nobody has the skill then. The whole
        answer (`LoadOut`) stands in `attrs["load"]`."""
        import pandas as pd

        told = self._get("/api/analysis/load", {**_query(start, None, of), "weeks": weeks})
        cells = pd.DataFrame(told["cells"])
        table = cells.pivot(index="skill", columns="week", values="share")
        table.columns = pd.to_datetime(table.columns, utc=True, format="ISO8601")
        table.attrs = {"load": told}
        return table

    def verify_change(self, what: str, of: str, at: str | None = None, days: float = 180.0, **more: str) -> Record:
        """Did a change work (`ChangeOut`)? `what` interval, limit, part or supplier, called `of`; `at` when it
        changed, where the records do not tell; `more`: component, asset, class (as `asset_class`), area."""
        named = {("class" if key == "asset_class" else key): value for key, value in more.items()}
        query: Record = {"what": what, "of": of, "days": days, **named} | ({"at": at} if at else {})
        return cast(Record, self._get("/api/analysis/verify", query))


def _query(start: str | None, stop: str | None, of: Record | None) -> Record:
    told = {"from": start, "to": stop, **(of or {})}
    return {key: value for key, value in told.items() if value is not None}
