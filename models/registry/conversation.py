"""Talking to another program: one line out, one line back, under limits of time and size. No thread, no shell."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from forewarn.core.errors import Rejected
from forewarn.models.registry.loader import ending, python, start

LIMITED = "forewarn.models.registry.limited"
PIECE = 2**16
KEPT_ERRORS = 4096


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a program may use: seconds for an answer, processor seconds and address space in all, bytes of an answer.

    After `questions` it is started anew, so that what it leaks does not add up.
    """

    wall_s: float = 30.0
    cpu_s: int = 600
    memory_bytes: int = 2 * 2**30
    answer_bytes: int = 16 * 2**20
    questions: int = 1_000


class Conversation:
    """One running program. Not for several threads at once; `close` ends it."""

    def __init__(self, command: Sequence[str], allowed: Allowed) -> None:
        self._allowed = allowed
        self._asked = 0
        self._errors = b""
        limits = (str(allowed.cpu_s), str(allowed.memory_bytes))
        self._process = start([*python(), LIMITED, *limits, *command])
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)

    @property
    def usable(self) -> bool:
        """Is it running, and not yet due to be started anew?"""
        return self._process.poll() is None and self._asked < self._allowed.questions

    def ask(self, line: bytes) -> bytes:
        """The line that it answers with, without its end.

        Raises Rejected "model_failed", and the program is ended, when it dies, stays silent for too long, or says too
        much. Then start another one.
        """
        self._asked += 1
        try:
            return self._exchange(line + b"\n")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it, with what it has started in its session."""
        process = self._process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()

    def _exchange(self, unsent: bytes) -> bytes:
        """Send, and listen meanwhile: a program that speaks before it has heard everything blocks nobody."""
        deadline_s = time.monotonic() + self._allowed.wall_s
        process, line = self._process, bytearray()
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdin, selectors.EVENT_WRITE)
            ready.register(process.stdout, selectors.EVENT_READ)
            ready.register(process.stderr, selectors.EVENT_READ)
            while (left_s := deadline_s - time.monotonic()) > 0:
                for key, _ in ready.select(left_s):
                    if key.fileobj is process.stdin:
                        unsent = unsent[_written(key.fd, unsent) :]
                        if not unsent:
                            ready.unregister(process.stdin)
                    elif key.fileobj is process.stderr:
                        if not self._hear_error(key.fd):
                            ready.unregister(process.stderr)
                    elif self._hear(key.fd, line):
                        return bytes(line)
        raise Rejected("model_failed", f"the program had not answered after {self._allowed.wall_s:g} s")

    def _hear(self, handle: int, line: bytearray) -> bool:
        """Add what it says to the line; True when the line is whole."""
        piece = os.read(handle, PIECE)
        if not piece:
            raise Rejected("model_failed", f"the program {self._ended()}")
        said, end, _ = piece.partition(b"\n")  # whatever it says unasked is dropped: answers carry their number
        line += said
        if len(line) > self._allowed.answer_bytes:
            raise Rejected("model_failed", f"an answer of more than {self._allowed.answer_bytes} bytes")
        return bool(end)

    def _hear_error(self, handle: int) -> bool:
        """Keep the end of what it writes on stderr; False when it has closed it."""
        piece = os.read(handle, PIECE)
        self._errors = (self._errors + piece)[-KEPT_ERRORS:]
        return bool(piece)

    def _ended(self) -> str:
        try:
            returncode = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "closed its output without an answer"
        assert self._process.stderr is not None
        with contextlib.suppress(BlockingIOError):
            self._hear_error(self._process.stderr.fileno())
        return ending(returncode, self._errors)


def _written(handle: int, data: bytes) -> int:
    try:
        return os.write(handle, data[:PIECE])
    except BrokenPipeError:
        return len(data)  # how it ended is told by its output
