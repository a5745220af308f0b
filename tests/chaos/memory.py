"""A store that stands still under a high rate, with 512 MiB of memory and a small journal.

Another process holds the write locks of the store's files. The journal absorbs up to its limit, then acknowledgements
stop, then reading stops, and TCP tells the sender; nothing is dropped and nothing grows without bound. When the locks
are gone the rest comes in.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.chaos.load import Load
from tests.chaos.machine import MIB, memory_limit
from tests.chaos.scenario import Bench, Finding, settle, zeros
from tests.chaos.victim import ledger_settings

LIMIT_BYTES = 512 * MIB
JOURNAL_LIMIT = 64 * MIB
"""More than the 32 MiB that may wait for one commit."""
RATE, PAD_BYTES, OUTSTANDING = 3000.0, 8000, 12_000
STALL_S, LOOK_S = 12.0, 3.0


@contextmanager
def stalled(series_dir: Path) -> Iterator[None]:
    """Hold the write lock of every file of a store."""
    with closing(_Locks(sorted(series_dir.glob("*.db")))):
        yield


class _Locks:
    def __init__(self, files: list[Path]) -> None:
        self._held = [sqlite3.connect(file, isolation_level=None, timeout=30) for file in files]
        for connection in self._held:
            connection.execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        for connection in self._held:
            connection.execute("ROLLBACK")
            connection.close()


def run(bench: Bench) -> Finding:
    """See the module."""
    settings = ledger_settings(bench.folder, limit_bytes=JOURNAL_LIMIT, segment_bytes=MIB)
    group = f"forewarn-chaos-{time.monotonic_ns()}"
    with memory_limit(LIMIT_BYTES, group) as (wrapper, means), bench.victim(settings) as victim:
        victim.start(*wrapper)
        flood = {"rate": RATE, "pad_bytes": PAD_BYTES, "outstanding": OUTSTANDING, "in_flight": 0}
        with Load(bench.orders(victim, **flood)) as load:
            time.sleep(1.0)
            with stalled(settings.series_dir):
                time.sleep(STALL_S / 2 if bench.brief else STALL_S)
                before = len(load.ledger.acked)
                time.sleep(LOOK_S)
                acked = len(load.ledger.acked) - before
            lives, finished = victim.runs, load.finish(bench.drain_s)
            peak = victim.peak_memory_bytes() if victim.runs else LIMIT_BYTES
            books = settle(victim, load.ledger, bench.drain_s)
    wrong = {
        "ended_when_stalled": int(not lives),
        "acked_past_the_journals_limit": acked,
        "reading_never_stopped": int(not victim.said("reading_stopped")),
        "memory_over_limit": int(peak >= LIMIT_BYTES),
        "did_not_catch_up": int(not finished),
    }
    figures = {"memory_by": means, "peak_mib": peak // MIB, "stalled_s": STALL_S + LOOK_S}
    bench.say(f"{figures}")
    return Finding(books, {**zeros(books), **wrong}, figures)
