"""Bad messages among good ones: one in ten, then nothing else, then none.

All good ones must be stored, each bad one must lie in quarantine exactly once, under its own bytes and with a reason,
and no bad message may keep a place in the window of unacknowledged messages: the window here is 20, far fewer than
there are bad messages.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from forewarn.core.ports import Refusal
from forewarn.ingest.store.reader import PackedReader
from tests.chaos.ledger import Ledger, read_ledger
from tests.chaos.load import Load
from tests.chaos.scenario import Bench, Finding, settle, zeros

POISONS = (
    ("ledger/n0", '{"value":NaN,"ts":1795392000000,"#":"@"}'),
    ("ledger/n1", '{"value":1e999,"ts":1795392000000,"#":"@"}'),
    ("ledger/n2", '{"value":12,"ts":179539200#@'),
    ("ledger/n3", "\x00\xff\xfe#@#"),
    ("ledger/n4", '{"value":"warm","#":"@"}'),
    ("ledger/n5", '{"value":1,"ts":4102444800000,"#":"@"}'),
    ("ledger/n6", "[" * 64 + '"#@"' + "]" * 64),
    ("ledger/n7", '{"value":1,"value":2,"ts":1795392000000,"#":"@"}'),
    ("nobody/knows", '{"value":1,"#":"@"}'),
    ("ledger/n0", '{"value":1,"ts":"yesterday","#":"@"}'),
    ("ledger/n1", '{"value":' + "9" * 200 + ',"#":"@"}'),
    ("ledger/n2", '{"ts":1795392000000,"#":"@"}'),
    ("ledger/n3", "Infinity #@"),
)
"""Topic and payload; `@` is where the id stands, by which it is found again."""
_ID = re.compile(rb'#(?:":")?(\d+)')
WINDOW = 20
PHASES = ((10, 2000), (1, 800), (0, 1000))
"""Every so manieth message is bad, and how many messages there are."""
MOST_ROWS = 100_000
PHASE_S = 60.0


def run(bench: Bench) -> Finding:
    """See the module."""
    files, stuck, first = [], 0, 0
    with bench.victim() as victim:
        victim.start()
        for phase, (bad_every, count) in enumerate(PHASES):
            file = bench.folder / f"ledger-{phase}"
            files.append(file)
            told = {"file": str(file), "first_id": first, "count": count, "in_flight": WINDOW, "mqtt5": phase % 2 == 0}
            orders = bench.orders(victim, bad_every=bad_every, poisons=POISONS, **told)
            with Load(orders) as load:
                done = load.wait(PHASE_S if not bench.brief else PHASE_S / 4)
            stuck += not done
            first += count
            bench.say(f"{count} messages, {'every ' + str(bad_every) + '. one' if bad_every else 'none'} bad")
        ledger = read_ledger(*files)
        ended = not victim.runs
        books = settle(victim, ledger, bench.drain_s)
    rows = quarantine_of(victim.settings.series_dir)
    wrong = {**zeros(books), "stream_stopped": stuck, "ended_by_a_message": int(ended), **misplaced(ledger, rows)}
    return Finding(books, wrong, {"bad": len(ledger.bad_acked), "reasons": dict(Counter(row.reason for row in rows))})


def quarantine_of(series_dir: Path) -> list[Refusal]:
    """All of it."""
    reader = PackedReader(series_dir)
    try:
        return reader.quarantine(limit=MOST_ROWS)
    finally:
        reader.close()


def misplaced(ledger: Ledger, rows: list[Refusal]) -> dict[str, int]:
    """Bad messages that are not in quarantine, are there twice, or have no reason; good ones that are there."""
    found = Counter(int(match[1]) for row in rows if (match := _ID.search(row.payload)))
    return {
        "bad_not_quarantined": len(ledger.bad_acked - set(found)),
        "bad_quarantined_twice": sum(n - 1 for i, n in found.items() if i in ledger.bad_acked),
        "good_quarantined": sum(not _ID.search(row.payload) for row in rows),
        "without_reason": sum(not row.reason for row in rows),
    }
