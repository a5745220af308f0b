"""A block of samples between the wire and the store: what both waveform formats have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats, Quality, Waveform
from forewarn.core.units import Conversion
from forewarn.ingest.formats.result import shown
from forewarn.ingest.formats.times import time_of_us
from forewarn.ingest.topics import SignalBinding

MAX_SAMPLES = 4 * 1024 * 1024
MAX_RATE_HZ = 1e8
STANDARD_GRAVITY = 9.80665

SAMPLE_UNITS: dict[str, tuple[str, float]] = {
    "m/s^2": ("m/s^2", 1.0),
    "m/s2": ("m/s^2", 1.0),
    "m/s²": ("m/s^2", 1.0),
    "g": ("m/s^2", STANDARD_GRAVITY),
    "mg": ("m/s^2", STANDARD_GRAVITY / 1000),
    "mm/s": ("mm/s", 1.0),
    "in/s": ("mm/s", 25.4),
    "um": ("um", 1.0),
    "mil": ("um", 25.4),
    "A": ("A", 1.0),
    "V": ("V", 1.0),
    "bar": ("bar", 1.0),
    "Pa": ("bar", 1e-5),
}
"""Units that a block may name itself -> canonical unit, and how many of it one is. `g` is standard gravity."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One waveform as sent: samples float64[n] in `unit` ("" = as the plant file says).

    `at_us` is the time of the first sample, 0 when the sender has no clock. `boot_id` and `seq` tell a restart and a
    gap; 0 when unknown.
    """

    at_us: int
    sample_rate_hz: float
    samples: Floats
    unit: str = ""
    boot_id: int = 0
    seq: int = 0


def check_samples(block: Block) -> None:
    """Raises Rejected: `empty`, `too_many_samples`, `bad_sample_rate`, `not_finite`."""
    n = len(block.samples)
    if n == 0:
        raise Rejected("empty", "a block without samples")
    if n > MAX_SAMPLES:
        raise Rejected("too_many_samples", f"{n} samples, the limit is {MAX_SAMPLES}")
    if not (math.isfinite(block.sample_rate_hz) and 0 < block.sample_rate_hz <= MAX_RATE_HZ):
        raise Rejected("bad_sample_rate", f"{block.sample_rate_hz} Hz")
    finite = np.isfinite(block.samples)
    if not finite.all():
        raise Rejected("not_finite", f"sample {int(np.argmin(finite))} is not a finite number")


def waveform_of(block: Block, signal: SignalBinding, received_at_us: int, now_us: int) -> Waveform:
    """The block in the canonical unit of its signal, with its time.

    The unit that the block names wins over the one in the plant file. Without a clock the block is taken to end when it
    arrived. Raises Rejected: `unit_mismatch`, `not_finite` (too large for float32), `timestamp_unit_suspect`,
    `bad_time`.
    """
    conversion = _conversion(block.unit, signal)
    with np.errstate(over="ignore"):  # what overflows is infinite, and refused below
        samples = (block.samples * conversion.scale + conversion.offset).astype(np.float32)
    if not np.isfinite(samples).all():
        raise Rejected("not_finite", "a sample is too large for float32")
    if block.at_us:
        at, quality = time_of_us(block.at_us, now_us), Quality.GOOD
    else:
        duration_us = round(len(samples) / block.sample_rate_hz * 1e6)
        at, quality = received_at_us - duration_us, Quality.ARRIVAL_TIME
    return Waveform(signal.series, at, block.sample_rate_hz, samples, int(quality))


def _conversion(unit: str, signal: SignalBinding) -> Conversion:
    if not unit:
        return signal.spec.conversion
    canonical, scale = SAMPLE_UNITS.get(unit, ("", 1.0))
    if canonical != signal.spec.unit:
        raise Rejected("unit_mismatch", f"samples in {shown(unit)} for a signal in {signal.spec.unit}")
    return Conversion(scale)
