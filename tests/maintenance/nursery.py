"""Programs that are to be killed, without the seconds that each would need to import: one parent has imported all, and
forks. `Nursery` is its remote control."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time

from tests.conftest import ROOT

PROGRAMS = ("tests.maintenance.sending", "tests.maintenance.walking", "tests.maintenance.stock.stock_walking")


class Nursery:
    """Starts functions as processes of their own: `start("module:function", *arguments)` gives the process id."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.maintenance.nursery"]
        self._parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, function: str, *arguments: str) -> int:
        """Run it now; its output goes to our stderr."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps([function, *arguments]) + "\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())

    def lives(self, pid: int) -> bool:
        """Has it not ended yet?"""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self, pid: int) -> None:
        """SIGKILL; returns when it is gone."""
        if self.lives(pid):
            os.kill(pid, signal.SIGKILL)
        while self.lives(pid):
            time.sleep(0.001)

    def close(self) -> None:
        """End the parent."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.wait(10.0)
        self._parent.stdout.close()


def main() -> None:
    """The parent: a line of standard input is a program to start."""
    for name in PROGRAMS:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they vanish when they end
    for line in sys.stdin:
        function, *arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            module, _, name = function.partition(":")
            os.dup2(2, 1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            getattr(importlib.import_module(module), name)(*arguments)
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
