"""Routes that show the plant: overview, machines, charts."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, HTTPException, Query

from forewarn.api import views
from forewarn.api.auth import Caller
from forewarn.api.schemas import (
    AssetDetail,
    AssetRow,
    HistoryPoint,
    Overview,
    SecondOpinionOut,
    Spectrum,
    Tone,
    Trend,
)
from forewarn.api.state import Plantroom, Room
from forewarn.api.trends import envelope
from forewarn.core.clock import US_PER_HOUR
from forewarn.core.plant import Asset
from forewarn.core.readings import Floats

router = APIRouter(prefix="/api")

CHART_POINTS = 1200
SPECTRUM_POINTS = 800
SHORTEST_BLOCK = 64
Hours = Annotated[float, Query(gt=0, le=24 * 366)]


def known_asset(room: Plantroom, id: str) -> Asset:
    """The asset, or 404."""
    asset = room.plant.asset(id)
    if asset is None:
        raise HTTPException(404, f"There is no asset {id!r} in this plant")
    return asset


@router.get("/overview")
def get_overview(room: Room, _: Caller) -> Overview:
    """The plant at a glance: machines by state, open orders, the books."""
    return views.overview(room)


@router.get("/assets")
def get_assets(room: Room, _: Caller) -> list[AssetRow]:
    """Every machine with its state, most probable fault and remaining life."""
    return views.asset_rows(room)


@router.get("/assets/{id}")
def get_asset(id: str, room: Room, _: Caller) -> AssetDetail:
    """One machine: signals, diagnosis with evidence, what pulls the score."""
    return views.asset_detail(room, known_asset(room, id))


@router.get("/assets/{id}/trend")
def get_trend(id: str, signal: str, room: Room, _: Caller, hours: Hours = 168) -> Trend:
    """A signal, or a feature of a waveform signal (`vib_de:rms`), over the last hours; peaks are kept."""
    asset = known_asset(room, id)
    base, _colon, feature = signal.partition(":")
    spec = asset.signal(base)
    if spec is None:
        raise HTTPException(
            404, f"{asset.id} has no signal {base!r}; it has {', '.join(s.signal for s in asset.signals)}"
        )
    reader = room.derived if feature else room.reader
    number = reader.names().get(f"{asset.id}/{signal}")
    now_us = room.now_us()
    start_us = max(0, now_us - round(hours * US_PER_HOUR))
    at, value = np.empty(0, np.int64), np.empty(0)
    if number is not None and (feature or spec.kind == "scalar"):
        at, value = envelope(reader, number, start_us, now_us + US_PER_HOUR, CHART_POINTS)
    at_ms, values = views.thinned(at, value, CHART_POINTS)
    return Trend(
        asset=asset.id,
        signal=signal,
        unit=feature_unit(feature) if feature else spec.unit,
        low=None if feature else spec.low,
        high=None if feature else spec.high,
        at_ms=at_ms,
        value=values,
    )


def feature_unit(feature: str) -> str:
    """Unit of a waveform feature; 404 for one that does not exist."""
    from forewarn.models.features.vibration import FEATURE_UNITS  # scipy: only when a chart asks for it

    if feature not in FEATURE_UNITS:
        raise HTTPException(404, f"There is no feature {feature!r}")
    return FEATURE_UNITS[feature]


@router.get("/assets/{id}/history")
def get_history(id: str, room: Room, _: Caller, hours: Hours = 720) -> list[HistoryPoint]:
    """Past assessments: state, health, anomaly and the remaining-life band."""
    asset = known_asset(room, id)
    since_us = max(0, room.now_us() - round(hours * US_PER_HOUR))
    return [views.history_point(a) for a in room.assessments.history(asset.id, since_us, CHART_POINTS)]


@router.get("/assets/{id}/second-opinion")
def get_second_opinion(id: str, room: Room, _: Caller) -> SecondOpinionOut:
    """A look at the machine by two independent methods, computed now from what is stored; takes up to some seconds."""
    from forewarn.pipeline.opinion import opinion_of  # heavy libraries: only when somebody asks

    asset = known_asset(room, id)
    latest = room.assessments.latest().get(asset.id)
    return views.second_opinion(opinion_of(asset, room.reader, room.derived, latest, room.now_us()))


@router.get("/assets/{id}/spectrum")
def get_spectrum(
    id: str, signal: str, room: Room, _: Caller, kind: Literal["envelope", "amplitude"] = "envelope"
) -> Spectrum:
    """Spectrum of the newest waveform, with the frequencies where faults would show."""
    from forewarn.models.features.vibration import amplitude_spectrum, envelope_spectrum  # scipy: only here

    asset = known_asset(room, id)
    spec = asset.signal(signal)
    number = room.reader.names().get(f"{asset.id}/{signal}")
    newest = room.reader.waveforms(number, 0, 2**62, newest=1) if number is not None else []
    if spec is None or not newest:
        raise HTTPException(404, f"{asset.id} has sent no waveform on {signal!r} yet")
    wave = newest[-1]
    if len(wave.samples) < SHORTEST_BLOCK:
        raise HTTPException(404, f"The newest waveform on {signal!r} has {len(wave.samples)} samples: no spectrum")
    compute = envelope_spectrum if kind == "envelope" else amplitude_spectrum
    frequency, amplitude = compute(wave.samples, wave.sample_rate_hz)
    tones = _tones(room, asset, spec.component, wave.at)
    highest = max([6 * t.hz for t in tones] + [500.0]) if kind == "envelope" else wave.sample_rate_hz / 2
    shown = (frequency > 0) & (frequency <= highest)
    frequencies, amplitudes = _peaks(frequency[shown], amplitude[shown])
    return Spectrum(
        asset=asset.id,
        signal=signal,
        kind=kind,
        at=views.moment(wave.at),
        unit=spec.unit,
        frequency_hz=frequencies,
        amplitude=amplitudes,
        tones=tones,
    )


def _tones(room: Plantroom, asset: Asset, component: str | None, at_us: int) -> list[Tone]:
    shaft_hz = _shaft_hz(room, asset, at_us)
    if shaft_hz is None:
        return []
    tones = [Tone(name="1x", hz=shaft_hz), Tone(name="2x", hz=2 * shaft_hz)]
    item = asset.component(component or "")
    if item is not None and item.bearing is not None:
        tones += [Tone(name=name.upper(), hz=hz) for name, hz in item.bearing.tones_hz(shaft_hz).items()]
    return tones


def _shaft_hz(room: Plantroom, asset: Asset, at_us: int) -> float | None:
    for spec in asset.signals:
        number = room.reader.names().get(spec.name)
        if spec.role == "speed" and number is not None:
            readings = room.reader.read(number, at_us - 24 * US_PER_HOUR, at_us + 1)
            if len(readings) and readings.value[-1] > 0:
                return float(readings.value[-1]) / 60
    return asset.nominal_rpm / 60 if asset.nominal_rpm else None


def _peaks(frequency: Floats, amplitude: Floats) -> tuple[list[float], list[float]]:
    """The spectrum with at most SPECTRUM_POINTS lines, each the highest of its run."""
    step = max(1, -(-len(frequency) // SPECTRUM_POINTS))
    places = [i + int(np.argmax(amplitude[i : i + step])) for i in range(0, len(frequency), step)]
    return [round(float(f), 3) for f in frequency[places]], [float(a) for a in amplitude[places]]
