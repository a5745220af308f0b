"""Calls of the client about tables in and out."""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, cast

import httpx2

from forewarn.core.errors import Retriable

Record = dict[str, Any]


class TableCalls(ABC):
    """What `api.client.Client` can do with tables; field names are those of `api/schemas_exchange.py`. Errors as there.

    A file is named by its path, or given as bytes.
    """

    @abstractmethod
    def _get(self, path: str, query: Record | None = None) -> Any:
        """GET, as JSON."""

    @abstractmethod
    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        """One request; raises for an answer that is a problem."""

    def table_kinds(self) -> list[Record]:
        """Kinds of tables with their columns (`TableKindOut`)."""
        return cast(list[Record], self._get("/api/tables"))

    def preview_table(
        self, kind: str, file: str | Path | bytes, sheet: str | None = None, rows: int | None = None
    ) -> Record:
        """What a file would change (`TablePreviewOut`); changes nothing. `rows`: so many are listed at most."""
        query = {name: value for name, value in (("sheet", sheet), ("rows", rows)) if value is not None}
        answer = self._send("POST", f"/api/tables/{kind}/preview", content=_bytes(file), params=query)
        return cast(Record, answer.json())

    def apply_table(
        self,
        kind: str,
        file: str | Path | bytes,
        token: str,
        sheet: str | None = None,
        good_rows: bool = False,
        tries: int = 3,
    ) -> Record:
        """Write what was previewed under `token` (`TableAppliedOut`). Raises `Conflict` when the file or the books are
        others by now, `Rejected` while a row is wrong, unless `good_rows`. A lost answer is asked for again."""
        query: Record = {"good_rows": good_rows} | ({"sheet": sheet} if sheet else {})
        query |= {"filename": Path(file).name} if isinstance(file, str | Path) else {}
        headers = {"If-Match": f'"{token}"', "Idempotency-Key": uuid.uuid4().hex}
        path, data = f"/api/tables/{kind}/apply", _bytes(file)
        for _ in range(tries - 1):
            try:
                return cast(Record, self._send("POST", path, headers, content=data, params=query).json())
            except Retriable:
                time.sleep(0.5)
        return cast(Record, self._send("POST", path, headers, content=data, params=query).json())

    def table(self, kind: str, format: str = "xlsx") -> bytes:
        """All rows of a kind as a file, `xlsx` or `csv`."""
        return bytes(self._send("GET", f"/api/tables/{kind}.{format}").content)

    def table_template(self, kind: str, format: str = "xlsx") -> bytes:
        """An empty table to fill in."""
        return bytes(self._send("GET", f"/api/tables/{kind}/template.{format}").content)

    def table_imports(self) -> list[Record]:
        """What came in, newest first (`TableImportOut`)."""
        return cast(list[Record], self._get("/api/tables/imports"))

    def undo_table(self, id: int) -> Record:
        """Give every row of an import back what it said before (`TableImportOut`)."""
        return cast(Record, self._send("POST", f"/api/tables/imports/{id}/undo").json())


def _bytes(file: str | Path | bytes) -> bytes:
    return file if isinstance(file, bytes) else Path(file).read_bytes()
