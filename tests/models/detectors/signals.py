"""Made-up columns of one machine for the tests of detectors."""

from __future__ import annotations

import numpy as np

from forewarn.core.readings import Floats, Window

TEN_MINUTES_US = 600_000_000
NAMES = ("vibration", "current", "flow", "winding")
SCALE = np.array([0.4, 3.0, 20.0, 6.0])
LEVEL = np.array([2.0, 40.0, 300.0, 70.0])


def healthy(rows: int, seed: int, start: int = 0, correlation: float = 0.3) -> Window:
    """Four columns tied by two common causes; neighbours resemble one another as much as is asked for."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(seed)
    own = lfilter([np.sqrt(1 - correlation**2)], [1, -correlation], rng.normal(size=(rows + 50, 4)), axis=0)[50:]
    mix = np.array([[1.0, 0.5, 0.0, 0.3], [0.0, 1.0, 0.7, 0.0], [0.0, 0.0, 1.0, 0.4], [0.2, 0.0, 0.0, 1.0]])
    values = LEVEL + SCALE * (own @ mix)
    return Window.of((start + np.arange(rows)) * TEN_MINUTES_US, NAMES, values)


def in_regimes(rows: int, seed: int, start: int = 0, top: float = 1.0) -> Window:
    """The same under a load that steps between 0, half and `top`, and moves every column far more than its noise."""
    plain = healthy(rows, seed, start)
    load = np.array([0.0, 0.5 * top, top])[(start + np.arange(rows)) // 40 % 3][:, None]
    return Window(plain.at, plain.names, plain.values + 15 * SCALE * load, load)


def shifted(window: Window, column: int, by: float, from_row: int) -> Window:
    """A fault: one column moves by so many of its scales and stays."""
    values = window.values.copy()
    values[from_row:, column] += by * SCALE[column]
    return Window(window.at, window.names, values, window.regime)


def with_values(window: Window, values: Floats) -> Window:
    """The same rows with other values."""
    return Window(window.at, window.names, values, window.regime)
