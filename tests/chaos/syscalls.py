"""Death and errors at chosen system calls of the ingest process.

Three parts. `honest`: the record of one calm run shows for every PUBACK that the fsync of its message had returned.
`deaths`: kill -9 on the way into the Nth fsync, write or unlink, N drawn by the seed, start after start on the same
files; one of the starts finds what a power cut leaves, a record of the right length with wrong bytes. `errors`: the
kernel refuses once; a refused fsync must end the process, a full disk or a lack of descriptors must not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from forewarn.ingest.delivery import Frame
from forewarn.ingest.journal import segment_path, segment_starts
from forewarn.ingest.journal_records import encode_record
from tests.chaos.load import Load
from tests.chaos.scenario import Bench, Finding, joined, settle, zeros
from tests.chaos.strace import honesty_of, injecting, need_strace, watching
from tests.chaos.victim import Victim, ledger_settings

RATE = 400.0
DEADLY_CALLS = ("fdatasync", "fdatasync", "pwrite64", "pwrite64", "write", "fsync", "ftruncate", "unlink", "openat")
LATEST_CALL = {"fdatasync": 25, "pwrite64": 50, "write": 25, "fsync": 1, "ftruncate": 2, "unlink": 2, "openat": 400}
"""strace counts for each thread from its start: the smaller ones strike while the process opens its files."""
LIFE_S = 8.0
END_S = 15.0
PHANTOM = 1 << 40
"""An id that nobody sends."""
FIRST_SEGMENT = "segment-00000000000000000000.journal"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error of the kernel: which file it concerns, and whether the process has to end over it."""

    name: str
    fault: str
    file: str
    is_fatal: bool


REFUSALS = (
    Refusal("journal fsync EIO", "fdatasync:error=EIO:when=@", f"journal/{FIRST_SEGMENT}", True),
    Refusal("store fsync EIO", "fdatasync:error=EIO:when=@", "series/catalogue.db-wal", True),
    Refusal("journal write EIO", "write:error=EIO:when=@", f"journal/{FIRST_SEGMENT}", True),
    Refusal("journal write ENOSPC", "write:error=ENOSPC:when=@..+3", f"journal/{FIRST_SEGMENT}", False),
    Refusal("store write ENOSPC", "pwrite64:error=ENOSPC:when=@..+3", "series/catalogue.db-wal", False),
    Refusal("accept EMFILE", "accept4:error=EMFILE:when=1..2", "", False),
)


def run(bench: Bench) -> Finding:
    """See the module."""
    need_strace()
    if bench.brief:
        only: dict[str, Callable[[Bench], Finding]] = {
            "honest": honest,
            "refused": lambda bench: refusal(bench, REFUSALS[0]),
        }
        return only.get(bench.focus, deaths)(bench)
    return joined([honest(bench), deaths(bench), *[refusal(bench, one) for one in REFUSALS], short_write(bench)])


def honest(bench: Bench) -> Finding:
    """Counts for every PUBACK that left whether its message had been synced."""
    trace = bench.folder / "honest.trace"
    with bench.victim(ledger_settings(bench.folder / "honest")) as victim:
        victim.start(*watching(trace))
        with Load(bench.orders(victim, rate=RATE, count=600, file=str(bench.folder / "honest.ledger"))) as load:
            load.wait(bench.drain_s)
            books = settle(victim, load.ledger, bench.drain_s)
    seen = honesty_of(trace)
    wrong = {"acked_before_fsync": seen.acked_before_fsync, "nothing_seen_by_strace": int(seen.acks < 600)}
    return Finding(books, {**zeros(books), **wrong}, {"honest": seen._asdict()})


def deaths(bench: Bench) -> Finding:
    """One death after another under load, then the books."""
    settings = ledger_settings(bench.folder / "deaths", segment_bytes=65_536)
    points, struck, silent = bench.points, dict[str, int](), 0
    with bench.victim(settings) as victim, Load(bench.orders(victim, rate=RATE)) as load:
        for point in range(points):
            call = bench.focus or bench.random.choice(DEADLY_CALLS)
            at = bench.random.randint(1, LATEST_CALL[call])
            died = die_at(victim, bench.folder / "deaths.trace", call, at)
            struck[call] = struck.get(call, 0) + died
            silent += not died
            if point == points // 2:
                tear_the_tail(victim)
            if point % 10 == 9:
                bench.say(f"death {point + 1}/{points}")
        started = victim.start()
        load.finish(bench.drain_s)
        books = settle(victim, load.ledger, bench.drain_s)
    wrong = {**zeros(books), "did_not_start_again": int(not started)}
    return Finding(books, wrong, {"deaths": struck, "points": points, "killed_without_reaching_the_call": silent})


def die_at(victim: Victim, trace: Path, call: str, at: int) -> bool:
    """Start it so that it dies on the way into a call; a process that never gets there is killed all the same."""
    victim.launch(*injecting(f"{call}:signal=SIGKILL:when={at}", out=trace))
    reached = victim.exit_code(LIFE_S) is not None
    victim.kill()
    return reached


def tear_the_tail(victim: Victim) -> None:
    """Leave what a power cut may leave: the record that was being written has its length, but not all its bytes."""
    folder = victim.settings.journal_dir
    path = segment_path(folder, segment_starts(folder)[-1])
    position = segment_starts(folder)[-1] + path.stat().st_size
    now_ms = time.time_ns() // 1_000_000
    payload = f'{{"value":{PHANTOM},"ts":{now_ms - 7_200_000}}}'.encode()
    record = bytearray(encode_record(position, [Frame(now_ms * 1000, 1, "ledger", "ledger/n0", payload)]))
    record[-1 - payload[::-1].index(b"0"[0])] ^= 1  # a digit of the time reads as another one now
    with path.open("ab") as file:
        file.write(record)


def refusal(bench: Bench, what: Refusal) -> Finding:
    """One refusal of the kernel under load. After a fatal one, a clean start must find everything in order."""
    settings = ledger_settings(bench.folder / what.name.replace(" ", "-"))
    at = bench.random.randint(5, 25)
    fault = what.fault.replace("@..+3", f"{at}..{at + 3}").replace("@", str(at))
    path = settings.state_dir / what.file if what.file else None
    name = what.name.replace(" ", "_")
    with bench.victim(settings) as victim:
        if path is not None:
            make_files(victim)
        victim.start(*injecting(fault, path=path, out=settings.plant.with_name("trace")))
        ledger = str(bench.folder / f"{name}.ledger")
        with Load(bench.orders(victim, rate=RATE, file=ledger)) as load:
            code = victim.exit_code(END_S if what.is_fatal else LIFE_S)
            as_told = code == 1 if what.is_fatal else code is None
            if code is not None or what.is_fatal:
                victim.kill()
                as_told &= victim.start()
            load.finish(bench.drain_s)
            books = settle(victim, load.ledger, bench.drain_s)
    wrong = {f"went_on_after_{name}" if what.is_fatal else f"ended_by_{name}": int(not as_told)}
    return Finding(books, {**zeros(books), **wrong}, {name: {"at_call": at, "exit_code": code}})


def make_files(victim: Victim) -> None:
    """A first life: strace wants the files that it watches to be there."""
    victim.start()
    victim.stop()


def short_write(bench: Bench) -> Finding:
    """A limit on the size of files: the write that crosses it comes back short, the next one is refused."""
    settings = ledger_settings(bench.folder / "short")
    with bench.victim(settings) as victim:
        victim.start("prlimit", "--fsize=2000000")
        orders = bench.orders(victim, rate=2 * RATE, pad_bytes=3000, file=str(bench.folder / "short.ledger"))
        with Load(orders) as load:
            code = victim.exit_code(END_S)
            victim.kill()
            started = victim.start()
            load.finish(bench.drain_s)
            books = settle(victim, load.ledger, bench.drain_s)
    wrong = {"went_on_after_short_write": int(code != 1), "did_not_start_again": int(not started)}
    return Finding(books, {**zeros(books), **wrong}, {"short_write": {"exit_code": code}})
