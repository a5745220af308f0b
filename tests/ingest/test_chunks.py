"""Packed chunks give back every bit, stay small, and refuse whatever they did not make."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.ingest.store.chunks import decode_chunk, decode_wave, encode_chunk, encode_wave

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
