"""The route that prices running on: numbers with their units, a reason in their place, and machines without a meter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.testclient import TestClient

from forewarn.api import wiring
from forewarn.api.client import Client
from forewarn.api.settings import EnergySettings, Settings
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import SignalSpec
from tests.api.conftest import BASE
from tests.api.rooms import MINUTE_US, SMALL_PLANT, TestRoom, small_plant, spall_advice
from tests.maintenance.samples import NOW_US

STEPS = 14 * 48
LOSS_KW = 2.0


def metered(room: TestRoom, asset: str = "p102") -> None:
    """The pump gets a power meter."""
    meter = SignalSpec(asset, "power", "power", "kW", f"t/{asset}/power", period_s=1800.0)
    changed = tuple(replace(a, signals=(*a.signals, meter)) if a.id == asset else a for a in room.room.plant.assets)
    room.room.plant = replace(room.room.plant, assets=changed)
    room.raw.assign([meter.name])


def fill(room: TestRoom, asset: str = "p102") -> None:
    """Two weeks of readings every half hour up to now; the newest day draws 2 kW more for the same flow."""
    metered(room, asset)
    rng, step = np.random.default_rng(5), np.arange(STEPS)
    at = [NOW_US - (STEPS - i) * 30 * MINUTE_US for i in range(STEPS)]
    flow = 50 + 10 * np.sin(step / 17.0)
    power = 5 + 0.1 * flow + 0.1 * rng.standard_normal(STEPS) + LOSS_KW * (step >= STEPS - 48)
    for name, values in (("flow", flow), ("power", power), ("speed", np.full(STEPS, 1480.0))):
        room.add(f"{asset}/{name}", at, values.tolist())


def test_a_loss_is_told_in_kwh_with_its_range_and_without_a_price_in_nothing_else(
    client: TestClient, plant_room: TestRoom
) -> None:
    fill(plant_room)
    answer = client.get("/api/assets/p102/energy")
    assert answer.status_code == 200
    told = answer.json()
    extra = told["extra_kwh_per_day"]
    assert extra["middle"] == pytest.approx(24 * LOSS_KW, rel=0.1)
    assert 0 < extra["low"] < extra["middle"] < extra["high"]
    assert (told["asset"], told["sure"], told["level"]) == ("p102", True, 0.8)
    assert (told["cost_per_day"], told["currency"]) == (None, "EUR")
    assert (told["output"], told["per_output_unit"]) == ("flow", "kWh/m^3")
    assert told["per_output"] > told["expected_per_output"] > 0
    assert told["actual_kw"] - told["expected_kw"] == pytest.approx(LOSS_KW, abs=0.2)
    times = [datetime.fromisoformat(told[k]) for k in ("baseline_from", "baseline_until", "since", "until")]
    assert times == sorted(times)
    assert times[-1] == datetime.fromtimestamp(NOW_US / 1e6, UTC)


def test_with_a_price_the_money_is_told_too(client: TestClient, plant_room: TestRoom) -> None:
    fill(plant_room)
    plant_room.room.energy = EnergySettings(price_per_kwh=0.2, currency="CNY")
    told = client.get("/api/assets/p102/energy").json()
    assert told["currency"] == "CNY"
    for end in ("low", "middle", "high"):
        assert told["cost_per_day"][end] == pytest.approx(0.2 * told["extra_kwh_per_day"][end])


def test_an_order_that_is_open_ends_the_past(client: TestClient, plant_room: TestRoom) -> None:
    fill(plant_room)
    before = client.get("/api/assets/p102/energy").json()
    plant_room.open_order(replace(spall_advice("p102"), at_us=NOW_US - 9 * US_PER_DAY))
    after = client.get("/api/assets/p102/energy").json()
    opened = datetime.fromtimestamp((NOW_US - 9 * US_PER_DAY) / 1e6, UTC)
    assert datetime.fromisoformat(after["baseline_until"]) == opened < datetime.fromisoformat(before["baseline_until"])


def test_a_machine_with_a_young_meter_is_a_warming_up_problem_with_the_reason(
    client: TestClient, plant_room: TestRoom
) -> None:
    metered(plant_room)
    answer = client.get("/api/assets/p102/energy")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:forewarn:warming-up")
    assert "no readings of its power" in answer.json()["detail"]


def test_without_a_meter_without_the_machine_and_for_strangers_there_is_nothing(
    client: TestClient, anonymous: TestClient
) -> None:
    answer = client.get("/api/assets/p101/energy")
    assert (answer.status_code, "power or energy" in answer.json()["title"]) == (404, True)
    assert client.get("/api/assets/nobody/energy").status_code == 404
    assert anonymous.get("/api/assets/p101/energy").status_code == 401


def test_the_client_gives_the_record_or_the_reason(app: FastAPI, tmp_path: Path, plant_room: TestRoom) -> None:
    plant = Client(token_file=tmp_path / "api-token", http=TestClient(app, base_url=BASE))
    with pytest.raises(Rejected, match="power or energy") as no_meter:
        plant.energy("p102")
    assert no_meter.value.reason == "not-found"
    metered(plant_room)
    with pytest.raises(NotReady, match="no readings of its power"):
        plant.energy("p102")
    fill(plant_room, "p101")
    assert plant.energy("p101")["sure"]


def test_a_price_is_a_number_of_0_or_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert EnergySettings().price_per_kwh is None
    monkeypatch.setenv("FOREWARN_ENERGY__PRICE_PER_KWH", "0.21")
    assert Settings().energy == EnergySettings(price_per_kwh=0.21, currency="EUR")
    for wrong in ("-1", "inf", "nan"):
        monkeypatch.setenv("FOREWARN_ENERGY__PRICE_PER_KWH", wrong)
        with pytest.raises(ValidationError):
            Settings()


def test_the_price_of_the_settings_reaches_the_room(tmp_path: Path) -> None:
    tariff = EnergySettings(price_per_kwh=0.21)
    settings = Settings(state_dir=tmp_path, plant=SMALL_PLANT, energy=tariff)
    parts = wiring.main_parts(settings, small_plant())
    assert parts.room.energy == tariff
    parts.close()
