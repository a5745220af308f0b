"""Everything wrong that devices send, through the running system: each fault has its name, and the stream goes on.

The cases, each with what must come of it, stand in tests/bad_inputs; `World.check` is what holds after every one.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.bad_inputs.case import Case, added
from tests.bad_inputs.payloads import gzip_bomb
from tests.bad_inputs.plant import GOOD, TEMP, VIB
from tests.bad_inputs.table import CASES
from tests.bad_inputs.world import PASSWORD, USER, World, good_message, settings_with_users
from tests.ingest.mqtt_client import publish_packet

pytestmark = pytest.mark.slow  # starts the whole system


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """`forewarn up`, and a device that is connected all the time and sends good readings only."""
    folder = tmp_path_factory.mktemp("bad-input")
    running = World.start(folder, settings_with_users(folder))
    try:
        running.reader_of_good = running.sender("good-device")
        yield running
        assert running.reader_of_good.client.is_connected()
        running.reader_of_good.close()
        running.check_good()
    finally:
        running.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_bad_input_ends_as_the_table_says_and_the_stream_goes_on(world: World, case: Case) -> None:
    world.begin()
    case.play(world, case.id)
    world.check()


# A random mix


class Poison(NamedTuple):
    """A message that is quarantined, and why."""

    topic: str
    payload: bytes
    reason: str


POISONS = [
    Poison(TEMP, b"", "empty"),
    Poison(TEMP, b'{"value":NaN}', "not_finite"),
    Poison(TEMP, b'{"value":1e999}', "not_finite"),
    Poison(TEMP, b'{"value": 1,', "bad_json"),
    Poison(TEMP, b"[" * 64 + b"]" * 64, "too_deep"),
    Poison(TEMP, b'{"value":%b}' % (b"9" * 200), "number_too_long"),
    Poison(TEMP, b'{"value":1,"value":2}', "duplicate_key"),
    Poison(TEMP, gzip_bomb(30), "too_big_unpacked"),
    Poison(TEMP, b'{"value":1,"unit":"\xff"}', "bad_encoding"),
    Poison(TEMP, b"21.5", "wrong_format"),
    Poison(TEMP, b'{"value":"21,5"}', "not_a_number"),
    Poison(TEMP, b'{"value":null}', "wrong_type"),
    Poison(TEMP, b'{"value":1,"ts":4102444800000}', "future"),
    Poison(TEMP, b'{"value":1,"ts":0}', "too_old"),
    Poison(TEMP, b'{"value":1,"ts":"2026-02-30T00:00:00Z"}', "bad_time"),
    Poison("hall/press-1/cold", b'{"value":1,"device":"pump-1"}', "identity_mismatch"),
    Poison(VIB, b"FWW1 and nothing else", "wrong_format"),
    Poison("hall/nobody/knows", b'{"value":1}', "unknown_topic"),
]
MIXED = st.lists(st.one_of(st.none(), st.none(), st.sampled_from(POISONS)), max_size=60)  # None: a good one
ONLY_BAD = st.lists(st.sampled_from(POISONS), min_size=1, max_size=60)


@settings(max_examples=30)
@given(MIXED, ONLY_BAD, st.sampled_from([1, 20, 500]), st.sampled_from([4, 5]))
def test_good_ones_are_stored_and_each_bad_one_lies_in_quarantine_once_whatever_comes_between(
    world: World, mixed: list[Poison | None], flood: list[Poison], window: int, version: int
) -> None:
    """The same client sends a mix, then nothing but bad ones, then good ones; and never more than `window` at once."""
    client_id = f"mix-{next(_NUMBERS)}"
    phases = [*mixed, *flood, *[None] * 20]
    before = world.books()
    with world.raw(version, client_id) as client:
        for first in range(0, len(phases), window):
            part = [poison[:2] if poison else good_message(world) for poison in phases[first : first + window]]
            client.send(b"".join(publish_packet(version, *message, n + 1) for n, message in enumerate(part)))
            assert client.acked_ids(len(part)) == list(range(1, len(part) + 1))
            world.acked += len(part)
    sent = Counter((topic, reason, _hash(payload)) for topic, payload, reason in filter(None, phases))
    found = Counter((row.topic, row.reason, _hash(row.payload)) for row in world.rows(client_id, sent.total()))
    assert found == sent
    assert added(before, world.books()) == {"stored": len(phases) - sent.total(), "quarantined": sent.total()}
    world.begin()
    world.check()


def test_more_bad_messages_than_any_window_keep_no_place_among_those_in_flight(world: World) -> None:
    """Three receive maxima, on one connection, and one good message behind them."""
    poisons = [poison for poison in POISONS if len(poison.payload) < 1000]
    with world.raw(5, "poisoner") as client:
        for number in range(3000):
            client.send(publish_packet(5, *poisons[number % len(poisons)][:2], number % 500 + 1))
            if number % 500 == 499:
                assert client.acked_ids(500) == list(range(1, 501))
        client.send(publish_packet(5, *good_message(world), 1))
        assert client.acked_ids(1) == [1]
    world.acked += 3001
    before = world.rows("poisoner", 3000)
    assert Counter(row.reason for row in before).keys() == {poison.reason for poison in poisons}
    world.begin()
    world.check()


_NUMBERS = count()


def _hash(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()


# Debian's mosquitto_pub


def mosquitto_pub(world: World, program: Callable[[str], str], *options: str | Path) -> list[str]:
    """The command, logged in."""
    login = ["-u", USER, "-P", PASSWORD.decode()]
    return [program("mosquitto_pub"), "-p", str(world.mqtt_port), *login, "-q", "1", *map(str, options)]


@pytest.mark.server
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_mosquitto_pub_sends_readings_line_by_line(world: World, program: Callable[[str], str], version: str) -> None:
    lines = b"".join(world.next_good() + b"\n" for _ in range(100))
    command = mosquitto_pub(world, program, "-V", version, "-t", GOOD, "-l")
    subprocess.run(command, input=lines, check=True)
    world.acked += 100
    world.check_good()


@pytest.mark.server
def test_mosquitto_pub_is_told_that_there_is_no_qos_2(world: World, program: Callable[[str], str]) -> None:
    command = mosquitto_pub(world, program, "-V", "mqttv5", "-i", "exactly-once", "-q", "2", "-t", TEMP, "-m", "1")
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "QoS not supported" in said.stderr  # CONNACK says so, and nothing is sent; its exit status is 0


@pytest.mark.server
def test_a_film_from_mosquitto_pub_is_refused(world: World, program: Callable[[str], str], tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_bytes(bytes(10 * 2**20))
    command = mosquitto_pub(world, program, "-V", "mqttv311", "-i", "film", "-t", TEMP, "-f", film)
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode != 0
    (row,) = world.rows("film", 1)
    assert (row.reason, row.topic) == ("packet_too_large", TEMP)
    assert re.search(r"1048\d{4} bytes", row.detail)
