"""What a program and everything it started take: CPU time and resident memory, from /proc."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

MIB = 1 << 20
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Usage(NamedTuple):
    """A moment (monotonic seconds), CPU seconds used until then, resident bytes then."""

    at_s: float
    cpu_s: float
    rss: int


class _Process(NamedTuple):
    parent: int
    cpu_s: float
    rss: int


def usage_of(pid: int) -> Usage:
    """Of a process and all below it; a child that ended counts by what its parent has waited for.

    >>> usage_of(os.getpid()).rss > MIB
    True
    """
    processes, children = _processes(), defaultdict[int, list[int]](list)
    for number, process in processes.items():
        children[process.parent].append(number)
    family, cpu_s, rss = [pid], 0.0, 0
    for number in family:
        if number in processes:
            cpu_s, rss = cpu_s + processes[number].cpu_s, rss + processes[number].rss
            family += children[number]
    return Usage(time.monotonic(), cpu_s, rss)


def _processes() -> dict[int, _Process]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended just now
                continue
            found[int(entry.name)] = _Process(int(fields[1]), sum(map(int, fields[11:15])) * _TICK_S, _rss(fields))
    return found


def _rss(fields: list[str]) -> int:
    return int(fields[21]) * _PAGE
