"""Sensor values as a gateway sends them: topics, odd units, JSON for slow signals, binary blocks for waveforms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forewarn.core.readings import Float32s
from forewarn.ingest.formats import json_readings, waveform
from forewarn.ingest.formats.waveform_block import Block
from forewarn.simulators.machines import MachineSpec
from forewarn.simulators.vibration import SAMPLE_RATE_HZ

VIBRATION = "vib_de"
FULL_SCALE_COUNTS = 32_000

TO_WIRE: dict[str, Callable[[float], float]] = {
    "degF": lambda celsius: celsius * 1.8 + 32.0,
    "psi": lambda bar: bar * 1e5 / 6894.757293168,
    "Pa": lambda bar: bar * 1e5,
    "in/s": lambda mm_s: mm_s / 25.4,
    "g": lambda m_s2: m_s2 / 9.80665,
}
"""Unit on the wire -> its value from the canonical unit of the quantity (`core.units`)."""

USUAL_UNITS = {"filter_dp": "Pa", VIBRATION: "m/s^2"}
"""Signals that every gateway of this plant sends in another unit than the canonical one, or names on the wire."""


@dataclass(frozen=True, slots=True)
class Message:
    """One PUBLISH. `readings` is what it counts in the books: fields of a row; 1 for a waveform or nonsense."""

    topic: str
    payload: bytes
    readings: int


def topic_of(spec: MachineSpec, what: str = "values") -> str:
    """Topic of a machine: `plant1/AREA/ASSET/values` for the row of slow signals, `.../vib_de` for the waveform."""
    return f"plant1/{spec.area}/{spec.id}/{what}"


def wire_unit(spec: MachineSpec, signal: str) -> str | None:
    """Unit in which this machine's gateway sends a signal, None for the canonical one."""
    return dict(spec.wire_units).get(signal, USUAL_UNITS.get(signal))


def row_message(spec: MachineSpec, at_us: int, row: dict[str, float]) -> Message:
    """A row of slow signals (canonical units) as one JSON message with all fields."""
    values = {name: _rounded(_converted(spec, name, value)) for name, value in row.items()}
    return Message(topic_of(spec), json_readings.encode_fields(values, at_us), len(values))


def waveform_message(spec: MachineSpec, at_us: int, samples: Float32s, seq: int) -> Message:
    """A block of acceleration (m/s^2) as 16-bit counts, gain by powers of two as a ranging amplifier does."""
    unit = wire_unit(spec, VIBRATION) or "m/s^2"
    scaled = samples.astype(np.float64) * _converted(spec, VIBRATION, 1.0)
    block = Block(at_us, SAMPLE_RATE_HZ, scaled, unit, boot_id=1, seq=seq)
    payload = waveform.encode(block, "i16", scale=gain(float(np.max(np.abs(scaled)))))
    return Message(topic_of(spec, VIBRATION), payload, 1)


def gain(peak: float) -> float:
    """Value of one count so that a peak fits into 16 bits: a power of two.

    >>> gain(31.0)
    0.0009765625
    """
    return float(2.0 ** math.ceil(math.log2(max(peak, 1e-6) / FULL_SCALE_COUNTS)))


def _converted(spec: MachineSpec, signal: str, value: float) -> float:
    convert = TO_WIRE.get(wire_unit(spec, signal) or "")
    return convert(value) if convert else value


def _rounded(value: float) -> float:
    """Six digits, as a 16-bit converter and its driver leave."""
    return float(f"{value:.6g}")
