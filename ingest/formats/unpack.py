"""Compressed payloads: gzip is unpacked up to a limit, whatever else is named."""

from __future__ import annotations

import zlib

from forewarn.core.errors import Rejected

MAX_UNPACKED = 4 * 1024 * 1024
"""Bytes. Unpacking stops here, so that ten kilobytes cannot become ten gigabytes of memory."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def unpacked(payload: bytes) -> bytes:
    """The payload itself, or what its one gzip member holds.

    Raises Rejected: `too_big_unpacked` (more than 4 MiB), `bad_compression` (truncated, damaged, something behind the
    end), `wrong_format` (zstd, which no sensor that we know of sends).

    >>> import gzip
    >>> unpacked(gzip.compress(b'{"value":1}')), unpacked(b'{"value":1}')
    (b'{"value":1}', b'{"value":1}')
    """
    if payload.startswith(_ZSTD):
        raise Rejected("wrong_format", "a zstd frame: send it unpacked, or as gzip")
    if not payload.startswith(_GZIP):
        return payload
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        body = unpacker.decompress(payload, MAX_UNPACKED + 1)
    except zlib.error:
        raise Rejected("bad_compression", "the gzip stream is damaged") from None
    if len(body) > MAX_UNPACKED:
        raise Rejected("too_big_unpacked", f"more than {MAX_UNPACKED} bytes from {len(payload)}")
    if not unpacker.eof or unpacker.unused_data:
        raise Rejected("bad_compression", "the gzip stream ends too early, or something stands behind its end")
    return body
