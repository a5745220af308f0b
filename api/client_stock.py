"""Calls of the client about the store room: parts, moves, parts of orders, counts; tables come as pandas DataFrames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

if TYPE_CHECKING:
    import httpx2
    from pandas import DataFrame

Record = dict[str, Any]
PAGE = 500
NOT_ON_A_CARD = (
    "id", "revision", "on_hand", "reserved", "unusable", "expired", "available", "on_order", "value",
    "balances", "coming", "needs", "reservations", "record",
)  # fmt: skip


class StockCalls(ABC):
    """What `api.client.Client` can ask about the store room; field names are those of `schemas_stock` and
    `schemas_counts`. Errors as there."""

    @abstractmethod
    def _get(self, path: str, query: Record | None = None) -> Any:
        """GET, as JSON."""

    @abstractmethod
    def _once(self, path: str, body: Record, headers: dict[str, str] | None = None, method: str = "POST") -> Record:
        """A change under a key of its own."""

    @abstractmethod
    def _moved(self, method: str, path: str, step: str, body: Record | None = None) -> Record:
        """Change something as it is now."""

    @abstractmethod
    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        """A request, with its headers."""

    def stock_parts(self, search: str = "", **query: Any) -> DataFrame:
        """Every part by id: its card, on_hand, reserved, available, value. `query`: kind, part_class, short."""
        rows: list[Record] = []
        after: str | None = ""
        while after is not None:
            page = self._get("/api/stock/parts", {"search": search, "after": after, "limit": PAGE, **query})
            rows += page["parts"]
            after = page["next"]
        return _table(rows, "id")

    def stock_part(self, part: str) -> Record:
        """One part with where it lies, who needs it and for whom it is put aside (`StockPartDetail`)."""
        return cast(Record, self._get(_part(part)))

    def save_part(self, part: str, **fields: Any) -> Record:
        """Make the card of a part, or change fields of `CardIn` of the one that is there as it is now. Raises
        `Conflict` when somebody changed it in between."""
        from forewarn.core.errors import Rejected

        revision, known = '"0"', Record()
        try:
            answer = self._send("GET", _part(part))
        except Rejected as error:
            if error.reason != "not-found":
                raise
        else:
            revision = answer.headers["ETag"]
            known = {key: value for key, value in answer.json().items() if key not in NOT_ON_A_CARD}
        return self._once(_part(part), {**known, **fields}, {"If-Match": revision}, "PUT")

    def parts_of_asset(self, asset: str, mode: str | None = None) -> DataFrame:
        """The parts list of an asset, or of one failure mode: by part; `needs` says why each is on it."""
        path = f"/api/stock/assets/{quote(asset, safe='')}/parts"
        return _table(self._get(path, {"mode": mode} if mode else None), "part")

    def stock_places(self) -> DataFrame:
        """Stores and shelves by id, with what each holds."""
        return _table(self._get("/api/stock/places"), "id")

    def save_place(self, place: str, name: str = "", usable: bool = True) -> DataFrame:
        """Make or change a store or shelf (room/shelf); all of them."""
        body: Record = {"name": name, "usable": usable}
        rows: Any = self._once(f"/api/stock/places/{quote(place, safe='')}", body, method="PUT")
        return _table(rows, "id")

    def stock_moves(
        self, part: str | None = None, order: str | None = None, limit: int = 500, **query: Any
    ) -> DataFrame:
        """The ledger, newest first, by `seq`; `query`: reason (a list), since, until (ISO 8601), before."""
        asked: Record = {"part": part, "order": order, "limit": min(limit, PAGE), **query}
        rows = self._get("/api/stock/moves", {key: value for key, value in asked.items() if value is not None})
        return _table(rows, "seq", "at", "expires")

    def book_move(self, reason: str, part: str | None = None, quantity: int | None = None, **told: Any) -> Record:
        """Book a move (`StockMoveOut`); `told` holds the other fields of `StockMoveIn`, `from_` for `from`. Raises
        `Conflict` when there are not so many."""
        body: Record = {"reason": reason, "part": part, "quantity": quantity, **told}
        if "from_" in body:
            body["from"] = body.pop("from_")
        return self._once("/api/stock/moves", body)

    def receive(self, part: str, quantity: int, to: str = "main", **told: Any) -> Record:
        """Pieces that a supplier brought (`StockMoveOut`); `told`: unit_cost, batch, expires, serial, note."""
        return self.book_move("receipt", part, quantity, to=to, **told)

    def order_parts(self, order: str) -> Record:
        """The parts of an order: put aside, waited for, in hand, moved (`OrderStockOut`)."""
        return cast(Record, self._get(_order(order)))

    def reserve_parts(self, order: str, lines: Sequence[Record] = (), needed_by: str | None = None) -> Record:
        """Put parts aside for an order, in total (`part`, `quantity`); none named: all that it asks for."""
        return self._once(f"{_order(order)}/reserve", {"lines": list(lines), "needed_by": needed_by})

    def release_parts(self, order: str, part: str | None = None) -> Record:
        """Give free what was put aside for an order and not handed out."""
        return self._once(f"{_order(order)}/release", {"part": part})

    def issue_part(self, order: str, part: str, quantity: int = 1, **told: Any) -> list[Record]:
        """Hand pieces out (`StockMoveOut`); `told`: serial, batch, place. Raises `Conflict` with what there is."""
        body: Record = {"part": part, "quantity": quantity, **told}
        return cast(list[Record], self._once(f"{_order(order)}/issue", body))

    def return_part(self, order: str, part: str, quantity: int = 1, **told: Any) -> list[Record]:
        """Take back what an order did not use; `told`: usable, place, serial, note."""
        body: Record = {"part": part, "quantity": quantity, **told}
        return cast(list[Record], self._once(f"{_order(order)}/return", body))

    def use_parts(
        self, order: str, part: str | None = None, quantity: int | None = None, serial: str = ""
    ) -> list[Record]:
        """Note what was built in or used up; no part: all that the order has in hand."""
        body: Record = {"part": part, "quantity": quantity, "serial": serial}
        return cast(list[Record], self._once(f"{_order(order)}/use", body))

    def parts_waiting(self, part: str | None = None) -> DataFrame:
        """Who waits for what, in the order in which they are served."""
        rows = self._get("/api/stock/waiting", {"part": part} if part else None)
        return _table(rows, None, "needed_by", "since")

    def make_kits(self, kit: str, quantity: int = 1, place: str = "main", apart: bool = False) -> list[Record]:
        """Make kits of their parts, or take them apart."""
        body: Record = {"quantity": quantity, "place": place, "apart": apart}
        return cast(list[Record], self._once(f"/api/stock/kits/{quote(kit, safe='')}", body))

    def serials(self, part: str) -> DataFrame:
        """Pieces of a rotable and where each is, by serial number."""
        return _table(self._get(f"{_part(part)}/serials"), "serial", "since")

    def serial_history(self, part: str, serial: str) -> DataFrame:
        """The life of one piece, oldest first."""
        return _table(self._get(f"{_part(part)}/serials/{quote(serial, safe='')}"), "seq", "at", "expires")

    def count_sheets(self, under_way: bool = False) -> DataFrame:
        """Count sheets, newest first, by number."""
        return _table(self._get("/api/stock/counts", {"under_way": under_way, "limit": PAGE}), "number", "made_at")

    def counts_due(self, days: float = 0.0) -> Record:
        """What the rolling count asks for: walks, and what comes due within so many days (`DueCountsOut`)."""
        return cast(Record, self._get("/api/stock/counts/due", {"days": days}))

    def draw_count(self, places: Sequence[str] = (), area: str = "", parts: Sequence[str] = ()) -> Record:
        """Draw a sheet of places, or (none named) of the next walk that is due (`SheetOut`). Raises `Conflict` when
        nothing is due, or some of it is being counted."""
        return self._once("/api/stock/counts", {"places": list(places), "area": area, "parts": list(parts)})

    def count_sheet(self, sheet: int | str) -> Record:
        """One sheet (`SheetOut`); its id or number."""
        return cast(Record, self._get(_sheet(sheet)))

    def count_line(self, sheet: int | str, line: int, pieces: int, by: str = "", **told: Any) -> Record:
        """Note what was counted on a line (`SheetOut`); `told`: at, serials, note."""
        return self._once(f"{_sheet(sheet)}/lines/{line}", {"pieces": pieces, "by": by, **told})

    def post_count(self, sheet: int | str) -> Record:
        """Book the differences of a sheet as it is now, once. Raises `Conflict` while lines wait for a count."""
        return self._moved("POST", _sheet(sheet), "/post")

    def cancel_count(self, sheet: int | str, reason: str) -> Record:
        """Give a count up."""
        return self._moved("POST", _sheet(sheet), "/cancel", {"reason": reason})

    def part_classes(self, days: float = 365.0) -> DataFrame:
        """ABC, XYZ and VED by part, the dearest first."""
        return _table(self._get("/api/stock/classes", {"days": days}), "part")

    def stock_losses(self, by: str = "part", **query: Any) -> Record:
        """What counts found missing (`LossesOut`); `query`: since, until (ISO 8601), handled."""
        return cast(Record, self._get("/api/stock/losses", {"by": by, **query}))

    def dead_stock(self, **limits: float) -> DataFrame:
        """Slow and dead stock by part, the most money first; `limits`: still_days, cover_years. Sums in `attrs`."""
        told = self._get("/api/stock/dead", limits or None)
        table = _table(told["parts"], "part")
        table.attrs = {"value": told["value"], "surplus_value": told["surplus_value"]}
        return table


def _part(id: str) -> str:
    return f"/api/stock/parts/{quote(id, safe='')}"


def _order(id: str) -> str:
    return f"/api/stock/orders/{quote(id, safe='')}"


def _sheet(sheet: int | str) -> str:
    """By id, or by the number that people read: CNT-000012."""
    return f"/api/stock/counts/{str(sheet).upper().removeprefix('CNT-').lstrip('0') or '0'}"


def _table(rows: Any, index: str | None, *times: str) -> DataFrame:
    import pandas as pd

    table = pd.DataFrame(rows)
    for name in times:
        if name in table:
            table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
    return table.set_index(index) if index is not None and len(table) else table
