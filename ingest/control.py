"""The control socket of the ingest process: the main process asks it to replay, to read the plant again, how it stands.

A Unix socket that only the owner may open (mode 0600). One JSON object per line each way:

    {"command": "replay", "reason": "unknown_topic"}
    {"ok": true, "result": {"asked": 12, "payload_cut": [], "more": false}}
    {"ok": false, "kind": "rejected", "reason": "unknown_command", "detail": "..."}
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from forewarn.core.errors import Conflict, ForewarnError, NotReady, Rejected, Retriable
from forewarn.core.work import Json

MAX_REQUEST_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 1024 * 1024
MAX_CONNECTIONS = 16
IDLE_S = 60.0
SOCKET = "ingest.sock"

Handler = Callable[[Json], Awaitable[object]]
"""Answers one command: arguments -> a JSON value. Raises a `ForewarnError` to refuse."""

_KINDS: dict[str, type[ForewarnError]] = {
    "rejected": Rejected,
    "retriable": Retriable,
    "conflict": Conflict,
    "not_ready": NotReady,
}
log = structlog.get_logger(__name__)


class ControlServer:
    """Listens on a path and lets registered handlers answer. All methods belong to the thread of the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handlers: dict[str, Handler] = {"ping": _pong}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    def register(self, command: str, handler: Handler) -> None:
        """Answer a command from now on. Raises ValueError when it has a handler already."""
        if command in self._handlers:
            raise ValueError(f"the command {command!r} has a handler already")
        self._handlers[command] = handler

    async def start(self) -> None:
        """Listen. What an earlier process left behind is removed: the lock on the journal says that it is gone."""
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        with _short(self._path) as address:
            listening.bind(address)
        self._path.chmod(0o600)  # before `listen`: until then nobody can connect
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=MAX_REQUEST_BYTES)

    async def stop(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._open.add(task)
        try:
            while line := await asyncio.wait_for(reader.readline(), IDLE_S):
                writer.write(_line(await self._answer(line)))
                await writer.drain()
        except (TimeoutError, ValueError, OSError) as error:  # idle, a line without end, gone: nobody to answer to
            log.debug("control_connection_ended", error=str(error))
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, line: bytes) -> Json:
        try:
            command, arguments = _request(line)
            handler = self._handlers.get(command)
            if handler is None:
                raise Rejected("unknown_command", f"{command[:40]!r} is none of {', '.join(sorted(self._handlers))}")
            return {"ok": True, "result": await handler(arguments)}
        except ForewarnError as error:
            return _refused(error)
        except Exception as error:  # a bug in a handler must not end the process that stores everything
            log.exception("control_handler_failed")
            return _refused(Rejected("internal_error", type(error).__name__))


async def _pong(arguments: Json) -> object:
    return "pong"


def _request(line: bytes) -> tuple[str, Json]:
    try:
        asked = json.loads(line)
    except ValueError as error:
        raise Rejected("bad_request", f"not JSON: {error}") from error
    if not isinstance(asked, dict) or not isinstance(asked.get("command"), str):
        raise Rejected("bad_request", 'an object with a text "command" is expected')
    command: str = asked.pop("command")
    return command, asked


def _refused(error: ForewarnError) -> Json:
    kind = next((name for name, base in _KINDS.items() if isinstance(error, base)), "rejected")
    if isinstance(error, Rejected):
        return {"ok": False, "kind": kind, "reason": error.reason, "detail": error.detail}
    return {"ok": False, "kind": kind, "reason": kind, "detail": str(error)}


def _line(answer: Json) -> bytes:
    written = json.dumps(answer).encode() + b"\n"
    if len(written) <= MAX_ANSWER_BYTES:
        return written
    return _line(_refused(Rejected("answer_too_long", f"more than {MAX_ANSWER_BYTES} bytes: ask for less")))


class ControlClient:
    """Asks the ingest process from another one. Each question has a connection of its own; callable from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ask(self, command: str, timeout_s: float = 30.0, **arguments: object) -> object:
        """The result of a command. Raises what the handler raised, and Retriable when ingest is away or too slow."""
        request = json.dumps({"command": command, **arguments}).encode() + b"\n"
        if len(request) > MAX_REQUEST_BYTES:
            raise Rejected("bad_request", f"a request has {MAX_REQUEST_BYTES} bytes at the most, not {len(request)}")
        try:
            answer = json.loads(self._exchange(request, timeout_s))
        except (OSError, ValueError) as error:
            raise Retriable(f"the ingest process does not answer: {error}") from error
        if answer["ok"]:
            return answer["result"]
        raise _error_of(answer)

    def _exchange(self, request: bytes, timeout_s: float) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            with _short(self._path) as address:
                connection.connect(address)
            connection.sendall(request)
            with connection.makefile("rb") as answers:
                return answers.readline(MAX_ANSWER_BYTES + 1)


def _error_of(answer: Json) -> ForewarnError:
    kind, reason, detail = (str(answer[key]) for key in ("kind", "reason", "detail"))
    return Rejected(reason, detail) if kind == "rejected" else _KINDS[kind](detail)


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for a socket that fits into the 107 bytes which the kernel takes, however deep its folder lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, folder)
        yield f"/proc/self/fd/{folder}/{path.name}"
