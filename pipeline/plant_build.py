"""Entries of the plant file -> `core.plant.Plant`: templates applied, references resolved, units converted.

Reports every problem it finds at the place of its cause, also when that place is a template used by many assets.
"""

from __future__ import annotations

import math
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as FilePath

from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.plant import Asset, BearingGeometry, Component, FaultPlan, Part, PartLine, Plant, RunRule, Site
from forewarn.core.readings import SignalSpec
from forewarn.core.shifts import ShiftPlan
from forewarn.pipeline.plant_costs import costs_of, crew_wait_of, lead_time_of
from forewarn.pipeline.plant_gateways import SignalsOfDevices, signals_of_devices, with_devices
from forewarn.pipeline.plant_layers import Layered, Report, entries
from forewarn.pipeline.plant_limits import limits_of
from forewarn.pipeline.plant_running import offered_rule, stated_rule
from forewarn.pipeline.plant_schema import (
    KINDS,
    AssetEntry,
    BearingEntry,
    ComponentEntry,
    FaultEntry,
    MachineEntry,
    PartEntry,
    PlantFile,
    ShiftsEntry,
    SiteEntry,
)
from forewarn.pipeline.plant_shifts import plan_of
from forewarn.pipeline.plant_signals import SignalBuilder
from forewarn.pipeline.plant_topics import all_words, own_words
from forewarn.pipeline.plant_units import did_you_mean
from forewarn.pipeline.plant_yaml import Path

COUNTED_ON = {"gear_teeth": ("rotor",), "vanes": ("impeller", "fan_wheel")}
"""What can be counted -> the kinds of component that have it."""


def build_plant(file: PlantFile, report: Report, folder: FilePath | None = None) -> Plant:
    """The plant that a valid file describes. What is wrong goes to `report(path, message)`; the plant that comes back
    after a report is incomplete and not to be used. `folder` is where profiles and chunk templates of the
    plant's own lie."""
    builder = _Builder(file, report, signals_of_devices(file, report, folder), folder)
    sites = tuple(builder.site(id, entry) for id, entry in file.sites.items())
    parts = tuple(builder.part(id, entry) for id, entry in file.parts.items())
    assets = tuple(builder.asset(id, entry) for id, entry in file.assets.items())
    for name in file.templates.keys() - {entry.template for entry in file.assets.values()}:
        builder.asset_of(name, Layered(((file.templates[name], ("templates", name)),)), "", "")
    return Plant(file.plant, sites, assets, parts, costs_of(file.costs), crew_wait_of(file.crew_wait_hours, report))


class _Builder:
    def __init__(self, file: PlantFile, report: Report, of_devices: SignalsOfDevices, folder: FilePath | None) -> None:
        self._file, self._of_devices = file, of_devices
        self._report = report
        self._signals = SignalBuilder(report, folder, file.topic, all_words(file))

    def site(self, id: str, entry: SiteEntry) -> Site:
        try:
            if entry.timezone != "UTC":  # known without the time zone data of the system, which a bare machine may lack
                zoneinfo.ZoneInfo(entry.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            hint = did_you_mean(entry.timezone, zoneinfo.available_timezones())
            self._report(("sites", id, "timezone"), f"unknown time zone {entry.timezone!r}{hint}")
        if entry.shifts is not None:
            plan_of(entry.shifts, entry.timezone, ("sites", id, "shifts"), self._report)
        return Site(id, entry.name or id, entry.timezone)

    def part(self, id: str, entry: PartEntry) -> Part:
        typical, late = lead_time_of(entry.lead_time_days, ("parts", id, "lead_time_days"), self._report)
        return Part(id, entry.name or id, typical, late, entry.price, entry.on_hand)

    def asset(self, id: str, entry: AssetEntry) -> Asset:
        path: Path = ("assets", id)
        layers: list[tuple[MachineEntry, Path]] = [(entry, path)]
        if entry.template is not None:
            template = self._file.templates.get(entry.template)
            if template is None:
                self._unknown((*path, "template"), "template", entry.template, self._file.templates)
            else:
                layers.append((template, ("templates", entry.template)))
        site = self._site_of(entry, path)
        if entry.area is None:
            self._report(path, "`area` is missing")
        return self.asset_of(id, Layered(tuple(layers)), site, entry.area or "", entry.name)

    def asset_of(self, id: str, machine: Layered[MachineEntry], site: str, area: str, name: str | None = None) -> Asset:
        """An asset from its layers. Also used for a template that nobody refers to, so that its errors show."""
        if machine.get("asset_class") is None and site:
            self._report(machine.layers[0][1], "`class` is missing")
        components = {key: self._component(key, one) for key, one in entries(machine, "components").items()}
        given = {"plant": self._file.plant, "site": site, "area": area, "asset": id}
        words = {**own_words(machine, self._report), **given}
        found = with_devices(entries(machine, "signals"), self._of_devices.get(id, {}) if site else {})
        signals = [self._signals.signal(key, one, words, components) for key, one in found.items()]
        return Asset(
            id,
            name or id,
            machine.get("asset_class") or "",
            site,
            area,
            machine.get("criticality"),
            machine.get("power_kw"),
            machine.get("nominal_rpm"),
            machine.get("operating_hours_per_day"),
            tuple(components.values()),
            tuple(signals),
            self._faults(machine, components),
            self._running(machine, signals),
            machine.get("support"),
            limits_of(machine, found, signals, self._report),
            self._shifts(machine, site),
            machine.get("downtime_cost_per_h"),
        )

    def _shifts(self, machine: Layered[MachineEntry], site: str) -> ShiftPlan | None:
        place = self._file.sites.get(site)
        own: ShiftsEntry | None = machine.get("shifts")
        if own is not None:
            return plan_of(own, place.timezone if place else "UTC", machine.path("shifts"), self._report)
        if place is None or place.shifts is None:
            return None
        return plan_of(place.shifts, place.timezone, ("sites", site, "shifts"), lambda path, text: None)

    def _running(self, machine: Layered[MachineEntry], signals: Sequence[SignalSpec]) -> RunRule | None:
        entry = machine.get("running")
        if entry is None:
            return offered_rule(signals, machine.get("nominal_rpm"))
        return stated_rule(entry, machine.path("running"), signals, self._report)

    def _site_of(self, entry: AssetEntry, path: Path) -> str:
        sites = self._file.sites
        if entry.site is None and len(sites) == 1:
            return next(iter(sites))
        if entry.site is None:
            self._report(path, "`site` is missing, and the plant has several")
        elif entry.site not in sites:
            self._unknown((*path, "site"), "site", entry.site, sites)
        return entry.site or ""

    def _component(self, id: str, entry: Layered[ComponentEntry]) -> Component:
        kind, bearing = entry.get("kind"), entry.get("bearing")
        if kind is None:
            self._report(entry.path("kind"), "`kind` is missing")
        elif kind not in KINDS:
            self._unknown(entry.path("kind"), "kind of component", kind, KINDS)
        if bearing is not None and kind != "bearing":
            self._report(entry.path("bearing"), f"a {kind} has no bearing geometry, only a component of kind bearing")
        for count, kinds in COUNTED_ON.items():
            if entry.get(count) is not None and kind not in kinds:
                self._report(entry.path(count), f"{count} belongs to {' or '.join(kinds)}, not to {kind}")
        geometry = self._bearing(bearing, entry.path("bearing")) if bearing is not None else None
        name = entry.get("name") or ""
        return Component(id, kind or "", name, geometry, entry.get("gear_teeth"), entry.get("vanes"))

    def _bearing(self, entry: BearingEntry, path: Path) -> BearingGeometry | None:
        try:
            geometry = BearingGeometry(
                entry.rolling_elements, entry.rolling_diameter_mm, entry.pitch_diameter_mm, entry.contact_angle_deg
            )
        except ValueError as error:
            self._report(path, str(error))
            return None
        if geometry.rolling_elements * geometry.rolling_diameter_mm > math.pi * geometry.pitch_diameter_mm:
            self._report(
                path, f"{geometry.rolling_elements} rolling elements of this size do not fit on the pitch circle"
            )
        return geometry

    def _faults(self, machine: Layered[MachineEntry], components: Mapping[str, Component]) -> tuple[FaultPlan, ...]:
        found: dict[Fault, FaultPlan] = {}
        for machine_entry, path in machine.layers:
            mine: dict[Fault, FaultPlan] = {}
            for place, entry in enumerate(machine_entry.faults):
                here = (*path, "faults", place)
                for plan in self._plans(entry, here, components):
                    if plan.fault in mine:
                        self._report(here, f"{plan.fault} is planned for twice")
                    mine[plan.fault] = plan
            found = {**mine, **found}  # the asset's layer came first and wins
        return tuple(found.values())

    def _plans(self, entry: FaultEntry, path: Path, components: Mapping[str, Component]) -> Iterable[FaultPlan]:
        component = components.get(entry.component)
        if component is None:
            self._unknown((*path, "component"), "component", entry.component, components)
        for part in entry.parts:
            if part not in self._file.parts:
                self._unknown((*path, "parts", part), "part", part, self._file.parts)
        lines = tuple(PartLine(part, quantity) for part, quantity in entry.parts.items())
        if entry.repair_hours_late is not None and entry.repair_hours_late < entry.repair_hours:
            late = f"{entry.repair_hours_late:g} is less than repair_hours {entry.repair_hours:g}"
            self._report((*path, "repair_hours_late"), late)
        names = [entry.mechanism] if isinstance(entry.mechanism, str) else entry.mechanism
        if not names:
            self._report((*path, "mechanism"), "the list is empty")
        for name in names:
            mechanism = MECHANISMS.get(name)
            if mechanism is None:
                self._unknown((*path, "mechanism"), "mechanism", name, MECHANISMS)
            elif component is not None and component.kind in KINDS and component.kind not in mechanism.component_kinds:
                kinds = " or ".join(mechanism.component_kinds)
                self._report(
                    (*path, "mechanism"), f"{name} strikes a {kinds}, and {component.id} is a {component.kind}"
                )
            mode = entry.failure_mode or (mechanism.mode if mechanism else "")
            fault = Fault(entry.component, name)
            yield FaultPlan(
                fault,
                mode,
                lines,
                entry.repair_hours,
                tuple(entry.steps),
                tuple(entry.skills),
                entry.repair_hours_late,
                entry.breakdown_hours,
            )

    def _unknown(self, path: Path, what: str, word: str, known: Iterable[str]) -> None:
        self._report(path, f"unknown {what} {word!r}{did_you_mean(word, known)}")
