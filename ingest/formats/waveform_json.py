"""Raw waveforms as JSON, for senders that cannot make binary blocks.

    {"ts": 1795392000000, "sample_rate_hz": 25600, "unit": "g", "samples": [0.12, -0.07]}
    {"ts": "2026-11-23T04:00:00Z", "sample_rate_hz": 25600, "samples_b64": "mpmZPg=="}

`samples_b64` is base64 of little-endian float32. `ts`, `unit`, `boot_id` and `seq` may be absent; other keys are what a
gateway says about itself, and ignored.
"""

from __future__ import annotations

import base64
import binascii
import math

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.ingest.formats.json_strict import parse
from forewarn.ingest.formats.result import shown
from forewarn.ingest.formats.times import US_PER_MS, device_time
from forewarn.ingest.formats.waveform_block import MAX_SAMPLES, Block, check_samples


class _Typed(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """The shape that costs least to read; anything else goes to the strict parser."""

    sample_rate_hz: float
    samples: list[float]
    ts: float | str
    unit: str = ""
    boot_id: int | UnsetType = UNSET
    seq: int | UnsetType = UNSET


_TYPED = msgspec.json.Decoder(_Typed)


def encode(block: Block, as_base64: bool = False) -> bytes:
    """The JSON form of a block; base64 rounds the samples to float32. Refuses (ValueError) what is not finite.

    >>> encode(Block(1_795_392_000_000_000, 2.0, np.array([0.5, -0.5]), "g"))
    b'{"ts":1795392000000,"sample_rate_hz":2.0,"unit":"g","samples":[0.5,-0.5]}'
    """
    if not (np.isfinite(block.samples).all() and math.isfinite(block.sample_rate_hz)):
        raise ValueError("samples and sample rate are finite")
    message: dict[str, object] = {}
    if block.at_us:
        message["ts"] = block.at_us / US_PER_MS if block.at_us % US_PER_MS else block.at_us // US_PER_MS
    message["sample_rate_hz"] = block.sample_rate_hz
    if block.unit:
        message["unit"] = block.unit
    if as_base64:
        message["samples_b64"] = base64.b64encode(block.samples.astype("<f4").tobytes()).decode()
    else:
        message["samples"] = block.samples.tolist()
    message |= {key: number for key, number in (("boot_id", block.boot_id), ("seq", block.seq)) if number}
    return msgspec.json.encode(message)


def decode_block(payload: bytes, now_us: int) -> Block:
    """The block as it was encoded.

    Raises Rejected with the reasons of `json_strict.parse`, and `missing_value`, `wrong_type`,
    `not_a_number`, `not_finite`, `bad_time`, `timestamp_unit_suspect`, `bad_base64`, `bad_sample_rate`, `empty`,
    `too_many_samples`.
    """
    typed = _decode_typed(payload)
    block = _decode_object(_object(payload), now_us) if typed is None else _block_of(typed, now_us)
    check_samples(block)
    return block


def _block_of(typed: _Typed, now_us: int) -> Block:
    at, samples = device_time(typed.ts, now_us), np.array(typed.samples, np.float64)
    boot_id, seq = (0 if number is UNSET else number for number in (typed.boot_id, typed.seq))
    return Block(at, typed.sample_rate_hz, samples, typed.unit, boot_id, seq)


def _decode_typed(payload: bytes) -> _Typed | None:
    try:
        typed = _TYPED.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the strict parser will name the fault
        return None
    numbers = [number for number in (typed.boot_id, typed.seq) if number is not UNSET]
    if any(number < 0 for number in numbers):
        return None
    quotes = 6 + 2 * isinstance(typed.ts, str) + 4 * (b'"unit"' in payload) + 2 * len(numbers)
    return typed if payload.count(b'"') == quotes else None  # else a key stands twice


def _object(payload: bytes) -> dict[str, object]:
    found = parse(payload)
    if not isinstance(found, dict):
        raise Rejected("wrong_format", "a waveform is a JSON object, not an array")
    if "sample_rate_hz" not in found or not ("samples" in found or "samples_b64" in found):
        raise Rejected("missing_value", "a waveform needs sample_rate_hz and samples or samples_b64")
    return found


def _decode_object(found: dict[str, object], now_us: int) -> Block:
    unit = found.get("unit", "")
    if not isinstance(unit, str):
        raise Rejected("wrong_type", f"unit is {shown(unit)}, a text is expected")
    samples = _from_base64(found["samples_b64"]) if "samples_b64" in found else sample_list(found["samples"])
    at = device_time(found["ts"], now_us) if "ts" in found else 0
    numbers = [_whole(found, "boot_id"), _whole(found, "seq")]
    return Block(at, _number("sample_rate_hz", found["sample_rate_hz"]), samples, unit, *numbers)


def _whole(found: dict[str, object], key: str) -> int:
    value = found.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Rejected("wrong_type", f"{key} is {shown(value)}, a whole number is expected")
    return value


def _number(name: str, raw: object) -> float:
    if isinstance(raw, str):
        raise Rejected("not_a_number", f"{name} is the text {shown(raw)}")
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise Rejected("wrong_type", f"{name} is {shown(raw)}, a number is expected")
    return float(raw)


def sample_list(raw: object) -> Floats:
    """A JSON array of numbers -> float64[n]. Raises Rejected: `wrong_type`, `not_a_number`."""
    if not isinstance(raw, list):
        raise Rejected("wrong_type", f"samples is {shown(raw)}, an array is expected")
    return np.array([_number(f"sample {place}", value) for place, value in enumerate(raw)], np.float64)


def _from_base64(raw: object) -> Floats:
    if not isinstance(raw, str):
        raise Rejected("wrong_type", f"samples_b64 is {shown(raw)}, a text is expected")
    if len(raw) > MAX_SAMPLES * 4 * 4 // 3 + 4:
        raise Rejected("too_many_samples", f"{len(raw)} characters, the limit is {MAX_SAMPLES} samples")
    try:
        data = base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        raise Rejected("bad_base64", "samples_b64 is not base64") from None
    if len(data) % 4:
        raise Rejected("length_mismatch", f"{len(data)} bytes are no whole number of float32 samples")
    return np.frombuffer(data, "<f4").astype(np.float64)
