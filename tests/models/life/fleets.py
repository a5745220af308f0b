"""Made-up fleets: machines that wear at their own pace, seen by three noisy sensors and one that says nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forewarn.models.life.contract import Life

NAMES = ("rms", "temperature", "current", "idle")


def worn_fleet(
    count: int, seed: int = 1, usual: float = 120.0, unit: float = 1.0, censored: int = 0, noise: float = 0.15
) -> list[Life]:
    """`count` lives of about `usual` rows; the last `censored` ones were stopped at 60 % of their life."""
    rng = np.random.default_rng(seed)
    lives = []
    for number in range(count):
        rows = int(usual * np.exp(0.25 * rng.normal()))
        age = np.arange(1.0, rows + 1)
        wear = np.clip((age / rows - 0.35) / 0.65, 0.0, None) ** 1.5
        values = np.column_stack([wear, 0.6 * wear, -0.8 * wear, 0 * wear]) + noise * rng.normal(size=(rows, 4))
        stop = int(0.6 * rows) if number >= count - censored else rows
        lives.append(Life(f"M-{number}", age[:stop] * unit, NAMES, values[:stop], stop == rows))
    return lives


def cut_fleet(lives: Sequence[Life], seed: int = 5) -> tuple[list[Life], np.ndarray]:
    """Each life stopped somewhere in its second half, and what was left."""
    rng = np.random.default_rng(seed)
    rows = [int(len(life.age) * rng.uniform(0.5, 0.98)) for life in lives]
    left = np.array([life.age[-1] - life.age[row] for life, row in zip(lives, rows, strict=True)])
    return [life.until(row) for life, row in zip(lives, rows, strict=True)], left
