"""Features of a waveform of motor current: what broken rotor bars do to the supply line.

A broken bar modulates the current at twice the slip: lines appear at (1 - 2s) and (1 + 2s) times the supply frequency
(Thomson and Fenger 2001; IEEE 1415). They need load, for without slip they hide under the line itself, and a block long
enough to part them from it.
"""

from __future__ import annotations

import numpy as np

from forewarn.core.readings import Float32s, Floats

CURRENT_UNITS: dict[str, str] = {"slip_sidebands": "percent"}
"""Feature -> its unit."""

SUPPLY_HZ = (40.0, 70.0)
LEAST_LINES = 6.0  # spectral lines between supply and side band: less, and the window smears one into the other
MOST_SLIP = 0.08  # beyond it the speed belongs to another number of poles
SMEAR = 1.5  # lines on both sides of the expected place


def current_features(samples: Float32s | Floats, sample_rate_hz: float, shaft_hz: float | None) -> dict[str, float]:
    """`slip_sidebands`: the higher of the two side bands in percent of the supply line (healthy about 0.3, a broken bar
    above 1). Left out without a speed, without a supply line between 40 and 70 Hz, and where the block is too short for
    the slip (at 50 Hz and 2 % slip: 3 s).

    >>> t = np.arange(0, 8.0, 1 / 2_000)
    >>> line = 10 * np.sin(2 * np.pi * 50 * t) * (1 + 0.04 * np.sin(2 * np.pi * 2.0 * t))     # slip 2 %: 24.5 Hz shaft
    >>> {name: round(value, 1) for name, value in current_features(line, 2_000.0, 24.5).items()}
    {'slip_sidebands': 2.0}
    """
    n = len(samples)
    if shaft_hz is None or not shaft_hz > 0 or sample_rate_hz < 2.5 * SUPPLY_HZ[1] or n < 64:
        return {}
    x = np.asarray(samples, np.float64)
    height = np.abs(np.fft.rfft((x - x.mean()) * np.hanning(n)))
    step_hz = sample_rate_hz / n
    low, high = (round(hz / step_hz) for hz in SUPPLY_HZ)
    line = low + int(np.argmax(height[low : high + 1]))
    if line in (low, high) or not height[line] > 0:
        return {}
    supply_hz = step_hz * (line + between_lines(height, line))
    pairs = max(1, round(supply_hz / shaft_hz))
    slip = 1.0 - pairs * shaft_hz / supply_hz
    away = 2.0 * slip * supply_hz / step_hz
    if not 0 < slip <= MOST_SLIP or away < LEAST_LINES:
        return {}
    middle = supply_hz / step_hz
    found = max(highest_near(height, middle - away), highest_near(height, middle + away))
    return {"slip_sidebands": 100.0 * found / float(height[line])}


def between_lines(height: Floats, at: int) -> float:
    """Where the peak lies between the lines, in [-0.5, 0.5]: a parabola through three logarithms."""
    a, b, c = np.log(np.maximum(height[at - 1 : at + 2], 1e-300))
    bend = a - 2 * b + c
    return float(np.clip(0.5 * (a - c) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def highest_near(height: Floats, place: float) -> float:
    """The highest line around a place between lines."""
    first, last = int(np.floor(place - SMEAR)), int(np.ceil(place + SMEAR))
    return float(height[max(first, 0) : last + 1].max(initial=0.0))
