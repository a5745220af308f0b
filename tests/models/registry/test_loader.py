"""The child that opens a file first: what it is kept from, and that nothing it does reaches the caller."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from forewarn.core.errors import Rejected
from forewarn.models.registry.confine import Limits
from forewarn.models.registry.files import dumps
from forewarn.models.registry.loader import bare_environment, check_in_child, load_checked, python
from tests.models.registry.samples import judge, window

CONFINED = "from forewarn.models.registry.confine import *; import os, socket, subprocess\n"


def confined(then: str, limits: Limits | None = None) -> subprocess.CompletedProcess[str]:
    """A new interpreter that confines itself and then does this."""
    program = f"{CONFINED}cut_off()\nconfine({limits or Limits()!r})\n{then}"
    command = [*python()[:-1], "-c", program]
    return subprocess.run(command, env=bare_environment(), capture_output=True, text=True, check=False, timeout=120)


REFUSED = {
    "a socket": "socket.socket()",
    "an address": "socket.getaddrinfo('localhost', 80)",
    "a program": "subprocess.run(['/bin/true'])",
    "a shell": "os.system('true')",
    "a fork": "os.fork()",
    "another program in its place": "os.execv('/bin/true', ['/bin/true'])",
    "a new file": "open('/tmp/forewarn-was-here', 'w')",
    "an old file": "open('/dev/null', 'r+')",
    "a file by number": "os.open('/tmp/forewarn-was-here', os.O_CREAT | os.O_WRONLY)",
    "a folder": "os.mkdir('/tmp/forewarn-was-here')",
    "deleting": "os.remove('/tmp/forewarn-never')",
    "the C library": "import ctypes; ctypes.CDLL(None)",
    "killing": "os.kill(os.getppid(), 0)",
}


@pytest.mark.parametrize("then", REFUSED.values(), ids=REFUSED)
def test_a_confined_process_reaches_nothing_but_its_pipes(then: str) -> None:
    finished = confined(then)
    assert finished.returncode == 1
    assert "PermissionError" in finished.stderr
    assert not Path("/tmp/forewarn-was-here").exists()


def test_a_confined_process_may_read_and_answer() -> None:
    finished = confined("print(len(open('/proc/self/status').read()) > 0)")
    assert (finished.returncode, finished.stdout) == (0, "True\n")


@pytest.mark.slow
def test_the_kernel_ends_a_confined_process_that_never_stops() -> None:
    assert confined("while True: pass", Limits(cpu_s=1)).returncode in (-24, -9)  # SIGXCPU, SIGKILL


def test_the_kernel_gives_a_confined_process_no_more_memory() -> None:
    finished = confined("bytes(200 * 2**20)", Limits(memory_bytes=100 * 2**20))
    assert "MemoryError" in finished.stderr
    assert confined("bytes(50 * 2**20)", Limits(memory_bytes=100 * 2**20)).returncode == 0


def test_no_file_grows_even_where_the_interpreter_is_not_asked() -> None:
    program = "import os, resource; from forewarn.models.registry.confine import limit; f = os.open('/tmp', 0x410002)\n"
    finished = subprocess.run(
        [*python()[:-1], "-c", program + "limit(60, 2**32); os.write(f, b'x')"],
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "File too large" in finished.stderr


def test_limits_that_cannot_be_are_refused() -> None:
    for wrong in ({"cpu_s": 0}, {"memory_bytes": 1}, {"wall_s": 0.0}):
        with pytest.raises(ValueError, match="are needed"):
            Limits(**wrong)


@pytest.mark.slow
def test_a_good_file_is_loaded_by_the_child_and_then_here_to_the_last_bit() -> None:
    learnt = judge()
    data = dumps(learnt)
    assert check_in_child(data) == "ComponentsJudge"
    loaded = load_checked(data)
    assert isinstance(loaded, type(learnt))
    assert np.array_equal(loaded.strangeness(window()).distance, learnt.strangeness(window()).distance)


@pytest.mark.slow
def test_a_file_that_wants_too_much_memory_is_refused_with_the_reason() -> None:
    with pytest.raises(Rejected, match=r"model_failed.*more than 16777216 bytes"):
        check_in_child(dumps(np.zeros(6 * 2**20)), Limits(memory_bytes=16 * 2**20))


@pytest.mark.slow
def test_a_refusal_of_the_child_is_told_as_its_own() -> None:
    import skops.io

    with pytest.raises(Rejected, match="bad_model_file: a skops file, but none that Forewarn has written"):
        check_in_child(skops.io.dumps({"format": 99}))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "was ended by SIGSEGV"),
        ("import sys; sys.exit('out of luck')", "ended with 1: out of luck"),
        ("import time; time.sleep(600)", "had not answered after 1 s"),
        ("pass", "gave no answer"),
        ("print('[]')", "gave no answer"),
    ],
)
def test_a_child_that_crashes_or_hangs_is_told_in_words(
    program: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child is another program here: the real one has no known way to crash."""
    command = [sys.executable, "-c", program]
    monkeypatch.setattr("forewarn.models.registry.loader.python", lambda: command)
    with pytest.raises(Rejected, match=f"model_failed.*{said}"):
        check_in_child(dumps(1), Limits(wall_s=1.0 if "sleep" in program else 120.0))


def test_what_is_no_model_file_never_starts_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forewarn.models.registry.loader.python", lambda: ["/nonexistent"])
    with pytest.raises(Rejected, match="this is a pickle"):
        load_checked(b"\x80\x04N.")
