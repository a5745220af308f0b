"""Bytes of a file -> its sheets, by what the bytes are and not by what the file is called. Pure."""

from __future__ import annotations

from forewarn.core.errors import Rejected
from forewarn.maintenance.exchange.cells import LIMITS, Limits, Sheet
from forewarn.maintenance.exchange.kinds import TableKind
from forewarn.maintenance.exchange.package import OLD_OFFICE
from forewarn.maintenance.exchange.read_csv import read_csv
from forewarn.maintenance.exchange.read_xlsx import read_xlsx


def sheets_of(data: bytes, kind: TableKind, limits: Limits = LIMITS) -> tuple[Sheet, ...]:
    """The sheets of an XLSX or CSV file. Raises Rejected with what to do."""
    if not data.strip():
        raise Rejected("table_empty", "the file is empty")
    if len(data) > limits.bytes:
        raise Rejected("table_size", f"a file has at most {limits.bytes // 1_000_000} MB: split it")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", OLD_OFFICE)):
        return read_xlsx(data, limits)
    return (read_csv(data, kind, limits),)
