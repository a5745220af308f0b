"""How long it takes to judge a whole plant once: `sh run bench scoring --json`.

Pumps with 8 signals (velocity, two temperatures, pressure, flow; speed, load and ambient as their regime), 30 days of
hourly readings each, 5 % of them with a fault that has reached an alarm. Judged by the product's own pool of workers
(`pipeline.scoring_workers`), as one pass of the live road would: detector, diagnosis and remaining life. The first pass
learns every baseline; the passes that are timed come one, two and three hours later, with new readings for every asset
and what was learnt still known, as in a running plant. Nothing is left out of a timed pass: questions go to the
workers, which keep the tracks of their assets and are sent what is new, and answers come back. Processor time of all
processes together stands beside the time on the wall: on a busy machine it says more.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.report import finish, parser, say
from benchmarks.usage import usage_of
from forewarn.core.clock import US_PER_HOUR, PlantClock
from forewarn.core.plant import Asset, Component
from forewarn.core.readings import Floats, SignalSpec, Track
from forewarn.pipeline.scoring import assess_settings
from forewarn.pipeline.scoring_workers import Ask, Failure, Judges, judges_for
from forewarn.pipeline.track_news import Growth

ORIGIN_US = 1_790_000_000_000_000
HOURS = 720
PASSES = 3
SIZES = (100, 1_000, 10_000)
FAULTY = 20
"""Every so manieth machine has a fault."""

SIGNALS = (
    ("velocity", "vibration_velocity", "mm/s", "measurement", "bearing"),
    ("temperature_de", "temperature", "degC", "measurement", "bearing"),
    ("temperature_winding", "temperature", "degC", "measurement", "winding"),
    ("pressure", "pressure", "bar", "measurement", None),
    ("flow", "flow", "m^3/h", "measurement", None),
    ("speed", "speed", "rpm", "speed", None),
    ("load", "ratio", "percent", "load", None),
    ("ambient", "temperature", "degC", "ambient", None),
)
COMPONENTS = tuple(Component(kind, kind) for kind in ("bearing", "impeller", "coupling", "seal", "winding"))


def pump(number: int) -> Asset:
    """A pump as a plant file describes it."""
    id = f"pump-{number:05d}"
    specs = tuple(
        SignalSpec(id, signal, quantity, unit, f"plant/{id}", role=role, component=component, period_s=3_600.0)
        for signal, quantity, unit, role, component in SIGNALS
    )
    return Asset(
        id, id, "pump", "s", "a", power_kw=30.0, nominal_rpm=1_480.0, components=COMPONENTS, signals=specs
    )  # fmt: skip


def readings(number: int, seed: int) -> dict[str, Track]:
    """Hourly readings: load with the day and at random, a hall that is warm in the afternoon, noise of sensors."""
    rng = np.random.default_rng([seed, number])
    hours = HOURS + PASSES
    h = np.arange(hours, dtype=np.float64)
    noise = rng.standard_normal((8, hours))
    load = 75 + 15 * np.sin(2 * np.pi * h / 24 + number) + 8 * np.sin(2 * np.pi * h / 57) + noise[0]
    hall = 22 + 4 * np.sin(2 * np.pi * (h - 9) / 24)
    worn = np.maximum(h - 0.8 * hours, 0.0) if number % FAULTY == 0 else np.zeros(hours)
    values: dict[str, Floats] = {
        "velocity": 1.2 * np.exp(0.004 * (load - 75) + 0.03 * noise[1] + 0.008 * worn),
        "temperature_de": hall + 22 + 0.3 * noise[2] + 0.05 * worn,
        "temperature_winding": hall + 55 * (load / 100) ** 2 + 0.4 * noise[3],
        "pressure": 4.2 - 0.6 * (load / 100) ** 2 + 0.02 * noise[4],
        "flow": 1.1 * load + 0.8 * noise[5],
        "speed": 1480 - 0.1 * load + 0.5 * noise[6],
        "load": load,
        "ambient": hall + 0.1 * noise[7],
    }
    return {name: Track((ORIGIN_US + h * US_PER_HOUR).astype(np.int64), value) for name, value in values.items()}


def asks_at(fleet: Sequence[tuple[Asset, dict[str, Track]]], hour: int) -> list[Ask]:
    """The questions of a pass, with what was known at that hour, and what is new since the hour before."""
    now_us = ORIGIN_US + hour * US_PER_HOUR
    news = Growth(hour, hour - 1, {name: (0, hour) for name, *_ in SIGNALS})
    asks = []
    for asset, tracks in fleet:
        known = {name: track.between(0, now_us + 1) for name, track in tracks.items()}
        asks.append(Ask(asset, known, (), now_us, None, growth=news))
    return asks


class Pass(NamedTuple):
    """Seconds on the wall and of all processors, states and forecasts of one pass."""

    seconds: float
    cpu_s: float
    states: Counter[str]
    forecasts: int


def one_pass(judges: Judges, asks: Sequence[Ask]) -> Pass:
    """Judge everybody. Raises when a model failed."""
    before = usage_of(os.getpid())
    states, forecasts = Counter[str](), 0
    for ask, answer in judges.answers(asks, assess_settings(PlantClock())):
        if isinstance(answer, Failure):
            raise SystemExit(f"{ask.asset.id}: {answer.kind} {answer.text}\n{answer.trace}")
        states[answer.state.value] += 1
        forecasts += len(answer.forecasts)
    after = usage_of(os.getpid())
    return Pass(after.at_s - before.at_s, after.cpu_s - before.cpu_s, states, forecasts)


def of_size(fleet: Sequence[tuple[Asset, dict[str, Track]]], workers: int) -> dict[str, Any]:
    """Passes over so many assets: the first one, and the best and all of the later ones."""
    judges = judges_for(len(fleet), workers)
    try:
        one_pass(judges, asks_at(fleet[: 8 * workers], HOURS - 2))  # the processes are up
        first = one_pass(judges, asks_at(fleet, HOURS - 1))
        later = [one_pass(judges, asks_at(fleet, HOURS + place)) for place in range(PASSES)]
    finally:
        judges.close()
    seconds, last = [one.seconds for one in later], later[-1]
    told = ", ".join(f"{s:.2f}" for s in seconds)
    say(f"{len(fleet)} assets: first pass {first.seconds:.2f} s, then {told} s; {dict(last.states)}")
    return {
        "seconds": sorted(seconds)[len(seconds) // 2],
        "all_seconds": seconds,
        "cpu_ms_per_asset": 1_000 * sorted(one.cpu_s for one in later)[len(later) // 2] / len(fleet),
        "first_pass_seconds": first.seconds,
        "states": dict(last.states),
        "forecasts": last.forecasts,
    }


def main() -> None:
    """Time all sizes and print the figures."""
    options = parser(__doc__)
    options.add_argument("--assets", type=int, default=SIZES[-1], help="the largest plant (default 10000)")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: cores)")
    asked = options.parse_args()
    fleet = [(pump(number), readings(number, asked.seed)) for number in range(asked.assets)]
    say(f"{len(fleet)} machines are made")
    sizes = [size for size in SIZES if size < len(fleet)] + [len(fleet)]
    found = {size: of_size(fleet[:size], asked.workers) for size in sizes}
    finish(
        {
            "assets": len(fleet),
            "signals": len(SIGNALS),
            "points_of_history": HOURS,
            "workers": asked.workers,
            "seconds": found[len(fleet)]["seconds"],
            "first_pass_seconds": found[len(fleet)]["first_pass_seconds"],
            "ms_per_asset": {str(size): 1_000 * told["seconds"] / size for size, told in found.items()},
            "cpu_ms_per_asset": {str(size): told["cpu_ms_per_asset"] for size, told in found.items()},
            "states": found[len(fleet)]["states"],
            "forecasts": found[len(fleet)]["forecasts"],
            "runs": {"seed": asked.seed, "by_size": {str(size): told for size, told in found.items()}},
        },
        asked.out,
    )


if __name__ == "__main__":
    main()
