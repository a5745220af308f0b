"""Waveforms that gateways cut into several JSON messages: how one of them is read, by a template of JSON paths.

A template says where a gateway puts the measurement's id, the number of the chunk, the samples and what they mean. It
is data (`ingest/chunk_templates.yaml`), so that a plant can add its own gateway without code. Putting chunks together
again is `ingest.chunked`, because that has to remember.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.ingest.formats.json_paths import MISSING, found_at, steps_of
from forewarn.ingest.formats.result import shown
from forewarn.ingest.formats.times import TIME_UNITS, device_time
from forewarn.ingest.formats.waveform_block import Block
from forewarn.ingest.formats.waveform_json import sample_list

MAX_CHUNKS = 4096
ENCODINGS = {"list": "", "i16": "i2", "i32": "i4", "f32": "f4"}
"""How samples stand in a chunk: a JSON array, or base64 of whole numbers or floats."""

FIELD = "{field}"
_RATE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(k?)Hz\s*")
_BYTE_ORDERS = {"little": "<", "big": ">"}
_MAX_ID = 200

Message = dict[str, object]


@dataclass(frozen=True, slots=True)
class ChunkTemplate:
    """Where things stand in a chunk. Texts are JSON paths, numbers hold for every chunk.

    `id`: what tells one measurement from another, together. `index` counts chunks from `first`; `total` is how many
    there are, or `last` is true in the last one. `axis` holds the `field` of the signal that the chunk belongs to; or
    `samples` contains `{field}`, and a chunk carries several axes. `rate_hz` (a number, or a text such as "800Hz") or
    `interval_s`, `time` (of the first sample) and `unit_at` may stand in any chunk; the lowest that has them counts.
    `scale` is the value of one count, in every chunk where it is a path. `unit` is a unit; without it and `unit_at` the
    plant file says it. `timeout_s` is the longest pause between two chunks. `source` tells where the names come from,
    `checked` whether they were compared with captured messages.

    Refuses (ValueError) what contradicts itself or is missing.
    """

    name: str
    id: tuple[str, ...]
    index: str
    samples: str
    first: int = 0
    total: str | int | None = None
    last: str | None = None
    axis: str | None = None
    encoding: str = "list"
    byte_order: str = "little"
    rate_hz: str | float | None = None
    interval_s: str | float | None = None
    scale: str | float = 1.0
    unit: str = ""
    unit_at: str | None = None
    time: str | None = None
    time_unit: str = "ms"
    timeout_s: float = 60.0
    source: str = ""
    checked: bool = False

    def __post_init__(self) -> None:
        wrong = [
            (not self.id, "id names no path"),
            ((self.total is None) == (self.last is None), "either total or last tells where a measurement ends"),
            (isinstance(self.total, int) and not 0 < self.total <= MAX_CHUNKS, f"total is 1 to {MAX_CHUNKS}"),
            ((self.rate_hz is None) == (self.interval_s is None), "either rate_hz or interval_s"),
            (self.axis is not None and FIELD in self.samples, "either axis or {field} in samples"),
            (self.encoding not in ENCODINGS, f"encoding is one of {', '.join(ENCODINGS)}"),
            (self.byte_order not in _BYTE_ORDERS, "byte_order is little or big"),
            (self.time_unit not in TIME_UNITS, f"time_unit is one of {', '.join(TIME_UNITS)}"),
            (not 0 < self.timeout_s <= 86_400, "timeout_s is above 0 and at most a day"),
        ]
        for is_wrong, why in wrong:
            if is_wrong:
                raise ValueError(f"chunk template {self.name}: {why}")

    @staticmethod
    def load(name: str, entry: Mapping[str, Any]) -> ChunkTemplate:
        """A template from its entry in a file. Refuses (ValueError) unknown and missing keys, and wrong types.

        >>> entry = {"id": "meas", "index": "i", "total": "n", "samples": "x", "rate_hz": 1000}
        >>> ChunkTemplate.load("mine", entry).id
        ('meas',)
        """
        known = {field.name: field for field in fields(ChunkTemplate) if field.name != "name"}
        needed = {key for key, field in known.items() if field.default is NO_DEFAULT}
        unknown, missing = entry.keys() - known.keys(), needed - entry.keys()
        if unknown or missing:
            raise ValueError(f"chunk template {name}: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}")
        for key, value in entry.items():
            if not isinstance(value, (list, str) if key == "id" else _TYPES.get(key, str)):
                raise ValueError(f"chunk template {name}: {key} is {value!r}")
        id_paths = entry["id"]
        return ChunkTemplate(name, **{**entry, "id": (id_paths,) if isinstance(id_paths, str) else tuple(id_paths)})


_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("rate_hz", "interval_s", "scale"), (str, int, float)),
    "total": (str, int),
    "first": int,
    "timeout_s": (int, float),
    "checked": bool,
}


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """One message of a measurement: samples float64[n] by field, scaled; what it says of the whole, None = nothing."""

    index: int
    total: int | None
    is_last: bool
    rate_hz: float | None
    at_us: int | None
    unit: str | None
    samples: dict[str, Floats]


def id_of(message: Message, template: ChunkTemplate) -> tuple[str, ...]:
    """What tells the measurement of a chunk, its axis last. Raises Rejected: `missing_value`, `wrong_type`."""
    paths = template.id if template.axis is None else (*template.id, template.axis)
    found = []
    for path in paths:
        raw = found_at(message, path)
        if raw is MISSING:
            raise Rejected("missing_value", f"a chunk without {path}")
        if isinstance(raw, bool) or not isinstance(raw, int | float | str) or len(str(raw)) > _MAX_ID:
            raise Rejected("wrong_type", f"{path} is {shown(raw)}, a short text or a number is expected")
        found.append(str(raw))
    return tuple(found)


def read_chunk(message: Message, template: ChunkTemplate, names: Sequence[str], now_us: int) -> Chunk:
    """The contents of a chunk for the signals with these fields.

    Raises Rejected: `missing_value`, `wrong_type`, `not_a_number`, `not_finite`, `bad_base64`, `length_mismatch`,
    `bad_sample_rate`, `bad_time`, `timestamp_unit_suspect`, `chunk_mismatch` (a number outside the measurement),
    `too_many_chunks`.
    """
    index, total = _whole(message, template.index), template.total
    if isinstance(total, str):
        total = _whole(message, total)
    place = index - template.first
    if (total or place + 1) > MAX_CHUNKS:
        raise Rejected("too_many_chunks", f"{total or place + 1} chunks, the limit is {MAX_CHUNKS}")
    if place < 0 or (total is not None and place >= total):
        raise Rejected("chunk_mismatch", f"chunk {index} of {total}, counted from {template.first}")
    scale = _number(message, template.scale)
    if scale is None:
        raise Rejected("missing_value", f"a chunk without {template.scale}")
    unit = template.unit or _optional(message, template.unit_at)
    at = _optional(message, template.time)
    return Chunk(
        *(place, total, template.last is not None and _optional(message, template.last) is True),
        rate_hz=_rate(message, template),
        at_us=None if at is None else device_time(at, now_us, template.time_unit),
        unit=unit if isinstance(unit, str) else None,
        samples={name: _samples(message, template, name) * scale for name in names},
    )


def _optional(message: Message, path: str | None) -> object | None:
    found = MISSING if path is None else found_at(message, path)
    return None if found is MISSING else found


def _whole(message: Message, path: str) -> int:
    raw = found_at(message, path)
    if raw is MISSING:
        raise Rejected("missing_value", f"a chunk without {path}")
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise Rejected("wrong_type", f"{path} is {shown(raw)}, a whole number is expected")
    return raw


def _number(message: Message, place: str | float | None) -> float | None:
    """A number of the template, or the one at a path, None where nothing stands."""
    if not isinstance(place, str):
        return place
    raw = _optional(message, place)
    if isinstance(raw, str) and (rate := _RATE.fullmatch(raw)):
        return float(rate[1]) * (1000.0 if rate[2] else 1.0)
    if isinstance(raw, str):
        raise Rejected("not_a_number", f"{place} is the text {shown(raw)}")
    if isinstance(raw, bool) or not isinstance(raw, int | float | None):
        raise Rejected("wrong_type", f"{place} is {shown(raw)}, a number is expected")
    return raw


def _rate(message: Message, template: ChunkTemplate) -> float | None:
    if template.interval_s is None:
        return _number(message, template.rate_hz)
    interval = _number(message, template.interval_s)
    if interval is None:
        return None
    if not interval > 0:
        raise Rejected("bad_sample_rate", f"an interval of {interval} s")
    return 1.0 / interval


def _samples(message: Message, template: ChunkTemplate, name: str) -> Floats:
    path = template.samples.replace(FIELD, name)
    raw = found_at(message, path)
    if raw is MISSING:
        raise Rejected("missing_value", f"a chunk without {path}")
    if template.encoding == "list":
        return sample_list(raw)
    if not isinstance(raw, str):
        raise Rejected("wrong_type", f"{path} is {shown(raw)}, base64 is expected")
    return _from_base64(raw, np.dtype(_BYTE_ORDERS[template.byte_order] + ENCODINGS[template.encoding]))


def _from_base64(raw: str, dtype: np.dtype[Any]) -> Floats:
    try:
        data = base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        raise Rejected("bad_base64", "the samples are not base64") from None
    if len(data) % dtype.itemsize:
        raise Rejected("length_mismatch", f"{len(data)} bytes are no whole number of samples")
    return np.frombuffer(data, dtype).astype(np.float64)


def encode(
    template: ChunkTemplate, ids: Sequence[object], blocks: Mapping[str, Block], sizes: Sequence[int]
) -> list[bytes]:
    """One measurement as a gateway of this template sends it, `sizes` samples in each chunk; for simulators and tests.

    `ids` are the values of `id`, `blocks` the axes by field: one, or several of equal length where `samples` contains
    `{field}`. Time, rate and unit are those of the first block, samples are rounded to whole counts of `scale` where
    the encoding asks for it. Refuses (ValueError) what does not fit the template.
    """
    several = FIELD in template.samples
    length = len(next(iter(blocks.values())).samples)
    if sum(sizes) != length or (len(blocks) > 1 and not several) or isinstance(template.scale, str):
        raise ValueError(
            "the sizes make up the samples; one block, unless {field} stands in samples; scale is a number"
        )
    messages, start = [], 0
    for number, size in enumerate(sizes):
        message: Message = {}
        for path, value in zip(template.id, ids, strict=True):
            _put(message, path, value)
        _put_head(message, template, blocks, number, len(sizes))
        for name, block in blocks.items():
            counts = block.samples[start : start + size] / template.scale
            _put(message, template.samples.replace(FIELD, name), _as_sent(counts, template))
        messages.append(json.dumps(message, separators=(",", ":"), allow_nan=False).encode())
        start += size
    return messages


def _put_head(message: Message, template: ChunkTemplate, blocks: Mapping[str, Block], number: int, total: int) -> None:
    name, block = next(iter(blocks.items()))
    head: dict[str | float | None, object] = {
        template.index: template.first + number,
        template.total: total,
        template.last: number == total - 1,
        template.axis: name,
        template.rate_hz: block.sample_rate_hz,
        template.interval_s: 1 / block.sample_rate_hz,
        template.unit_at: block.unit,
    }
    if block.at_us:
        head[template.time] = {"s": 10**-6, "ms": 10**-3, "us": 1, "ns": 10**3}.get(template.time_unit, 1) * block.at_us
    for path, value in head.items():
        if isinstance(path, str):
            _put(message, path, value)


def _as_sent(counts: Floats, template: ChunkTemplate) -> object:
    if template.encoding == "list":
        return counts.tolist()
    dtype = np.dtype(_BYTE_ORDERS[template.byte_order] + ENCODINGS[template.encoding])
    whole = counts if dtype.kind == "f" else np.rint(counts)
    return base64.b64encode(whole.astype(dtype).tobytes()).decode()


def _put(message: Message, path: str, value: object) -> None:
    place: Any = message
    *inner, last = steps_of(path)
    for step in inner:
        place = place.setdefault(step, {})
    place[last] = value
