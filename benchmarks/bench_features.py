"""Features per second of one core, against a loop over blocks written with scipy.

    python -m benchmarks.bench_features [--snapshots 3000] [--seed 1]

A snapshot is two channels of 2,560 samples at 25.6 kHz, as the PRONOSTIA rig takes every ten seconds: noise, two sines
of the shaft and the ringing of a spall, made with the seed. The whole feature set with bearing tones is taken of all of
them by `block_features`, of some of them by the loop; one process, one thread, both in turn in the same run, in seconds
of processor time (so that other programs on the machine count less), the best of five rounds each. That both say the
same is checked and told as `largest_difference`: features by definition, and those whose filters differ (the loop cuts
its bands with Butterworth filters, we cut ours in the spectrum).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from benchmarks.peers import scipy_features
from benchmarks.report import finish, parser, say
from forewarn.core.plant import BearingGeometry
from forewarn.core.readings import Float32s
from forewarn.models.features.blocks import FeatureTable, Mounted, block_features

RATE_HZ, LENGTH, CHANNELS, SHAFT_HZ = 25_600.0, 2_560, 2, 30.0
NSK_6804 = BearingGeometry(13, 3.5, 25.6)
ROUNDS = 5
THREADS = 1  # neither the transforms nor the rest of the features start any
LOOPED = 60  # snapshots of the loop: the rest would take minutes
BY_DEFINITION = ("rms", "peak", "crest", "kurtosis", "skewness", "impulse", "peak_to_peak", "band_500_2000",
                 "band_2000_4000", "band_4000_8000", "band_8000_up")  # fmt: skip
FILTERED = ("envelope_rms", "tone_bpfo", "tone_bpfi", "tone_bsf2")


def made(snapshots: int, seed: int) -> Float32s:
    """Blocks float32[snapshots * 2, 2560] in m/s^2."""
    rng = np.random.default_rng(seed)
    n = snapshots * CHANNELS
    t = np.arange(LENGTH) / RATE_HZ
    blocks = rng.normal(0.0, 3.0, (n, LENGTH))
    for order, level in ((1, 2.0), (2, 1.0)):
        blocks += level * np.sin(2 * np.pi * (order * SHAFT_HZ * t + rng.random((n, 1))))
    since = (t + rng.random((n, 1)) / 100) % (1 / NSK_6804.tones_hz(SHAFT_HZ)["bpfo"])
    blocks += rng.gamma(2.0, 4.0, (n, 1)) * np.exp(-900.0 * since) * np.sin(2 * np.pi * 5_200.0 * since)
    return blocks.astype(np.float32)


def seconds_of(work: Callable[[], object]) -> tuple[float, float]:
    """Processor time and time on the wall."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def differences(table: FeatureTable, loop: list[dict[str, float]]) -> dict[str, float]:
    """Feature -> median relative difference over the blocks that both have seen."""
    rows = len(loop)
    return {
        name: float(np.median(np.abs(table.column(name)[:rows] / [row[name] for row in loop] - 1)))
        for name in (*BY_DEFINITION, *FILTERED)
    }


def main() -> None:
    """Measure both and compare what they say."""
    options = parser(__doc__)
    options.add_argument("--snapshots", type=int, default=3_000)
    given = options.parse_args()
    blocks, mounted = made(given.snapshots, given.seed), Mounted(NSK_6804)
    few = blocks[: min(LOOPED, given.snapshots) * CHANNELS].astype(np.float64)
    table = block_features(blocks[: len(few)], RATE_HZ, SHAFT_HZ, mounted)  # imports and buffers are paid for here
    loop = [scipy_features.features_of(block, RATE_HZ, SHAFT_HZ, NSK_6804) for block in few]
    ours, peer = [], []
    for number in range(ROUNDS):
        ours.append(seconds_of(lambda: block_features(blocks, RATE_HZ, SHAFT_HZ, mounted)))
        peer.append(
            seconds_of(lambda: [scipy_features.features_of(block, RATE_HZ, SHAFT_HZ, NSK_6804) for block in few])
        )
        say(f"round {number + 1}: {given.snapshots / ours[-1][0]:,.0f} snapshots per second of processor time")
    ours_s, wall_s = (value / given.snapshots for value in np.min(ours, axis=0))
    loop_s = float(np.min(peer, axis=0)[0]) * CHANNELS / len(few)
    apart = differences(table, loop)
    result: dict[str, Any] = {
        "snapshots_per_s_per_core": 1 / ours_s,
        "ratio_to_scipy_loop": loop_s / ours_s,
        "loop_snapshots_per_s": 1 / loop_s,
        "snapshots_per_s_on_the_wall": 1 / wall_s,
        "largest_difference": {
            "by_definition": max(apart[name] for name in BY_DEFINITION),
            "filtered": {name: apart[name] for name in FILTERED},
        },
        "features": int(np.isfinite(table.values).any(axis=0).sum()),
        "scipy": scipy.__version__,
        "threads": THREADS,
        "runs": [{"seed": given.seed, "snapshots": given.snapshots, "looped": len(few) // CHANNELS, "rounds": ROUNDS}],
    }
    finish(result, given.out)


if __name__ == "__main__":
    main()
