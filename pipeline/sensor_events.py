"""Watches the sensors of all machines: which of them the models may believe now, and events that are kept.

A changed unit shows only while it is fresh, and lasts until somebody mends it: the watch remembers it, also across a
restart, by what the event keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from forewarn.core.health import SensorEvent, SensorProblem
from forewarn.core.plant import Asset
from forewarn.pipeline.recent import RecentReadings
from forewarn.pipeline.sensor_units import UnitStep, unit_steps
from forewarn.pipeline.sensors import all_silent, sensor_notices, sensor_problems, sensors_of, unit_problem

UNIT = "unit_suspect"


class SensorEvents(Protocol):
    """Where events are kept (`maintenance.sensor_event_book`)."""

    def observe(
        self,
        asset: str,
        problems: Sequence[SensorProblem],
        at_us: int,
        details: Mapping[tuple[str, str], Mapping[str, float | str]] | None = None,
    ) -> int:
        """Open events for new problems, close those of problems that are gone."""
        ...

    def events(self, open_only: bool = False, asset: str | None = None, limit: int | None = 200) -> list[SensorEvent]:
        """Events, newest first."""
        ...


class SensorWatch:
    """Judges the sensors of one machine after the other. One thread uses it. Without `events` nothing is kept."""

    def __init__(self, events: SensorEvents | None = None, road_delay_us: int = 0) -> None:
        self._events, self._road_delay_us = events, road_delay_us
        self._steps: dict[str, dict[str, UnitStep]] = {}
        for event in events.events(open_only=True, limit=None) if events else ():
            if event.kind == UNIT:
                self._steps.setdefault(event.asset, {})[event.signal] = _step(event)

    def look(self, asset: Asset, recent: Mapping[str, RecentReadings], now_us: int) -> tuple[SensorProblem, ...]:
        """Sensors of an asset that cannot be believed now. All problems, also notices, become events."""
        sensors = sensors_of(asset.signals)
        doubted = sensor_problems(sensors, recent, now_us, self._road_delay_us)
        steps = self._lasting(asset, recent)
        units = {spec.signal: spec.unit for spec in asset.signals}
        doubted += tuple(unit_problem(step, units[signal]) for signal, step in sorted(steps.items()))
        if self._events and not all_silent(sensors, recent, now_us, self._road_delay_us):
            notices = sensor_notices(sensors, recent, now_us, self._road_delay_us)
            self._events.observe(asset.id, (*doubted, *notices), now_us, _details(steps))
        return doubted

    def _lasting(self, asset: Asset, recent: Mapping[str, RecentReadings]) -> dict[str, UnitStep]:
        """Steps that were found now, and those found before that nobody has mended."""
        known = {spec.signal for spec in asset.signals}
        before = {name: step for name, step in self._steps.get(asset.id, {}).items() if name in known}
        fresh = unit_steps([spec for spec in sensors_of(asset.signals) if spec.signal not in before], recent)
        steps = {**before, **fresh}
        lasting = {n: step for n, step in steps.items() if n not in recent or step.lasts(recent[n].value)}
        self._steps[asset.id] = lasting
        return lasting


def _details(steps: Mapping[str, UnitStep]) -> dict[tuple[str, str], dict[str, float | str]]:
    return {(s.signal, UNIT): {"before": s.before, "after": s.after, "unit": s.unit} for s in steps.values()}


def _step(event: SensorEvent) -> UnitStep:
    """The step of an event that was open when the program ended: the inverse of `_details`."""
    kept = event.detail
    return UnitStep(event.signal, event.since_us, float(kept["before"]), float(kept["after"]), str(kept["unit"]))
