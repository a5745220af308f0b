"""A running Forewarn for the catalogue: real front door, journal and store, a ledger of what was acknowledged, and the
questions that every bad input has to stand after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from forewarn.api.settings import ScoringSettings, Settings
from forewarn.core.ports import Counts, Refusal
from forewarn.ingest.control import ControlClient
from tests.bad_inputs.plant import GOOD, PLANT
from tests.ingest.mqtt_client import RawClient, connect_packet, publish_packet
from tests.system.running import HANG_GUARD_S, RunningSystem, Sender, settings_for

USER, OTHER, PASSWORD = "plant", "stranger", b"a good one"
MOST_MORE_BYTES = 64 * 1024 * 1024
"""What the peak of ingest's memory may grow by during one bad input: far below what the bombs would unpack to."""
AT_ONCE = 500  # messages without their acknowledgement; CONNACK allows 1000
ALL = 1_000_000


def settings_with_users(folder: Path) -> Settings:
    """Settings with two users, who may both publish everywhere."""
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    found = settings_for(folder, PLANT)
    acl = {"default": {"publish": ["#"]}}
    told = found.mqtt.model_dump() | {"users": {USER: hashed, OTHER: hashed}, "acl": acl}
    return found.model_copy(
        update={"mqtt": type(found.mqtt).model_validate(told), "scoring": ScoringSettings(assess_every_s=0)}
    )


@dataclass
class World(RunningSystem):
    """`forewarn up` with users. Whatever logs in here logs in as `plant`, unless it says otherwise."""

    clock_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000 - 1_800_000)
    reader_of_good: Sender | None = None

    # ---- clients

    def sender(self, client_id: str, version: int = 4, login: tuple[str, str] | None = None) -> Sender:
        """A client of paho that is logged in."""
        return super().sender(client_id, version, login or (USER, PASSWORD.decode()))

    def hello(self, version: int, client_id: str, **options: Any) -> bytes:
        """CONNECT of a client that knows its password."""
        return connect_packet(version, client_id, **({"user": USER, "password": PASSWORD} | options))

    def knock(self, data: bytes) -> tuple[RawClient, int | None]:
        """A socket that has sent these bytes first, and the code of the CONNACK; None: it was closed without one."""
        client = RawClient(self.mqtt_port)
        client.send(data)
        answer = client.read()
        return client, None if answer is None else answer[1][1]

    def raw(self, version: int, client_id: str, **options: Any) -> RawClient:
        """A socket that was let in."""
        client, code = self.knock(self.hello(version, client_id, **options))
        assert code == 0
        return client

    def send(self, client_id: str, messages: Sequence[tuple[str, bytes]], head: int = 0x32, version: int = 5) -> None:
        """Publish with this first byte and wait for each PUBACK. The ledger is for the caller to keep."""
        with self.raw(version, client_id) as client:
            for first in range(0, len(messages), AT_ONCE):
                part = messages[first : first + AT_ONCE]
                packets = (publish_packet(version, *message, n + 1, head=head) for n, message in enumerate(part))
                client.send(b"".join(packets))
                assert client.acked_ids(len(part)) == list(range(1, len(part) + 1))

    # ---- what became of it

    def moment(self) -> int:
        """A time (Unix ms) of the last half hour, later than the one before."""
        self.clock_ms += 1000
        return self.clock_ms

    def ask(self, command: str, **arguments: object) -> Any:
        """What the ingest process answers on its control socket."""
        return ControlClient(self.settings.control_socket).ask(command, HANG_GUARD_S, **arguments)

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something that must come."""
        deadline = time.monotonic() + HANG_GUARD_S
        while not holds():
            assert time.monotonic() < deadline, f"{what} does not come: {self.reader.counts()}, {self.acked} acked"
            time.sleep(0.005)

    def books(self) -> Counts:
        """The books once everything is in them that the ledger holds."""
        self.until(lambda: self.reader.counts().acknowledged >= self.acked, "what was acknowledged")
        counts = self.reader.counts()
        assert counts.acknowledged == self.acked, counts
        return counts

    def rows(self, client_id: str, count: int) -> list[Refusal]:
        """The quarantine rows of a client, oldest first: exactly so many."""
        if count:
            self.until(lambda: len(self._rows(client_id)) >= count, f"a refusal of {client_id}")
        self.books()
        found = self._rows(client_id)
        assert len(found) == count, found
        return found

    def _rows(self, client_id: str) -> list[Refusal]:
        found = self.reader.quarantine(ALL, search=client_id)
        return [row for row in reversed(found) if row.source == client_id]

    def stored(self, name: str) -> dict[int, tuple[float, int]]:
        """Time (us) -> (value, flags) of a signal."""
        number = self.reader.names().get(name)
        if number is None:
            return {}
        found = self.reader.read(number, 0, 2**62)
        columns = (column.tolist() for column in (found.at, found.value, found.quality))
        return {at: (value, quality) for at, value, quality in zip(*columns, strict=True)}

    def newest(self, name: str) -> float:
        """Newest value of a signal."""
        return {last.name: last.value for last in self.reader.last_values()}[name]

    def log_text(self) -> str:
        """What the processes wrote into their log."""
        return self.log.read_bytes().decode()

    # ---- whole

    def begin(self) -> None:
        """Before a bad input: the peak of memory is forgotten."""
        self._rss_bytes = self._memory("VmRSS")
        Path(f"/proc/{self.ingest}/clear_refs").write_text("5")

    def check(self) -> None:
        """After a bad input: a good reading is acknowledged and stored, the books balance, nothing keeps a place among
        the messages in flight, nobody died, and memory did not grow."""
        assert self.reader_of_good is not None
        before = self.sent_good
        self.reader_of_good.good()
        self.books()
        self.until(lambda: self.newest("press-1/pieces") == before, "the good reading as the newest one")
        status = self.ask("status")
        assert (status["door"]["in_flight"], status["commit"]["pending_bytes"]) == (0, 0)
        assert self._memory("VmHWM") - self._rss_bytes < MOST_MORE_BYTES
        assert self.process.poll() is None
        assert "child_died" not in self.log_text()

    def check_good(self) -> None:
        """Every good reading that was ever sent is stored with its value and time."""
        self.books()
        good = self.stored("press-1/pieces")
        assert good == {(self.start_ms + n) * 1000: (float(n), 0) for n in range(self.sent_good)}

    @property
    def ingest(self) -> int:
        """Process number of the child that ingests."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        found = [int(pid) for pid in children if b"\0ingest\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert len(found) == 1, children
        return found[0]

    def _memory(self, name: str) -> int:
        lines = Path(f"/proc/{self.ingest}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def good_message(world: World) -> tuple[str, bytes]:
    """The next good reading, with its topic."""
    return GOOD, world.next_good()
