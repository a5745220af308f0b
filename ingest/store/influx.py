"""A narrow sink to an InfluxDB server: readings as line protocol, written synchronously, going on from its own cursor.

One measurement per quantity, tags `asset` and `signal`, field `value`, microseconds. InfluxDB overwrites the same
series and time with the same value, so a batch may come again: after an outage of hours the caller repeats from
`position`. Waveforms and refusals stay in the embedded store.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from forewarn.core.errors import Rejected, Retriable
from forewarn.core.ports import Refusal
from forewarn.core.readings import Readings, SignalSpec, Waveform
from forewarn.core.telemetry import NO_NOTES, Notes
from forewarn.ingest.folder_lock import sync_folder

log = structlog.get_logger(__name__)

_ROWS_A_REQUEST = 5000
_WRONG_INPUT = (400, 413, 422)
_TAG_ESCAPES = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\ ", "\r": r"\ "})
_MEASUREMENT_ESCAPES = str.maketrans({",": r"\,", " ": r"\ ", "\n": r"\ ", "\r": r"\ "})


class SinkCursor:
    """A journal or store position in a small file, replaced as a whole. Raises `OSError` when it is unreadable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.position = int(path.read_text()) if path.exists() else 0

    def advance(self, position: int) -> None:
        """Remember durably that everything before a position has arrived."""
        beside = self._path.with_suffix(".new")
        with beside.open("w") as file:
            file.write(str(position))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        sync_folder(self._path.parent)
        self.position = position

    def enter(self, start: int, end: int) -> int:
        """Go on inside what a journal still holds, [start, end]; answers how many bytes lie between, never to be read.

        0 is usual. A sink that is new or was switched off begins at what is left; one whose journal was replaced, at
        its end.
        """
        inside = min(max(self.position, start), end)
        missed = abs(inside - self.position)
        if missed:
            self.advance(inside)
        return missed


class InfluxSink:
    """Writes readings to a bucket. `write` returns when the server has answered for everything in the batch.

    Raises `Retriable` when the server is away, busy, or refuses the token (nothing is skipped: repeat the call later).
    What it calls wrong for good (another field type in the bucket, say) is logged, counted in `skipped` and passed
    over, by request, so that it blocks nothing; some of a skipped request may have been taken.

    `signals` tells series number -> `SignalSpec`; readings of series that are not in it are left out.
    """

    def __init__(
        self,
        url: str,
        token: str,
        org: str,
        bucket: str,
        signals: Mapping[int, SignalSpec],
        cursor: SinkCursor,
        timeout_s: float = 10.0,
    ) -> None:
        from influxdb_client.client.influxdb_client import InfluxDBClient
        from influxdb_client.client.write_api import SYNCHRONOUS

        self._url, self._org, self._bucket, self._cursor = url, org, bucket, cursor
        timeout_ms = round(timeout_s * 1000)
        client: Any = InfluxDBClient(url=url, token=token, org=org, timeout=timeout_ms, enable_gzip=True)
        self._client, self._api = client, client.write_api(write_options=SYNCHRONOUS)
        self._keys = {series: line_key(signal) for series, signal in signals.items()}
        self.skipped = 0

    @property
    def position(self) -> int:
        """Position up to which the server has everything."""
        return self._cursor.position

    def write(
        self,
        position: int,
        readings: Readings,
        waveforms: Sequence[Waveform] = (),
        refused: Sequence[Refusal] = (),
        notes: Notes = NO_NOTES,
    ) -> None:
        """Send all readings up to a position; a position already passed sends nothing. The rest is not for InfluxDB."""
        if position <= self._cursor.position:
            return
        lines = list(encode_lines(readings, self._keys))
        for start in range(0, len(lines), _ROWS_A_REQUEST):
            self._deliver(lines[start : start + _ROWS_A_REQUEST])
        try:
            self._cursor.advance(position)
        except OSError as error:
            raise Retriable(f"the cursor of {self._url} cannot be kept: {error}") from error

    def flush(self) -> None:
        """Nothing waits: `write` returns when the server has answered."""

    def _deliver(self, lines: list[str]) -> None:
        try:
            self._send("\n".join(lines).encode())
        except Rejected as error:
            self.skipped += len(lines)
            log.error("sink_skips", url=self._url, readings=len(lines), skipped=self.skipped, error=str(error)[:500])

    def _send(self, body: bytes) -> None:
        from influxdb_client.rest import ApiException
        from urllib3.exceptions import HTTPError

        try:
            self._api.write(self._bucket, self._org, body, write_precision="us")
        except ApiException as error:
            if error.status in _WRONG_INPUT:
                raise Rejected("refused_by_influxdb", f"{error.status} {error.body or error.reason}") from error
            raise Retriable(f"{self._url} answers {error.status} {error.reason}") from error
        except (HTTPError, OSError) as error:
            raise Retriable(f"{self._url} cannot be reached: {error}") from error

    def close(self) -> None:
        """Release the connection."""
        self._api.close()
        self._client.close()


def line_key(signal: SignalSpec) -> str:
    r"""Measurement and tags of a signal, escaped.

    >>> line_key(SignalSpec("pump 7", "temp", "temperature", "degC", topic="p7/t"))
    'temperature,asset=pump\\ 7,signal=temp'
    """
    asset, name = _tag(signal.asset), _tag(signal.signal)
    return f"{signal.quantity.translate(_MEASUREMENT_ESCAPES)},asset={asset},signal={name}"


def _tag(text: str) -> str:
    escaped = text.translate(_TAG_ESCAPES)
    return escaped + r"\ " if escaped.endswith("\\") else escaped  # a backslash at the end would escape what follows


def encode_lines(readings: Readings, keys: Mapping[int, str]) -> Iterator[str]:
    """Line protocol of readings whose series has a key.

    >>> list(encode_lines(Readings.of([1, 2], [1000, 1001], [71.2, 0.5]), {1: "temperature,asset=p7,signal=temp"}))
    ['temperature,asset=p7,signal=temp value=71.2 1000']
    """
    columns = (readings.series.tolist(), readings.at.tolist(), readings.value.tolist())
    for series, at, value in zip(*columns, strict=True):
        if series in keys:
            yield f"{keys[series]} value={value!r} {at}"
