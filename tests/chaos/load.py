"""The publisher as the harness sees it: a process that is started, asked to finish, and whose ledger is read."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.chaos.ledger import Ledger, Orders, read_ledger

FINISH_S = 60.0


class Load:
    """A publisher in a process of its own; as a context it is gone at the end, whatever happens inside."""

    def __init__(self, orders: Orders, wrapper: tuple[str, ...] = ()) -> None:
        self.file = Path(orders.file)
        command = [*wrapper, sys.executable, str(Path(__file__).with_name("ledger.py")), json.dumps(asdict(orders))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Load:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def ledger(self) -> Ledger:
        """What it has noted so far."""
        return read_ledger(self.file)

    def finish(self, timeout_s: float = FINISH_S) -> dict[str, Any]:
        """No new messages; the report once everything is acknowledged, empty when that does not come in time."""
        try:
            out, _ = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return {}
        report: dict[str, Any] = json.loads(out.splitlines()[-1])
        return report

    def wait(self, timeout_s: float = FINISH_S) -> bool:
        """Has a publisher with a `count` come to its end?"""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True
