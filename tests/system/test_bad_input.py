"""Everything wrong that devices send, through the running system: each fault has its name, and the stream goes on.

A message that was acknowledged stands in the books: refused ones as one quarantine row with the reason. A message that
was not acknowledged ends with a reason code, a closed connection, or both. Good readings sent before, between and after
are all there.
"""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from forewarn.ingest.formats.waveform import encode
from forewarn.ingest.formats.waveform_block import Block
from tests.ingest.mqtt_client import RawClient, connect_packet, connected, packet, publish_packet
from tests.system.running import GOOD, RunningSystem, Sender

pytestmark = pytest.mark.slow  # starts the whole system

TEMP, VIB, OIL = "hall/press-1/temp", "hall/press-1/vib", "hall/press-1/oil"
NOW_MS = time.time_ns() // 1_000_000
YEAR_MS = 31_557_600_000


@pytest.fixture(scope="module")
def good_device(system: RunningSystem) -> Iterator[Sender]:
    """Connected all the time."""
    sender = system.sender("good-device")
    yield sender
    assert sender.client.is_connected()
    sender.close()


@pytest.fixture(autouse=True)
def whole(system: RunningSystem, good_device: Sender) -> Iterator[None]:
    """Good readings before and after each test are stored, and the books balance."""
    good_device.good()
    yield
    good_device.good()
    system.check_books()


def at(ms: object, value: object = 1.5) -> bytes:
    return f'{{"value":{value},"ts":{ms}}}'.encode()


def block(at_us: int = NOW_MS * 1000) -> bytes:
    return encode(Block(at_us, 25_600.0, np.sin(np.arange(2560.0)), "m/s^2"))


def flipped(payload: bytes, place: int) -> bytes:
    return payload[:place] + bytes((payload[place] ^ 0x40,)) + payload[place + 1 :]


PAYLOADS = {
    "nan": (TEMP, at(NOW_MS, "NaN"), "not_finite"),
    "infinity": (TEMP, at(NOW_MS, "Infinity"), "not_finite"),
    "minus infinity": (TEMP, at(NOW_MS, "-Infinity"), "not_finite"),
    "too large for a double": (TEMP, at(NOW_MS, "1e999"), "not_finite"),
    "nan as a text": (TEMP, at(NOW_MS, '"nan"'), "not_finite"),
    "decimal comma": (TEMP, at(NOW_MS, '"21,5"'), "not_a_number"),
    "true": (TEMP, at(NOW_MS, "true"), "wrong_type"),
    "null": (TEMP, at(NOW_MS, "null"), "wrong_type"),
    "an array as value": (TEMP, at(NOW_MS, "[1]"), "wrong_type"),
    "no value": (TEMP, b'{"ts":%d}' % NOW_MS, "missing_value"),
    "a plain number": (TEMP, b"21.5", "wrong_format"),
    "MessagePack": (TEMP, b"\x81\xa5value\x15", "wrong_format"),
    "cut JSON": (TEMP, b'{"value": 1,', "bad_json"),
    "100,000 levels": (TEMP, b"[" * 100_000 + b"]" * 100_000, "too_deep"),
    "100,000 levels inside a value": (TEMP, at(NOW_MS, '{"a":' * 100_000 + "1" + "}" * 100_000), "too_deep"),
    "10,000 digits": (TEMP, at(NOW_MS, "1" * 10_000), "number_too_long"),
    "50,000 keys": (TEMP, b"{%s}" % b",".join(b'"k%d":1' % n for n in range(50_000)), "too_many_fields"),
    "a key given twice": (TEMP, b'{"value":1,"value":2,"ts":%d}' % NOW_MS, "duplicate_key"),
    "not UTF-8": (TEMP, b'{"value":1,"unit":"\xff\xfe","ts":%d}' % NOW_MS, "bad_encoding"),
    "UTF-16": (TEMP, at(NOW_MS).decode().encode("utf-16"), "bad_encoding"),
    "empty": (TEMP, b"", "empty"),
    "unknown topic": ("hall/press-2/temp", at(NOW_MS), "unknown_topic"),
    "unknown field": (OIL, b'{"ts":%d,"values":{"oli":60}}' % NOW_MS, "unknown_field"),
    "ten years ahead": (TEMP, at(NOW_MS + 10 * YEAR_MS), "future"),
    "the year 9999": (TEMP, at(253_402_300_799_000), "future"),
    "the end of 64 bits": (TEMP, at(2**63 - 1), "future"),
    "1970": (TEMP, at(0), "too_old"),
    "before 1970": (TEMP, at(-1), "too_old"),
    "seconds for milliseconds": (TEMP, at(NOW_MS // 1000), "timestamp_unit_suspect"),
    "microseconds for milliseconds": (TEMP, at(NOW_MS * 1000), "timestamp_unit_suspect"),
    "the 30th of February": (TEMP, at('"2026-02-30T12:00:00Z"'), "bad_time"),
    "a local time": (TEMP, at('"2026-11-23T12:00:00"'), "bad_time"),
    "a cut waveform": (VIB, block()[:-1], "length_mismatch"),
    "a cut header": (VIB, block()[:40], "wrong_format"),
    "a flipped sample": (VIB, flipped(block(), 100), "bad_crc"),
    "a flipped time": (VIB, flipped(block(), 20), "bad_crc"),
    "a waveform from the future": (VIB, block((NOW_MS + YEAR_MS) * 1000), "future"),
    "a number for a waveform": (VIB, b"21.5", "wrong_format"),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_message_that_cannot_be_read_is_one_quarantine_row_with_its_reason(system: RunningSystem, name: str) -> None:
    topic, payload, reason = PAYLOADS[name]
    sender = system.sender(name)
    sender.good()
    sender.publish(topic, payload)
    sender.good()
    sender.close()
    (row,) = system.refused(name)
    assert (row["topic"], row["reason"]) == (topic, reason)
    assert row["detail"]
    assert len(row["payload_preview"]) < 1000


def test_a_message_with_good_and_bad_fields_loses_only_the_bad_ones(system: RunningSystem) -> None:
    sender = system.sender("mixed")
    sender.publish(OIL, b'{"ts":%d,"values":{"oil":61.5,"current":"1e3"}}' % NOW_MS, readings=2)
    sender.close()
    (row,) = system.refused("mixed")
    assert row["reason"] == "not_a_number"
    assert system.reader.read(system.reader.names()["press-1/oil"], 0, 2**62).value.tolist() == [61.5]


def test_an_emptied_retained_topic_is_not_a_reading(system: RunningSystem) -> None:
    sender = system.sender("deleter")
    sender.publish(TEMP, b"", retain=True)
    sender.close()
    assert [row["reason"] for row in system.refused("deleter")] == ["empty"]


def test_a_thousand_poisoned_messages_between_good_ones_lose_no_good_one(system: RunningSystem) -> None:
    mix = random.Random(7)
    poisons = [(topic, payload) for topic, payload, _ in PAYLOADS.values() if len(payload) < 20_000]
    sent = [poisons[n % len(poisons)] for n in range(1000)]
    mix.shuffle(sent)
    before = system.settle()
    sender = system.sender("poisoner")
    sender.publish_all(message for poison in sent for message in (poison, (GOOD, system.next_good())))
    sender.close()
    after = system.settle()
    assert after["quarantined"] + after["summarised"] - before["quarantined"] - before["summarised"] == 1000
    assert after["stored"] - before["stored"] == 1000


def test_the_last_reading_shown_is_never_one_from_the_future(system: RunningSystem) -> None:
    sender = system.sender("clock-off")
    sender.publish(TEMP, at(NOW_MS, 21.5))
    sender.publish(TEMP, at(NOW_MS + 10 * YEAR_MS, 99))
    sender.close()
    system.settle()
    (temp,) = [s for s in system.get("/api/assets/press-1")["signals"] if s["name"] == "temp"]
    assert temp["last_value"] == 21.5


# The protocol


@pytest.mark.parametrize("version", [4, 5], ids=["v3.1.1", "v5"])
def test_ten_mebibytes_are_refused_with_their_topic_and_size(system: RunningSystem, version: int) -> None:
    name = f"camera-{version}"
    with connected(system.mqtt_port, version, name) as client:
        client.send(publish_packet(version, TEMP, bytes(10 * 2**20), 1))
        assert client.last_reason() == (0x95 if version == 5 else None)
    (row,) = system.wait_for_refusal(name)
    assert row["reason"] == "packet_too_large"
    assert row["topic"] == TEMP
    assert re.search(r"1048\d{4} bytes", row["detail"])


@pytest.mark.parametrize(
    ("name", "topic", "qos", "reason", "code"),
    [("plus", "hall/+/temp", 1, "topic_name_invalid", 0x90),
     ("hash", "hall/#", 1, "topic_name_invalid", 0x90),
     ("no topic", "", 1, "protocol_error", 0x82),
     ("qos 2", TEMP, 2, "qos_not_supported", 0x9B)],
)  # fmt: skip
def test_what_the_protocol_forbids_ends_the_connection_with_its_reason(
    system: RunningSystem, name: str, topic: str, qos: int, reason: str, code: int
) -> None:
    for version in (4, 5):
        client_id = f"{name} {version}"
        with connected(system.mqtt_port, version, client_id) as client:
            client.send(publish_packet(version, topic, b"1", 1, qos=qos))
            assert client.last_reason() == (code if version == 5 else None)
        assert [row["reason"] for row in system.wait_for_refusal(client_id)] == [reason]


def test_a_broker_topic_is_refused_in_the_acknowledgement_and_the_connection_lives(system: RunningSystem) -> None:
    with connected(system.mqtt_port, 5, "sys") as client:
        client.send(publish_packet(5, "$SYS/broker/uptime", b"1", 1) + publish_packet(5, GOOD, system.next_good(), 2))
        assert client.read() == (0x40, b"\0\x01\x87")
        assert client.acked_ids(1) == [2]
        system.acked += 1
    assert [row["reason"] for row in system.wait_for_refusal("sys")] == ["not_authorized"]


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\nHost: plant\r\n\r\n",
        bytes.fromhex("16030100c8010000c40303") + bytes(190),  # the hello of TLS
        packet(0xC0),  # PINGREQ
        publish_packet(4, TEMP, b"1", 1),
        connect_packet(4, protocol="MQIsdp"),
        b"\x10\xff\xff\xff\xff\x7f",  # a length of five bytes
        b"\x00" * 64,
        random.Random(1).randbytes(2000),
    ],
    ids=["http", "tls", "ping", "publish", "other protocol", "endless length", "zeros", "noise"],
)
def test_a_stranger_that_speaks_no_mqtt_is_hung_up_on(system: RunningSystem, first: bytes) -> None:
    before = len(system.get("/api/quarantine?limit=500"))
    with RawClient(system.mqtt_port) as client:
        client.send(first)
        assert client.is_closed()
    assert len(system.get("/api/quarantine?limit=500")) == before


def test_connections_that_stop_talking_are_ended_and_keep_nobody_waiting(system: RunningSystem) -> None:
    half = publish_packet(4, TEMP, b"1", 1)[:-1]
    with (
        RawClient(system.mqtt_port) as mute,  # the TCP connection stands, nothing follows
        connected(system.mqtt_port, 4, "asleep", keep_alive_s=1) as asleep,
        connected(system.mqtt_port, 5, "halfway", keep_alive_s=1) as halfway,
    ):
        halfway.send(half)
        sender = system.sender("patient")
        sender.good(20)
        sender.close()
        assert asleep.last_reason() is None
        assert halfway.last_reason() == 0x8D
        assert mute.is_closed()


def test_the_second_client_of_a_name_replaces_the_first_and_both_keep_what_was_acknowledged(
    system: RunningSystem,
) -> None:
    with connected(system.mqtt_port, 5, "twin") as first:
        first.send(publish_packet(5, GOOD, system.next_good(), 1))
        assert first.acked_ids(1) == [1]
        with connected(system.mqtt_port, 5, "twin") as second:
            assert first.last_reason() == 0x8E
            second.send(publish_packet(5, GOOD, system.next_good(), 1))
            assert second.acked_ids(1) == [1]
    system.acked += 2


# Debian's mosquitto_pub


@pytest.mark.server
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_mosquitto_pub_sends_readings_line_by_line(
    system: RunningSystem, program: Callable[[str], str], version: str
) -> None:
    lines = b"".join(system.next_good() + b"\n" for _ in range(100))
    command = [program("mosquitto_pub"), "-p", str(system.mqtt_port), "-V", version, "-q", "1", "-t", GOOD, "-l"]
    subprocess.run(command, input=lines, check=True)
    system.acked += 100


@pytest.mark.server
def test_mosquitto_pub_is_told_that_there_is_no_qos_2(system: RunningSystem, program: Callable[[str], str]) -> None:
    command = [program("mosquitto_pub"), "-p", str(system.mqtt_port), "-V", "mqttv5", "-i", "exactly-once"]
    said = subprocess.run([*command, "-q", "2", "-t", TEMP, "-m", "1"], capture_output=True, text=True, check=False)
    assert "QoS not supported" in said.stderr  # CONNACK says so, and nothing is sent; its exit status is 0


@pytest.mark.server
def test_a_film_from_mosquitto_pub_is_refused(
    system: RunningSystem, program: Callable[[str], str], tmp_path: Path
) -> None:
    film = tmp_path / "film"
    film.write_bytes(bytes(10 * 2**20))
    command = [program("mosquitto_pub"), "-p", str(system.mqtt_port), "-V", "mqttv311", "-i", "film", "-q", "1"]
    said = subprocess.run([*command, "-t", TEMP, "-f", film], capture_output=True, text=True, check=False)
    assert said.returncode != 0
    assert [row["reason"] for row in system.wait_for_refusal("film")] == ["packet_too_large"]
