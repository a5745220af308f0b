"""What running on as it is costs one machine in energy, from what is stored of it (`models.features.energy`).

The past that the newest stretch is set against begins at the last repair. It ends with the older half of what came
before that stretch, or where the oldest open order was opened, whichever is earlier: wear grows for weeks before an
order is opened, and a past that holds it would hide its price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import NotReady
from forewarn.core.plant import Asset
from forewarn.core.ports import SeriesReader
from forewarn.core.readings import SignalSpec, Tracks, Window
from forewarn.core.work import Json, OrderKind, WorkOrder
from forewarn.models.features.energy import DegradedRunning, degraded_running, energy_window
from forewarn.pipeline.history import AssetHistory

METERS = ("power", "energy")
REGIME = ("speed", "load", "ambient", "run")
STRETCHES_US = (US_PER_DAY, 7 * US_PER_DAY)  # a machine of short shifts says little in a day
LATELY_US = 7 * US_PER_DAY
SPAN_US = 120 * US_PER_DAY


@dataclass(frozen=True, slots=True)
class EnergyUse:
    """What running on costs, and what that was measured with: `output` is None where nothing that is delivered is
    measured; [baseline_from_us, baseline_until_us) is the past that it is set against."""

    running: DegradedRunning
    output: SignalSpec | None
    baseline_from_us: int
    baseline_until_us: int


def has_meter(asset: Asset) -> bool:
    """Does any of its signals measure power or energy?"""
    return any(spec.quantity in METERS and spec.kind == "scalar" for spec in asset.signals)


def energy_of(
    asset: Asset,
    reader: SeriesReader,
    orders: Sequence[WorkOrder],
    latest: Json | None,
    now_us: int,
    price_per_kwh: float = 0.0,
) -> EnergyUse:
    """Read the power, the output and the regime of an asset and price its newest stretch of running.

    `orders` are its open ones. `latest` is its newest kept assessment (`maintenance.evidence.assessment_json`), or
    None: what it left out as data before the last repair, and sensors that it did not believe, are left out here too.
    The stretch is the newest day, or, where a day does not tell, the newest week. Raises NotReady, with a sentence
    that says why, as long as nothing honest can be said.
    """
    known = cast(Any, latest or {})
    since_us = max(known["span_us"][0] if known.get("span_us") else 0, now_us - SPAN_US)
    doubted = {problem["signal"] for problem in known.get("sensor_problems", [])}
    tracks = _tracks(asset, reader, doubted, since_us, now_us)
    metered = [spec for spec in asset.signals if spec.quantity in METERS and spec.signal in tracks]
    if not metered:
        raise NotReady("there are no readings of its power or energy yet that can be believed")
    output = next((spec for spec in asset.signals if spec.quantity == "flow" and spec.signal in tracks), None)
    window = energy_window(asset, tracks, since_us, now_us, output.signal if output else None)
    return _newest_that_tells(window, output, _first_order_us(orders), now_us, price_per_kwh)


def _tracks(asset: Asset, reader: SeriesReader, doubted: set[str], since_us: int, now_us: int) -> Tracks:
    """Only what is needed: a machine may have a hundred other signals."""
    needed = tuple(
        spec
        for spec in asset.signals
        if (spec.quantity in (*METERS, "flow") or spec.role in REGIME) and spec.signal not in doubted
    )
    history = AssetHistory(replace(asset, signals=needed), reader.names(), reader)
    history.refresh()
    cut = {name: track.between(since_us, now_us + 1) for name, track in history.tracks.items()}
    return {name: track for name, track in cut.items() if len(track)}


def _first_order_us(orders: Sequence[WorkOrder]) -> int | None:
    """When the oldest order of the machine itself was opened; what is wrong with a sensor wastes no energy."""
    return min((order.created_at_us for order in orders if order.kind is not OrderKind.INSTRUMENT), default=None)


def _newest_that_tells(
    window: Window, output: SignalSpec | None, order_us: int | None, now_us: int, price_per_kwh: float
) -> EnergyUse:
    if len(window) == 0 or int(window.at[-1]) < now_us - LATELY_US:
        raise NotReady("it has not run in the last week with its power measured")
    reasons: list[NotReady] = []
    for stretch_us in STRETCHES_US:
        try:
            return _use(window, output, order_us, price_per_kwh, stretch_us)
        except NotReady as why:
            reasons.append(why)
    raise reasons[0]


def _use(
    window: Window, output: SignalSpec | None, order_us: int | None, price_per_kwh: float, stretch_us: int
) -> EnergyUse:
    older_half = (int(window.at[0]) + int(window.at[-1]) - stretch_us) // 2
    until_us = older_half if order_us is None else min(older_half, order_us)
    running = degraded_running(window, price_per_kwh, recent_us=stretch_us, baseline_until_us=until_us)
    return EnergyUse(running, output, int(window.at[0]), until_us)
