"""Who judges: the thread that asks, or a pool of processes that only return values.

Each asset has its own worker, for the worker remembers what its channels have taught. A worker that died costs one
answer per asset of that moment and is replaced. The answer is the same whoever gives it.

A process also keeps the tracks of its assets and the assets themselves, and is sent what is new (`track_news`).
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import threading
import traceback
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
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
from forewarn.pipeline.track_news import Growth, Parcel, Shelf, packed

MANY_ASSETS = 400
"""From so many machines on a plant gets a process per core, unless its settings say otherwise."""

TOGETHER = 25
"""So many assets go to a worker in one message."""

CLEARING_S = 2.0
"""So long may the library take to clear up after a process that died."""

REMEMBERED = 20_000
"""So many assets does a worker remember what they have taught; the one not asked about for longest is forgotten."""


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """Everything that one assessment rests on. `growth` tells what is new of the tracks (None: all may be)."""

    asset: Asset
    tracks: Tracks
    problems: tuple[SensorProblem, ...]
    now_us: int
    since_us: int | None
    shelved: tuple[Shelved, ...] = ()
    prior: ClassPrior = NO_PRIOR
    learned: Learned = NOTHING_LEARNED
    growth: Growth | None = None
    say: Say = NOTHING_SAID


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """An `Ask` on its way to a process: tracks are a parcel, and an asset that is known there is named by a number."""

    id: str
    known: int
    asset: Asset | None
    parcel: Parcel
    problems: tuple[SensorProblem, ...]
    now_us: int
    since_us: int | None
    shelved: tuple[Shelved, ...]
    prior: ClassPrior
    learned: Learned
    say: Say


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


class Worker:
    """One process, and what it was told of its assets. It starts when the first question comes."""

    def __init__(self) -> None:
        self._process: ProcessPoolExecutor | None = None
        self._told: dict[str, tuple[int, Asset]] = {}
        self._numbers = itertools.count(1)

    def ask(self, asks: Sequence[Ask], settings: AssessSettings, whole: bool = False) -> Future[list[Answer | None]]:
        """An answer for each; None where the process needs the question as a `whole`."""
        self._process = self._process or _started()
        questions = [self._question(ask, whole) for ask in asks]
        try:
            return self._process.submit(_answer_all, questions, settings)
        except BrokenProcessPool as error:
            broken: Future[list[Answer | None]] = Future()
            broken.set_exception(error)
            return broken

    def answers(
        self, asks: Sequence[Ask], asked: Future[list[Answer | None]], settings: AssessSettings
    ) -> list[Answer]:
        """What was asked, answered; what the process could not follow is asked again as a whole."""
        try:
            found = asked.result()
            lost = [ask for ask, answer in zip(asks, found, strict=True) if answer is None]
            again = iter(self.ask(lost, settings, whole=True).result() if lost else ())
            return [_given(answer or next(again)) for answer in found]
        except BrokenProcessPool:
            self.close()
            ended = Retriable("a process of the scoring ended; it is started again")
            return [Failure.of(ended)] * len(asks)

    def processes(self) -> list[int]:
        """Its id, while it runs."""
        return list(self._process._processes) if self._process else []

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            _ended(self._process)
        self._process, self._told = None, {}

    def _question(self, ask: Ask, whole: bool) -> Question:
        number, asset = self._told.get(ask.asset.id, (0, None))
        whole = whole or asset is None
        news = None if asset == ask.asset and not whole else ask.asset
        if news is not None:
            number = next(self._numbers)
            self._told[ask.asset.id] = number, news
        return Question(
            ask.asset.id, number, news, packed(ask.tracks, ask.growth, whole), ask.problems, ask.now_us, ask.since_us,
            ask.shelved, ask.prior, ask.learned, ask.say,
        )  # fmt: skip


class WorkerPool:
    """So many processes, each with the assets that fall to it."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ValueError(f"a pool has at least 1 worker, not {workers}")
        self._workers = [Worker() for _ in range(workers)]

    def answers(self, asks: Sequence[Ask], settings: AssessSettings) -> Iterator[tuple[Ask, Answer]]:
        """Each worker gets its assets in portions; answers come in the order of the portions."""
        asked = [(worker, portion, worker.ask(portion, settings)) for worker, portion in self._portions(asks)]
        for worker, portion, future in asked:
            yield from zip(portion, worker.answers(portion, future, settings), strict=True)

    def processes(self) -> list[int]:
        """Ids of the processes that run."""
        return [id for worker in self._workers for id in worker.processes()]

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.close()

    def _portions(self, asks: Sequence[Ask]) -> Iterator[tuple[Worker, list[Ask]]]:
        """Portions of all workers in turn, so that none waits for another's."""
        mine: list[list[Ask]] = [[] for _ in self._workers]
        for ask in asks:
            mine[zlib.crc32(ask.asset.id.encode()) % len(mine)].append(ask)
        for start in range(0, max(map(len, mine), default=0), TOGETHER):
            for worker, own in zip(self._workers, mine, strict=True):
                if own[start : start + TOGETHER]:
                    yield worker, own[start : start + TOGETHER]


def judges_for(assets: int, workers: int | None) -> Judges:
    """The judges of a plant with so many assets; `workers`: None = by the size of the plant, 0 = the asking thread.

    >>> type(judges_for(12, None)).__name__, type(judges_for(12, 0)).__name__
    ('OwnThread', 'OwnThread')
    """
    if workers is None:
        workers = (os.cpu_count() or 1) if assets >= MANY_ASSETS else 0
    return WorkerPool(workers) if workers else OwnThread()


def _ended(process: ProcessPoolExecutor) -> None:
    """End the process, also one that died in the middle of a question.

    Python before 3.11.5 (Debian 12 has 3.11.2) then waits for ever: the thread that writes the question never learns
    that nobody reads it, because this process holds the reading end, too (CPython issue 94777). So that end is closed
    when the library's own clearing up has not come to an end.
    """
    clearing, questions = (getattr(process, name, None) for name in ("_executor_manager_thread", "_call_queue"))
    process.shutdown(wait=clearing is None, cancel_futures=True)
    while clearing is not None and clearing.is_alive():
        clearing.join(CLEARING_S)
        if clearing.is_alive() and process._broken and questions is not None:
            questions._reader.close()  # twice does no harm


def _started() -> ProcessPoolExecutor:
    # spawned, not forked: the main process has threads, and a fork of one that holds a lock never comes free
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_begin)


class Desk:
    """Where a process answers: with the assets and tracks that it was told of."""

    def __init__(self) -> None:
        self._thread, self._shelf = OwnThread(), Shelf()
        self._assets: dict[str, tuple[int, Asset]] = {}

    def answer(self, question: Question, settings: AssessSettings) -> Answer | None:
        """The answer of the own thread; None where the question does not follow what is known here."""
        if question.asset is not None:
            self._assets[question.id] = question.known, question.asset
        number, asset = self._assets.get(question.id, (0, None))
        tracks = self._shelf.opened(question.id, question.parcel)
        if asset is None or number != question.known or tracks is None:
            return None
        q = question
        ask = Ask(asset, tracks, q.problems, q.now_us, q.since_us, q.shelved, q.prior, q.learned, say=q.say)
        return self._thread.answer(ask, settings)


_mine = Desk()
"""Of a worker process."""


def _begin() -> None:
    """A worker does not outlive the process that asked, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _answer_all(questions: list[Question], settings: AssessSettings) -> list[Answer | None]:
    return [_mine.answer(question, settings) for question in questions]


def _given(answer: Answer | None) -> Answer:
    """A process that does not follow a whole question either has a fault of its own."""
    return answer or Failure("Retriable", "a process of the scoring could not follow; it is asked again", ours=True)
