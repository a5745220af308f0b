"""All scenarios, read from top to bottom."""

from __future__ import annotations

from tests.chaos import kills, poison, stops, syscalls
from tests.chaos.scenario import Scenario

SCENARIOS = (
    Scenario(
        "kills",
        ("I1",),
        "kill -9 of ingest, main or both at random moments of the running and the starting system, fleet beside it",
        "ledger against store by set algebra, rows on disk, orders, audit chain",
        kills.run,
    ),
    Scenario(
        "syscalls",
        ("I1", "I2", "I4"),
        "kill -9 on the way into the Nth fsync, write or unlink; EIO, ENOSPC, EMFILE, short writes; a torn tail",
        "every PUBACK after the fsync of its message (strace); a refused fsync ends the process; ledger against store",
        syscalls.run,
    ),
    Scenario(
        "stops",
        ("I24", "I25"),
        "SIGTERM at random moments under load; a second ingest process beside a running and a frozen one",
        "exit status 0 within ten seconds; the second ends with a clear line; ledger against store",
        stops.run,
    ),
    Scenario(
        "poison",
        ("I15",),
        "one bad message in ten, then only bad ones, then only good ones, with a window of 20",
        "every good one stored, every bad one in quarantine once with a reason; nothing stops",
        poison.run,
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
