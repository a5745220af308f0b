"""The plant file as its author writes it: pydantic models, strict, one class per kind of entry.

Everything that a template may supply is optional here; what an asset lacks after its template is told by `plant_build`.
`docs/reference/plant-file.md` explains the keys by example.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from forewarn.core.faults import MECHANISMS
from forewarn.core.shifts import WEEKDAYS
from forewarn.core.units import CANONICAL_UNIT

ID_PATTERN = r"^[a-z0-9_-]{1,64}$"
KINDS = tuple(sorted({kind for mechanism in MECHANISMS.values() for kind in mechanism.component_kinds}))
"""Every kind of component that some mechanism can strike."""

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Word = Annotated[str, StringConstraints(pattern=r"^[^+#{}\x00]{1,200}$")]
"""What may stand in a topic for a word in braces: one level or several."""

Every = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}(\.[0-9]{1,3})?(min|h|d|w)$")]
"""A time span as people write it: 30min, 8h, 7d, 2w."""

Lasting = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}(\.[0-9]{1,3})?(s|min|h|d)$")]
"""How long a condition must last: 30s, 10min, 2h."""

TopicText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


def _one_of(words: Any) -> dict[str, Any]:
    """Completion for editors; the check itself is ours, because it can say what was probably meant."""
    return {"enum": list(words)}


FormatName = Literal["json", "senml", "plain", "sparkplug", "chunked"]
TimeUnit = Literal["s", "ms", "us", "ns", "auto", "iso"]
DetectionName = Literal["rms", "peak", "peak_to_peak", "derived_peak", "average"]
RoleName = Literal["measurement", "speed", "load", "ambient", "run", "device"]

MechanismName = Annotated[str, Field(json_schema_extra=_one_of(MECHANISMS))]


class Entry(BaseModel):
    """Base of all: no unknown keys, no conversions between texts, numbers and truth values, no NaN or infinity."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, populate_by_name=False)


Days = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(WEEKDAYS)})(-({'|'.join(WEEKDAYS)}))?$")]
"""One weekday or a range of them: sat, mon-fri."""

TimeWindow = Annotated[
    str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")
]
"""06:00-14:00 in local time; one that ends no later than it begins goes on in the next day."""

Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class StopEntry(Entry):
    """Local days in which nothing runs, both included."""

    first: Day
    last: Day


class ShiftsEntry(Entry):
    """When machines are planned to run, in the local time of the site."""

    week: Annotated[dict[Days, list[TimeWindow]], Field(min_length=1)]
    holidays: list[Day] = Field(default_factory=list, description="on these days no shift begins")
    stops: list[StopEntry] = Field(default_factory=list, description="planned stops of the plant")


class SiteEntry(Entry):
    """A place with one time zone."""

    name: Name | None = None
    timezone: str = Field("UTC", description="IANA name, for instance Asia/Shanghai")
    shifts: ShiftsEntry | None = Field(None, description="of machines that say nothing else; default: always")


def _or_a_number(schema: dict[str, Any]) -> None:
    """Editors may offer one number in place of the object."""
    whole = dict(schema)
    schema.clear()
    schema["anyOf"] = [whole, {"type": "number", "minimum": 0}]


class LeadTime(Entry):
    """Days from order to shelf: `typical` with `late` or `spread`; one number alone: so long always."""

    @model_validator(mode="before")
    @classmethod
    def _always(cls, value: object) -> object:
        alone = isinstance(value, int | float) and not isinstance(value, bool)
        return {"typical": value, "late": value} if alone else value

    typical: NotNegative = Field(description="half of the deliveries come within so many days")
    late: NotNegative | None = Field(None, description="nine of ten come within so many days")
    spread: Annotated[float, Field(ge=1, le=20)] | None = Field(
        None, description="instead of late: one delivery in six takes longer than typical by more than this factor"
    )


class WaitHours(Entry):
    """Hours until something is there."""

    typical: NotNegative = Field(description="half of the times within so many hours")
    late: NotNegative = Field(description="nine in ten times within so many hours")


class DowntimeEntry(Entry):
    """Money for an hour in which a machine of this criticality should produce and does not."""

    A: NotNegative | None = None
    B: NotNegative | None = None
    C: NotNegative | None = None


class CostsEntry(Entry):
    """What the plant reckons with when waiting is weighed against acting."""

    currency: Annotated[str, StringConstraints(min_length=1, max_length=8)] = "EUR"
    downtime_per_h: DowntimeEntry = Field(default_factory=DowntimeEntry)
    labour_per_h: NotNegative = Field(0.0, description="of the crew that repairs")


class PartEntry(Entry):
    """A spare part."""

    name: Name | None = None
    lead_time_days: LeadTime = Field(json_schema_extra=_or_a_number)
    price: NotNegative = 0.0
    on_hand: int = Field(0, ge=0)


class BearingEntry(Entry):
    """Geometry of a rolling bearing, from its data sheet."""

    rolling_elements: int = Field(ge=3, le=500)
    rolling_diameter_mm: Positive
    pitch_diameter_mm: Positive
    contact_angle_deg: float = Field(0.0, ge=0, lt=90)


class ComponentEntry(Entry):
    """A maintainable item of a machine."""

    kind: str | None = Field(None, json_schema_extra=_one_of(KINDS))
    name: Name | None = None
    bearing: BearingEntry | None = None
    gear_teeth: int | None = Field(None, ge=2, le=2000, description="of the gear on this rotor")
    vanes: int | None = Field(None, ge=2, le=500, description="of this impeller, or blades of this fan wheel")


class LimitEntry(Entry):
    """A limit of one signal, in its `unit`."""

    alert: float | None = None
    alarm: float | None = None
    direction: Literal["above", "below"] = "above"
    for_: Lasting | None = Field(None, alias="for", description="so long it must be passed: 30s, 10min")
    hysteresis: NotNegative = Field(0.0, description="it is over when the value is back by so much")


class BoundEntry(Entry):
    """One of several bounds, in the `unit` of its signal: exactly one of `above` and `below`."""

    signal: Id
    above: float | None = None
    below: float | None = None
    hysteresis: NotNegative = 0.0


class GroupEntry(Entry):
    """A limit that is passed while any of its bounds is."""

    any_of: Annotated[list[BoundEntry], Field(min_length=1)]
    state: Literal["alert", "alarm"] = "alarm"
    for_: Lasting | None = Field(None, alias="for", description="so long it must be passed: 30s, 10min")


class SignalEntry(Entry):
    """What a sensor sends. `range` and `max_rate_per_s` are in `unit`."""

    unit: str | None = Field(None, description="the unit on the wire, for instance degF, in/s, g, psi, L/min")
    quantity: str | None = Field(None, json_schema_extra=_one_of(CANONICAL_UNIT))
    kind: Literal["scalar", "waveform"] = "scalar"
    role: RoleName = "measurement"
    detection: DetectionName | None = Field(None, description="may also stand behind the unit: `mm/s pk`, `g rms`")
    format: FormatName = Field("json", description="what the topic carries; one topic has one format")
    topic: str | None = Field(
        None, description="{plant}, {site}, {area}, {asset}, {signal} and `words` of the machine may stand in it"
    )
    field: str | None = Field(
        None, min_length=1, max_length=200, description="place in the payload: JSON key or path, record, metric"
    )
    time_field: str | None = Field(None, min_length=1, max_length=200, description="path of the time in nested JSON")
    time_unit: TimeUnit = "ms"
    template: Name | None = Field(None, description="how chunked waveforms are laid out")
    source: Name | None = Field(None, description="data sheet or profile that this description comes from")
    component: Id | None = None
    period_s: Positive | None = None
    range: Annotated[list[float | None], Field(min_length=2, max_length=2)] | None = None
    max_rate_per_s: Positive | None = None
    stuck_after_s: NotNegative | None = Field(None, description="0: never")
    entry: Literal["manual"] | None = Field(None, description="manual: no sensor sends it, a person enters it")
    round: Id | None = Field(None, description="signals of one round are entered together on one form")
    every: Every | None = Field(None, description="how often the round is due: 8h, 7d, 2w")
    limits: dict[Id, LimitEntry] = Field(default_factory=dict, description="what the plant's engineers allow")


class RunEntry(Entry):
    """How it is known whether a machine runs: exactly one of `signal`, `counter` and `load`."""

    signal: Id | None = Field(None, description="it runs while this is not 0")
    counter: Id | None = Field(None, description="an hours meter")
    load: Id | None = Field(None, description="it runs from `above` on, in the unit of this signal")
    above: float | None = None
    resolution_s: Positive | None = Field(None, description="a longer pause between readings is not known as running")


class FaultEntry(Entry):
    """What is done about a fault. Several mechanisms may share one repair."""

    component: Id
    mechanism: MechanismName | list[MechanismName]
    failure_mode: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    parts: dict[Id, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    repair_hours: Positive = 4.0
    repair_hours_late: Positive | None = Field(None, description="nine of ten repairs end within so many hours")
    breakdown_hours: Positive | None = Field(None, description="repair after a failure; default three times as long")
    steps: list[Name] = Field(default_factory=list)
    skills: list[Name] = Field(default_factory=list)


class MachineEntry(Entry):
    """What a template and an asset have in common."""

    asset_class: Name | None = Field(None, alias="class", description="for instance pump, electric_motor, fan")
    criticality: Literal["A", "B", "C"] = "B"
    downtime_cost_per_h: NotNegative | None = Field(None, description="default: that of its criticality in `costs`")
    power_kw: Positive | None = None
    nominal_rpm: Positive | None = None
    support: Literal["rigid", "flexible"] = Field("rigid", description="foundation, by ISO 20816-3")
    operating_hours_per_day: float = Field(24.0, gt=0, le=24)
    shifts: ShiftsEntry | None = Field(None, description="when it is planned to run; default: those of its site")
    running: RunEntry | None = None
    words: dict[Id, Word] = Field(default_factory=dict, description="for topics: {line: line-3} fills {line} in")
    components: dict[Id, ComponentEntry] = Field(default_factory=dict)
    signals: dict[Id, SignalEntry] = Field(default_factory=dict)
    limits: dict[Id, GroupEntry] = Field(default_factory=dict, description="limits over several signals")
    faults: list[FaultEntry] = Field(default_factory=list)


class AssetEntry(MachineEntry):
    """One machine; what it does not say, its template says."""

    name: Name | None = None
    template: Id | None = None
    site: Id | None = None
    area: Id | None = None


class DeviceEntry(Entry):
    """One sensor behind a gateway: which machine it sits on, and where its profile is to be changed."""

    asset: Id
    component: Id | None = None
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{0,40}$")] = Field(
        "", description="stands before the names of its signals: de_ makes de_x_velocity"
    )
    only: list[Id] | None = Field(None, min_length=1, description="these features of the profile; default all")
    period_s: Positive | None = Field(None, description="how often this device sends")
    signals: dict[Id, SignalEntry] = Field(default_factory=dict, description="changes features, or adds signals")


class GatewayEntry(Entry):
    """A gateway, or a kind of device that publishes by itself: its devices become signals of their machines."""

    profile: Name = Field(description="name of a profile, or a YAML file beside the plant file")
    topic: str | None = Field(None, description="default from the profile; {device} and {field} may stand in it")
    devices: Annotated[dict[str, DeviceEntry], Field(min_length=1)]


class PlantFile(Entry):
    """The whole file."""

    plant: Name
    topic: TopicText | None = Field(
        None, description="of signals that name none; default pm/v1/{site}/{area}/{asset}/{signal}"
    )
    sites: Annotated[dict[Id, SiteEntry], Field(min_length=1)]
    parts: dict[Id, PartEntry] = Field(default_factory=dict)
    costs: CostsEntry | None = Field(None, description="for weighing waiting against acting")
    crew_wait_hours: WaitHours | None = Field(None, description="until people can begin with a repair")
    templates: dict[Id, MachineEntry] = Field(default_factory=dict)
    gateways: dict[Id, GatewayEntry] = Field(default_factory=dict)
    assets: dict[Id, AssetEntry] = Field(default_factory=dict)


def plant_json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the plant file, for editors that complete and check while typing."""
    schema = PlantFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Forewarn plant file", **schema}
