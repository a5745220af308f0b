"""What the API takes and gives about readings that people enter."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from forewarn.api.schemas import Model

Signal = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class RoundSignal(Model):
    """A signal of a round. `unit` stands on the instrument; `low`, `high` and `last_value` are in it."""

    name: str
    quantity: str
    unit: str
    component: str | None
    low: float | None
    high: float | None
    last_value: float | None
    last_at: datetime | None


class RoundRow(Model):
    """Signals of one machine that are read together. `due_since` is null for a round that was never made; `every_s`
    null: at no fixed time."""

    asset: str
    asset_name: str
    round: str
    every_s: float | None
    due: bool
    due_since: datetime | None
    signals: list[RoundSignal]


class ReadingsIn(Model):
    """Readings of one moment. `units`: signal -> unit that a value was read in, where it is not the usual one;
    `confirm`: take what was asked back."""

    values: dict[Signal, Annotated[float, Field(strict=True, allow_inf_nan=False)]] = Field(
        min_length=1, max_length=100
    )
    at: AwareDatetime | None = None
    units: dict[Signal, Annotated[str, StringConstraints(max_length=40)]] = Field(default_factory=dict)
    note: Annotated[str, StringConstraints(max_length=2000)] = ""
    confirm: bool = False


class EnteredReading(Model):
    """A reading that is stored now. `value` is in `unit`, the canonical one; `already`: it had been entered before."""

    signal: str
    value: float
    unit: str
    remarks: list[str]
    already: bool


class ReadingsOut(Model):
    """What was entered."""

    asset: str
    at: datetime
    by: str
    readings: list[EnteredReading]


class EntryRow(Model):
    """An entry in the record. `values` are in the units of `units`, as they were read."""

    at: datetime
    entered_at: datetime
    by: str
    values: dict[str, float]
    units: dict[str, str]
    note: str
    confirmed: list[str]
