"""The plant as its engineers describe it: sites, assets, components, signals, faults and parts. Values only.

The YAML file becomes these in `pipeline.plant_file`; nothing here reads a file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from forewarn.core.faults import Fault
from forewarn.core.plant_limits import PlantLimit
from forewarn.core.readings import SignalSpec
from forewarn.core.shifts import ShiftPlan


@dataclass(frozen=True, slots=True)
class BearingGeometry:
    """A rolling bearing: rolling elements, their diameter, the pitch diameter (mm) and the contact angle (degrees)."""

    rolling_elements: int
    rolling_diameter_mm: float
    pitch_diameter_mm: float
    contact_angle_deg: float = 0.0

    def __post_init__(self) -> None:
        if self.rolling_elements < 3:
            raise ValueError(f"a bearing has at least 3 rolling elements, not {self.rolling_elements}")
        if not 0 < self.rolling_diameter_mm < self.pitch_diameter_mm:
            raise ValueError("the rolling diameter lies between 0 and the pitch diameter")

    def tones_hz(self, shaft_hz: float) -> dict[str, float]:
        """Tones of a defect at a shaft speed in Hz, outer ring standing (ISO 15243 geometry, no slip).

        Keys: bpfo, bpfi (passing outer, inner race), bsf (spin of the rolling element; its spall strikes at 2 x bsf),
        ftf (cage).

        >>> {k: round(v, 1) for k, v in BearingGeometry(9, 7.94, 39.04).tones_hz(29.95).items()}   # SKF 6205, 1797 rpm
        {'bpfo': 107.4, 'bpfi': 162.2, 'bsf': 70.6, 'ftf': 11.9}
        """
        share = self.rolling_diameter_mm / self.pitch_diameter_mm * math.cos(math.radians(self.contact_angle_deg))
        return {
            "bpfo": self.rolling_elements / 2 * shaft_hz * (1 - share),
            "bpfi": self.rolling_elements / 2 * shaft_hz * (1 + share),
            "bsf": self.pitch_diameter_mm / (2 * self.rolling_diameter_mm) * shaft_hz * (1 - share**2),
            "ftf": shaft_hz / 2 * (1 - share),
        }


@dataclass(frozen=True, slots=True)
class Component:
    """A maintainable item of an asset. `kind` is a word of `core.faults.MECHANISMS[...].component_kinds`.

    `gear_teeth` (of the gear on a rotor) and `vanes` (of an impeller or fan wheel) give the tones of gear mesh and
    vane pass at the shaft whose speed the asset reports.
    """

    id: str
    kind: str
    name: str = ""
    bearing: BearingGeometry | None = None
    gear_teeth: int | None = None
    vanes: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A spare part. Days from order to shelf: half of all come within `lead_p50`, nine in ten within `lead_p90`."""

    id: str
    name: str
    lead_p50_days: float
    lead_p90_days: float
    price: float = 0.0
    on_hand: int = 0


@dataclass(frozen=True, slots=True)
class PlantCosts:
    """What the plant reckons with, in its currency: an hour of downtime of a machine of criticality A, B and C (None:
    not said), an hour of the crew that repairs it."""

    currency: str = "EUR"
    downtime_a_per_h: float | None = None
    downtime_b_per_h: float | None = None
    downtime_c_per_h: float | None = None
    labour_per_h: float = 0.0

    def downtime_of(self, criticality: str) -> float | None:
        """Money for an hour in which such a machine should produce and does not.

        >>> PlantCosts(downtime_a_per_h=1200.0).downtime_of("A"), PlantCosts().downtime_of("B")
        (1200.0, None)
        """
        named = {"A": self.downtime_a_per_h, "B": self.downtime_b_per_h, "C": self.downtime_c_per_h}
        return named[criticality]


@dataclass(frozen=True, slots=True)
class PartLine:
    """So many pieces of a part."""

    part: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What the plant does about a fault: ISO 14224 failure mode, parts, hours and crew of its repair.

    `repair_late_h`: nine of ten repairs end within (None: all take `repair_hours`). `breakdown_hours`: how long it
    takes when it has failed, once part and crew are there (None: not said).
    """

    fault: Fault
    failure_mode: str
    parts: tuple[PartLine, ...] = ()
    repair_hours: float = 4.0
    steps: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    repair_late_h: float | None = None
    breakdown_hours: float | None = None


@dataclass(frozen=True, slots=True)
class RunRule:
    """How it is known whether an asset runs, and for how long it has run.

    `kind` is "signal" (`signal` is not 0: it runs), "load" (`signal` is at or above `above`, in its canonical unit: it
    runs) or "counter" (`signal` counts operating hours; it runs while the counter rises). `resolution_s`: a pause
    between readings longer than this is not known to be running.
    """

    kind: str
    signal: str
    above: float = 0.0
    resolution_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Asset:
    """One machine. `criticality` A (stops the plant) to C; `nominal_rpm` is used where no speed signal exists.

    `support` is "rigid" or "flexible" by ISO 20816-3: rigid when the lowest natural frequency of machine and
    foundation lies at least a quarter above the speed. `shifts` is when it is planned to run; None: at any time.
    `downtime_cost_per_h` None: that of its criticality.
    """

    id: str
    name: str
    asset_class: str
    site: str
    area: str
    criticality: str = "B"
    power_kw: float | None = None
    nominal_rpm: float | None = None
    operating_hours_per_day: float = 24.0
    components: tuple[Component, ...] = ()
    signals: tuple[SignalSpec, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    running: RunRule | None = None
    support: str = "rigid"
    limits: tuple[PlantLimit, ...] = ()
    shifts: ShiftPlan | None = None
    downtime_cost_per_h: float | None = None

    def only(self, count: str) -> int | None:
        """What the asset's components say of `gear_teeth` or `vanes`: the one value, None when none or several do."""
        found = {getattr(c, count) for c in self.components} - {None}
        return found.pop() if len(found) == 1 else None

    def component(self, id: str) -> Component | None:
        """The component of this id, or None."""
        return next((c for c in self.components if c.id == id), None)

    def components_of(self, kind: str) -> tuple[Component, ...]:
        """All components of a kind, in the order of the file."""
        return tuple(c for c in self.components if c.kind == kind)

    def signal(self, name: str) -> SignalSpec | None:
        """The signal of this short name, or None."""
        return next((s for s in self.signals if s.signal == name), None)

    def plan_for(self, fault: Fault) -> FaultPlan | None:
        """What to do about a fault: its own entry, else another entry for the same component."""
        exact = next((p for p in self.faults if p.fault == fault), None)
        return exact or next((p for p in self.faults if p.fault.component == fault.component), None)


@dataclass(frozen=True, slots=True)
class Site:
    """A place with one time zone (IANA name)."""

    id: str
    name: str
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Plant:
    """Everything the plant file says. `crew_wait_h`: hours until people can begin, half and nine in ten times."""

    name: str
    sites: tuple[Site, ...]
    assets: tuple[Asset, ...]
    parts: tuple[Part, ...] = ()
    costs: PlantCosts | None = None
    crew_wait_h: tuple[float, float] | None = None

    def asset(self, id: str) -> Asset | None:
        """The asset of this id, or None."""
        return next((a for a in self.assets if a.id == id), None)

    def part(self, id: str) -> Part | None:
        """The part of this id, or None."""
        return next((p for p in self.parts if p.id == id), None)

    @property
    def signals(self) -> tuple[SignalSpec, ...]:
        """Every signal of every asset, in the order of the file."""
        return tuple(s for a in self.assets for s in a.signals)
