"""`PahoSource`: listens to somebody else's broker for as long as the process lives.

One network thread connects, again and again, and drives a `Link`. Frames go to the group commit on the event loop; the
broker hears PUBACK only after the fsync. A process that is killed in between gets the messages again, for the broker
keeps the session; doubles cost nothing, because a reading is identified by its signal and its own time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import structlog
from paho.mqtt.client import MQTTMessage

from forewarn.core.errors import Retriable
from forewarn.ingest.brokers.acks import ConnectionAcks, Receipt, packed
from forewarn.ingest.brokers.backoff import Backoff, End
from forewarn.ingest.brokers.client import V5, V311
from forewarn.ingest.brokers.filters import FilterBook
from forewarn.ingest.brokers.link import Link
from forewarn.ingest.brokers.messages import frame_of
from forewarn.ingest.brokers.outbox import Outbox
from forewarn.ingest.brokers.promise import Facts, Promise, PromiseBoard, promise, promise_row
from forewarn.ingest.brokers.sessions import end_session
from forewarn.ingest.brokers.target import AUTO, Target
from forewarn.ingest.brokers.visit import offered_by
from forewarn.ingest.brokers.wake import Wake
from forewarn.ingest.commit import GroupCommit
from forewarn.ingest.delivery import Frame
from forewarn.ingest.desk import Command

LOG = structlog.get_logger("forewarn.ingest.brokers")


def no_will() -> Command | None:
    """For sources without a last will."""
    return None


def no_greetings() -> Sequence[Command]:
    """For sources that publish nothing on connect."""
    return ()


class PahoSource:
    """One broker. `start` returns at once, also when the broker is away; made, started and stopped on the event loop.

    `will` is asked before every CONNECT for the last will (a Sparkplug host's STATE with its new time, say), and on a
    clean stop the same command is published, since the broker forgets the will then. `on_connect` is asked after every
    SUBACK for what to publish. Both are called in the source's own thread. `draining`: unsubscribe, take what the
    broker still has for us, then set `empty` (see `sessions`).
    """

    def __init__(
        self,
        target: Target,
        commit: GroupCommit,
        now_us: Callable[[], int],
        book: Path,
        board: PromiseBoard,
        will: Callable[[], Command | None] = no_will,
        on_connect: Callable[[], Sequence[Command]] = no_greetings,
        draining: bool = False,
    ) -> None:
        self.target, self.draining = target, draining
        self.outbox = Outbox()
        self.stopping = self.pressed = self.hopeless = False
        self.empty = threading.Event()
        self.connections = 0  # that came to listen
        self.messages = 0
        self._commit, self._now_us, self._board = commit, now_us, board
        self._book = FilterBook(book)
        self._will, self._on_connect = will, on_connect
        self._wake, self._told = Wake(), threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name=f"broker-{target.name}", daemon=True)
        self._software: str | None = None
        self._version_asked = False
        self._protocol = V5 if target.protocol == V5 else V311
        self._asked, self._offered = target.protocol != AUTO, Facts()
        self._facts = Facts()
        self._said: Promise | None = None
        self._tls = target.tls.context() if target.tls else None
        commit.watch(self._on_pressure, self._on_failure)

    # ---- for the process

    def start(self) -> None:
        """Begin to connect."""
        self._loop = asyncio.get_running_loop()
        self._tell("connecting", "")
        self._thread.start()

    def publish(self, commands: Iterable[Command]) -> None:
        """Publish with QoS 1, now or after the next connect. Any thread; ValueError for a topic that is not ours."""
        self.outbox.put(commands)
        self._wake.up()

    async def stop(self) -> None:
        """Stop reading, wait until what was taken is durable and acknowledged (at most `answer_s`), disconnect.

        The session stays at the broker, which keeps what comes meanwhile.
        """
        self.stopping = True
        self._told.set()
        self._wake.up()
        if self._thread.is_alive():
            wait_s = 3 * self.target.pace.answer_s
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join, wait_s)
        self._wake.close()

    # ---- the network thread

    def _run(self) -> None:
        backoff = Backoff(self.target.pace, Random())
        while not self.stopping:
            self._ask_what_is_offered()
            link = Link(self, self._protocol, self._tls, self._wake, self._will(), not self._version_asked)
            link.run()
            assert link.end is not None
            self._choose_protocol(link.end)
            if link.end is End.STOPPED:
                break
            end = backoff.judged(link.end, link.listened_s)
            pause_s = backoff.pause_s(end, link.listened_s)
            self._report(end, link.why, pause_s)
            self._told.wait(pause_s)
        if self.draining and self.empty.is_set():
            end_session(self.target, self._protocol, self._tls)
            self._book.forget(self.target.client_id)
        self._tell("stopped", "")

    def _ask_what_is_offered(self) -> None:
        """MQTT 5 to learn what the broker can do; 3.1.1 for the traffic, at a third of the cost in paho."""
        if self._asked:
            return
        try:
            self._offered = offered_by(self.target) or Facts()
        except Retriable:
            return  # the connection that follows says why
        self._asked = True

    def _choose_protocol(self, end: End) -> None:
        """3.1.1, unless the broker takes only MQTT 5; back to 3.1.1 when that does not help either."""
        if self.target.protocol == AUTO and not self.connections and end in (End.LOST, End.OLD_PROTOCOL):
            self._protocol = V5 if self._protocol == V311 and self._offered.protocol == V5 else V311

    def _report(self, end: End, why: str, pause_s: float) -> None:
        level = LOG.warning if end in (End.LOST, End.OLD_PROTOCOL) else LOG.error
        level(
            f"broker_{end.name.lower()}",
            broker=self.target.name,
            address=self.target.address,
            client_id=self.target.client_id,
            reason=f"{end.value}: {why}",
            next_attempt_in_s=round(pause_s, 1),
        )
        self._tell(end.name.lower(), f"{end.value}: {why}")

    def _on_pressure(self, pressed: bool) -> None:
        self.pressed = pressed
        self._wake.up()

    def _on_failure(self, error: BaseException) -> None:
        self.hopeless = True
        self._wake.up()

    # ---- for the link

    def held(self) -> list[str]:
        """Filters that our session may hold."""
        return self._book.held(self.target.client_id)

    def note_filters(self, filters: Sequence[str]) -> None:
        """Durable before the broker is asked."""
        self._book.note(self.target.client_id, filters)

    def deliver(self, acks: ConnectionAcks, messages: Sequence[MQTTMessage], receipts: Sequence[Receipt]) -> None:
        """To the group commit, on its event loop."""
        now_us = self._now_us()
        found = (frame_of(message, now_us, self.target) for message in messages)
        frames = [frame for frame in found if frame is not None]
        acknowledged = sum(1 for receipt in receipts if receipt.qos)
        self.messages += len(messages)
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._submit, frames, acks, packed(receipts), acknowledged)
        except RuntimeError:  # the loop has ended, and with it the process: the broker will deliver again
            LOG.warning("broker_messages_left", broker=self.target.name, messages=len(messages))

    def _submit(self, frames: list[Frame], acks: ConnectionAcks, receipts: bytes, acknowledged: int) -> None:
        size = sum(len(frame.topic) + len(frame.payload) for frame in frames)
        self._commit.submit(frames, acks, receipts, acknowledged, size)

    def greetings(self) -> Sequence[Command]:
        """What the owner of this source wants published now."""
        return self._on_connect()

    def connected(self, facts: Facts) -> None:
        """Keep and show what the broker can lose."""
        self._version_asked = True
        self.connections += 1
        if facts.session_kept is False:
            LOG.error("broker_session_lost", broker=self.target.name, lost="what the broker took while we were away")
        self.learned(facts)

    def learned(self, facts: Facts) -> None:
        """Log what is new about what the broker can lose."""
        self._software = facts.software or self._software
        said = self._offered if facts.protocol == V311 else facts
        self._facts = replace(
            facts,
            software=self._software,
            receive_maximum=said.receive_maximum,
            maximum_qos=said.maximum_qos,
            maximum_packet_bytes=said.maximum_packet_bytes,
            retain_available=said.retain_available,
            shared_available=said.shared_available,
        )
        self._tell("connected", "")
        found = promise(self._facts)
        if found != self._said:
            self._said = found
            LOG.info("broker_promise", broker=self.target.name, level=found.level, text=found.text, loses=found.losses)

    def drained(self) -> None:
        """The broker has nothing more for us: leave."""
        self.empty.set()
        self.stopping = True

    # ---- what people see

    def _tell(self, state: str, error: str) -> None:
        row: dict[str, Any] = {
            "state": state,
            "error": error,
            "address": self.target.address,
            "client_id": self.target.client_id,
            "since_us": time.time_ns() // 1000,
            "connections": self.connections,
            **promise_row(self._facts),
        }
        self._board.tell(self.target.name, row)
