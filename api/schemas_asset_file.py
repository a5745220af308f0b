"""Shapes of the whole-life file of an asset."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from forewarn.api.schemas import KindName, Model, StatusName
from forewarn.api.schemas_work import ResultName


class FileOrderOut(Model):
    """An order in the file. `finding` as it was told; `cost` planned, in `currency`."""

    id: str
    number: str
    kind: KindName
    status: StatusName
    verification: ResultName
    priority: int
    title: str
    faults: list[str]
    finding: str | None
    follows: str | None
    created_at: datetime
    updated_at: datetime
    planned_cost: float
    currency: str


class FileSumsOut(Model):
    """All orders of the asset counted; `complete` false: only the newest so many."""

    orders: int
    open_orders: int
    by_kind: dict[str, int]
    by_status: dict[str, int]
    verifications: dict[str, int]
    first_at: datetime | None
    newest_at: datetime | None
    complete: bool


class FileSpentOut(Model):
    """What was reported in one currency, and the hours of labour."""

    currency: str
    labour: float
    parts: float
    other: float
    total: float
    labour_hours: float


class FilePartOut(Model):
    """A part over the life of the asset: pieces used and planned, in how many orders, and when last. `from_store`:
    those that the store room's ledger says went to its orders and did not come back, worth `store_value`."""

    part: str
    name: str
    used: float
    planned: int
    orders: int
    last_at: datetime
    from_store: int
    store_value: float


class FileFittedOut(Model):
    """A piece with a serial number that sits in the machine now."""

    part: str
    name: str
    serial: str
    since: datetime


class FileModelOut(Model):
    """A version of a model that had a say in the newest orders."""

    name: str
    version: str
    digest: str
    orders: int
    first_at: datetime
    last_at: datetime


class FileSignalOut(Model):
    """Readings of a signal: the newest, and of the last 30 days how many and their range."""

    signal: str
    quantity: str
    unit: str
    kind: str
    last_at: datetime | None
    last_value: float | None
    readings: int
    low: float | None
    mean: float | None
    high: float | None


class FileRunningOut(Model):
    """How the asset runs; hours of operation over its life as far as they are known."""

    state: str
    since: datetime | None
    hours_total: float | None
    hours_24h: float | None
    share_30d: float | None


class FileChangeOut(Model):
    """A row of the audit about the asset or an order on the page: `about` is the order's number with what stands
    beside it (steps, verification, clock), or what of the asset (shelf, readings, muted); `changed` the fields."""

    at: datetime
    actor: str
    about: str
    action: str
    changed: list[str]
    hash: str


class AssetFileOut(Model):
    """One page of the file. `specification` is empty for an asset that has left the plant file. The next page:
    `before=` the value of `next` (null: these were the last orders)."""

    asset: str
    at: datetime
    specification: dict[str, Any]
    orders_total: FileSumsOut
    orders: list[FileOrderOut]
    next: str | None
    parts: list[FilePartOut]
    fitted: list[FileFittedOut]
    spent: list[FileSpentOut]
    models: list[FileModelOut]
    changes: list[FileChangeOut]
    readings: list[FileSignalOut]
    running: FileRunningOut | None
