"""Energy: what a planted loss costs per day, how sure that is, and when nothing may be said."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.clock import US_PER_HOUR
from forewarn.core.errors import NotReady, Rejected
from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, Track, Window
from forewarn.models.features.energy import degraded_running, energy_window
from tests.models.machines import ORIGIN_US, scalar

DAYS = 30
PUMP = Asset(
    "p", "pump", "pump", "s", "a", nominal_rpm=1_480.0,
    signals=(scalar("power", "power", "kW"), scalar("flow", "flow", "m^3/h"),
             scalar("speed", "speed", "rpm", role="speed"), scalar("amps", "current", "A", role="load"),
             scalar("ambient", "temperature", "degC", role="ambient")),
)  # fmt: skip


def pump_power(flow: Floats, ambient: Floats) -> Floats:
    """kW of a sound pump: a curve over its flow, a little more in cold oil."""
    return np.asarray(12 + 0.1 * flow + 0.0004 * flow**2 - 0.05 * (ambient - 20), np.float64)


def recorded(loss_kw: float, seed: int = 0, running_h: float = 24.0, days: int = DAYS) -> dict[str, Track]:
    """Half-hourly readings; the loss stands in the last two days; the pump runs the first hours of each day."""
    rng, hours = np.random.default_rng(seed), np.arange(0, days * 24, 0.5)
    at = ORIGIN_US + (hours * US_PER_HOUR).astype(np.int64)
    flow = 100 + 30 * np.sin(hours / 9.0) + 5 * np.sin(hours / 41.0)
    ambient = 20 + 5 * np.sin(2 * np.pi * hours / 24)
    on = hours % 24 < running_h
    power = pump_power(flow, ambient) + 0.3 * rng.standard_normal(len(hours)) + loss_kw * (hours >= (days - 2) * 24)
    columns = {
        "power": power * on,
        "flow": flow * on,
        "speed": 1_480.0 * on,
        "ambient": ambient,
        "amps": 1.7 * power * on,
    }
    return {name: Track(at, value) for name, value in columns.items()}


def window_of(tracks: dict[str, Track], asset: Asset = PUMP) -> Window:
    return energy_window(asset, tracks, 0, 2**62)


@settings(max_examples=15)
@given(st.floats(1.0, 8.0), st.floats(0.05, 0.5), st.integers(0, 1_000))
def test_a_planted_loss_is_priced_per_day(loss_kw: float, price: float, seed: int) -> None:
    found = degraded_running(window_of(recorded(loss_kw, seed)), price)
    assert found.extra_kw.middle == pytest.approx(loss_kw, abs=0.25)
    assert found.cost_per_day.middle == pytest.approx(found.extra_kw.middle * found.hours_per_day * price)
    assert found.hours_per_day == pytest.approx(24.0, rel=0.03)
    assert found.sure


def test_half_a_day_of_running_costs_half() -> None:
    found = degraded_running(window_of(recorded(3.0, running_h=12.0)), 0.2)
    assert found.hours_per_day == pytest.approx(12.0, abs=1.0)
    assert found.extra_kwh_per_day.middle == pytest.approx(36.0, rel=0.15)


def test_an_unchanged_machine_is_surely_dear_no_more_often_than_the_level_says() -> None:
    found = [degraded_running(window_of(recorded(0.0, seed)), 0.2, level=0.8) for seed in range(40)]
    assert np.mean([f.extra_kw.low <= 0 <= f.extra_kw.high for f in found]) >= 0.65
    assert np.mean([f.sure for f in found]) <= 0.25


def test_use_per_unit_of_output_is_actual_beside_expected() -> None:
    found = degraded_running(window_of(recorded(4.0)), 0.2)
    assert found.per_output is not None
    assert found.expected_per_output is not None
    assert found.per_output / found.expected_per_output == pytest.approx(found.actual_kw / found.expected_kw)
    assert found.per_output == pytest.approx(found.actual_kw / 100, rel=0.4)


def test_a_current_as_load_does_not_explain_the_loss_away() -> None:
    assert window_of(recorded(3.0)).regime.shape[1] == 2  # speed and ambient


def test_without_a_power_meter_the_energy_counter_serves() -> None:
    tracks = recorded(3.0)
    kwh = Track(tracks["power"].at, 1_000 + np.cumsum(tracks["power"].value) * 0.5)
    kwh.value[700:] -= kwh.value[700]  # the counter was changed in between
    asset = replace(PUMP, signals=(*PUMP.signals[1:], scalar("kwh", "energy", "kWh")))
    window = window_of({**{n: t for n, t in tracks.items() if n != "power"}, "kwh": kwh}, asset)
    assert window.values[:, 0].min() > 10.0  # the bin of the change is left out
    found = degraded_running(window, 0.2)
    assert found.extra_kw.middle == pytest.approx(3.0, abs=0.3)


def test_a_machine_that_measures_no_power_says_so() -> None:
    asset = replace(PUMP, signals=PUMP.signals[1:])
    with pytest.raises(NotReady, match="neither power nor energy"):
        window_of({name: track for name, track in recorded(0.0).items() if name != "power"}, asset)


def test_without_readings_or_with_a_short_past_nothing_is_priced() -> None:
    with pytest.raises(NotReady, match="no readings"):
        window_of({})
    with pytest.raises(NotReady, match="4 are needed"):
        degraded_running(window_of(recorded(0.0, days=6)), 0.2)


def test_a_machine_that_stood_lately_is_not_priced() -> None:
    tracks = recorded(0.0)
    late = tracks["speed"].at >= tracks["speed"].at[-1] - 23 * US_PER_HOUR
    for name in ("speed", "power", "flow"):
        tracks[name].value[late] = 0.0
    tracks["speed"].value[-3:] = 1_480.0
    tracks["power"].value[-3:] = 22.0
    tracks["flow"].value[-3:] = 90.0
    with pytest.raises(NotReady, match="ran in"):
        degraded_running(window_of(tracks), 0.2)


def test_a_regime_that_the_past_never_saw_is_not_priced() -> None:
    tracks = recorded(0.0)
    tracks["flow"].value[-48:] *= 3.0
    with pytest.raises(NotReady, match="regime"):
        degraded_running(window_of(tracks), 0.2)


@pytest.mark.parametrize(
    ("price", "level", "slug"), [(-0.1, 0.8, "price"), (math.nan, 0.8, "price"), (0.2, 1.0, "level")]
)
def test_prices_and_levels_that_make_no_sense_are_refused(price: float, level: float, slug: str) -> None:
    with pytest.raises(Rejected, match=slug):
        degraded_running(window_of(recorded(0.0)), price, level)


def test_windows_with_holes_or_without_power_and_unknown_outputs_are_refused() -> None:
    window = window_of(recorded(0.0))
    window.values[5, 0] = np.nan
    with pytest.raises(Rejected, match="not_finite"):
        degraded_running(window, 0.2)
    with pytest.raises(Rejected, match="no_power"):
        degraded_running(Window.of([0, 1], ["heat"], np.ones((2, 1))), 0.2)
    with pytest.raises(Rejected, match="unknown_signal"):
        energy_window(PUMP, recorded(0.0), 0, 2**62, output="tons")
