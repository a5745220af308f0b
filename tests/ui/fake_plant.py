"""A made-up plant for the tests of the page alone: every value is a model of `forewarn.api.schemas`, so that a fixture
which the real interface could not send fails here."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from forewarn.api.schemas import (
    AssetDetail,
    AssetRow,
    AuditRow,
    CauseOut,
    ContributionOut,
    CountsOut,
    EvidenceOut,
    HistoryPoint,
    HypothesisOut,
    IsolationOut,
    OrderDetail,
    Overview,
    PartLineOut,
    RobustTrendOut,
    Rul,
    SecondOpinionOut,
    SensorProblemOut,
    SignalOut,
    Spectrum,
    State,
    StatusName,
    Tone,
    Trend,
)
from forewarn.api.schemas_energy import EnergyOut, RangeOut
from forewarn.core.work import TRANSITIONS, Status
from forewarn.maintenance.orders.findings import CODES

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY_H = 24.0
POINTS = 240


def allowed(status: StatusName) -> list[StatusName]:
    """Statuses that follow, from the one table."""
    return [s.value for s in TRANSITIONS[Status(status)]]


def overview(assets: list[AssetDetail], orders: list[OrderDetail]) -> Overview:
    states = [a.state for a in assets]
    return Overview(
        plant="Riverside water works",
        version="0.1.0",
        timezone="Europe/Berlin",
        now=NOW,
        clock_rate=10_800,
        assets=len(assets),
        by_state={state: states.count(state) for state in states},
        readings_per_s=1284.0,
        open_orders=sum(o.status not in ("COMP", "CLOSE", "CAN") for o in orders),
        orders_total=len(orders),
        counts=CountsOut(
            acked=4_821_337,
            stored=4_810_212,
            duplicates=10_877,
            conflicts=14,
            quarantined=242,
            summarised=0,
            replayed=8,
        ),
    )


def _asset(id: str, name: str, area: str, state: State, health: float | None, **more: Any) -> AssetDetail:
    fields: dict[str, Any] = {
        "id": id, "name": name, "asset_class": "centrifugal pump", "site": "riverside", "area": area,
        "criticality": "B", "state": state, "health": health, "anomaly": 0.12 if health else None,
        "warming_up_share": None, "fault": None, "fault_label": None, "failure_mode": None, "fault_probability": None,
        "rul": None, "open_orders": [], "sensor_problems": [], "assessed_at": NOW - timedelta(minutes=40),
        "signals": SIGNALS, "diagnosis": [], "contributions": [], "false_alarm_rate_per_year": 1.0,
        "model": "robust_baseline 3",
    }  # fmt: skip
    return AssetDetail(**{**fields, **more})


def _signal(name: str, quantity: str, unit: str, role: str, component: str | None, value: float | None) -> SignalOut:
    wave = quantity == "acceleration"
    kinds = ("rms", "crest", "kurtosis", "band_4000_8000", "tone_bpfo") if wave else ()
    return SignalOut(
        name=name, quantity=quantity, unit=unit, kind="waveform" if wave else "scalar", role=role, component=component,
        last_value=value, last_at=NOW - timedelta(minutes=3), quality=[], features=[f"{name}:{kind}" for kind in kinds],
    )  # fmt: skip


SIGNALS = [
    _signal("vib_de", "acceleration", "m/s^2", "condition", "de_bearing", None),
    _signal("vib_nde", "acceleration", "m/s^2", "condition", "nde_bearing", None),
    _signal("temp_de", "temperature", "degC", "condition", "de_bearing", 71.42),
    _signal("speed", "speed", "rpm", "speed", None, 1487.0),
    _signal("power", "power", "kW", "load", None, 37.81),
]


def _rul(fault: str, p10_d: float, p50_d: float, p90_d: float) -> Rul:
    return Rul(fault=fault, p10_h=p10_d * DAY_H, p50_h=p50_d * DAY_H, p90_h=p90_d * DAY_H, horizon_h=60 * DAY_H)


def _evidence(feature: str, value: float, baseline: float, unit: str, text: str) -> EvidenceOut:
    return EvidenceOut(feature=feature, value=value, baseline=baseline, unit=unit, text=text)


SPALL = "de_bearing:outer_race_spall"
SPALL_FOR = [
    _evidence("vib_de:tone_bpfo", 9.4, 1.1, "1", "The envelope shows the outer-race tone at 89.6 Hz."),
    _evidence("vib_de:kurtosis", 7.8, 3.1, "1", "The signal has become impulsive."),
    _evidence("temp_de", 71.4, 63.0, "degC", "The bearing runs warmer than at this load before."),
]
SPALL_AGAINST = [_evidence("vib_de:velocity_1x", 1.2, 1.1, "mm/s", "Vibration at running speed has not risen.")]
PULLS = [
    ContributionOut(feature="vib_de:tone_bpfo", share=0.46, value=9.4, baseline=1.1, unit="1"),
    ContributionOut(feature="vib_de:rms", share=0.27, value=6.42, baseline=1.98, unit="m/s^2"),
    ContributionOut(feature="vib_de:kurtosis", share=0.18, value=7.8, baseline=3.1, unit="1"),
    ContributionOut(feature="temp_de", share=0.09, value=71.4, baseline=63.0, unit="degC"),
]
DIAGNOSIS = [
    HypothesisOut(
        fault=SPALL, label="outer-race spall, de_bearing", failure_mode="VIB", probability=0.87,
        evidence_for=SPALL_FOR, evidence_against=SPALL_AGAINST,
        next_check="Envelope spectrum at BPFO; inspect the load zone",
    ),
    HypothesisOut(
        fault="coupling:misalignment", label="misalignment, coupling", failure_mode="VIB", probability=0.08,
        evidence_for=[_evidence("vib_de:velocity_2x", 1.9, 1.4, "mm/s", "Vibration at 2x speed is a little higher.")],
        evidence_against=[], next_check="Laser alignment; 2x and axial vibration",
    ),
]  # fmt: skip


def assets() -> list[AssetDetail]:
    """Twelve machines in the order of a plant file: two in alarm, one in alert, one learning, one offline."""
    stuck = SensorProblemOut(
        signal="temp_de", kind="stuck", since=NOW - timedelta(days=2, hours=3),
        text="The value has stood at 58.20 degC for 51 h while the load moved.",
    )  # fmt: skip
    quiet = [
        _asset(f"pump-0{n}", f"Raw water pump {n}", "Intake", "normal", 96.0 - n, criticality="A") for n in range(1, 4)
    ]
    return [
        *quiet,
        _asset(
            "pump-04", "High pressure pump 4", "Pump house", "alarm", 31.0, criticality="A", anomaly=0.93, fault=SPALL,
            fault_label="outer-race spall, de_bearing", failure_mode="VIB", fault_probability=0.87,
            rul=_rul(SPALL, 6, 12, 25), open_orders=["WO-000003"], diagnosis=DIAGNOSIS, contributions=PULLS,
        ),
        _asset(
            "pump-05", "High pressure pump 5", "Pump house", "normal", 91.0, open_orders=["WO-000002"],
            sensor_problems=[stuck],
        ),
        _asset(
            "fan-01", "Aeration blower 1", "Aeration", "alert", 58.0, asset_class="blower", anomaly=0.61,
            fault="fan_wheel:imbalance", fault_label="imbalance, fan_wheel", failure_mode="VIB", fault_probability=0.64,
            rul=_rul("fan_wheel:imbalance", 19, 41, 60),
        ),
        _asset("fan-02", "Aeration blower 2", "Aeration", "normal", 94.0, asset_class="blower"),
        _asset("fan-03", "Aeration blower 3", "Aeration", "offline", None, asset_class="blower", anomaly=None),
        _asset(
            "mix-01", "Sludge mixer 1", "Sludge", "alarm", 12.0, asset_class="mixer", anomaly=0.99, criticality="C",
            fault="seal:seal_leak", fault_label="seal leak, seal", failure_mode="ELP", fault_probability=0.74,
            rul=_rul("seal:seal_leak", 0.6, 1.4, 3.2), open_orders=["WO-000001"],
        ),
        _asset("mix-02", "Sludge mixer 2", "Sludge", "warming_up", None, asset_class="mixer", warming_up_share=0.42),
        _asset("comp-01", "Compressor 1", "Utilities", "normal", 88.0, asset_class="screw compressor"),
        _asset("comp-02", "Compressor 2", "Utilities", "normal", 93.0, asset_class="screw compressor"),
    ]  # fmt: skip


def _order(number: str, asset: AssetDetail, **more: Any) -> OrderDetail:
    opened = NOW - timedelta(days=1, hours=5)
    entry = AuditRow(at=opened, actor="forewarn", action="open", detail=f"number: {number}", hash="7f3a90c2be41d055")
    fields: dict[str, Any] = {
        "id": f"id-{number}", "number": number, "asset": asset.id, "asset_name": asset.name, "kind": "condition",
        "status": "WAPPR", "priority": 2, "title": "", "faults": [asset.fault or ""],
        "failure_mode": asset.failure_mode or "AIR", "rul_p10_h": asset.rul.p10_h if asset.rul else None,
        "rul_p50_h": asset.rul.p50_h if asset.rul else None, "rul_p90_h": asset.rul.p90_h if asset.rul else None,
        "order_by": None, "start_by": None, "win_probability": None, "created_at": opened, "updated_at": opened,
        "revision": 1, "parts": [], "steps": [], "repair_hours": 4.0, "verification": "pending",
        "codes_asked": list(CODES) if more.get("kind", "condition") == "condition" else [],
        "usual_codes": {"failure_mode_found": "VIB", "failure_mechanism": "2.6", "detection_method": "6"},
        "allowed_actions": allowed(more.get("status", "WAPPR")),
        "history": [entry],
    }  # fmt: skip
    return OrderDetail(**{**fields, **more})


def _frozen() -> dict[str, Any]:
    """Evidence as an order keeps it."""
    return {
        "assessment": {
            "asset": "pump-04", "at_us": 1, "span_us": [1_793_800_000_000_000, 1_795_300_000_000_000], "state": "alarm",
            "health": 38.2, "model": {"name": "robust_baseline", "version": "3", "digest": "ab12"},
            "anomaly": {
                "score": 0.91, "false_alarm_rate_per_year": 1.0, "contributions": [p.model_dump() for p in PULLS],
            },
            "diagnosis": [h.model_dump() for h in DIAGNOSIS], "forecasts": [], "sensor_problems": [],
        },
        "advice_settings": {"confirm_share": 0.6},
        "numbers": {"priority": 2},
    }  # fmt: skip


def _part(part: str, name: str, on_hand: int, lead_p50_days: float, lead_p90_days: float) -> PartLineOut:
    return PartLineOut(
        part=part, name=name, quantity=1, on_hand=on_hand, lead_p50_days=lead_p50_days, lead_p90_days=lead_p90_days
    )


def _cause(fault: str, label: str, mode: str, age_h: float, evidence: dict[str, Any]) -> CauseOut:
    added_at = NOW - timedelta(hours=age_h)
    return CauseOut(fault=fault, label=label, failure_mode=mode, added_at=added_at, evidence=evidence)


SPALL_STEPS = [
    "Lock out and tag out the motor",
    "Uncouple, draw the drive-end bearing",
    "Check the housing bore and the shaft seat",
    "Mount the new bearing warm, grease",
    "Align, run in for an hour and compare the vibration",
]


def orders(machines: list[AssetDetail]) -> list[OrderDetail]:
    """Three open orders and a closed one."""
    by_id = {a.id: a for a in machines}
    pump, mixer, sensor = by_id["pump-04"], by_id["mix-01"], by_id["pump-05"]
    bearing = _part("6312-C3", "Deep groove ball bearing 6312 C3", 0, 3, 5)
    grease = _part("LGMT-2", "Bearing grease, 400 g", 6, 2, 4)
    stuck = {"signal": "temp_de", "kind": "stuck", "text": sensor.sensor_problems[0].text}
    seen = {"assessment": {"sensor_problems": [stuck]}}
    return [
        _order(
            "WO-000003", pump, title="Outer-race spall on drive-end bearing of pump-04: plan replacement within 6 days",
            order_by=NOW + timedelta(hours=19), start_by=NOW + timedelta(days=5, hours=16), win_probability=0.86,
            causes=[_cause(SPALL, "outer-race spall, de_bearing", "VIB", 29, _frozen())],
            parts=[bearing, grease], repair_hours=8.0, steps=SPALL_STEPS,
        ),
        _order(
            "WO-000001", mixer, title="Seal leak on seal of mix-01: start at once", priority=1, status="APPR",
            revision=2, order_by=NOW - timedelta(days=2), start_by=NOW - timedelta(hours=2), win_probability=0.22,
            causes=[_cause("seal:seal_leak", "seal leak, seal", "ELP", 72, {"rule": "flow and pressure apart"})],
            parts=[_part("MS-45", "Mechanical seal 45 mm", 0, 2, 6)], steps=["Look at the seal; flush and drain flow"],
        ),
        _order(
            "WO-000002", sensor, title="Sensor temp_de of pump-05 is stuck: check or replace it", kind="instrument",
            priority=4, faults=["temp_de:sensor_fault"],
            causes=[_cause("temp_de:sensor_fault", "sensor fault, temp_de", "AIR", 24, seen)],
            repair_hours=1.0, steps=["Compare with a hand-held thermometer", "Check cable and connector"],
        ),
        _order(
            "WO-000000", by_id["fan-01"], title="Imbalance on fan wheel of fan-01", status="CLOSE", causes=[],
            verification="passed",
        ),
    ]  # fmt: skip


def _moments(hours: float) -> list[int]:
    start, step = NOW - timedelta(hours=hours), timedelta(hours=hours) / POINTS
    return [round((start + step * i).timestamp() * 1000) for i in range(POINTS)]


def _wear(i: int) -> float:
    """0 at first, 1 at the end, rising late."""
    return math.exp(5 * (i / POINTS - 1))


def trend(asset: AssetDetail, signal: str, hours: float) -> Trend:
    """A wearing bearing, or a quiet one with the rhythm of the day."""
    wears = asset.fault is not None
    values = [2 + 0.15 * math.sin(i / 3) + 0.1 * math.sin(i * 1.7) + 4.2 * wears * _wear(i) for i in range(POINTS)]
    scalar = ":" not in signal
    unit = next(s.unit for s in asset.signals if s.name == signal) if scalar else "m/s^2"
    low, high = (0.0, 150.0) if scalar else (None, None)
    return Trend(asset=asset.id, signal=signal, unit=unit, low=low, high=high, at_ms=_moments(hours), value=values)


def history(asset: AssetDetail, hours: float) -> list[HistoryPoint]:
    """A score that rises over the limit; forecasts from the moment it does."""
    points = []
    for i, at_ms in enumerate(_moments(hours)):
        score = min(0.99, 0.14 + 0.05 * math.sin(i / 5) + 0.85 * _wear(i) * (asset.fault is not None))
        left_d = 8 + 40 * (1 - i / POINTS) if asset.fault and i > POINTS * 0.7 else None
        state: State = "normal" if score < 0.5 else "alarm"
        points.append(
            HistoryPoint(
                at_ms=at_ms, state=state, health=100 * (1 - score), anomaly=score,
                rul_p10_h=left_d and left_d * 12, rul_p50_h=left_d and left_d * 24, rul_p90_h=left_d and left_d * 48,
            )
        )  # fmt: skip
    return points


def spectrum(asset: AssetDetail, signal: str, kind: Literal["envelope", "amplitude"]) -> Spectrum:
    """Lines at the outer-race tone and its harmonics."""
    tones = {"1x": 24.8, "2x": 49.6, "BPFO": 89.6, "BPFI": 133.5, "BSF": 58.6, "FTF": 10.0}
    frequency = [0.75 * (i + 1) for i in range(800)]
    harmonics = [(0.5 / n, n * tones["BPFO"]) for n in range(1, 5)]
    heights = [
        0.02 + 0.008 * abs(math.sin(f * 3.1)) + sum(h * math.exp(-(((f - hz) / 0.8) ** 2)) for h, hz in harmonics)
        for f in frequency
    ]
    return Spectrum(
        asset=asset.id, signal=signal, kind=kind, at=NOW - timedelta(minutes=12), unit="m/s^2", frequency_hz=frequency,
        amplitude=heights, tones=[Tone(name=name, hz=hz) for name, hz in tones.items()],
    )  # fmt: skip


def second_opinion(asset: AssetDetail) -> SecondOpinionOut:
    """Of a machine with a fault: most rows outside and two sure trends; of the others: too little data."""
    if not asset.diagnosis:
        return SecondOpinionOut(
            asset=asset.id, at=NOW, warming_up=True, rows=31, needed_rows=108, isolation=None, trends=[]
        )
    told = [("vib_de:band_2000_4000", "m/s^2", 0.118, 0.013, 7.5), ("temp_de", "degC", -0.03, 0.09, 0.4)]
    trends = [
        RobustTrendOut(
            feature=feature, unit=unit, slope_per_day=slope, low_per_day=slope - reach, high_per_day=slope + reach,
            excludes_zero=abs(slope) > reach, shift=shift, points=240, days=9.9,
        )
        for feature, unit, slope, reach, shift in told
    ]  # fmt: skip
    forest = IsolationOut(
        share_outside=0.83, expected_share=0.0769, newest_rows=24, newest_from=NOW - timedelta(days=1),
        baseline_rows=120, baseline_until=NOW - timedelta(days=10), features=15,
    )  # fmt: skip
    return SecondOpinionOut(
        asset=asset.id, at=NOW, warming_up=False, rows=240, needed_rows=108, isolation=forest, trends=trends
    )


def energy(asset: AssetDetail, price: float | None) -> EnergyOut:
    """Of a machine with a fault: it surely costs more; of the others: no sure change, and no flow is measured."""
    worn = bool(asset.diagnosis)
    extra = RangeOut(low=8.02, middle=12.41, high=16.97) if worn else RangeOut(low=-1.1, middle=0.2, high=1.5)
    cost = None if price is None else RangeOut(**{end: price * kwh for end, kwh in extra.model_dump().items()})
    return EnergyOut(
        asset=asset.id, since=NOW - timedelta(days=1), until=NOW, baseline_from=NOW - timedelta(days=60),
        baseline_until=NOW - timedelta(days=30), level=0.8, sure=worn, extra_kwh_per_day=extra, cost_per_day=cost,
        currency="EUR", actual_kw=37.81, expected_kw=37.29, hours_per_day=24.0, output="flow" if worn else None,
        per_output=0.412 if worn else None, expected_per_output=0.406 if worn else None,
        per_output_unit="kWh/m^3" if worn else None,
    )  # fmt: skip


def row(asset: AssetDetail) -> AssetRow:
    """The board's part of a machine."""
    return AssetRow(**{name: getattr(asset, name) for name in AssetRow.model_fields})
