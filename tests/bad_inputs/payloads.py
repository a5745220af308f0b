"""Rows 1 to 15 and 19 to 22: messages that cannot be read, or only just."""

from __future__ import annotations

import gzip
import time
import zlib

import numpy as np

from forewarn.core.clock import US_PER_S
from forewarn.ingest.formats.waveform import encode
from forewarn.ingest.formats.waveform_block import Block
from tests.bad_inputs.case import added, check_row, ended, quarantined, stored, story
from tests.bad_inputs.plant import OIL, TEMP, VIB
from tests.bad_inputs.world import World
from tests.ingest.mqtt_client import publish_packet, varint

NOW_MS = time.time_ns() // 1_000_000
YEAR_MS = 31_557_600_000
HUGE = 10 * 2**20


def at(ms: object, value: object = 1.5) -> bytes:
    return f'{{"value":{value},"ts":{ms}}}'.encode()


def value(text: object) -> bytes:
    return at(NOW_MS, text)


def block(at_us: int = NOW_MS * 1000) -> bytes:
    return encode(Block(at_us, 25_600.0, np.sin(np.arange(2560.0)), "m/s^2"))


def flipped(payload: bytes, place: int) -> bytes:
    return payload[:place] + bytes((payload[place] ^ 0x40,)) + payload[place + 1 :]


def gzip_bomb(megabytes: int = 300) -> bytes:
    """A thousandth of what it unpacks to."""
    pack, zeros = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(2**20)
    return b"".join(pack.compress(zeros) for _ in range(megabytes)) + pack.flush()


def zstd_bomb() -> bytes:
    """10 KB that unpack to 320 MB: a frame of blocks that repeat one byte 131,071 times."""
    repeat = (131_071 << 3 | 1 << 1).to_bytes(3, "little") + b" "
    return b"\x28\xb5\x2f\xfd\x00\x88" + repeat * 2500


CASES = [
    quarantined(1, "an empty payload", b"", "empty"),
    *(quarantined(2, text, value(text), "not_finite") for text in ("NaN", "Infinity", "-Infinity", "1e999", '"nan"')),
    quarantined(
        2, "NaN in a waveform", b'{"ts":%d,"sample_rate_hz":100,"samples":[1,NaN]}' % NOW_MS, "not_finite", topic=VIB
    ),
    quarantined(
        3, "JSON that breaks off", b'{"value": 1,', "bad_json", "the detail names the byte", detail="at byte 12"
    ),
    quarantined(4, "100,000 levels", b"[" * 100_000 + b"]" * 100_000, "too_deep", "found without recursion"),
    quarantined(4, "100,000 levels inside a value", value('{"a":' * 100_000 + "1" + "}" * 100_000), "too_deep"),
    quarantined(5, "10,000 digits", value("1" * 10_000), "number_too_long"),
    quarantined(5, "a time of 10,000 digits", at("1" * 10_000), "number_too_long"),
    ended(
        6,
        "10 MiB",
        lambda v: publish_packet(v, TEMP, bytes(HUGE), 1),
        0x95,
        "packet_too_large",
        "its topic and size are noted",
        detail="104857",
    ),
    ended(
        6,
        "256 MB announced, one byte sent",
        lambda v: b"\x32" + varint(268_435_455) + b"\0",
        0x95,
        "packet_too_large",
        "at once, and nothing is set aside for it",
    ),
    quarantined(7, "50,000 keys", b"{%s}" % b",".join(b'"k%d":1' % n for n in range(50_000)), "too_many_fields"),
    quarantined(8, "a key given twice", b'{"value":1,"value":2,"ts":%d}' % NOW_MS, "duplicate_key"),
    quarantined(
        8, "a key given twice under another spelling", b'{"value":1,"v\\u0061lue":2,"ts":%d}' % NOW_MS, "duplicate_key"
    ),
    quarantined(9, "300 KB of gzip that become 300 MB", gzip_bomb, "too_big_unpacked", "unpacking stops at 4 MiB"),
    quarantined(
        9, "10 KB of zstd that become 320 MB", zstd_bomb, "wrong_format", "zstd is not unpacked at all", detail="zstd"
    ),
    quarantined(9, "gzip that breaks off", gzip.compress(value(1))[:-9], "bad_compression"),
    quarantined(10, "bytes that are not UTF-8", b'{"value":1,"unit":"\xff\xfe","ts":%d}' % NOW_MS, "bad_encoding"),
    quarantined(10, "half a surrogate pair", b'{"value":1,"device":"\\ud800","ts":%d}' % NOW_MS, "bad_encoding"),
    quarantined(10, "U+0000", b'{"value":1,"device":"a\\u0000b","ts":%d}' % NOW_MS, "bad_encoding"),
    quarantined(10, "UTF-16", value(1).decode().encode("utf-16"), "bad_encoding"),
    stored(
        10, "a byte order mark", "exact", [b"\xef\xbb\xbf" + at("@", 7)], [7.0], "passed over, the reading is stored"
    ),
    quarantined(11, "a bare number", b"21.5", "wrong_format", "the detail names the configured format", detail="json"),
    quarantined(
        11,
        "CBOR",
        b"\xa1\x65value\xf9\x4d\x60",
        "wrong_format",
        "the detail names the configured format",
        detail="json",
    ),
    quarantined(
        11,
        "Protocol Buffers",
        b"\x09\0\0\0\0\0\x80\x35\x40",
        "wrong_format",
        "the detail names the configured format",
        detail="json",
    ),
    quarantined(11, "a number for a waveform", b"21.5", "wrong_format", topic=VIB),
    quarantined(11, "a waveform for a number", block, "wrong_format"),
    quarantined(11, "a waveform whose header breaks off", block()[:40], "wrong_format", topic=VIB),
    quarantined(11, "a waveform whose samples break off", block()[:-1], "length_mismatch", topic=VIB),
    quarantined(11, "a flipped bit in a sample", flipped(block(), 100), "bad_crc", topic=VIB),
    quarantined(11, "a flipped bit in the time of a waveform", flipped(block(), 20), "bad_crc", topic=VIB),
    *(
        quarantined(12, text, value(text), "not_a_number", "no locale and no unit is guessed")
        for text in ('"21,5"', '"21.5 C"', '"21"')
    ),
    quarantined(13, "true", value("true"), "wrong_type"),
    quarantined(13, "null", value("null"), "wrong_type", 'who has "no reading" leaves the key out'),
    quarantined(13, "an array", value("[1]"), "wrong_type"),
    quarantined(13, "no value at all", b'{"ts":%d}' % NOW_MS, "missing_value"),
    stored(15, "-0.0", "exact", [at("@", "-0.0")], [-0.0], "stored to the last bit"),
    stored(
        15, "denormals", "exact", [at("@", "5e-324"), at("@", "2.5e-310")], [5e-324, 2.5e-310], "stored to the last bit"
    ),
    stored(
        15,
        "2^53 + 1",
        "exact",
        [at("@", 2**53 + 1)],
        [2.0**53],
        "stored as the nearest double, as every JSON reader does",
    ),
    quarantined(19, "ten years ahead", at(NOW_MS + 10 * YEAR_MS), "future"),
    quarantined(19, "the year 9999", at(253_402_300_799_000), "future"),
    quarantined(19, "the year 9999 as a text", at('"9999-12-31T23:59:59Z"'), "future"),
    quarantined(19, "2^63 - 1", at(2**63 - 1), "future"),
    quarantined(19, "a waveform a year ahead", block((NOW_MS + YEAR_MS) * 1000), "future", topic=VIB),
    quarantined(19, "0", at(0), "too_old"),
    quarantined(19, "-1", at(-1), "too_old"),
    quarantined(20, "older than the retention", at(NOW_MS - 4 * YEAR_MS), "too_old"),
    quarantined(21, "seconds for milliseconds", at(NOW_MS // 1000), "timestamp_unit_suspect", "never stored as 1970"),
    quarantined(
        21, "microseconds for milliseconds", at(NOW_MS * 1000), "timestamp_unit_suspect", "never stored as 1970"
    ),
    quarantined(22, "the 30th of February", at('"2026-02-30T12:00:00Z"'), "bad_time"),
    quarantined(22, "a time without a zone", at('"2026-11-23T12:00:00"'), "bad_time", "a zone is required"),
    quarantined(
        22, "an hour that comes twice, without a zone", at('"2026-10-25T02:30:00"'), "bad_time", "a zone is required"
    ),
    quarantined(22, "a place for a zone", at('"2026-10-25T02:30:00[Europe/Berlin]"'), "bad_time", "a zone is required"),
    quarantined(22, "true for a time", at("true"), "bad_time"),
]


@story(CASES, 1, "a retained topic that is emptied", "quarantined as `empty`: a deletion is no reading")
def _(world: World, client: str) -> None:
    sender = world.sender(client)
    sender.publish(TEMP, b"", retain=True)
    sender.close()
    check_row(world.rows(client, 1)[0], TEMP, b"", "empty")


@story(
    CASES,
    14,
    "a text where the channel always sent numbers",
    "the field is quarantined as `not_a_number`, whatever came before; the other fields of the message are stored",
)
def _(world: World, client: str) -> None:
    now, before = world.moment(), world.books()
    payloads = [b'{"ts":%d,"values":{"oil":%b,"current":%b}}' % (now, *pair) for pair in ((b"61", b"4"),)]
    payloads.append(b'{"ts":%d,"values":{"oil":62,"current":"4"}}' % (now + 1))
    sender = world.sender(client)
    sender.publish_all([(OIL, payload) for payload in payloads], readings=2)
    sender.close()
    check_row(world.rows(client, 1)[0], OIL, payloads[1], "not_a_number")
    assert added(before, world.books()) == {"stored": 3, "quarantined": 1}
    assert world.stored("press-1/oil")[(now + 1) * 1000] == (62.0, 0)


@story(CASES, 15, "1e308 twice in one minute", "stored to the last bit; their mean is kept from overflowing")
def _(world: World, client: str) -> None:
    minute = (world.moment() // 60_000 - 1) * 60_000
    sender = world.sender(client)
    sender.publish_all([("hall/press-1/twice", at(minute + n, "1e308")) for n in (1, 2)])
    sender.close()
    world.books()
    found = world.stored("press-1/twice")
    assert [found[(minute + n) * 1000][0] for n in (1, 2)] == [1e308, 1e308]
    number, start_us = world.reader.names()["press-1/twice"], minute * 1000
    rollup = world.reader.rollup(number, start_us, start_us + 60 * US_PER_S, 60 * US_PER_S)
    assert np.isfinite(rollup.mean).all()


@story(CASES, 19, "a future after a present", "the newest value shown stays the present one")
def _(world: World, client: str) -> None:
    now = world.moment()
    sender = world.sender(client)
    sender.publish(TEMP, at(now, 21.5))
    sender.publish(TEMP, at(NOW_MS + 10 * YEAR_MS, 99))
    sender.close()
    world.rows(client, 1)
    (shown,) = [signal for signal in world.get("/api/assets/press-1")["signals"] if signal["name"] == "temp"]
    assert shown["last_value"] == 21.5


@story(CASES, 22, "a leap second", "`:60` is the first moment of the next minute, as POSIX counts")
def _(world: World, client: str) -> None:
    sender = world.sender(client)
    sender.publish("hall/press-1/exact", at('"2026-06-30T23:59:60Z"', 60))
    sender.close()
    world.books()
    assert world.stored("press-1/exact")[1_782_864_000_000_000][0] == 60.0
