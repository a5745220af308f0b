"""A FAKE of the routes of entered readings, for browser tests of the page alone: made-up rounds, the real shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse

from forewarn.api.problems import problem
from forewarn.api.schemas_readings import EnteredReading, ReadingsIn, ReadingsOut, RoundRow, RoundSignal
from tests.ui.fake_plant import NOW

ASSET = "pump-04"


def oil_signal(name: str, high: float, last: float | None) -> RoundSignal:
    return RoundSignal(
        name=name, quantity="ratio", unit="ppm", component="gearbox", low=0.0, high=high, last_value=last,
        last_at=NOW - timedelta(days=31) if last is not None else None,
    )  # fmt: skip


def oil_round() -> RoundRow:
    signals = [oil_signal("oil_iron", 500.0, 38.0), oil_signal("oil_water", 2000.0, None)]
    return RoundRow(
        asset=ASSET, asset_name="High pressure pump 4", round="oil", every_s=30 * 86_400.0, due=True,
        due_since=NOW - timedelta(days=1), signals=signals,
    )  # fmt: skip


@dataclass
class FakeReadings:
    """Rounds, and what was entered with its keys. `away`: the ingest process does not answer."""

    rounds: list[RoundRow] = field(default_factory=lambda: [oil_round()])
    entered: list[tuple[ReadingsIn, str]] = field(default_factory=list)
    away: bool = False

    def due(self, asset: str | None, due: bool) -> list[RoundRow]:
        return [row for row in self.rounds if asset in (None, row.asset) and (row.due or not due)]

    def take(self, asset: str, body: ReadingsIn, key: str) -> ReadingsOut | JSONResponse:
        """A value above 500 is asked back."""
        if self.away:
            return problem(503, "try-again", "Not possible right now", "the ingest process does not answer")
        if any(value > 500 for value in body.values.values()) and not body.confirm:
            told = {f"values/{name}": f"{value:g} ppm is outside" for name, value in body.values.items()}
            return problem(422, "confirm", "Is this right?", "", errors_of({**told, "confirm": "again"}))
        if body.at is not None and body.at > NOW:
            return problem(422, "rejected", "", "", errors_of({"at": "this time lies ahead"}))
        self.entered.append((body, key))
        self.rounds = [row.model_copy(update={"due": False}) for row in self.rounds]
        return stored(asset, body.at or NOW, body)


def errors_of(fields: dict[str, str]) -> list[dict[str, str]]:
    return [{"pointer": f"body/{name}", "detail": text} for name, text in fields.items()]


def stored(asset: str, at: datetime, body: ReadingsIn) -> ReadingsOut:
    far = {name: ["far from the values before"] for name, value in body.values.items() if value > 100}
    readings = [
        EnteredReading(signal=name, value=value, unit="ppm", remarks=far.get(name, []), already=False)
        for name, value in body.values.items()
    ]
    return ReadingsOut(asset=asset, at=at, by="planner", readings=readings)


def reading_routes(app: FastAPI, fake: FakeReadings) -> None:
    @app.get("/api/rounds")
    def get_rounds(asset: str | None = None, due: bool = True) -> list[RoundRow]:
        return fake.due(asset, due)

    @app.post("/api/assets/{id}/readings", status_code=201, response_model=ReadingsOut)
    def post_readings(
        id: str, body: ReadingsIn, idempotency_key: str = Header(min_length=8)
    ) -> ReadingsOut | JSONResponse:
        return fake.take(id, body, idempotency_key)
