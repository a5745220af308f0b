"""One bad input: its row in the catalogue, what must come of it in words, and how that is found out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forewarn.core.ports import Counts, Refusal
from tests.bad_inputs.plant import TEMP
from tests.bad_inputs.world import World, good_message
from tests.ingest.mqtt_client import publish_packet

Play = Callable[[World, str], None]
"""Does it as the client of this name, and checks what came of it."""
Payload = bytes | Callable[[], bytes]
VERSIONS = (4, 5)
REFUSED_NAME = {5: 0x85, 4: 2}
"""Version -> code of a CONNACK: client identifier not valid."""
_WORDS = {"#": "hash", "+": "plus", "/": "slash", "-": "minus", '"': "quote"}
_SIGNS = {ord(sign): f" {word} " for sign, word in _WORDS.items()}


@dataclass(frozen=True, slots=True)
class Case:
    """`row` is the number in the catalogue; rows 1 to 30 are payloads, from 31 on it is the protocol."""

    row: int
    name: str
    expected: str
    play: Play

    @property
    def id(self) -> str:
        """Name of the test, and of the client that does it."""
        words = self.name.translate(_SIGNS).lower()
        return f"{self.row:02d}-{re.sub('[^a-z0-9]+', '-', words).strip('-')}"


def made(payload: Payload) -> bytes:
    """The bytes of a payload."""
    return payload if isinstance(payload, bytes) else payload()


def check_row(row: Refusal, topic: str, payload: bytes, reason: str) -> None:
    """A quarantine row says which message it was, byte for byte, and what was wrong."""
    assert (row.topic, row.reason) == (topic, reason)
    assert row.detail
    kept = payload[: len(payload) - row.cut_bytes]
    assert hashlib.sha256(row.payload).digest() == hashlib.sha256(kept).digest()


def added(before: Counts, after: Counts) -> dict[str, int]:
    """What the books have more of."""
    names = ("stored", "duplicates", "conflicts", "quarantined", "replayed")
    return {name: more for name in names if (more := getattr(after, name) - getattr(before, name))}


def quarantined(
    row: int,
    name: str,
    payload: Payload,
    reason: str,
    note: str = "",
    topic: str = TEMP,
    detail: str = "",
) -> Case:
    """Acknowledged, not stored, one row in the quarantine; `detail` must stand in what it tells."""

    def play(world: World, client: str) -> None:
        message, before = made(payload), world.books()
        sender = world.sender(client)
        sender.good()
        sender.publish(topic, message)
        sender.good()
        sender.close()
        (found,) = world.rows(client, 1)
        check_row(found, topic, message, reason)
        assert detail in found.detail
        assert added(before, world.books()) == {"stored": 2, "quarantined": 1}

    return Case(row, name, f"quarantined as `{reason}`" + (f"; {note}" if note else ""), play)


def stored(row: int, name: str, signal: str, messages: Sequence[bytes], values: Sequence[float], note: str) -> Case:
    """Taken: `@` in a message stands for a time that was not used before. The values, in order, without a flag."""

    def play(world: World, client: str) -> None:
        before, counts = world.stored(f"press-1/{signal}"), world.books()
        sender = world.sender(client)
        for message in messages:
            sender.publish(f"hall/press-1/{signal}", message.replace(b"@", b"%d" % world.moment()))
        sender.close()
        assert added(counts, world.books()) == {"stored": len(values)}
        after = world.stored(f"press-1/{signal}")
        found = [after[at] for at in after if at not in before]
        assert repr(found) == repr([(value, 0) for value in values])  # tells -0.0 from 0.0
        assert world.rows(client, 0) == []

    return Case(row, name, note, play)


def ended(
    row: int,
    name: str,
    packet_of: Callable[[int], bytes],
    code: int,
    reason: str,
    note: str = "",
    versions: Sequence[int] = VERSIONS,
    detail: str = "",
) -> Case:
    """The connection ends: MQTT 5 with a DISCONNECT of this code, 3.1.1 without a word. It is noted in the quarantine
    with its `reason` and something in its `detail`, and counts no reading."""

    def play(world: World, client: str) -> None:
        before = world.books()
        for version in versions:
            name = f"{client}-v{version}"
            with world.raw(version, name) as sender:
                sender.send(publish_packet(version, *good_message(world), 9))
                assert sender.acked_ids(1) == [9]
                world.acked += 1
                sender.send(packet_of(version))
                assert sender.last_reason() == (code if version == 5 else None)
            (found,) = world.rows(name, 1)
            assert (found.reason, found.readings) == (reason, 0)
            assert detail in found.detail
        assert added(before, world.books()) == {"stored": len(versions)}

    how = {(4, 5): "", (5,): " (MQTT 5 only)"}[tuple(versions)]
    return Case(row, name, f"the connection ends, reason 0x{code:02X}{how}" + (f"; {note}" if note else ""), play)


def shut_out(
    row: int,
    name: str,
    packet_of: Callable[[World, int], bytes],
    codes: Mapping[int, int | None],
    note: str = "",
) -> Case:
    """Refused at CONNECT: version -> code of the CONNACK, None: closed without a word. Nothing is stored or noted."""

    def play(world: World, client: str) -> None:
        before = world.books()
        for version, code in codes.items():
            stranger, told = world.knock(packet_of(world, version))
            with stranger:
                assert told == code
                assert stranger.is_closed()
        assert added(before, world.books()) == {}

    told = [f"0x{code:02X}" if version == 5 else str(code) for version, code in codes.items() if code is not None]
    how = f"not let in, CONNACK {' or '.join(reversed(told))}" if told else "not let in, closed without a word"
    return Case(row, name, how + (f"; {note}" if note else ""), play)


def called(name: str, **options: Any) -> Callable[[World, int], bytes]:
    """A good CONNECT of a client of this name."""
    return lambda world, version: world.hello(version, name, **options)


def story(into: list[Case], row: int, name: str, expected: str) -> Callable[[Play], Play]:
    """Put what is longer than a line into a list of cases."""

    def keep(play: Play) -> Play:
        into.append(Case(row, name, expected, play))
        return play

    return keep
