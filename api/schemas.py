"""The shapes of the HTTP API, version 1. Field names carry units; times are ISO 8601 with zone (plant time, UTC).

These are the contract with the page and with other people's programs: a test compares the exported OpenAPI document
with the page's generated types.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
State = Literal["warming_up", "normal", "alert", "alarm", "offline"]
StatusName = Literal["WAPPR", "APPR", "WSCH", "WMATL", "WPCOND", "INPRG", "COMP", "CLOSE", "CAN"]
Code = Annotated[str, Field(min_length=1, max_length=8)]
FindingName = Literal["confirmed", "partly", "not_found"]
KindName = Literal["condition", "preventive", "corrective", "emergency", "inspection", "instrument"]


class Model(BaseModel):
    """Base of all: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Rul(Model):
    """Remaining useful life in operating hours; `horizon_h` is as far as the forecast looks ("not before")."""

    fault: str
    p10_h: float
    p50_h: float
    p90_h: float
    horizon_h: float


class SensorProblemOut(Model):
    """A sensor that cannot be believed."""

    signal: str
    kind: str
    since: datetime
    text: str


class AssetRow(Model):
    """One machine on the fleet board. `health` 0-100 (100 = as new), `anomaly` 0-1 (high = abnormal, 0.5 = limit)."""

    id: str
    name: str
    asset_class: str
    site: str
    area: str
    criticality: str
    state: State
    health: float | None
    anomaly: Share | None
    warming_up_share: Share | None
    fault: str | None
    fault_label: str | None
    failure_mode: str | None
    fault_probability: Share | None
    rul: Rul | None
    open_orders: list[str]
    sensor_problems: list[SensorProblemOut]
    assessed_at: datetime | None


class SignalOut(Model):
    """A signal and its newest value. `quality` lists what is known against it (empty = good)."""

    name: str
    quantity: str
    unit: str
    kind: Literal["scalar", "waveform"]
    role: str
    component: str | None
    last_value: float | None
    last_at: datetime | None
    quality: list[str]
    features: list[str]


class EvidenceOut(Model):
    """One observation for or against a fault."""

    feature: str
    value: float
    baseline: float
    unit: str
    text: str


class HypothesisOut(Model):
    """One possible fault, with its probability given that the machine is abnormal."""

    fault: str
    label: str
    failure_mode: str
    probability: Share
    evidence_for: list[EvidenceOut]
    evidence_against: list[EvidenceOut]
    next_check: str


class ContributionOut(Model):
    """How much one feature pulls the anomaly score."""

    feature: str
    share: Share
    value: float
    baseline: float
    unit: str


class AssetDetail(AssetRow):
    """One machine with everything the last assessment said."""

    signals: list[SignalOut]
    diagnosis: list[HypothesisOut]
    contributions: list[ContributionOut]
    false_alarm_rate_per_year: float | None
    model: str | None


class Trend(Model):
    """A series thinned for a chart: at_ms (Unix ms), value in `unit`. `low`/`high` are the sensor's physical limits."""

    asset: str
    signal: str
    unit: str
    low: float | None
    high: float | None
    at_ms: list[int]
    value: list[float]


class HistoryPoint(Model):
    """One past assessment."""

    at_ms: int
    state: State
    health: float | None
    anomaly: Share | None
    rul_p10_h: float | None
    rul_p50_h: float | None
    rul_p90_h: float | None


class Tone(Model):
    """A frequency where a fault would show."""

    name: str
    hz: float


class Spectrum(Model):
    """Newest spectrum of a waveform signal. kind `envelope` or `amplitude`; amplitude in `unit`."""

    asset: str
    signal: str
    kind: Literal["envelope", "amplitude"]
    at: datetime
    unit: str
    frequency_hz: list[float]
    amplitude: list[float]
    tones: list[Tone]


class IsolationOut(Model):
    """Isolation forest: which share of the newest rows (all features at one time) lies outside of the baseline.

    `expected_share` is what an unchanged machine shows.
    """

    share_outside: Share
    expected_share: Share
    newest_rows: int
    newest_from: datetime
    baseline_rows: int
    baseline_until: datetime
    features: int


class RobustTrendOut(Model):
    """Slope of a feature since its baseline in `unit` per day, with its 95 % interval (Huber, load taken out).

    `shift`: how far the newest values stand from the baseline, in robust deviations.
    """

    feature: str
    unit: str
    slope_per_day: float
    low_per_day: float
    high_per_day: float
    excludes_zero: bool
    shift: float
    points: int
    days: float


class SecondOpinionOut(Model):
    """A look at one machine by two independent methods. While `warming_up`, there are too few `rows` for either."""

    asset: str
    at: datetime
    warming_up: bool
    rows: int
    needed_rows: int
    isolation: IsolationOut | None
    trends: list[RobustTrendOut]


class PartLineOut(Model):
    """A part on an order, with its lead time in days (half / nine of ten deliveries)."""

    part: str
    name: str
    quantity: int
    on_hand: int
    lead_p50_days: float
    lead_p90_days: float


class OrderRow(Model):
    """A work order in a list. `order_by` = order parts by, `start_by` = start work by. `draft`: only prepared, because
    of the level of its class or of the advice itself; `changed`: what the newest advice changed."""

    id: str
    number: str
    asset: str
    asset_name: str
    kind: KindName
    status: StatusName
    priority: int
    title: str
    faults: list[str]
    failure_mode: str
    rul_p10_h: float | None
    rul_p50_h: float | None
    rul_p90_h: float | None
    order_by: datetime | None
    start_by: datetime | None
    win_probability: Share | None
    draft: Literal["level", "advice"] | None = None
    reserve_parts: bool = False
    changed: str = ""
    created_at: datetime
    updated_at: datetime
    revision: int


class CauseOut(Model):
    """One fault on the order, with the evidence frozen when it was put there."""

    fault: str
    label: str
    failure_mode: str
    added_at: datetime
    evidence: dict[str, Any]


class AuditRow(Model):
    """One entry of the append-only record."""

    at: datetime
    actor: str
    action: str
    detail: str
    hash: str


class OrderDetail(OrderRow):
    """One order with causes, parts, steps and its record. `codes_asked`: ISO 14224 codes to complete it with, of which
    `usual_codes` are known; `open_steps`: required steps without a result, id -> text; `needs_approval`: who has to
    approve its cost; `follows`, `follow_ups`: numbers of orders that it grew out of, and that grew out of it."""

    causes: list[CauseOut]
    parts: list[PartLineOut]
    steps: list[str]
    repair_hours: float
    verification: str
    finding: FindingName | None = None
    fault_found: str | None = None
    codes_asked: list[str] = []
    usual_codes: dict[str, str] = {}
    open_steps: dict[str, str] = {}
    planned_cost: float = 0.0
    currency: str = ""
    needs_approval: str = ""
    follows: str | None = None
    follow_ups: list[str] = []
    allowed_actions: list[StatusName]
    history: list[AuditRow]


class ActionIn(Model):
    """Move an order to a status; what is told is kept with it.

    When it is completed or closed: `finding` against the advised fault (null: not told), `fault_found`
    (component:mechanism) of what was there instead, `part_used`, and `text`, the technician's own words. Closed orders
    teach the diagnosis. Repairs are completed with the ISO 14224 codes of `codes_asked` (words: `GET /api/codes`).
    `skipped`: open steps that were not done -> why.
    """

    status: StatusName
    note: Annotated[str, Field(max_length=4000)] = ""
    finding: FindingName | None = None
    fault_found: Annotated[str, Field(min_length=3, max_length=200)] | None = None
    failure_mode_found: Annotated[str, Field(min_length=3, max_length=3)] | None = None
    failure_mechanism: Code | None = None
    failure_cause: Code | None = None
    detection_method: Code | None = None
    activity: Code | None = None
    skipped: dict[str, Annotated[str, Field(max_length=4000)]] = {}
    part_used: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    text: Annotated[str, Field(max_length=4000)] = ""


class VerificationIn(Model):
    """Does the repair show in the signals? `waived`: nobody will look; `failed`: a follow-up will be opened."""

    result: Literal["passed", "failed", "waived"]


class CountsOut(Model):
    """The books, in readings: acked = stored + duplicates + conflicts + quarantined + summarised - replayed."""

    acked: int
    stored: int
    duplicates: int
    conflicts: int
    quarantined: int
    summarised: int
    replayed: int


class Overview(Model):
    """The plant at a glance. `clock_rate` is plant seconds per second (1 in production)."""

    plant: str
    version: str
    timezone: str
    now: datetime
    clock_rate: float
    assets: int
    by_state: dict[State, int]
    readings_per_s: float
    open_orders: int
    orders_total: int
    counts: CountsOut


class QuarantineRow(Model):
    """A refused message; `payload_preview` is printable text of its first bytes. `readings` is how many the sender
    counted in it; one that could not be kept whole cannot be read again (`can_replay`)."""

    row: int
    received_at: datetime
    source: str
    topic: str
    reason: str
    detail: str
    payload_preview: str
    payload_bytes: int
    readings: int
    can_replay: bool


class LoginIn(Model):
    """The one-time login printed at start."""

    token: Annotated[str, Field(min_length=8, max_length=200)]


class Me(Model):
    """Who is logged in."""

    name: str
    role: str


class Problem(BaseModel):
    """RFC 9457 problem document; `type` is a stable slug."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[dict[str, Any]] = []


class Values(Model):
    """Newest values of one asset's signals, as a live event."""

    asset: str
    signals: list[SignalOut]
