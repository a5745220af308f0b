"""Guesses about unknown numbers: names as they stand in the topics and payloads of real gateways."""

from __future__ import annotations

import re

import pytest

from forewarn.core.units import CANONICAL_UNIT
from forewarn.ingest.adoption import UNITS, VAGUE, WORDS, guess
from forewarn.pipeline.plant_units import resolve_unit

ASSETS = ("pump-7", "fan_2", "motor-b")

NAMES = [  # topic, field, unit text, value -> quantity, unit
    ("plant/pump-7/temp", "", "", 61.0, "temperature", "degC"),
    ("plant/pump-7/temp", "value", "degF", 140.0, "temperature", "degF"),
    ("hall/fan_2", "bearingTemp_F", "", 140.0, "temperature", "degF"),
    ("hall/fan_2", "motor_temp_c", "", 61.0, "temperature", "degC"),
    ("halle/pumpe7/lagertemperatur", "", "", 61.0, "temperature", "degC"),
    ("chejian/beng7/wendu", "zhi", "", 61.0, "temperature", "degC"),
    ("gw/1/vibration", "z_rms_velocity_mm_s", "", 1.2, "vibration_velocity", "mm/s"),
    ("gw/1/vibration", "Z-Axis RMS Velocity (in/sec)", "", 0.1, "vibration_velocity", "in/s"),
    ("gw/1/vibration", "x_vrms", "mm/s", 2.0, "vibration_velocity", "mm/s"),
    ("gw/1/vibration", "temperature", "", 40.0, "temperature", "degC"),
    ("gw/1", "Schwinggeschwindigkeit", "", 2.0, "vibration_velocity", "mm/s"),
    ("gw/1", "zhendong", "", 2.0, "vibration_velocity", "mm/s"),
    ("gw/1", "x_peak_accel_g", "", 0.4, "acceleration", "g"),
    ("gw/1", "rms_x", "g", 0.4, "acceleration", "g"),
    ("gw/1", "hf_rms_acceleration", "", 3.0, "acceleration", "m/s^2"),
    ("gw/1", "jiasudu", "", 3.0, "acceleration", "m/s^2"),
    ("gw/1", "shaft_displacement_um", "", 30.0, "displacement", "um"),
    ("plant/motor-b/rpm", "", "", 1480.0, "speed", "rpm"),
    ("plant/motor-b/Drehzahl", "wert", "", 1480.0, "speed", "rpm"),
    ("plant/motor-b", "zhuansu", "", 1480.0, "speed", "rpm"),
    ("plant/motor-b", "L1_current", "A", 11.0, "current", "A"),
    ("plant/motor-b", "strom_l1", "", 11.0, "current", "A"),
    ("plant/motor-b", "dianliu", "", 11.0, "current", "A"),
    ("plant/motor-b", "phase_voltage_v", "", 231.0, "voltage", "V"),
    ("plant/motor-b", "wirkleistung_kw", "", 7.5, "power", "kW"),
    ("plant/motor-b", "active_energy_kwh", "", 91_822.0, "energy", "kWh"),
    ("plant/pump-7", "discharge_pressure_bar", "", 4.2, "pressure", "bar"),
    ("plant/pump-7", "suctionPressurePsi", "", 14.2, "pressure", "psi"),
    ("plant/pump-7", "vorlaufdruck", "", 4.2, "pressure", "bar"),
    ("plant/pump-7", "yali", "kPa", 420.0, "pressure", "kPa"),
    ("plant/pump-7/flow", "", "L/min", 90.0, "flow", "L/min"),
    ("plant/pump-7", "durchfluss", "", 12.0, "flow", "m^3/h"),
    ("plant/tank/fuellstand", "value", "", 2.5, "level", "m"),
    ("plant/room/hum", "", "", 44.0, "ratio", "percent"),
    ("plant/room", "relative_humidity", "%", 44.0, "ratio", "percent"),
    ("plant/room", "shidu", "", 44.0, "ratio", "percent"),
    ("plant/motor-b", "torque_nm", "", 40.0, "torque", "Nm"),
    ("plant/motor-b", "Betriebsstunden", "", 4000.0, "operating_time", "h"),
    ("plant/motor-b", "running", "", 1.0, "run_state", "state"),
    ("plant/motor-b", "z_kurtosis", "", 3.1, "dimensionless", "1"),
]


@pytest.mark.parametrize(("topic", "field", "unit_text", "value", "quantity", "unit"), NAMES)
def test_names_of_gateways_are_understood(
    topic: str, field: str, unit_text: str, value: float, quantity: str, unit: str
) -> None:
    found = guess(topic, field, value, unit_text, ASSETS)
    assert (found.quantity, found.unit) == (quantity, unit)
    assert found.confidence > 0
    assert found.why


@pytest.mark.parametrize(
    ("topic", "field"), [("a/b/c", "x17"), ("", ""), ("plant/pump-7", "firmware"), ("日本/温度", ""), ("a", "a" * 500)]
)
def test_names_that_say_nothing_give_no_quantity_and_no_confidence(topic: str, field: str) -> None:
    found = guess(topic, field, 1.0)
    assert (found.quantity, found.unit, found.confidence) == (None, None, 0.0)
    assert re.fullmatch(r"[a-z0-9_-]{1,64}", found.signal)


def test_the_machine_is_the_last_level_that_names_one_whatever_its_hyphens() -> None:
    assert guess("site/Pump7/motor_b/temp", "", 50.0, assets=ASSETS).asset == "motor-b"
    assert guess("site/PUMP_7/temp", "", 50.0, assets=ASSETS).asset == "pump-7"
    assert guess("site/pump-77/temp", "", 50.0, assets=ASSETS).asset is None


def test_the_name_of_the_machine_says_nothing_of_the_quantity() -> None:
    assert guess("plant1/air/compressor-01/firmware", "value", 7.0, assets=["compressor-01"]).quantity is None
    assert guess("plant1/compressor-01/oilpressure", "", 7.0, assets=["compressor-01"]).quantity == "pressure"


def test_the_id_of_the_signal_leaves_the_unit_out() -> None:
    assert guess("gw", "bearingTemp_F", 140.0).signal == "bearing_temp"
    assert guess("plant/p7/seal temp", "value", 50.0).signal == "seal_temp"


def test_a_unit_beside_the_word_makes_it_surer_and_an_absurd_value_less_sure() -> None:
    plain = guess("gw/1", "temp", 60.0)
    assert guess("gw/1", "temp", 60.0, "degC").confidence > plain.confidence
    assert guess("gw/1", "temp", 1e6).confidence < plain.confidence
    assert guess("gw/temp/1", "x", 60.0).confidence < plain.confidence


def test_every_word_and_unit_of_the_tables_means_something_the_plant_file_takes() -> None:
    words = [word for group in WORDS.values() for word in group]
    assert len(words) == len(set(words))
    assert set(WORDS) <= set(CANONICAL_UNIT)
    assert set(words) >= VAGUE
    for unit, quantity in UNITS.values():
        assert resolve_unit(unit, quantity)
