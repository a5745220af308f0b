"""Packed chunks give back every bit, stay small, and refuse whatever they did not make."""

from __future__ import annotations

import json
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.core.readings import Readings
from forewarn.core.rollups import MINUTE_US, Rollup, rollup_of
from forewarn.ingest.store.chunks import decode_chunk, decode_wave, encode_chunk, encode_wave
from forewarn.ingest.store.rollup_rows import decode_rollup, encode_rollup

DECIMALS = st.builds(lambda k, d: k / 10**d, st.integers(-(10**7), 10**7), st.integers(0, 6))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ANY_VALUES = st.one_of(
    st.lists(DECIMALS, min_size=1, max_size=60),
    st.lists(FLOATS, min_size=1, max_size=60),
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=60),
    st.lists(st.sampled_from([0.0, -0.0, 1.5, 5e-324, 1.7e308]), min_size=1, max_size=60),
)


def times(n: int, data: st.DataObject) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    step = st.one_of(st.just(1_000_000), st.integers(1, 10**7), st.integers(1, 100).map(lambda k: k * 1000))
    steps = data.draw(st.lists(step, min_size=n, max_size=n))
    return data.draw(st.integers(-(10**15), 10**16)) + np.cumsum(np.array(steps, np.int64))


@settings(max_examples=300)
@given(ANY_VALUES, st.data())
def test_readings_come_back_bit_by_bit(values: list[float], data: st.DataObject) -> None:
    n = len(values)
    at, value = times(n, data), np.array(values)
    quality = np.array(data.draw(st.lists(st.sampled_from([0, 0, 0, 5, 192]), min_size=n, max_size=n)), np.uint8)
    got = decode_chunk(encode_chunk(at, value, quality))
    assert got[0].tobytes() == at.tobytes()
    assert got[1].tobytes() == value.tobytes()
    assert got[2].tobytes() == quality.tobytes()


@settings(max_examples=200)
@given(ANY_VALUES)
def test_waveforms_come_back_bit_by_bit(values: list[float]) -> None:
    with np.errstate(over="ignore"):
        samples = np.array(values, np.float32)
    samples = samples[np.isfinite(samples)]
    if len(samples):
        assert decode_wave(encode_wave(samples)).tobytes() == samples.tobytes()


def test_counts_of_a_converter_shrink_and_noise_is_kept_as_it_is() -> None:
    rng, n = np.random.default_rng(6), 16_384
    noise = rng.standard_normal(n).astype(np.float32)
    counts = np.rint(rng.standard_normal(n) * 1000).astype(np.float32) * np.float32(0.00048828125)
    for samples, least, most in ((noise, 4.0, 4.01), (counts, 1.0, 2.9), (np.sin(np.arange(n) / 512), 0.1, 3.0)):
        blob = encode_wave(samples.astype(np.float32))
        assert least <= len(blob) / n <= most
        assert decode_wave(blob).tobytes() == samples.astype(np.float32).tobytes()


def test_sensor_like_decimals_take_less_than_four_bytes_a_reading() -> None:
    rng, n = np.random.default_rng(5), 600
    at = 1_700_000_000_000_000 + np.arange(n) * 100_000 + rng.integers(-2000, 2000, n)
    value = np.round(50 + np.cumsum(rng.normal(0, 0.01, n)) + rng.normal(0, 0.05, n), 3)
    assert len(encode_chunk(at, value, np.full(n, 64, np.uint8))) < 4 * n


def test_a_regular_constant_signal_takes_next_to_nothing() -> None:
    n = 10_000
    assert len(encode_chunk(np.arange(n) * 1_000_000, np.full(n, 21.5), np.zeros(n, np.uint8))) < 64


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ([1, 1], [0.0, 0.0]),
        ([2, 1], [0.0, 0.0]),
        ([1], [np.nan]),
        ([1, 2], [1.0, np.inf]),
        ([], []),
        ([1 << 61], [0.0]),
    ],
)
def test_what_is_no_chunk_is_not_packed(at: list[int], value: list[float]) -> None:
    with pytest.raises(ValueError, match="chunk"):
        encode_chunk(np.array(at, np.int64), np.array(value), np.zeros(len(at), np.uint8))


def test_a_waveform_with_a_hole_is_not_packed() -> None:
    with pytest.raises(ValueError, match="finite"):
        encode_wave(np.array([1.0, np.nan], np.float32))


@settings(max_examples=300)
@given(st.binary(max_size=200), st.booleans())
def test_random_bytes_are_refused(noise: bytes, wave: bool) -> None:
    with pytest.raises(Rejected):
        (decode_wave if wave else decode_chunk)(noise)


CHUNK_CRC, WAVE_CRC = slice(5, 9), slice(4, 8)


def with_right_crc(blob: bytearray, crc: slice) -> bytes:
    blob[crc] = bytes(4)
    blob[crc] = zlib.crc32(blob).to_bytes(4, "little")
    return bytes(blob)


@settings(max_examples=600)
@given(ANY_VALUES, st.data())
def test_changed_bytes_under_a_right_checksum_are_refused_or_decode_to_sound_columns(
    values: list[float], data: st.DataObject
) -> None:
    blob = bytearray(encode_chunk(times(len(values), data), np.array(values), np.zeros(len(values), np.uint8)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, min(60, len(blob) - 1)))
        blob[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del blob[data.draw(st.integers(45, len(blob))) :]
    try:
        at, value, quality = decode_chunk(with_right_crc(blob, CHUNK_CRC))
    except Rejected:
        return
    assert len(at) == len(value) == len(quality) > 0
    assert (np.diff(at) > 0).all()
    assert np.isfinite(value).all()


@settings(max_examples=300)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40), st.data())
def test_a_changed_waveform_under_a_right_checksum_is_refused_or_finite(
    values: list[float], data: st.DataObject
) -> None:
    blob = bytearray(encode_wave(np.array(values, np.float32)))
    blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    try:
        samples = decode_wave(with_right_crc(blob, WAVE_CRC))
    except Rejected:
        return
    assert np.isfinite(samples).all()


@given(ANY_VALUES, st.data())
def test_a_flipped_bit_is_always_found(values: list[float], data: st.DataObject) -> None:
    blob = bytearray(encode_chunk(times(len(values), data), np.array(values), np.zeros(len(values), np.uint8)))
    bit = data.draw(st.integers(0, 8 * len(blob) - 1))
    blob[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Rejected):
        decode_chunk(bytes(blob))


def test_a_packed_bomb_is_cut_off() -> None:
    bomb = bytearray(encode_wave(np.zeros(100, np.float32)))
    blob = bytearray(bomb[:12]) + zlib.compress(bytes(50_000_000))
    blob[1] |= 1
    with pytest.raises(Rejected):
        decode_wave(with_right_crc(blob, WAVE_CRC))


# ---- rollups

BUCKETS = st.lists(
    st.tuples(st.integers(0, 3 * 86_400_000_000), FLOATS, st.sampled_from([0, 0, 1, 64])), min_size=1, max_size=80
)


def rollup_from(rows: list[tuple[int, float, int]], width_us: int = MINUTE_US) -> Rollup:
    ordered = sorted({at: (at, value, quality) for at, value, quality in rows}.values())
    at, value, quality = zip(*ordered, strict=True)
    return rollup_of(Readings.of([1] * len(at), at, value, quality), width_us)


@given(BUCKETS)
def test_rollups_come_back_bit_by_bit(rows: list[tuple[int, float, int]]) -> None:
    rollup = rollup_from(rows)
    back = decode_rollup(encode_rollup(rollup, MINUTE_US))
    for one, other in zip(rollup.columns(), back.columns(), strict=True):
        assert one.tobytes() == other.tobytes()


@settings(max_examples=300)
@given(BUCKETS, st.data())
def test_changed_rollups_under_a_right_checksum_are_refused_or_sound(
    rows: list[tuple[int, float, int]], data: st.DataObject
) -> None:
    blob = bytearray(encode_rollup(rollup_from(rows), MINUTE_US))
    blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del blob[data.draw(st.integers(18, len(blob))) :]
    try:
        back = decode_rollup(with_right_crc(blob, slice(2, 6)))
    except Rejected:
        return
    assert (np.diff(back.start) > 0).all()
    assert (back.low <= back.high).all()


@settings(max_examples=200)
@given(st.binary(max_size=120))
def test_random_bytes_are_no_rollup(noise: bytes) -> None:
    with pytest.raises(Rejected):
        decode_rollup(noise)


# ---- bounds, and files of earlier versions


def absurd_heads() -> list[tuple[bytes, slice]]:
    """A right checksum over heads that promise more than there is."""
    chunk = encode_chunk(np.arange(9) * 7, np.arange(9) / 8, np.zeros(9, np.uint8))
    wave = encode_wave(np.arange(9, dtype=np.float32))
    rollup = encode_rollup(rollup_from([(0, 1.0, 0), (1, 2.0, 0)]), MINUTE_US)
    found = []
    for blob, crc, n_at in ((chunk, CHUNK_CRC, 9), (wave, WAVE_CRC, 8), (rollup, slice(2, 6), 6)):
        for n in (1 << 20, 1 << 31, (1 << 32) - 1, 0):
            found.append((blob[:n_at] + n.to_bytes(4, "little") + blob[n_at + 4 :], crc))
    return found


@pytest.mark.parametrize(("blob", "crc"), absurd_heads())
def test_a_head_that_promises_a_million_points_costs_no_memory(blob: bytes, crc: slice) -> None:
    decode = {1: decode_chunk, 2: decode_wave, 3: decode_rollup}[blob[0]]
    tracemalloc.start()
    try:
        with pytest.raises(Rejected):
            decode(with_right_crc(bytearray(blob), crc))
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [0, 4, 255])
def test_a_later_kind_is_refused_and_not_guessed(kind: int) -> None:
    blob = bytearray(encode_chunk(np.arange(9) * 7, np.arange(9) / 8, np.zeros(9, np.uint8)))
    blob[0] = kind
    for decode, crc in ((decode_chunk, CHUNK_CRC), (decode_wave, WAVE_CRC), (decode_rollup, slice(2, 6))):
        with pytest.raises(Rejected, match="kind or version"):
            decode(with_right_crc(blob, crc))


GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "series_store" / "version_1.json").read_text())


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_what_version_1_wrote_stays_readable(name: str) -> None:
    blob, wanted = bytes.fromhex(GOLDEN[name]["hex"]), GOLDEN[name]["columns"]
    if name.startswith("chunk"):
        columns = [column.tolist() for column in decode_chunk(blob)]
    elif name.startswith("wave"):
        columns = [decode_wave(blob).tolist()]
    else:
        columns = [column.tolist() for column in decode_rollup(blob).columns()]
    if name == "chunk_float64":  # JSON does not tell -0.0 and the smallest numbers well
        columns[1] = [value.hex() for value in columns[1]]
    assert columns == wanted
