"""All scenarios, read from top to bottom."""

from __future__ import annotations

from tests.chaos import clock, disk_full, kills, memory, mosquitto, network, orders, poison, stock, stops, syscalls
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
        "disk_full",
        ("I5",),
        "a 32 MiB file system that fills up under load and is emptied again, behind the journal and behind the store",
        "no PUBACK while full, reads work, goes on by itself; ledger against store",
        disk_full.run,
    ),
    Scenario(
        "network",
        ("I8", "I19"),
        "messages repeated, late, out of order, swallowed, cut every 200 ms, replayed; a wire that is pulled",
        "store equals the input without repetitions; a replay stores nothing and opens no order",
        network.run,
    ),
    Scenario(
        "clock",
        ("I18",),
        "wall clock jumps of a second, an hour, ten years, and back past midnight, while ingest runs",
        "no crash, no standstill; acknowledged = stored or quarantined; what lies in the future is quarantined",
        clock.run,
    ),
    Scenario(
        "memory",
        ("I17",),
        "the store's files locked for 15 s at 24 MB/s, with 512 MiB of memory",
        "reading stops, nothing acknowledged past the journal's limit, peak memory, everything caught up",
        memory.run,
    ),
    Scenario(
        "stops",
        ("I24", "I25"),
        "SIGTERM at random moments under load; a second ingest process beside a running and a frozen one",
        "exit status 0 within ten seconds; the second ends with a clear line; ledger against store",
        stops.run,
    ),
    Scenario(
        "orders",
        ("I9", "I10", "I11", "I14"),
        "64 workers with the same alarm a thousand times; kill -9 of programs that work on orders; cut connections",
        "one open order each, losers led to it; every request once; history replays to state; both databases",
        orders.run,
    ),
    Scenario(
        "stock",
        ("I11", "I12", "I14"),
        "50 technicians and the last 10 pieces 30 times; kill -9 of programs that move stock; cut connections",
        "exactly ten succeed; balances are the sums of moves after every step; every request once; both databases",
        stock.run,
    ),
    Scenario(
        "mosquitto",
        ("I6", "I7"),
        "Mosquitto in front; kill -9 of it, with ingest frozen, and of ingest, in turn",
        "a tap between the two: what ingest acknowledged is stored; what the broker lost is exactly what gaps report",
        mosquitto.run,
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
