"""Wall clocks that jump while the ingest process runs: seconds, an hour, ten years, and back past midnight.

libfaketime moves the clock of the running process; its monotonic clock stays true, as at a real jump. Each jump lasts
some seconds under load and is judged by itself. Nothing crashes or stands still; every acknowledged reading is in the
store or in quarantine; what lies more than five minutes ahead of the false clock is refused as `future`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from tests.chaos.ledger import Ledger
from tests.chaos.load import Load
from tests.chaos.machine import FalseClock
from tests.chaos.poison import quarantine_of
from tests.chaos.scenario import Bench, Finding, books_of, zeros
from tests.chaos.verdict import good_ids_of
from tests.chaos.victim import Victim, wait_until_accounted

HOUR_S, DAY_S = 3600.0, 86_400.0
JUMP_S, QUIET_S = 2.0, 10.0
EDGE_S = 0.5
RATE = 400.0


def jumps() -> list[tuple[str, float, bool]]:
    """Name, offset of the clock (s), and whether readings of the true time lie in its future."""
    now = datetime.now(UTC)
    past_midnight = -(now.hour * HOUR_S + now.minute * 60.0 + now.second + 2 * HOUR_S)
    return [
        ("+1 s", 1.0, False),
        ("-1 s", -1.0, False),
        ("+1 h", HOUR_S, False),
        ("-1 h", -HOUR_S, False),
        ("+10 y", 3652.5 * DAY_S, False),
        ("back past midnight", past_midnight, True),
    ]


def run(bench: Bench) -> Finding:
    """See the module."""
    clock = FalseClock(bench.folder)
    chosen = jumps()[-1:] if bench.brief else jumps()
    future, stuck = set[int](), 0
    with bench.victim() as victim:
        victim.start(variables=clock.variables)
        with Load(bench.orders(victim, rate=RATE)) as load:
            time.sleep(1.0)
            for name, offset_s, is_future in chosen:
                ids = jump(clock, load, offset_s)
                stuck += not ids
                future |= ids if is_future else set()
                stuck += not caught_up(victim, load.ledger)
                bench.say(f"{name}: {len(ids)} readings")
            lives = victim.runs
            clock.set(0)
            finished = load.finish(bench.drain_s)
            ledger = load.ledger
            caught_up(victim, ledger)
            code = victim.stop()
    rows = quarantine_of(victim.settings.series_dir)
    refused = {row_reason: good_ids_of(rows, row_reason) for row_reason in {row.reason for row in rows}}
    books = books_of(victim.settings, ledger, set().union(*refused.values()))
    wrong = {
        "ended_by_a_jump": int(not lives),
        "stood_still": stuck + (not finished),
        "stop_not_clean": int(code != 0),
        "future_stored": len(future - refused.get("future", set())),
        "refused_for_another_reason": sum(
            len(ids) for name, ids in refused.items() if name not in ("future", "too_old")
        ),
    }
    return Finding(books, {**zeros(books), **wrong}, {"refused": {name: len(ids) for name, ids in refused.items()}})


def jump(clock: FalseClock, load: Load, offset_s: float) -> set[int]:
    """Set the clock, let it be for a while; the ids that were sent and acknowledged well inside that time."""
    clock.set(offset_s)
    time.sleep(EDGE_S)
    before = load.ledger.attempted
    time.sleep(JUMP_S)
    return load.ledger.acked - before


def caught_up(victim: Victim, ledger: Ledger) -> bool:
    """Is all of this accounted for, before the clock moves again?"""
    return wait_until_accounted(victim.settings, len(ledger.acked), QUIET_S)
