"""One journal record: the frames of one append, packed by columns under a header with a CRC. Pure.

Layout, little-endian: magic "FWJ1", body bytes u32, crc32 u32, frames u32, position u64 (global offset of this record),
then the body: text bytes u32, received_at_us i64[n], client, topic and payload lengths u32[n] each (text in
characters), flags u8[n], text (clients, then topics, UTF-8), payloads. The CRC covers the header too. A record with the
magic "FWJX" is a hole: what `repair` leaves where bytes were damaged; its body is not read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

import numpy as np

from forewarn.ingest.delivery import Frame

MAGIC, HOLE = b"FWJ1", b"FWJX"
HEADER = struct.Struct("<4sIIIQ")
_CHECKED = struct.Struct("<4sIIQ")
_TEXT_BYTES = struct.Struct("<I")
_FRAME_BYTES = 8 + 4 + 4 + 4 + 1


class BadRecord(ValueError):
    """These bytes are no whole, undamaged record."""


class Record(NamedTuple):
    """A checked record: [start, end) in global offsets, and where its body is."""

    start: int
    end: int
    frames: int  # 0 for a hole
    body: memoryview


def encode_record(position: int, frames: Sequence[Frame]) -> bytes:
    """The bytes of a record that begins at a global offset.

    >>> len(encode_record(0, [Frame(1, 1, "pump-7", "plant/pump-7/temp", b"71.2")]))
    76
    """
    received, flags, clients, topics, payloads = zip(*frames, strict=True)
    text = "".join((*clients, *topics)).encode("utf-8", "surrogatepass")
    body = b"".join(
        (
            _TEXT_BYTES.pack(len(text)),
            np.array(received, "<i8").tobytes(),
            _lengths(clients),
            _lengths(topics),
            _lengths(payloads),
            bytes(flags),
            text,
            *payloads,
        )
    )
    return _header(MAGIC, len(frames), position, body) + body


def encode_hole(position: int, length: int) -> bytes:
    """The header that makes a reader skip `length` bytes from `position` (header included)."""
    return _header(HOLE, 0, position, b"", length - HEADER.size)


def _header(magic: bytes, frames: int, position: int, body: bytes, body_bytes: int | None = None) -> bytes:
    size = len(body) if body_bytes is None else body_bytes
    crc = zlib.crc32(body, zlib.crc32(_CHECKED.pack(magic, size, frames, position)))
    return HEADER.pack(magic, size, crc, frames, position)


def _lengths(parts: Sequence[str] | Sequence[bytes]) -> bytes:
    return np.fromiter(map(len, parts), "<u4", len(parts)).tobytes()


def read_record(data: memoryview, offset: int, position: int) -> Record:
    """The record at `offset` of the data, which must say that it begins at global `position`. Raises `BadRecord`."""
    if len(data) - offset < HEADER.size:
        raise BadRecord("the header is cut off")
    magic, body_bytes, crc, frames, said = HEADER.unpack_from(data, offset)
    if magic not in (MAGIC, HOLE) or said != position:
        raise BadRecord("no record begins here")
    body_at = offset + HEADER.size
    if len(data) - body_at < body_bytes:
        raise BadRecord("the body is cut off")
    body = data[body_at : body_at + (body_bytes if magic == MAGIC else 0)]
    if zlib.crc32(body, zlib.crc32(_CHECKED.pack(magic, body_bytes, frames, said))) != crc:
        raise BadRecord("the checksum is wrong")
    return Record(position, position + HEADER.size + body_bytes, frames, body)


def record_bytes(header: bytes, position: int) -> int:
    """Length of a record by its header alone. Raises `BadRecord`."""
    if len(header) < HEADER.size:
        raise BadRecord("the header is cut off")
    magic, body_bytes, _, _, said = HEADER.unpack_from(header)
    if magic not in (MAGIC, HOLE) or said != position:
        raise BadRecord("no record begins here")
    return HEADER.size + int(body_bytes)


def decode_frames(record: Record) -> list[Frame]:
    """The frames of a checked record. Raises `BadRecord` when the columns contradict one another."""
    n, body = record.frames, record.body
    if n == 0:
        return []
    text_at = _TEXT_BYTES.size + n * _FRAME_BYTES
    if len(body) < text_at:
        raise BadRecord("the columns are cut off")
    (text_bytes,) = _TEXT_BYTES.unpack_from(body)
    at = _TEXT_BYTES.size
    received = np.frombuffer(body, "<i8", n, at).tolist()
    clients, topics, sizes = np.frombuffer(body, "<u4", 3 * n, at + 8 * n).reshape(3, n).tolist()
    flags = body[at + 20 * n : text_at].tolist()
    text = str(body[text_at : text_at + text_bytes], "utf-8", "surrogatepass")
    payloads = bytes(body[text_at + text_bytes :])
    if len(text) != sum(clients) + sum(topics) or len(payloads) != sum(sizes):
        raise BadRecord("the lengths do not add up")
    words = _cut(text, [*clients, *topics])
    return [Frame(*row) for row in zip(received, flags, words[:n], words[n:], _cut_bytes(payloads, sizes), strict=True)]


def _cut(text: str, lengths: list[int]) -> list[str]:
    stops = list(accumulate(lengths, initial=0))
    return [text[i:j] for i, j in zip(stops, islice(stops, 1, None), strict=False)]


def _cut_bytes(data: bytes, lengths: list[int]) -> list[bytes]:
    stops = list(accumulate(lengths, initial=0))
    return [data[i:j] for i, j in zip(stops, islice(stops, 1, None), strict=False)]


def walk(data: memoryview, position: int) -> Iterator[Record]:
    """Records from the begin of the data, which lies at global `position`. Raises `BadRecord` at the first bad one."""
    offset = 0
    while offset < len(data):
        record = read_record(data, offset, position + offset)
        yield record
        offset = record.end - position


def next_good(data: bytes, offset: int, position: int) -> int | None:
    """Offset of the first whole record behind a damaged place of data that lies at global `position`, if any."""
    view = memoryview(data)
    while (offset := _find_magic(data, offset)) >= 0:
        try:
            read_record(view, offset, position + offset)
        except BadRecord:
            offset += 1
        else:
            return offset
    return None


def _find_magic(data: bytes, offset: int) -> int:
    found = [at for magic in (MAGIC, HOLE) if (at := data.find(magic, offset)) >= 0]
    return min(found, default=-1)
