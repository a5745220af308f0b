"""What the plant's routes answer: overview, machines, charts, spectrum, quarantine."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from starlette.testclient import TestClient

from forewarn.core.health import State
from forewarn.core.readings import Readings
from tests.api.rooms import MINUTE_US, PEAK, WAVE_AT_US, TestRoom
from tests.maintenance.samples import NOW_US

EMPTY = {"state": "warming_up", "health": None, "anomaly": None, "rul": None, "fault": None, "assessed_at": None}


def test_the_overview_counts_machines_orders_and_the_books(client: TestClient, plant_room: TestRoom) -> None:
    plant_room.assess("p101")
    plant_room.open_order()
    told = client.get("/api/overview").json()
    assert (told["plant"], told["timezone"], told["clock_rate"]) == ("Riverside Works", "Asia/Shanghai", 1.0)
    assert told["by_state"] == {"alarm": 1, "warming_up": 2}
    assert (told["assets"], told["open_orders"], told["orders_total"]) == (3, 1, 1)
    counts = told["counts"]
    assert counts["acked"] == sum(counts[k] for k in counts if k != "acked")
    assert (counts["stored"], counts["quarantined"]) == (481, 1)


def test_before_any_assessment_every_machine_is_warming_up_without_a_number(client: TestClient) -> None:
    rows = client.get("/api/assets").json()
    assert [row["id"] for row in rows] == ["p101", "p102", "f201"]
    for row in rows:
        assert {key: row[key] for key in EMPTY} == EMPTY
        assert row["warming_up_share"] is None
        assert (row["open_orders"], row["sensor_problems"]) == ([], [])


def test_a_warming_up_machine_tells_how_far_it_is(client: TestClient, plant_room: TestRoom) -> None:
    warming = {"seen_hours": 6.0, "needed_hours": 24.0}
    plant_room.assessments.save(
        {"asset": "p102", "at_us": NOW_US, "state": "warming_up", "health": None, "anomaly": None,
         "warming_up": warming, "diagnosis": [], "forecasts": [], "contributions": [], "sensor_problems": []}
    )  # fmt: skip
    assert client.get("/api/assets").json()[1]["warming_up_share"] == 0.25


def test_a_machine_shows_its_fault_remaining_life_orders_and_doubtful_sensors(
    client: TestClient, plant_room: TestRoom
) -> None:
    plant_room.assess("p101")
    order = plant_room.open_order()
    row = client.get("/api/assets").json()[0]
    assert (row["state"], row["health"], row["fault"]) == ("alarm", 40.0, "de_bearing:outer_race_spall")
    assert row["fault_label"] == "outer-race spall, de_bearing"
    assert [row["rul"][k] for k in ("p10_h", "p50_h", "p90_h")] == [240, 300, 480]
    assert row["open_orders"] == [order.number]
    assert [p["signal"] for p in row["sensor_problems"]] == ["flow"]


def test_one_machine_lists_its_signals_with_newest_value_quality_and_features(
    client: TestClient, plant_room: TestRoom
) -> None:
    plant_room.assess("p101")
    told = client.get("/api/assets/p101").json()
    signals = {s["name"]: s for s in told["signals"]}
    assert signals["de_acceleration"]["features"] == ["de_acceleration:rms"]
    assert signals["de_acceleration"]["kind"] == "waveform"
    assert signals["flow"]["quality"] == ["stuck"]
    assert signals["flow"]["last_value"] == 55.9
    assert datetime.fromisoformat(signals["flow"]["last_at"]) == datetime.fromtimestamp((NOW_US - MINUTE_US) / 1e6, UTC)
    assert (told["model"], len(told["diagnosis"]), len(told["contributions"])) == ("signature 3", 1, 2)


def test_a_machine_that_never_spoke_has_signals_without_values(client: TestClient) -> None:
    told = client.get("/api/assets/f201").json()
    assert [s["last_value"] for s in told["signals"]] == [None, None, None]
    assert (told["diagnosis"], told["model"]) == ([], None)


def test_an_unknown_machine_is_a_404_everywhere(client: TestClient) -> None:
    for path in ("", "/trend?signal=flow", "/history", "/spectrum?signal=x"):
        answer = client.get(f"/api/assets/nobody{path}")
        assert answer.status_code == 404
        assert "nobody" in answer.json()["title"]


def test_a_trend_leaves_out_what_cannot_be_believed(client: TestClient) -> None:
    flow = client.get("/api/assets/p101/trend", params={"signal": "flow", "hours": 2}).json()
    pressure = client.get("/api/assets/p101/trend", params={"signal": "discharge_pressure", "hours": 2}).json()
    assert (len(pressure["at_ms"]), len(flow["at_ms"])) == (60, 59)
    assert pressure["at_ms"][-1] == (NOW_US - MINUTE_US) // 1000
    assert max(pressure["value"]) == PEAK


def test_a_trend_covers_the_hours_that_are_asked_for(client: TestClient) -> None:
    half = client.get("/api/assets/p101/trend", params={"signal": "current", "hours": 0.5}).json()
    assert 29 <= len(half["value"]) <= 30
    assert half["unit"] == "A"
    assert (half["low"], half["high"]) == (0, 60)


def test_a_long_trend_is_thinned_and_keeps_the_one_peak(client: TestClient, plant_room: TestRoom) -> None:
    at = [NOW_US - 2 * 3600_000_000 - i * 1_000_000 for i in range(20_000)][::-1]
    value = [20.0] * 20_000
    value[12_345], value[777] = 59.0, 1.0
    plant_room.add("p101/current", at, value)
    told = client.get("/api/assets/p101/trend", params={"signal": "current", "hours": 24}).json()
    assert len(told["value"]) <= 1_201
    assert {59.0, 1.0} <= set(told["value"])
    assert told["at_ms"] == sorted(told["at_ms"])


def test_a_feature_of_a_waveform_has_a_trend_in_its_own_unit(client: TestClient) -> None:
    told = client.get("/api/assets/p101/trend", params={"signal": "de_acceleration:rms"}).json()
    assert told["value"] == [1.0, 1.2]
    assert (told["unit"], told["low"], told["high"]) == ("m/s^2", None, None)
    assert told["at_ms"][-1] == WAVE_AT_US // 1000


def test_a_waveform_signal_itself_has_no_trend_and_a_silent_feature_an_empty_one(client: TestClient) -> None:
    for signal in ("de_acceleration", "de_acceleration:kurtosis"):
        told = client.get("/api/assets/p101/trend", params={"signal": signal}).json()
        assert (told["at_ms"], told["value"]) == ([], [])


def test_an_unknown_signal_is_answered_with_those_that_exist(client: TestClient) -> None:
    answer = client.get("/api/assets/f201/trend", params={"signal": "sliip"})
    assert answer.status_code == 404
    assert "velocity, slip, running" in answer.json()["title"]
    answer = client.get("/api/assets/p101/trend", params={"signal": "de_acceleration:loudness"})
    assert answer.status_code == 404
    assert "loudness" in answer.json()["title"]


@pytest.mark.parametrize("hours", ["0", "-1", "8785", "nan", "inf", "week"])
def test_hours_out_of_range_are_refused(client: TestClient, hours: str) -> None:
    for path in ("trend?signal=flow&", "history?"):
        answer = client.get(f"/api/assets/p101/{path}hours={hours}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "query/hours"


def test_the_history_shows_past_assessments_oldest_first(client: TestClient, plant_room: TestRoom) -> None:
    for minutes, state in ((50, State.NORMAL), (30, State.ALERT), (10, State.ALARM)):
        plant_room.assess("p101", NOW_US - minutes * MINUTE_US, state)
    told = client.get("/api/assets/p101/history").json()
    assert [p["state"] for p in told] == ["normal", "alert", "alarm"]
    assert [p["rul_p50_h"] for p in told] == [300, 300, 300]
    assert client.get("/api/assets/p101/history", params={"hours": 0.25}).json() == told[2:]
    assert client.get("/api/assets/p102/history").json() == []


def test_a_spectrum_shows_the_newest_waveform_and_where_faults_would_show(client: TestClient) -> None:
    told = client.get("/api/assets/p101/spectrum", params={"signal": "de_acceleration", "kind": "amplitude"}).json()
    assert len(told["frequency_hz"]) == len(told["amplitude"]) <= 800
    loudest = told["frequency_hz"][int(np.argmax(told["amplitude"]))]
    assert loudest == pytest.approx(24.667, abs=2 * 12_800 / 8_192)
    tones = {tone["name"]: tone["hz"] for tone in told["tones"]}
    assert tones["1x"] == pytest.approx(1480 / 60)
    assert tones["BPFO"] == pytest.approx(4.5 * 1480 / 60 * (1 - 7.94 / 39.04))
    assert datetime.fromisoformat(told["at"]) == datetime.fromtimestamp(WAVE_AT_US / 1e6, UTC)


def test_the_envelope_spectrum_reaches_far_enough_for_its_tones(client: TestClient) -> None:
    told = client.get("/api/assets/p101/spectrum", params={"signal": "de_acceleration"}).json()
    assert told["kind"] == "envelope"
    assert max(tone["hz"] for tone in told["tones"]) < max(told["frequency_hz"]) < 6_400


def test_without_a_waveform_there_is_no_spectrum(client: TestClient) -> None:
    for asset, signal in (("p102", "de_acceleration"), ("p101", "flow"), ("p101", "nothing")):
        answer = client.get(f"/api/assets/{asset}/spectrum", params={"signal": signal})
        assert answer.status_code == 404
        assert signal in answer.json()["title"]


@pytest.mark.parametrize("kind", ["envelope", "amplitude"])
def test_a_block_of_a_few_samples_has_no_spectrum_and_a_dead_one_a_flat_one(
    client: TestClient, plant_room: TestRoom, kind: str
) -> None:
    for minute, (length, status) in enumerate([(1, 404), (63, 404), (64, 200)]):
        plant_room.add_wave(np.ones(length, np.float32), WAVE_AT_US + (minute + 1) * MINUTE_US)
        answer = client.get("/api/assets/p101/spectrum", params={"signal": "de_acceleration", "kind": kind})
        assert answer.status_code == status
    assert max(answer.json()["amplitude"]) < 1e-6


def test_quarantine_shows_binary_payloads_as_printable_text_newest_first(
    client: TestClient, plant_room: TestRoom
) -> None:
    newer = plant_room.raw.quarantine()[0]
    plant_room.raw.write(plant_room.raw.position + 1, Readings.empty(), [], [newer] * 3)
    rows = client.get("/api/quarantine").json()
    assert len(rows) == 4
    assert (rows[0]["source"], rows[0]["topic"], rows[0]["reason"]) == ("gw-7", "plant/p101/x", "not_json")
    assert rows[0]["payload_preview"].isprintable()
    assert "[31mred" in rows[0]["payload_preview"]
    assert len(rows[0]["payload_preview"]) <= 200
    assert len(client.get("/api/quarantine", params={"limit": 2}).json()) == 2
    assert client.get("/api/quarantine", params={"limit": 501}).status_code == 422
