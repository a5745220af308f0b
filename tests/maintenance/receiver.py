"""A receiver of webhooks that misbehaves as it is told, on a free port of loopback."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.servers import free_port

Mood = Callable[[int], str]
"""Gives what is done with the so-manieth request: ok, 500, 400, redirect, hang, drip, cut, cut_early, close."""

ANSWERS = {
    "ok": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
    "500": b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    "400": b"HTTP/1.1 400 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    "cut": b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\nconnection: close\r\n\r\nok",
    "cut_early": b"HTTP/1.1 200",
    "close": b"",
}


@dataclass(frozen=True)
class Received:
    """One request, whatever was answered."""

    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Receiver:
    """Listens until it is closed. `requests` is everything that came, in order."""

    def __init__(self, mood: Mood = lambda n: "ok") -> None:
        self.mood = mood
        self.requests: list[Received] = []
        self._held: list[socket.socket] = []
        self._closing = threading.Event()
        port = free_port()
        self._listening = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{port}/hook"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and let go of those that were kept waiting."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for held in self._held:
            held.close()

    @property
    def keys(self) -> list[str]:
        return [request.key for request in self.requests]

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        request = _read(connection)
        if request is None:
            connection.close()
            return
        mood = self.mood(len(self.requests))
        self.requests.append(request)
        if mood == "hang":
            self._held.append(connection)
            return
        with connection:
            try:
                if mood == "drip":
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                    while not self._closing.wait(0.05):
                        connection.sendall(b".")
                else:
                    connection.sendall(ANSWERS[mood])
            except OSError:
                return  # the sender has left


def _read(connection: socket.socket) -> Received | None:
    connection.settimeout(5.0)
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65_536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers["content-length"]):
            piece = connection.recv(65_536)
            if not piece:
                return None
            body += piece
    except OSError:
        return None
    return Received(headers, body)
