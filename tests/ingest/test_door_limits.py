"""Crowds, slow and greedy clients: what each may cost the others. Figures are counted, never timed."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.ingest.door.crowd import Crowd
from forewarn.ingest.door.front_door import FrontDoorSettings
from forewarn.ingest.door.pace import BURST_S, Pace, Paces
from tests.ingest.mqtt_client import (
    PING,
    VERSIONS,
    RawClient,
    connect_packet,
    connected,
    publish_packet,
    subscribe_packet,
    unsubscribe_packet,
)
from tests.ingest.running_door import RunningDoor, running_door

pytestmark = pytest.mark.slow


def refusals(running: RunningDoor, reason: str) -> int:
    return running.door.counters.refused.get(reason, 0)


# Pace

sizes = st.integers(0, 500)


@given(st.lists(st.tuples(sizes, sizes, st.floats(0.0, 5.0)), max_size=50), st.integers(1, 100), st.integers(1, 100))
def test_nobody_gets_more_than_the_allowance_and_one_burst(
    reads: list[tuple[int, int, float]], messages_per_s: int, bytes_per_s: int
) -> None:
    pace, now_s, before = Pace(messages_per_s, bytes_per_s), 0.0, (0, 0)
    for messages, size, idle_s in reads:
        assert before[0] <= (now_s + BURST_S) * messages_per_s * (1 + 1e-9)
        assert before[1] <= (now_s + BURST_S) * bytes_per_s * (1 + 1e-9)
        before = (before[0] + messages, before[1] + size)
        now_s += pace.take(messages, size, now_s) + idle_s


def test_within_the_allowance_nobody_waits() -> None:
    pace = Pace(10, None)
    assert [pace.take(1, 10**9, second / 10) for second in range(1000)] == [0.0] * 1000


def test_a_debt_outlives_the_connection_and_is_forgotten_when_paid() -> None:
    paces = Paces(1, None)
    first = paces.of("greedy", 0.0)
    assert first is not None
    first.take(100, 0, 0.0)
    again = paces.of("greedy", 1.0)
    assert again is first
    assert Paces(None, None).of("greedy", 0.0) is None


@VERSIONS
def test_a_greedy_client_is_read_slowly_loses_nothing_and_does_not_slow_the_others(
    tmp_path: Path, version: int
) -> None:
    with (
        running_door(tmp_path, FrontDoorSettings(port=0, messages_per_s=20, receive_maximum=65_535)) as running,
        connected(running.port, version, "greedy") as greedy,
        connected(running.port, version, "modest") as modest,
    ):
        flood = [publish_packet(version, "t/greedy", b"%d" % n, n) for n in range(1, 41)]
        for packet in flood[:30]:  # a burst of 20 and half a second's debt
            greedy.send(packet)
        assert greedy.acked_ids(20) == list(range(1, 21))
        for packet in flood[30:]:
            greedy.send(packet)
        modest.send(publish_packet(version, "t/modest", b"m", 1))
        assert modest.acked_ids(1) == [1], "the other one does not wait for the greedy one's debt"
        assert greedy.acked_ids(20) == list(range(21, 41)), "and nothing is dropped"
        running.drain()
        stored = [frame.payload for frame in running.log.frames if frame.client == "greedy"]
        assert stored == [b"%d" % n for n in range(1, 41)]


@VERSIONS
def test_who_owes_time_is_not_read(tmp_path: Path, version: int) -> None:
    with (
        running_door(tmp_path, FrontDoorSettings(port=0, messages_per_s=0.1)) as running,
        connected(running.port, version, "greedy") as greedy,
        connected(running.port, version, "modest") as modest,
    ):
        greedy.send(publish_packet(version, "t", b"early", 1))
        assert greedy.acked_ids(1) == [1]
        greedy.send(publish_packet(version, "t", b"late", 2))
        for client_id in ("a", "b", "c"):  # the door has had its turns
            with connected(running.port, version, client_id) as other:
                assert other.is_silent()
        modest.send(publish_packet(version, "t", b"modest", 1))
        assert modest.acked_ids(1) == [1]
        assert running.log.payloads() == [b"early", b"modest"]
        assert running.door.counters.paced == 2, "the modest one has spent its allowance of ten seconds too"


def test_a_client_in_debt_is_not_called_silent(tmp_path: Path) -> None:
    with (
        running_door(tmp_path, FrontDoorSettings(port=0, bytes_per_s=100)) as running,
        connected(running.port, keep_alive_s=1) as client,
    ):
        client.send(publish_packet(4, "t", bytes(350), 1))
        assert client.acked_ids(1) == [1]
        client.send(PING)
        assert client.read() == (0xD0, b""), "after two and a half seconds in which it was not read"


# Crowds


class Seat:
    def __init__(self) -> None:
        self.is_cut = False

    def cut(self) -> None:
        self.is_cut = True


def test_an_address_has_its_share_and_gives_it_back() -> None:
    crowd = Crowd(room=10, per_address=2, strangers=10, patience_s=0.0)
    seats = [Seat() for _ in range(4)]
    assert [crowd.enter(seat, "a", 0.0) for seat in seats[:3]] == [None, None, "too_many_from_one_address"]
    assert crowd.enter(seats[3], "b", 0.0) is None
    crowd.leave(seats[0])
    crowd.leave(seats[0])
    assert crowd.enter(seats[2], "a", 0.0) is None
    assert len(crowd) == 3


def test_the_stranger_that_waited_longest_goes_first_and_who_is_introduced_stays() -> None:
    crowd = Crowd(room=10, per_address=None, strangers=2, patience_s=1.0)
    seats = [Seat() for _ in range(5)]
    for seat, now_s in zip(seats[:4], (0.0, 0.1, 0.2, 0.3), strict=True):
        assert crowd.enter(seat, "a", now_s) is None, "nobody's patience is over"
    crowd.introduced(seats[0])
    assert crowd.enter(seats[4], "a", 1.2) is None
    assert [seat.is_cut for seat in seats] == [False, True, False, False, False]


def test_a_full_house_has_room_for_a_device_when_a_stranger_has_waited_long_enough() -> None:
    crowd = Crowd(room=1, per_address=None, strangers=9, patience_s=1.0)
    stranger, device = Seat(), Seat()
    assert crowd.enter(stranger, "a", 0.0) is None
    assert crowd.enter(device, "b", 0.9) == "too_many_connections"
    assert crowd.enter(device, "b", 1.0) is None
    assert (stranger.is_cut, len(crowd)) == (True, 1)


def test_a_whole_plant_may_come_back_in_one_moment(tmp_path: Path) -> None:
    with running_door(tmp_path, FrontDoorSettings(port=0, strangers_maximum=5)) as running:
        plant = [RawClient(running.port) for _ in range(200)]
        for number, device in enumerate(plant):
            device.send(connect_packet(client_id=f"press-{number}"))
        assert [device.read() for device in plant] == [(0x20, b"\0\0")] * 200
        for device in plant:
            device.socket.close()


def test_strangers_cannot_keep_a_device_out(tmp_path: Path) -> None:
    settings = FrontDoorSettings(port=0, strangers_maximum=5, strangers_patience_s=0.0, connect_timeout_s=60.0)
    with running_door(tmp_path, settings) as running:
        strangers = [RawClient(running.port) for _ in range(20)]
        with connected(running.port) as device:
            assert device.is_silent()
            assert [stranger.read() for stranger in strangers[:15]] == [None] * 15
        assert refusals(running, "stranger_cut") in (15, 16)
        for stranger in strangers:
            stranger.socket.close()


def test_one_address_cannot_take_every_place(tmp_path: Path) -> None:
    with running_door(tmp_path, FrontDoorSettings(port=0, connections_per_address=2)) as running:
        with connected(running.port, client_id="a") as first, connected(running.port, client_id="b"):
            with RawClient(running.port) as third:
                third.send(connect_packet(client_id="c"))
                assert third.read() is None
            assert first.is_silent()
        assert refusals(running, "too_many_from_one_address") == 1


def test_thousands_of_sockets_that_say_nothing_leave_nothing_behind(tmp_path: Path) -> None:
    """In rows of a hundred: the point is what stays, not how many a test machine can hold at once."""
    with running_door(tmp_path, FrontDoorSettings(port=0, strangers_maximum=50, strangers_patience_s=0.0)) as running:
        for _ in range(20):
            row = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(100)]
            for peer in row:
                peer.close()
        with connected(running.port) as device:
            assert device.is_silent()

            async def standing() -> int:
                await asyncio.sleep(0.05)
                return len(running.door._sockets)

            while running.call(standing()) > 1:
                pass


# Slow packets


@VERSIONS
@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_packet_that_was_begun_must_come_to_its_end(tmp_path: Path, version: int, cut: int) -> None:
    with running_door(tmp_path, FrontDoorSettings(port=0, packet_timeout_s=0.2)) as running:
        with connected(running.port, version, "slow") as slow, connected(running.port, version, "quick") as quick:
            slow.send(publish_packet(version, "t", bytes(100), 1)[:cut])
            assert slow.last_reason() == (0x83 if version == 5 else None)
            assert quick.is_silent(), "one that says nothing at all between two packets is not slow"
        assert refusals(running, "packet_timeout") == 1
        assert running.log.frames == []


def test_a_connect_of_one_byte_a_time_ends_with_the_time_for_connect(tmp_path: Path) -> None:
    with running_door(tmp_path, FrontDoorSettings(port=0, connect_timeout_s=0.3)) as running:
        with RawClient(running.port) as slow:
            for byte in connect_packet(client_id="x" * 200)[:-1]:
                slow.send(bytes((byte,)))
            assert slow.read() is None
        assert refusals(running, "connect_timeout") == 1


def test_who_has_said_who_it_is_may_wait_for_its_password_check(tmp_path: Path) -> None:
    released = threading.Event()

    def slow_check(password: bytes) -> bool:
        return released.wait(60.0)

    settings = FrontDoorSettings(port=0, connect_timeout_s=0.1, users={"press": slow_check})
    with (
        running_door(tmp_path, settings) as running,
        RawClient(running.port) as client,
        RawClient(running.port) as mute,
    ):
        client.send(connect_packet(4, user="press", password=b"oil"))
        assert mute.read() is None, "its time is over"
        released.set()
        assert client.read() == (0x20, b"\0\0")


@VERSIONS
def test_more_than_a_thousand_filters_in_one_packet_are_not_looked_at(running: RunningDoor, version: int) -> None:
    names = [f"forewarn/{n}" for n in range(1001)]
    for packet in (
        subscribe_packet(version, 1, *((name, 0) for name in names)),
        unsubscribe_packet(version, 1, *names),
    ):
        with connected(running.port, version) as client:
            client.send(packet)
            assert client.last_reason() == (0x97 if version == 5 else None)


@VERSIONS
def test_subscriptions_are_capped(running: RunningDoor, version: int) -> None:
    with connected(running.port, version) as client:
        client.send(subscribe_packet(version, 1, *((f"forewarn/{n}", 0) for n in range(257))))
        suback = client.read()
        assert suback is not None
        assert suback[1][-257:] == bytes(256) + (b"\x97" if version == 5 else b"\x80")


@pytest.mark.parametrize(("asked_s", "granted_s"), [(0, 65_535), (65_535, 65_535), (30, 30)])
def test_a_3_1_1_client_without_a_keep_alive_is_given_up_after_a_day(
    running: RunningDoor, asked_s: int, granted_s: int
) -> None:
    with connected(running.port, keep_alive_s=asked_s):
        assert [c.session.keep_alive_s for c in running.door._sockets] == [granted_s]
