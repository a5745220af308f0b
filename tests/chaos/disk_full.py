"""A disk that fills up under load and is emptied again, once behind the journal and once behind the store.

While it is full nothing is acknowledged, what is stored can be read, and the process lives; when there is space again
it goes on by itself. Every acknowledged reading is there at the end.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import nullcontext
from pathlib import Path

from forewarn.core.errors import ForewarnError
from forewarn.ingest.store.reader import PackedReader
from tests.chaos.load import Load
from tests.chaos.machine import MIB, small_disk
from tests.chaos.memory import stalled
from tests.chaos.scenario import Bench, Finding, joined, settle, zeros
from tests.chaos.victim import Victim, ledger_settings

PARTS = ("journal", "series")
RATE, PAD_BYTES = 800.0, 1500
JOURNAL_LIMIT = 2 * MIB
"""Behind a full store the journal absorbs so much; then acknowledgements must end."""
SETTLE_S, FULL_S = 6.0, 2.0
RESUME_S = 15.0


def run(bench: Bench) -> Finding:
    """See the module."""
    return joined([fill(bench, part) for part in (PARTS[:1] if bench.brief else PARTS)])


def fill(bench: Bench, part: str) -> Finding:
    """Fill the disk under one folder of the state."""
    limit = JOURNAL_LIMIT if part == "series" else 64 * MIB
    settings = ledger_settings(bench.folder / part, limit_bytes=limit, segment_bytes=262_144)
    disk = bench.folder / f"{part}-disk"
    with small_disk(disk) as kind:
        place = disk / part
        place.mkdir()
        settings.state_dir.mkdir()
        (settings.state_dir / part).symlink_to(place)
        with bench.victim(settings) as victim:
            victim.start()
            ledger = str(bench.folder / f"{part}.ledger")
            with Load(bench.orders(victim, rate=RATE, pad_bytes=PAD_BYTES, file=ledger)) as load:
                time.sleep(1.5)
                wrong = squeeze(victim, load, disk / "ballast")
                bench.say(f"{part} on {kind}: {wrong}")
                load.finish(bench.drain_s)
                books = settle(victim, load.ledger, bench.drain_s)
    found = {f"{name}_{part}": count for name, count in wrong.items()}
    return Finding(books, {**zeros(books), **found}, {f"{part}_disk": kind})


def squeeze(victim: Victim, load: Load, ballast: Path) -> dict[str, int]:
    """Fill, look, empty, look."""
    series_dir = victim.settings.series_dir
    # else consumed segments give their space back, and the journal rightly goes on in it
    still = nullcontext() if series_dir.is_symlink() else stalled(series_dir)
    with still:
        take_all_space(ballast)
        time.sleep(SETTLE_S)
        before = len(load.ledger.acked)
        time.sleep(FULL_S)
        wrong = {"acked_while_full": len(load.ledger.acked) - before, "reads_failed": int(not can_read(victim))}
        wrong["ended_when_full"] = int(not victim.runs)
        ballast.unlink()
    wrong["did_not_resume"] = int(not goes_on(load))
    return wrong


def take_all_space(ballast: Path) -> None:
    """Write until the disk says no, down to its last byte."""
    with ballast.open("wb", buffering=0) as file:
        for size in (MIB, 4096, 512):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        os.fsync(file.fileno())


def can_read(victim: Victim) -> bool:
    """Does a reader in another process get what is stored?"""
    reader = PackedReader(victim.settings.series_dir)
    try:
        names = reader.names()
        return any(len(reader.read(number, 0, 2**62)) for number in names.values())
    except (OSError, ForewarnError):
        return False
    finally:
        reader.close()


def goes_on(load: Load) -> bool:
    """Are messages acknowledged again?"""
    before, deadline = len(load.ledger.acked), time.monotonic() + RESUME_S
    while len(load.ledger.acked) == before:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
