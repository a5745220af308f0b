"""Who gets into the front door, who is sent away with which words, and when a silent client is given up."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from forewarn.core.errors import Rejected
from forewarn.ingest.commit import GroupCommit
from forewarn.ingest.door.connection import Connection
from forewarn.ingest.door.front_door import FrontDoor, FrontDoorSettings
from forewarn.ingest.door.guards import BAN_S, TAKE_OVERS_PER_MINUTE, RateLimitedLog, TakeOverGuard
from tests.ingest.mqtt_client import PING, VERSIONS, RawClient, connect_packet, connected, packet, publish_packet
from tests.ingest.running_door import FsyncLog, RunningDoor, running_door

pytestmark = pytest.mark.slow

HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def argon2_check(password: str) -> Callable[[bytes], bool]:
    stored = HASHER.hash(password)

    def check(given: bytes) -> bool:
        try:
            return HASHER.verify(stored, given)
        except VerifyMismatchError:
            return False

    return check


def refusal_code(port: int, connect: bytes) -> int | None:
    """The code of the CONNACK that refuses, None when the server closes in silence."""
    with RawClient(port) as client:
        client.send(connect)
        answer = client.read()
        assert client.read() is None, "a refused client is not kept"
        return None if answer is None else answer[1][1]


# First packets


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n\r\n", PING, publish_packet(4, "t"), b"\x16\x03\x01\x02\x00"])
def test_a_first_packet_that_is_not_connect_ends_the_connection_and_harms_nobody(
    running: RunningDoor, first: bytes
) -> None:
    with connected(running.port) as other, RawClient(running.port) as client:
        client.send(first)
        assert client.read() is None
        assert other.is_silent()
    assert running.door.counters.refused == {"protocol_error": 1}
    assert running.refused == [], "strangers are counted, not quarantined"


def test_a_connect_that_does_not_come_to_its_end_is_not_waited_for(tmp_path: Path) -> None:
    with running_door(tmp_path, FrontDoorSettings(port=0, connect_timeout_s=0.1)) as running:
        with RawClient(running.port) as slow, RawClient(running.port) as mute:
            slow.send(connect_packet()[:5])
            assert slow.read() is None
            assert mute.read() is None
        assert running.door.counters.refused == {"connect_timeout": 2}


@pytest.mark.parametrize("level", [3, 6])
def test_other_versions_of_mqtt_are_told_so(running: RunningDoor, level: int) -> None:
    assert refusal_code(running.port, connect_packet(level, protocol="MQIsdp" if level == 3 else "MQTT")) == 1


@pytest.mark.parametrize(
    ("connect", "code"),
    [
        (connect_packet(4, "", clean=False), 2),
        (connect_packet(5, "a/+"), 0x85),
        (connect_packet(4, "a#"), 2),
        (connect_packet(5, "x" * 300), 0x85),
        (connect_packet(5, "line\nbreak"), 0x85),
        (connect_packet(5, will=("a/#", b"", 0, False)), 0x90),
        (connect_packet(5, will=("a", b"", 2, False)), 0x9B),
        (connect_packet(4, will=("a", b"", 2, False)), None),
        (connect_packet(5, will=("$SYS/a", b"", 0, False)), 0x87),
        (connect_packet(5, properties=b"\x15\x00\x05SCRAM"), 0x8C),
    ],
)
def test_a_connect_that_cannot_be_granted_is_refused_with_its_reason(
    running: RunningDoor, connect: bytes, code: int | None
) -> None:
    assert refusal_code(running.port, connect) == code


def test_a_full_house_says_so(tmp_path: Path) -> None:
    with (
        running_door(tmp_path, FrontDoorSettings(port=0, max_connections=1)) as running,
        connected(running.port, client_id="first") as first,
    ):
        assert refusal_code(running.port, connect_packet(5, "second")) == 0x89
        assert refusal_code(running.port, connect_packet(4, "second")) == 3
        assert first.is_silent()


# Users


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[RunningDoor]:
    users = {"press": argon2_check("oil"), "pump": argon2_check("water")}
    with running_door(tmp_path, FrontDoorSettings(port=0, users=users)) as running:
        yield running


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "press.example"])
def test_strangers_are_let_in_on_loopback_only(tmp_path: Path, host: str) -> None:
    async def open_to_all() -> None:
        settings = FrontDoorSettings(host=host, port=0)
        await FrontDoor(settings, GroupCommit(log), lambda: 0).start()

    log = FsyncLog(tmp_path / "journal")
    with pytest.raises(Rejected, match="anonymous_not_allowed"):
        asyncio.run(open_to_all())
    log.close()


@VERSIONS
def test_the_right_password_opens_also_for_a_client_that_does_not_wait(guarded: RunningDoor, version: int) -> None:
    with RawClient(guarded.port) as client:
        client.send(connect_packet(version, user="press", password=b"oil") + publish_packet(version, "t", b"x", 1))
        answer = client.read()
        assert answer is not None
        assert answer[1][:2] == b"\0\0"
        assert client.acked_ids(1) == [1]


@pytest.mark.parametrize(
    ("user", "password", "code_5", "code_311"),
    [
        ("press", b"water", 0x86, 4),
        ("nobody", b"oil", 0x86, 4),
        ("press", None, 0x87, 5),
        (None, None, 0x87, 5),
    ],
)
def test_everybody_else_stays_outside(
    guarded: RunningDoor, user: str | None, password: bytes | None, code_5: int, code_311: int
) -> None:
    assert refusal_code(guarded.port, connect_packet(5, user=user, password=password)) == code_5
    assert refusal_code(guarded.port, connect_packet(4, user=user, password=password)) == code_311


def test_a_check_that_breaks_lets_nobody_in(tmp_path: Path) -> None:
    def broken(password: bytes) -> bool:
        raise RuntimeError("the hash is unreadable")

    with running_door(tmp_path, FrontDoorSettings(port=0, users={"press": broken})) as running:
        assert refusal_code(running.port, connect_packet(5, user="press", password=b"oil")) == 0x88


def test_a_client_id_cannot_be_taken_by_another_user(guarded: RunningDoor) -> None:
    with connected(guarded.port, 5, "press-1", user="press", password=b"oil") as owner:
        assert refusal_code(guarded.port, connect_packet(5, "press-1", user="pump", password=b"water")) == 0x85
        assert owner.is_silent()


# One name, two clients


@VERSIONS
def test_a_second_client_with_the_same_id_takes_over(running: RunningDoor, version: int) -> None:
    with connected(running.port, version) as older, connected(running.port, version) as newer:
        assert older.last_reason() == (0x8E if version == 5 else None)
        newer.send(publish_packet(version, "t", b"x", 1))
        assert newer.acked_ids(1) == [1]
    assert running.door.counters.take_overs == 1


def test_a_client_that_was_thrown_out_may_come_back_at_once_and_its_will_stands_before_what_it_says_then(
    running: RunningDoor,
) -> None:
    with connected(running.port, will=("status", b"gone", 0, False)) as thrown_out:
        thrown_out.send(b"\0\0")
        assert thrown_out.read() is None
        with connected(running.port) as back:  # while the first socket is still open on both sides
            back.send(publish_packet(4, "status", b"here", 1))
            assert back.acked_ids(1) == [1]
    assert running.log.payloads() == [b"gone", b"here"]
    assert running.door.counters.take_overs == 0


@pytest.mark.parametrize(("version", "code"), [(4, 2), (5, 0x8A)])
def test_two_clients_that_fight_for_one_id_are_stopped_and_the_connected_one_stays(
    running: RunningDoor, version: int, code: int
) -> None:
    fighters = [connected(running.port, version) for _ in range(TAKE_OVERS_PER_MINUTE + 1)]
    assert refusal_code(running.port, connect_packet(version)) == code
    assert fighters[-1].is_silent()
    with connected(running.port, version, "somebody-else") as other:
        assert other.is_silent()
    for fighter in fighters:
        fighter.socket.close()


def test_a_ban_ends_after_its_time() -> None:
    guard = TakeOverGuard()
    assert all(guard.allows("press-1", at_s, True) for at_s in range(TAKE_OVERS_PER_MINUTE))
    assert not guard.allows("press-1", 20.0, True)
    assert not guard.allows("press-1", 20.0 + BAN_S - 1, False)
    assert guard.allows("pump-1", 21.0, True)
    assert guard.allows("press-1", 20.0 + BAN_S, True)


def test_rare_take_overs_are_never_banned() -> None:
    guard = TakeOverGuard()
    assert all(guard.allows("press-1", 5.0 * count, True) for count in range(100))


# Silence


@VERSIONS
def test_a_half_open_connection_is_given_up_after_one_and_a_half_keep_alives(
    running: RunningDoor, version: int
) -> None:
    with connected(running.port, version, "gone", keep_alive_s=1, will=("status", b"gone", 0, False)) as client:
        started_s = time.monotonic()
        assert client.last_reason() == (0x8D if version == 5 else None)
        assert time.monotonic() - started_s >= 1.4
    while not running.log.frames:
        running.drain()
    assert running.log.frames[0].payload == b"gone"
    assert running.door.counters.refused == {"keep_alive_timeout": 1}


def test_a_client_that_pings_is_kept(running: RunningDoor) -> None:
    with connected(running.port, keep_alive_s=1) as client:
        for _ in range(5):
            time.sleep(0.5)
            assert client.is_silent()


def test_a_client_that_is_not_read_because_the_journal_is_full_is_not_called_silent(tmp_path: Path) -> None:
    with running_door(tmp_path, window_bytes=1000) as running, connected(running.port, keep_alive_s=1) as client:
        running.log.is_full = True
        client.send(publish_packet(4, "t", bytes(2000), 1))
        running.log.refused_often.wait()
        time.sleep(2.0)
        running.log.is_full = False
        assert client.acked_ids(1) == [1]
        assert client.is_silent()


def test_the_keep_alive_of_mqtt_5_is_capped_and_told(tmp_path: Path) -> None:
    with running_door(tmp_path, FrontDoorSettings(port=0, keep_alive_cap_s=120)) as running:
        for asked_s in (0, 600):
            with RawClient(running.port) as client:
                client.send(connect_packet(5, keep_alive_s=asked_s))
                connack = client.read()
                assert connack is not None
                assert b"\x13\x00\x78" in connack[1]


def test_a_session_that_should_outlive_its_connection_is_told_that_it_will_not(running: RunningDoor) -> None:
    with RawClient(running.port) as client:
        client.send(connect_packet(5, clean=False, properties=b"\x11\x00\x00\x0e\x10"))
        connack = client.read()
        assert connack is not None
        assert connack[1][:2] == b"\0\0", "session present is 0"
        assert b"\x11\0\0\0\0" in connack[1]


class Wire(asyncio.Transport):
    """A transport whose reading can be watched."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read = True
        self.socket = socket.socket()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self.socket if name == "socket" else default

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        assert self.is_read, "paused twice"
        self.is_read = False

    def resume_reading(self) -> None:
        assert not self.is_read, "resumed twice"
        self.is_read = True


def test_a_client_that_does_not_read_its_acknowledgements_is_not_read_either(running: RunningDoor) -> None:
    async def story() -> list[bool]:
        connection, wire, seen = Connection(running.door), Wire(), []
        connection.connection_made(wire)
        await asyncio.sleep(0)  # asyncio starts to read
        steps: list[Callable[[], None]] = [
            connection.pause_writing,
            lambda: connection.set_pressure(True),
            connection.resume_writing,
            lambda: connection.set_pressure(False),
        ]
        for step in steps:
            step()
            seen.append(wire.is_read)
        connection.connection_lost(None)
        wire.socket.close()
        return seen

    assert running.call(story()) == [False, False, False, True]


# The log


def test_a_flood_of_one_reason_is_logged_ten_times_a_minute_and_then_summed() -> None:
    lines: list[tuple[object, object]] = []

    class Log:
        def info(self, event: str, **fields: object) -> None:
            raise AssertionError(event)

        def warning(self, event: str, **fields: object) -> None:
            lines.append((fields["reason"], fields["suppressed"]))

    now_s = 0.0
    log = RateLimitedLog(Log(), clock=lambda: now_s)
    for _ in range(100):
        log.warning("refused", "flood")
    log.warning("refused", "other")
    now_s = 61.0
    log.warning("refused", "flood")
    assert lines == [("flood", 0)] * 10 + [("other", 0), ("flood", 90)]


def test_a_stray_acknowledgement_is_ignored(running: RunningDoor) -> None:
    with connected(running.port, 5) as client:
        client.send(packet(0x40, b"\0\x07"))
        assert client.is_silent()
