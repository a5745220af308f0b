"""Slow, obvious twins of the fast code in `models.features`: one number at a time, in double precision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

import numpy as np

from forewarn.core.readings import Floats


def rms(x: Sequence[float]) -> float:
    """Root of the mean square about the mean."""
    mean = sum(x) / len(x)
    return math.sqrt(sum((v - mean) ** 2 for v in x) / len(x))


def kurtosis(x: Sequence[float]) -> float:
    """Fourth moment over the square of the second, about the mean."""
    mean = sum(x) / len(x)
    second = sum((v - mean) ** 2 for v in x) / len(x)
    return sum((v - mean) ** 4 for v in x) / len(x) / second**2


def velocity_rms_of_sines(sines: Sequence[tuple[float, float]]) -> float:
    """mm/s RMS of acceleration sines (frequency in Hz, amplitude in m/s^2): v = a / (2 pi f)."""
    return math.sqrt(sum((1_000 * a / (2 * math.pi * f)) ** 2 / 2 for f, a in sines if 10 <= f <= 1_000))


def skewness(x: Sequence[float]) -> float:
    """Third moment over the cube of the deviation, about the mean."""
    mean = sum(x) / len(x)
    second = sum((v - mean) ** 2 for v in x) / len(x)
    return sum((v - mean) ** 3 for v in x) / len(x) / math.sqrt(second) ** 3


def lines_of(x: Floats) -> list[complex]:
    """Fourier lines 0 .. n // 2 by the definition."""
    n, t = len(x), np.arange(len(x))
    return [complex(np.sum(x * np.exp(-2j * np.pi * k * t / n))) for k in range(n // 2 + 1)]


def mean_squares(x: Floats) -> list[float]:
    """Mean square per line of a one-sided Hann periodogram of a block without its mean."""
    n = len(x)
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * i / n) for i in range(n)])
    power = [abs(z) ** 2 / n / sum(window**2) for z in lines_of((x - np.mean(x)) * window)]
    return [p if k == 0 or 2 * k == n else 2 * p for k, p in enumerate(power)]


def band_rms(x: Floats, rate_hz: float, low_hz: float, high_hz: float, velocity: bool = False) -> float:
    """RMS of lines in [low, high]; as velocity every line is divided by 2 pi f, in thousandths."""
    total = 0.0
    for k, p in enumerate(mean_squares(x)):
        hz = k * rate_hz / len(x)
        if low_hz <= hz <= high_hz:
            total += p * ((1_000 / (2 * math.pi * hz)) ** 2 if velocity else 1.0)
    return math.sqrt(total)


def envelope_rms(x: Floats, rate_hz: float, low_hz: float, high_hz: float) -> float:
    """Deviation of the envelope of a band: the analytic signal of its lines, summed up one by one."""
    n = len(x)
    lines = lines_of(x - np.mean(x))
    t = np.arange(4 * n) / 4  # a finer raster than the samples, so that no peak is missed
    signal = np.zeros(4 * n, complex)
    for k, z in enumerate(lines):
        if low_hz <= k * rate_hz / n < high_hz:
            signal += 2 * z / n * np.exp(2j * np.pi * k * t / n)
    return float(np.std(np.abs(signal)))


def tone_height(
    x: Floats, rate_hz: float, wanted_hz: float, forbidden_hz: Sequence[float], band_hz: float = 1_500.0
) -> float:
    """Ratio of a tone to the floor, step by step as `features.envelope` describes it."""
    n = len(x)
    line_hz = rate_hz / n
    white = [z / abs(z) for z in lines_of(x - np.mean(x))]
    first, last = math.ceil(500.0 / line_hz), int(0.47 * rate_hz / line_hz)
    width = int(band_hz / line_hz)
    bands = max(1, round((last - first) / width))
    logs = []
    for i in range(bands):
        start = first if bands == 1 else int(first + i * (last - width - first) / (bands - 1))
        time = [sum(white[start + k] * np.exp(2j * np.pi * k * t / (2 * width)) for k in range(width))
                for t in range(2 * width)]  # fmt: skip
        squared = np.abs(np.array(time)) ** 2
        shaped = (squared - squared.mean()) * np.hanning(2 * width)
        t = np.arange(2 * width)
        logs.append([math.log(abs(np.sum(shaped * np.exp(-2j * np.pi * k * t / (4 * width)))) ** 2)
                     for k in range(int(1.4 * width))])  # fmt: skip
    mean = [sum(column) / bands for column in zip(*logs, strict=True)]
    height = [v - sum(near) / len(near) for i, v in enumerate(mean) for near in [mean[max(0, i - 30) : i + 31]]]
    step_hz, hz, grid = line_hz / 2, 5 * line_hz, []
    while hz < (len(height) - 1) * step_hz / 3:
        grid.append(hz)
        hz *= math.exp(0.0025)
    comb = [sum(height[round(k * f / step_hz)] for k in (1, 2, 3)) / 3 for f in grid]
    best = [max(comb[max(0, i - 6) : i + 7]) for i in range(len(comb))]
    shares = (1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0)
    others = [b for f, b in zip(grid, best, strict=True)
              if all(abs(f / (hz * share) - 1) > 0.03 for hz in forbidden_hz for share in shares)]  # fmt: skip
    return math.exp(float(np.interp(wanted_hz, grid, best)) - median(others))
