"""The route of the second opinion: computed from the stores, of the span and the sensors of the first one."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from starlette.testclient import TestClient

from forewarn.core.clock import US_PER_DAY
from tests.api.rooms import MINUTE_US, TestRoom
from tests.maintenance.samples import NOW_US

STEPS = 300


def fill(room: TestRoom, asset: str = "p102") -> None:
    """Twelve days of readings every hour up to now; the discharge pressure falls in the second half."""
    rng, at = np.random.default_rng(5), [NOW_US - (STEPS - i) * 60 * MINUTE_US for i in range(STEPS)]
    for spec in next(a for a in room.room.plant.assets if a.id == asset).signals:
        if spec.kind == "scalar":
            value = (1480.0 if spec.role == "speed" else 50.0) + 0.2 * rng.standard_normal(STEPS)
            if spec.signal == "discharge_pressure":
                value -= 0.05 * np.maximum(np.arange(STEPS) - STEPS // 2, 0)
            room.add(spec.name, at, value.tolist())


def test_a_machine_with_little_data_is_warming_up_and_told_how_much_is_missing(client: TestClient) -> None:
    for asset in ("p101", "f201"):
        answer = client.get(f"/api/assets/{asset}/second-opinion")
        assert answer.status_code == 200
        told = answer.json()
        assert told["warming_up"]
        assert (told["isolation"], told["trends"]) == (None, [])
        assert 0 <= told["rows"] < told["needed_rows"]


def test_a_change_is_found_in_what_is_stored(client: TestClient, plant_room: TestRoom) -> None:
    fill(plant_room)
    told = client.get("/api/assets/p102/second-opinion").json()
    assert (told["asset"], told["warming_up"]) == ("p102", False)
    assert told["isolation"]["share_outside"] > 0.9
    until, newest = (datetime.fromisoformat(told["isolation"][k]) for k in ("baseline_until", "newest_from"))
    assert until < newest < datetime.fromisoformat(told["at"])
    trend = told["trends"][0]
    assert (trend["feature"], trend["excludes_zero"], trend["unit"]) == ("discharge_pressure", True, "bar")
    assert trend["low_per_day"] < trend["slope_per_day"] < trend["high_per_day"] < 0


def test_data_before_the_repair_and_doubted_sensors_are_left_out(client: TestClient, plant_room: TestRoom) -> None:
    fill(plant_room)
    doubt = {"signal": "discharge_pressure", "kind": "stuck", "since_us": NOW_US, "text": ""}
    first = {
        "asset": "p102", "at_us": NOW_US, "state": "normal", "health": 100.0, "anomaly": 0.1, "diagnosis": [],
        "forecasts": [], "contributions": [], "sensor_problems": [doubt], "span_us": [0, NOW_US],
    }  # fmt: skip
    plant_room.assessments.save(first)
    told = client.get("/api/assets/p102/second-opinion").json()
    assert "discharge_pressure" not in {t["feature"] for t in told["trends"]}
    assert told["isolation"]["share_outside"] < 0.5
    repaired = {**first, "at_us": NOW_US + 1, "span_us": [NOW_US - US_PER_DAY, NOW_US]}
    plant_room.assessments.save(repaired)
    assert client.get("/api/assets/p102/second-opinion").json()["warming_up"]


def test_an_unknown_machine_and_a_stranger_are_refused(client: TestClient, anonymous: TestClient) -> None:
    answer = client.get("/api/assets/nobody/second-opinion")
    assert (answer.status_code, "nobody" in answer.json()["title"]) == (404, True)
    assert anonymous.get("/api/assets/p101/second-opinion").status_code == 401
