"""First alarm on recorded bearings that were run to failure, through the public functions of `forewarn.models`.

    python benchmarks/eval_pronostia.py DIR [--every 5]

DIR holds the parquet files of the PRONOSTIA learning set. Nothing is tuned to a file: one plant description with
geometry and nominal speed, no thresholds. Every `--every`-th snapshot is assessed with all snapshots up to it, as the
live road would. Progress goes to stderr, the last line of stdout is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from forewarn.core.health import Assessment, State
from forewarn.core.plant import Asset, BearingGeometry, Component
from forewarn.core.readings import SignalSpec, Track
from forewarn.models.assess import assess
from forewarn.models.features.vibration import waveform_features

SAMPLE_RATE_HZ = 25_600.0
PERIOD_US = 10_000_000
MS2_PER_MG = 9.80665e-3
NSK_6804 = BearingGeometry(13, 3.5, 25.6)
NOMINAL_RPM = {"1": 1_800.0, "2": 1_650.0, "3": 1_500.0}  # by the condition in the bearing's name
CHANNELS = ("horizontal", "vertical")


def bearing_asset(name: str) -> Asset:
    """One machine with one bearing and two accelerometers; facts only."""
    signals = tuple(
        SignalSpec(name, c, "acceleration", "m/s^2", f"rig/{name}/{c}", kind="waveform", component="bearing")
        for c in CHANNELS
    )
    bearing = Component("bearing", "bearing", "NSK 6804RS", NSK_6804)
    rpm = NOMINAL_RPM[name.removeprefix("Bearing")[0]]
    return Asset(name, name, "test rig", "rig", "rig", nominal_rpm=rpm, components=(bearing,), signals=signals)


def feature_tracks(file: Path, asset: Asset) -> dict[str, Track]:
    """Every feature of both channels over the whole life."""
    import pyarrow.parquet as pq

    table, shaft_hz = pq.read_table(file), (asset.nominal_rpm or 0.0) / 60.0
    tracks: dict[str, Track] = {}
    for channel in CHANNELS:
        blocks = np.stack(table[f"{channel}_mg"].to_numpy()).astype(np.float32) * np.float32(MS2_PER_MG)
        rows = [waveform_features(block, SAMPLE_RATE_HZ, shaft_hz, NSK_6804) for block in blocks]
        for feature in rows[0]:
            at = [i * PERIOD_US for i, row in enumerate(rows) if feature in row]
            tracks[f"{channel}:{feature}"] = Track.of(at, [row[feature] for row in rows if feature in row])
    return tracks


def first_alarm(asset: Asset, tracks: dict[str, Track], life: int, every: int) -> tuple[int, Assessment] | None:
    """Snapshot at which the state was ALARM for the first time, seen only with what had come up to then."""
    for snapshot in range(every - 1, life, every):
        now_us = snapshot * PERIOD_US
        seen = {name: track.between(0, now_us + 1) for name, track in tracks.items()}
        assessment = assess(asset, seen, (), now_us)
        if assessment.state is State.ALARM:
            return snapshot, assessment
    return None


def evaluate(file: Path, every: int) -> dict[str, Any]:
    """One bearing: when the alarm came, how much life was left, what was said."""
    started = time.perf_counter()
    asset = bearing_asset(file.stem)
    tracks = feature_tracks(file, asset)
    life = max(len(track) for track in tracks.values())
    found = first_alarm(asset, tracks, life, every)
    told: dict[str, Any] = {"bearing": file.stem, "life_s": life * 10, "alarm_at_s": None, "lead_s": None}
    if found:
        snapshot, assessment = found
        top, forecast = assessment.diagnosis[0], assessment.forecasts[0]
        told |= {"alarm_at_s": snapshot * 10, "lead_s": (life - snapshot) * 10, "lead_share": 1 - snapshot / life}
        told |= {"fault": str(top.fault), "probability": round(top.probability, 3)}
        told["rul_p10_p50_p90_s"] = [round(forecast.quantile(q) * 3_600) for q in (0.1, 0.5, 0.9)]
    return told | {"seconds": round(time.perf_counter() - started, 1)}


def main(say: Callable[[str], object] = lambda text: print(text, file=sys.stderr, flush=True)) -> None:
    """Evaluate every bearing of the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=5)
    options = parser.parse_args()
    runs = []
    for file in sorted(options.data.glob("Bearing*.parquet")):
        runs.append(evaluate(file, options.every))
        say(json.dumps(runs[-1]))
    leads = [r["lead_share"] for r in runs if r["lead_s"]]
    summary = {"bearings": len(runs), "alarms": len(leads), "longest_lead_share": max(leads, default=None)}
    print(json.dumps(summary | {"cores": os.cpu_count(), "every": options.every, "runs": runs}))


if __name__ == "__main__":
    main()
