"""Who judges: the thread that asks, or a pool of processes that only return values.

Each asset has its own worker, for the worker remembers what its channels have taught. A worker that died costs one
answer per asset of that moment and is replaced. The answer is the same whoever gives it.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Protocol

from forewarn.core.errors import ForewarnError, Retriable
from forewarn.core.health import Assessment, SensorProblem
from forewarn.core.plant import Asset
from forewarn.core.plant_limits import Shelved
from forewarn.core.readings import Tracks
from forewarn.models.assess import AssessSettings, assess
from forewarn.models.class_prior import NO_PRIOR, ClassPrior
from forewarn.models.detectors.own_past import Memory
from forewarn.models.diagnosis.learned import NOTHING_LEARNED, Learned
from forewarn.models.say import NOTHING_SAID, Say

MANY_ASSETS = 400
"""From so many machines on a plant gets a process per core, unless its settings say otherwise."""

TOGETHER = 10
"""So many assets go to a worker in one message."""

REMEMBERED = 20_000
"""So many assets does a worker remember what they have taught; the one not asked about for longest is forgotten."""


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """Everything that one assessment rests on."""

    asset: Asset
    tracks: Tracks
    problems: tuple[SensorProblem, ...]
    now_us: int
    since_us: int | None
    shelved: tuple[Shelved, ...] = ()
    prior: ClassPrior = NO_PRIOR
    learned: Learned = NOTHING_LEARNED
    say: Say = NOTHING_SAID


@dataclass(frozen=True, slots=True)
class Failure:
    """A model that failed on one asset is an answer too. `ours`: an error that speaks for itself, without its trace."""

    kind: str
    text: str
    ours: bool
    trace: str = ""

    @staticmethod
    def of(error: Exception) -> Failure:
        """What an error says, as a value that travels between processes."""
        ours = isinstance(error, ForewarnError)
        trace = "" if ours else "".join(traceback.format_exception(error))
        return Failure(type(error).__name__, str(error), ours, trace)


Answer = Assessment | Failure


class Judges(Protocol):
    """Gives an answer for each question."""

    def answers(self, asks: Sequence[Ask], settings: AssessSettings) -> Iterator[tuple[Ask, Answer]]:
        """One answer for each question, those of one asset in order; else as they come."""
        ...

    def close(self) -> None:
        """Nothing more will be asked."""
        ...


class OwnThread:
    """Judges in the thread that asks. Remembers what each asset's channels have taught."""

    def __init__(self) -> None:
        self._memories: OrderedDict[str, Memory] = OrderedDict()

    def answers(self, asks: Sequence[Ask], settings: AssessSettings) -> Iterator[tuple[Ask, Answer]]:
        """One after the other."""
        for ask in asks:
            yield ask, self.answer(ask, settings)

    def answer(self, ask: Ask, settings: AssessSettings) -> Answer:
        """The assessment, or what went wrong."""
        try:
            memory = self._memory_of(ask.asset.id)
            return assess(
                ask.asset,
                ask.tracks,
                ask.problems,
                ask.now_us,
                settings,
                ask.since_us,
                memory,
                shelved=ask.shelved,
                prior=ask.prior,
                learned=ask.learned,
                say=ask.say,
            )
        except Exception as error:
            return Failure.of(error)

    def close(self) -> None:
        """Nothing is held open."""

    def _memory_of(self, id: str) -> Memory:
        memory = self._memories.pop(id, None) or Memory()
        self._memories[id] = memory
        if len(self._memories) > REMEMBERED:
            self._memories.popitem(last=False)
        return memory


class WorkerPool:
    """So many processes, each with the assets that fall to it. They start when the first question comes."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ValueError(f"a pool has at least 1 worker, not {workers}")
        self._workers: list[ProcessPoolExecutor | None] = [None] * workers

    def answers(self, asks: Sequence[Ask], settings: AssessSettings) -> Iterator[tuple[Ask, Answer]]:
        """Each worker gets its assets in portions; answers come in the order of the portions."""
        portions = list(self._portions(asks))
        asked = [(place, portion, self._ask(place, portion, settings)) for place, portion in portions]
        for place, portion, future in asked:
            try:
                found: Iterable[Answer] = future.result()
            except BrokenProcessPool:
                self._workers[place] = None
                ended = Retriable(f"worker {place} of the scoring ended; it is started again")
                found = [Failure.of(ended)] * len(portion)
            yield from zip(portion, found, strict=True)

    def processes(self) -> list[int]:
        """Ids of the processes that run."""
        started = [worker for worker in self._workers if worker is not None]
        return [id for worker in started for id in worker._processes]

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            if worker is not None:
                worker.shutdown(wait=True, cancel_futures=True)
        self._workers = [None] * len(self._workers)

    def _portions(self, asks: Sequence[Ask]) -> Iterator[tuple[int, list[Ask]]]:
        """Portions of all workers in turn, so that none waits for another's."""
        mine: list[list[Ask]] = [[] for _ in self._workers]
        for ask in asks:
            mine[zlib.crc32(ask.asset.id.encode()) % len(mine)].append(ask)
        for start in range(0, max(map(len, mine), default=0), TOGETHER):
            for place, own in enumerate(mine):
                if own[start : start + TOGETHER]:
                    yield place, own[start : start + TOGETHER]

    def _ask(self, place: int, portion: list[Ask], settings: AssessSettings) -> Future[list[Answer]]:
        worker = self._workers[place] or _started()
        self._workers[place] = worker
        try:
            return worker.submit(_answer_all, portion, settings)
        except BrokenProcessPool as error:
            broken: Future[list[Answer]] = Future()
            broken.set_exception(error)
            return broken


def judges_for(assets: int, workers: int | None) -> Judges:
    """The judges of a plant with so many assets; `workers`: None = by the size of the plant, 0 = the asking thread.

    >>> type(judges_for(12, None)).__name__, type(judges_for(12, 0)).__name__
    ('OwnThread', 'OwnThread')
    """
    if workers is None:
        workers = (os.cpu_count() or 1) if assets >= MANY_ASSETS else 0
    return WorkerPool(workers) if workers else OwnThread()


def _started() -> ProcessPoolExecutor:
    # spawned, not forked: the main process has threads, and a fork of one that holds a lock never comes free
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_begin)


_mine = OwnThread()
"""Of a worker process."""


def _begin() -> None:
    """A worker does not outlive the process that asked, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _answer_all(asks: list[Ask], settings: AssessSettings) -> list[Answer]:
    return [_mine.answer(ask, settings) for ask in asks]
