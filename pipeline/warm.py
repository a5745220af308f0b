"""Pays for heavy imports before the first machine needs them, so that the first assessment is as quick as the rest."""

from __future__ import annotations

import numpy as np

from forewarn.core.clock import US_PER_S
from forewarn.core.plant import Plant
from forewarn.core.readings import Track
from forewarn.models.assess import assess
from forewarn.models.features.vibration import waveform_features

POINTS = 400
BLOCK = 4096
RATE_HZ = 12_800.0


def warm_up(plant: Plant) -> None:
    """Assess the first asset once on made-up noise; the answer is thrown away."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=BLOCK).astype(np.float32)
    names = waveform_features(samples, RATE_HZ, 25.0, None)
    at = np.arange(POINTS, dtype=np.int64) * 600 * US_PER_S
    for asset in plant.assets[:1]:
        wave = [f"{s.signal}:{name}" for s in asset.signals if s.kind == "waveform" for name in names]
        scalar = [s.signal for s in asset.signals if s.kind == "scalar"]
        noise = {name: Track(at, 50 + rng.normal(size=POINTS)) for name in scalar + wave}
        assess(asset, noise, (), int(at[-1]))
