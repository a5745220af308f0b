"""strace in front of the ingest process: faults at a chosen system call, and the record of what it did in which order.

`-D` puts the tracer beside the process and not above it: the process keeps its id, its exit status and its signals.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from forewarn.ingest.journal_records import HEADER
from tests.chaos.scenario import NotRun, need

PUBACK, PUBACK_BYTES = b"\x40\x02", 4
_STRACE = ("strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "signal=none")
_CALL = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\(\d+<(?P<what>.*?)>(?:, \"(?P<data>(?:\\x..)*)\")?")
_RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. (?P<name>\w+) resumed>")
_RESULT = re.compile(r"= (?P<result>-?\d+)")
_LENGTH = re.compile(r", (?P<bytes>\d+), (?:MSG_\w+|0)")


def injecting(*faults: str, path: Path | None = None, out: Path) -> tuple[str, ...]:
    """The program in front that injects faults such as `fdatasync:error=EIO:when=3`, on one file where it is named."""
    calls = ",".join(dict.fromkeys(fault.partition(":")[0] for fault in faults))
    wanted = [word for fault in faults for word in ("-e", f"inject={fault}")]
    only = ["-P", str(path)] if path else []
    return (*_STRACE, "-o", str(out), "-e", f"trace={calls}", *wanted, *only)


def watching(out: Path) -> tuple[str, ...]:
    """The program in front that records journal writes, fsyncs and what leaves by the sockets."""
    return (*_STRACE, "-y", "-xx", "-s", "32", "-o", str(out), "-e", "trace=write,fsync,fdatasync,sendto")


def need_strace() -> None:
    """Raises `NotRun` where strace is missing or may not trace."""
    need("strace")
    tried = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False)
    if tried.returncode:
        raise NotRun(f"strace may not trace here: {tried.stderr.decode(errors='replace').strip()[:200]}")


class Call(NamedTuple):
    """The begin or the end of a system call; `result` is None at a begin, `data` the first bytes handed over."""

    name: str
    what: str
    data: bytes
    length: int
    result: int | None


def calls_of(trace: Path) -> Iterator[Call]:
    """Begins and ends of system calls, in the order in which they happened."""
    open_calls: dict[str, Call] = {}
    for line in trace.read_text(errors="replace").splitlines():
        ended = _RESUMED.match(line)
        if ended is not None:
            call = open_calls.pop(ended["pid"], None)
        elif (begun := _CALL.match(line)) is not None:
            call = _call_of(line, begun)
            yield call
            if line.endswith("<unfinished ...>"):
                open_calls[begun["pid"]] = call
                continue
        else:
            continue
        result = _RESULT.search(line)
        if call is not None and result is not None:
            yield call._replace(result=int(result["result"]))


def _call_of(line: str, found: re.Match[str]) -> Call:
    data = bytes.fromhex((found["data"] or "").replace("\\x", ""))
    length = _LENGTH.search(line)
    return Call(found["name"], _plain(found["what"]), data, int(length["bytes"]) if length else 0, None)


def _plain(path: str) -> str:
    """Paths are printed as escapes too."""
    return bytes.fromhex(path.replace("\\x", "")).decode(errors="replace") if path.startswith("\\x") else path


class Honesty(NamedTuple):
    """How far the acknowledgements ran ahead of the disk at most, and what was seen in all."""

    acked_before_fsync: int
    acks: int
    frames_synced: int


def honesty_of(trace: Path) -> Honesty:
    """Counts PUBACKs that left, and frames whose fdatasync had returned 0 by then: never may the first be more."""
    written = synced = acks = ahead = 0
    for call in calls_of(trace):
        if call.what.endswith(".journal"):
            if call.name == "write" and call.result is None and len(call.data) >= HEADER.size:
                written += int(HEADER.unpack_from(call.data)[3])
            elif call.name in ("fsync", "fdatasync") and call.result == 0:
                synced = written
        elif call.name == "sendto" and call.result is None and call.data.startswith(PUBACK):
            acks += call.length // PUBACK_BYTES
            ahead = max(ahead, acks - synced)
    return Honesty(ahead, acks, synced)
