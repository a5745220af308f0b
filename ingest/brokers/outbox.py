"""What we still have to publish at a broker: bounded, safe between threads, and only on topics of our own."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import structlog

from forewarn.ingest.desk import Command
from forewarn.ingest.own_topics import is_ours

LOG = structlog.get_logger("forewarn.ingest.brokers")
LIMIT = 10_000


class Outbox:
    """Commands wait here until the broker has confirmed them; of a retained topic only the newest.

    When more than `limit` wait (the broker is away for long), the oldest is dropped and counted: a desk repeats what
    was not answered, and a watermark comes again with the next one.

    >>> box = Outbox()
    >>> box.put([Command("forewarn/watermark/p1", b"1", True), Command("forewarn/watermark/p1", b"2", True)])
    >>> [command.payload for _, command in box.take(10)]
    [b'2']
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._next = 0
        self._waiting: dict[int, Command] = {}
        self._sent: dict[int, Command] = {}
        self._retained: dict[str, int] = {}  # topic -> number of the command that waits
        self.dropped = 0

    def put(self, commands: Iterable[Command]) -> None:
        """Queue. Raises ValueError for a topic on which we never publish (`ingest.own_topics`)."""
        found = list(commands)
        for command in found:
            if not is_ours(command.topic):
                raise ValueError(f"{command.topic!r} is not one of our topics: nothing is published there")
        with self._lock:
            for command in found:
                self._add(command)

    def _add(self, command: Command) -> None:
        if command.retain:
            older = self._retained.get(command.topic)
            if older is not None:
                self._waiting.pop(older, None)
            self._retained[command.topic] = self._next
        self._waiting[self._next] = command
        self._next += 1
        if len(self._waiting) > self._limit:
            self._drop(next(iter(self._waiting)))

    def _drop(self, number: int) -> None:
        gone = self._waiting.pop(number)
        if self._retained.get(gone.topic) == number:
            del self._retained[gone.topic]
        self.dropped += 1
        if self.dropped == 1 or self.dropped % 1000 == 0:
            LOG.warning("commands_dropped", dropped=self.dropped, waiting=len(self._waiting))

    def take(self, most: int) -> list[tuple[int, Command]]:
        """The oldest that wait and were not taken on this connection, so that at most `most` are on their way."""
        with self._lock:
            numbers = list(self._waiting)[: max(0, most - len(self._sent))]
            for number in numbers:
                command = self._sent[number] = self._waiting.pop(number)
                if self._retained.get(command.topic) == number:
                    del self._retained[command.topic]
            return [(number, self._sent[number]) for number in numbers]

    def confirm(self, number: int) -> None:
        """The broker has it."""
        with self._lock:
            self._sent.pop(number, None)

    def return_sent(self) -> None:
        """The connection ended: what was not confirmed waits again, before the rest, unless something newer does."""
        with self._lock:
            again = {n: c for n, c in self._sent.items() if not (c.retain and c.topic in self._retained)}
            self._retained.update({c.topic: n for n, c in again.items() if c.retain})
            self._sent.clear()
            self._waiting = {**again, **self._waiting}

    @property
    def empty(self) -> bool:
        """Is everything confirmed?"""
        with self._lock:
            return not self._waiting and not self._sent
