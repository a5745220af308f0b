"""Shapes of the routes of shelving: what is silenced, until when, and why."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from forewarn.api.schemas import Model


class ShelvedOut(Model):
    """A limit of an asset (`limit` null: the whole asset) that is silenced until a time."""

    asset: str
    limit: str | None
    until: datetime
    by: str
    reason: str


class ShelfOut(Model):
    """What of an asset can be shelved (`limits` of the plant's engineers, and the asset as a whole), and what is."""

    asset: str
    limits: list[str]
    standing: list[ShelvedOut]


class ShelveIn(Model):
    """Silence a limit (`limit` null: the whole asset) for so many plant hours, at most 90 days."""

    limit: str | None = Field(None, max_length=200)
    hours: float = Field(gt=0, le=2160)
    reason: str = Field(min_length=1, max_length=2000)
