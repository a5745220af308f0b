"""One InfluxDB server: its write and query endpoints, and which failures may pass.

Writes go to `/api/v2/write` through influxdb-client, or to `/write` of a 1.x server. Queries are InfluxQL on `/query`,
the one dialect that 1.x, 2.x (with a DBRP mapping) and 3 all serve.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec

from forewarn.core.errors import Rejected, Retriable

_WRONG_INPUT = (400, 413, 422)
_BEFORE_V2_WRITES = re.compile(r"v?1\.[0-7]\.")  # 1.8 was the first that took /api/v2/write

Value = float | int | str | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one series of a query's answer; times are UTC microseconds."""

    tags: dict[str, str]
    columns: list[str]
    rows: list[list[Value]]


class InfluxServer:
    """Talks to one bucket (1.x: database). `api` is "2", "1" or "auto": what the server calls itself decides.

    `token` is an API token; for 1.x `user:password`, or empty. Raises `Retriable` when the server is away, busy or
    refuses the token, and `Rejected` for what it calls wrong for good.
    """

    def __init__(self, url: str, token: str, org: str, bucket: str, api: str = "auto", timeout_s: float = 10.0) -> None:
        self.url, self.bucket = url.rstrip("/"), bucket
        self._token, self._org, self._api, self._timeout_s = token, org, api, timeout_s
        self._http = httpx2.Client(base_url=self.url, timeout=timeout_s, trust_env=False, headers=self._headers())
        self._client: Any = None
        self._writer: Any = None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self._token}"} if self._token and ":" not in self._token else {}

    def _auth(self) -> tuple[str, str] | None:
        user, colon, password = self._token.partition(":")
        return (user, password) if colon else None

    # ---- writing

    def write(self, body: bytes) -> None:
        """Write lines with microsecond times; returns when the server has answered."""
        if self._speaks_v1():
            params = {"db": self.bucket, "precision": "u"}
            self._sent("POST", "/write", params, body)
        else:
            self._write_v2(body)

    def _speaks_v1(self) -> bool:
        if self._api == "auto":
            version = self._sent("GET", "/ping").headers.get("X-Influxdb-Version", "")
            self._api = "1" if _BEFORE_V2_WRITES.match(version) else "2"
        return self._api == "1"

    def _write_v2(self, body: bytes) -> None:
        from influxdb_client.rest import ApiException
        from urllib3.exceptions import HTTPError

        try:
            self._v2_writer().write(self.bucket, self._org, body, write_precision="us")
        except ApiException as error:
            if error.status in _WRONG_INPUT:
                raise Rejected("refused_by_influxdb", f"{error.status} {error.body or error.reason}") from error
            raise Retriable(f"{self.url} answers {error.status} {error.reason}") from error
        except (HTTPError, OSError) as error:
            raise Retriable(f"{self.url} cannot be reached: {error}") from error

    def _v2_writer(self) -> Any:
        if self._writer is None:
            from influxdb_client.client.influxdb_client import InfluxDBClient
            from influxdb_client.client.write_api import SYNCHRONOUS

            timeout_ms = round(self._timeout_s * 1000)
            self._client = InfluxDBClient(
                url=self.url, token=self._token, org=self._org, timeout=timeout_ms, enable_gzip=True
            )
            self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        return self._writer

    # ---- reading

    def holds_the_bucket(self) -> bool:
        """Whether InfluxQL can read here. VictoriaMetrics, for one, answers every query with nothing."""
        names = [row[0] for table in self.query("SHOW DATABASES") for row in table.rows]
        return self.bucket in names

    def query(self, text: str) -> list[Table]:
        """All tables of an InfluxQL query."""
        params = {"db": self.bucket, "q": text, "epoch": "u", "chunked": "true"}
        with self._stream(params) as lines:
            return [table for line in lines if line.strip() for table in _tables(line)]

    @contextmanager
    def _stream(self, params: dict[str, str]) -> Iterator[Iterator[str]]:
        try:
            with self._http.stream("GET", "/query", params=params, auth=self._auth()) as answer:
                if answer.status_code in _WRONG_INPUT:
                    raise Rejected("refused_by_influxdb", answer.read().decode(errors="replace")[:500])
                if not answer.is_success:
                    raise Retriable(f"{self.url} answers {answer.status_code} {answer.reason_phrase}")
                yield answer.iter_lines()
        except httpx2.TransportError as error:
            raise Retriable(f"{self.url} cannot be reached: {error}") from error

    def _sent(
        self, method: str, path: str, params: dict[str, str] | None = None, body: bytes | None = None
    ) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, params=params, content=body, auth=self._auth())
        except httpx2.TransportError as error:
            raise Retriable(f"{self.url} cannot be reached: {error}") from error
        if answer.status_code in _WRONG_INPUT:
            raise Rejected("refused_by_influxdb", f"{answer.status_code} {answer.text[:500]}")
        if not answer.is_success:
            raise Retriable(f"{self.url} answers {answer.status_code} {answer.reason_phrase}")
        return answer

    def close(self) -> None:
        """Release the connections."""
        self._http.close()
        if self._client is not None:
            self._writer.close()
            self._client.close()


def _tables(line: str) -> Iterator[Table]:
    answer = msgspec.json.decode(line)
    for result in answer.get("results", ()):
        if "error" in result:
            raise Rejected("refused_by_influxdb", str(result["error"])[:500])
        for series in result.get("series", ()):
            yield Table(series.get("tags", {}), series["columns"], series.get("values", []))
