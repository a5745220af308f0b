"""Shelving in the fake interface: what is silenced stays so until somebody ends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fastapi import FastAPI

from forewarn.api.schemas_shelf import ShelfOut, ShelvedOut, ShelveIn

LIMITS = ["hot", "starved"]


@dataclass
class FakeShelf:
    """What is silenced by (asset, limit); `now` is the plant's time."""

    now: datetime
    standing: dict[tuple[str, str | None], ShelvedOut] = field(default_factory=dict)

    def of(self, asset: str) -> ShelfOut:
        return ShelfOut(asset=asset, limits=LIMITS, standing=[s for s in self.standing.values() if s.asset == asset])


def shelf_routes(app: FastAPI, shelf: FakeShelf) -> None:
    @app.get("/api/assets/{id}/shelved")
    def get_shelved(id: str) -> ShelfOut:
        return shelf.of(id)

    @app.post("/api/assets/{id}/shelved")
    def post_shelved(id: str, body: ShelveIn) -> ShelfOut:
        until = shelf.now + timedelta(hours=body.hours)
        made = ShelvedOut(asset=id, limit=body.limit, until=until, by="planner", reason=body.reason)
        shelf.standing[id, body.limit] = made
        return shelf.of(id)

    @app.delete("/api/assets/{id}/shelved")
    def delete_shelved(id: str, limit: str | None = None) -> ShelfOut:
        shelf.standing.pop((id, limit))
        return shelf.of(id)
