"""`limits:` of signals and machines -> `core.plant_limits.PlantLimit`, in canonical units.

signals:
  temperature_de: {unit: degF, limits: {hot: {alert: 185, alarm: 200, for: 10min, hysteresis: 5}}}
limits:
  starved: {any_of: [{signal: flow, below: 20}, {signal: pressure, below: 1.5}], state: alarm, for: 30s}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forewarn.core.plant_limits import Bound, PlantLimit
from forewarn.core.readings import SignalSpec
from forewarn.pipeline.plant_layers import Layered, Report
from forewarn.pipeline.plant_manual import seconds
from forewarn.pipeline.plant_schema import GroupEntry, LimitEntry, MachineEntry, SignalEntry
from forewarn.pipeline.plant_units import did_you_mean
from forewarn.pipeline.plant_yaml import Path


def limits_of(
    machine: Layered[MachineEntry],
    entries: Mapping[str, Layered[SignalEntry]],
    signals: Sequence[SignalSpec],
    report: Report,
) -> tuple[PlantLimit, ...]:
    """All limits of a machine: those of its signals, then its groups. What is wrong goes to `report`."""
    found: list[PlantLimit] = []
    for spec in signals:
        entry = entries[spec.signal]
        for name, one in (entry.get("limits") or {}).items():
            found += _of_signal(spec, name, one, (*entry.path("limits"), name), report)
    groups: dict[str, GroupEntry] = machine.get("limits")
    for name, group in groups.items():
        found += _of_group(name, group, (*machine.path("limits"), name), signals, report)
    taken: set[tuple[str, str]] = set()
    for limit in found:
        if (limit.name, limit.state) in taken:
            report(machine.layers[0][1], f"two limits are called {limit.name!r}: orders and shelving name them")
        taken.add((limit.name, limit.state))
    return tuple(found)


def _of_signal(spec: SignalSpec, name: str, entry: LimitEntry, path: Path, report: Report) -> Iterator[PlantLimit]:
    if spec.kind == "waveform":
        report(path, f"{spec.signal} is a waveform: limits are for values")
        return
    if entry.alert is None and entry.alarm is None:
        report(path, "a limit says `alert`, `alarm` or both")
    sign = 1 if entry.direction == "above" else -1
    if entry.alert is not None and entry.alarm is not None and sign * (entry.alarm - entry.alert) <= 0:
        report(path, f"alarm {entry.alarm:g} is not beyond alert {entry.alert:g} ({entry.direction})")
    for state, level in (("alert", entry.alert), ("alarm", entry.alarm)):
        if level is not None:
            bound = _bound(spec, level, sign, entry.hysteresis)
            yield PlantLimit(name, state, (bound,), seconds(entry.for_) if entry.for_ else 0.0)


def _of_group(
    name: str, group: GroupEntry, path: Path, signals: Sequence[SignalSpec], report: Report
) -> Iterator[PlantLimit]:
    known = {spec.signal: spec for spec in signals if spec.kind == "scalar"}
    bounds = []
    for place, one in enumerate(group.any_of):
        here = (*path, "any_of", place)
        spec = known.get(one.signal)
        if spec is None:
            report((*here, "signal"), f"unknown signal {one.signal!r}{did_you_mean(one.signal, known)}")
        elif (one.above is None) == (one.below is None):
            report(here, "exactly one of `above` and `below` is the level")
        else:
            level, sign = (one.above, 1) if one.above is not None else (one.below, -1)
            assert level is not None
            bounds.append(_bound(spec, level, sign, one.hysteresis))
    if bounds:
        yield PlantLimit(name, group.state, tuple(bounds), seconds(group.for_) if group.for_ else 0.0)


def _bound(spec: SignalSpec, level: float, sign: int, hysteresis: float) -> Bound:
    scale = spec.conversion.scale
    return Bound(spec.signal, spec.conversion.apply(level), sign if scale > 0 else -sign, hysteresis * abs(scale))
