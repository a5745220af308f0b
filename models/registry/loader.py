"""A model file is opened by a limited child process first, and by this one only when the child survived it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from forewarn.core.errors import Rejected, Retriable
from forewarn.models.registry.confine import Limits
from forewarn.models.registry.container import check_container
from forewarn.models.registry.files import loads

CHILD = "forewarn.models.registry.child"
AS_USUAL = Limits()


def load_checked(data: bytes, limits: Limits = AS_USUAL) -> object:
    """The model in a file: checked from outside, loaded by a child, then loaded here from the very same bytes."""
    check_in_child(data, limits)
    return loads(data)


def check_in_child(data: bytes, limits: Limits = AS_USUAL) -> str:
    """What the file holds (name of a class). Takes about three processor seconds: Python and scikit-learn start anew.

    Raises Rejected: what `container` and `files.loads` say, or "model_failed" when the child crashed, hung, or wanted
    more than the limits, with what happened. This process is not touched by it.
    """
    check_container(data)  # refuses most without starting anything
    header = {"cpu_s": limits.cpu_s, "memory_bytes": limits.memory_bytes, "wall_s": limits.wall_s}
    output = _run([*python(), CHILD], json.dumps(header).encode() + b"\n" + data, limits.wall_s)
    told = _answer(output)
    if told.get("ok") is not True:
        raise Rejected(str(told.get("reason", "model_failed")), str(told.get("detail", "")))
    return str(told.get("holds"))


def python() -> list[str]:
    """An interpreter that takes nothing from folders, variables or the user: only what is installed; `-m` its last."""
    return [sys.executable, "-I", "-B", "-m"]


def bare_environment() -> dict[str, str]:
    """What a limited process may know of its surroundings: one thread, UTF-8, no secrets."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", **threads}


def ending(returncode: int, errors: bytes) -> str:
    """How a process ended, in words, with the last line that it wrote on stderr."""
    how = f"ended with {returncode}" if returncode >= 0 else f"was ended by {signal.Signals(-returncode).name}"
    said = errors.decode("utf-8", "replace").strip().rpartition("\n")[2][:300]
    return f"{how}: {said}" if said else how


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """A program with three pipes, a bare environment and a session of its own. Raises Retriable when the system has no
    room for one more."""
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=bare_environment(),
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        raise Retriable(f"{command[0]} cannot be started now: {error.strerror}") from error


def _run(command: list[str], request: bytes, wall_s: float) -> bytes:
    with start(command) as process:
        try:
            output, errors = process.communicate(request, timeout=wall_s)
        except subprocess.TimeoutExpired:
            raise Rejected("model_failed", f"its loader had not answered after {wall_s:g} s") from None
        finally:
            if process.poll() is None:
                process.kill()
    if process.returncode != 0:
        raise Rejected("model_failed", f"its loader {ending(process.returncode, errors)}")
    return output


def _answer(output: bytes) -> dict[str, object]:
    try:
        told = json.loads(output)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Rejected("model_failed", "its loader gave no answer")
    return told
