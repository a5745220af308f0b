"""The control socket: who may open it, what it answers, and that nothing sent to it ends the process behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from forewarn.core.errors import Conflict, Rejected, Retriable
from forewarn.core.work import Json
from forewarn.ingest.control import MAX_ANSWER_BYTES, MAX_CONNECTIONS, MAX_REQUEST_BYTES, ControlClient, ControlServer


class Running:
    """A control server on a loop of its own."""

    def __init__(self, path: Path) -> None:
        self.path, self.loop = path, asyncio.new_event_loop()
        self.server = ControlServer(path)
        self.server.register("echo", self._echo)
        self.server.register("fail", self._fail)
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self.loop).result()
        self.client = ControlClient(path)

    async def _echo(self, arguments: Json) -> object:
        return arguments

    async def _fail(self, arguments: Json) -> object:
        errors: dict[object, Exception] = {
            "rejected": Rejected("bad_row", "row 7 is gone"),
            "retriable": Retriable("the disk is full"),
            "conflict": Conflict("somebody was faster"),
        }
        raise errors.get(arguments["how"], ZeroDivisionError("text that must not leak"))

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    found = Running(tmp_path / "ingest.sock")
    yield found
    found.stop()


def raw(path: Path, sent: bytes) -> bytes:
    """What comes back for these bytes, until the other side closes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answers:
            return answers.read()


def test_a_command_is_answered_with_what_its_handler_says(running: Running) -> None:
    assert running.client.ask("ping") == "pong"
    assert running.client.ask("echo", rows=[1, 2], reason="µ") == {"rows": [1, 2], "reason": "µ"}


def test_only_the_owner_may_open_the_socket(running: Running) -> None:
    assert stat.S_IMODE(running.path.stat().st_mode) == 0o600


def test_what_a_handler_raises_arrives_as_the_same_error(running: Running) -> None:
    with pytest.raises(Rejected, match="row 7 is gone") as rejected:
        running.client.ask("fail", how="rejected")
    assert rejected.value.reason == "bad_row"
    with pytest.raises(Retriable, match="the disk is full"):
        running.client.ask("fail", how="retriable")
    with pytest.raises(Conflict, match="somebody was faster"):
        running.client.ask("fail", how="conflict")


def test_a_bug_in_a_handler_is_an_answer_and_the_next_command_works(running: Running) -> None:
    with pytest.raises(Rejected, match="ZeroDivisionError") as bug:
        running.client.ask("fail", how="bug")
    assert "leak" not in str(bug.value)
    assert running.client.ask("ping") == "pong"


def test_an_unknown_command_is_told_what_there_is(running: Running) -> None:
    with pytest.raises(Rejected, match="none of echo, fail, ping"):
        running.client.ask("explode")


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"command": 7}', b"\xff\xfe", b"null"])
def test_a_line_that_is_no_request_is_refused_and_the_connection_goes_on(running: Running, line: bytes) -> None:
    bad, good = raw(running.path, line + b'\n{"command": "ping"}\n').splitlines()
    assert json.loads(bad)["reason"] == "bad_request"
    assert json.loads(good) == {"ok": True, "result": "pong"}


def test_a_line_without_end_is_cut_off(running: Running) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it did not even read the rest
        assert raw(running.path, b"x" * (4 * MAX_REQUEST_BYTES)) == b""
    assert running.client.ask("ping") == "pong"
    with pytest.raises(Rejected, match="bytes at the most"):
        running.client.ask("echo", text="x" * MAX_REQUEST_BYTES)


def test_an_answer_that_is_too_long_is_an_error(running: Running) -> None:
    async def long(arguments: Json) -> object:
        return "x" * MAX_ANSWER_BYTES

    running.server.register("long", long)
    with pytest.raises(Rejected, match="ask for less"):
        running.client.ask("long")


def test_idle_connections_are_bounded(running: Running) -> None:
    held = [socket.socket(socket.AF_UNIX) for _ in range(MAX_CONNECTIONS)]
    try:
        for connection in held:
            connection.connect(str(running.path))
            connection.sendall(b'{"command": "ping"}\n')
            assert connection.recv(100)
        with pytest.raises(Retriable):
            running.client.ask("ping")
    finally:
        for connection in held:
            connection.close()


def test_without_ingest_the_client_says_that_it_may_work_later(tmp_path: Path) -> None:
    with pytest.raises(Retriable, match="does not answer"):
        ControlClient(tmp_path / "ingest.sock").ask("ping")
    with pytest.raises(Retriable, match="does not answer"):
        ControlClient(tmp_path / "nowhere" / "ingest.sock").ask("ping")


def test_a_handler_that_takes_too_long_is_retriable(running: Running) -> None:
    async def slow(arguments: Json) -> object:
        await asyncio.sleep(0.3)
        return None

    running.server.register("slow", slow)
    with pytest.raises(Retriable):
        running.client.ask("slow", timeout_s=0.05)


def test_a_socket_that_a_dead_process_left_behind_is_taken_over_however_long_its_path(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20) / ("deeper" * 10)
    folder.mkdir(parents=True)
    (folder / "ingest.sock").touch()
    found = Running(folder / "ingest.sock")
    assert found.client.ask("ping") == "pong"
    found.stop()
    assert not (folder / "ingest.sock").exists()


def test_a_command_has_one_handler(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="already"):
        ControlServer(tmp_path / "s").register("ping", Running._echo)  # type: ignore[arg-type]  # never called
