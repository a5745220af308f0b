"""The publisher of the benchmarks counts honestly: what the server did not acknowledge is not acknowledged."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from benchmarks.peers.raw_publisher import publish

CONNACK = b"\x20\x02\x00\x00"


@contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Lets one client in and hands its socket to `talk`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(1000)
            talk(peer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    thread.join()
    listener.close()


def send_exactly(peer: socket.socket, answers: bytes, message_bytes: int) -> None:
    peer.sendall(CONNACK)
    left = message_bytes
    while left:
        left -= len(peer.recv(left))
    peer.sendall(answers)


MESSAGE_BYTES = 2 + 3 + 2 + 2  # head and length, topic "t", packet id, payload of two bytes


def run(port: int, count: int, window: int) -> tuple[int, int, bool, int]:
    result = publish("127.0.0.1", port, [b"t"] * count, [b"21"] * count, window)
    assert np.isnan(result.acked_at_s).sum() == count - result.acked
    assert (result.acked_at_s[: result.acked] >= result.sent_at_s[: result.acked]).all()
    return result.sent, result.acked, result.in_order, np.isnan(result.sent_at_s).sum()


def test_a_server_that_closes_in_the_middle_leaves_the_rest_unacknowledged() -> None:
    answers = b"\x40\x02\x00\x01\x40\x02\x00\x02\x40\x02"  # two and a half
    with server(lambda peer: send_exactly(peer, answers, 5 * MESSAGE_BYTES)) as port:
        assert run(port, 100, window=5) == (7, 2, True, 93)


def test_acknowledgements_out_of_order_are_noticed() -> None:
    with server(lambda peer: send_exactly(peer, b"\x40\x02\x00\x02\x40\x02\x00\x01", 2 * MESSAGE_BYTES)) as port:
        assert run(port, 2, window=10) == (2, 2, False, 0)


def test_a_refused_connect_is_an_error_and_so_is_an_impossible_window() -> None:
    with server(lambda peer: peer.sendall(b"\x20\x02\x00\x05")) as port, pytest.raises(ConnectionError, match="05"):
        publish("127.0.0.1", port, [b"t"], [b"1"])
    with pytest.raises(ValueError, match="65535"):
        publish("127.0.0.1", 1, [b"t"], [b"1"], window=70_000)
