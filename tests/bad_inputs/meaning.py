"""Rows 16 to 18 and 23 to 30: messages that can be read, and must not be believed as they stand."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping

from forewarn.core.readings import Quality
from forewarn.ingest.strangers import MAX_TOPICS
from tests.bad_inputs.case import added, check_row, quarantined, story
from tests.bad_inputs.plant import TEMP
from tests.bad_inputs.world import World

OUT_OF_RANGE = int(Quality.OUT_OF_RANGE)
MINUTE_MS, DAY_MS = 60_000, 86_400_000
NASTY = '<script>alert(1)</script>=cmd|\' /C calc\'!A0\u001b[31m\r\n{"level": "error"}\u202egnp.exe'
LINES = "x,asset=press-1 value=1 1\ntemp,asset=press-1\\"


def message(ms: int, value: float, **more: object) -> bytes:
    return json.dumps({"value": value, "ts": ms} | more).encode()


def series(values: Mapping[int, float]) -> bytes:
    """Many readings of one signal in one message."""
    return json.dumps([{"value": value, "ts": ms} for ms, value in values.items()]).encode()


def publish(world: World, client: str, topic: str, *payloads: bytes, readings: int = 1) -> None:
    """With paho, all acknowledged and in the books."""
    sender = world.sender(client)
    sender.publish_all([(topic, payload) for payload in payloads], readings)
    sender.close()
    world.books()


def now_ms() -> int:
    """Unix ms when it is asked: tests before it may have run for half an hour, and the models look back less."""
    return time.time_ns() // 1_000_000


def events(world: World, asset: str) -> set[tuple[str, str]]:
    """(signal, kind) of the sensor problems of a machine that are open."""
    return {(event["signal"], event["kind"]) for event in world.get(f"/api/telemetry/sensors?asset={asset}")}


def gaps(world: World, stream: str) -> set[tuple[int, int]]:
    """(first, last) of what is missing."""
    return {(gap.first, gap.last) for gap in world.reader.gaps() if gap.stream == stream}


def blames_no_machine(world: World) -> bool:
    """No order but those for an instrument."""
    return all(order["kind"] == "instrument" for order in world.get("/api/orders"))


CASES = [
    quarantined(
        27,
        "a device that is another machine",
        message(now_ms(), 1, device="press-1"),
        "identity_mismatch",
        topic="hall/pump-1/speed",
        detail="press-1",
    ),
]


@story(
    CASES,
    16,
    "-500 degC, -1 rpm",
    "stored with the flag OUT_OF_RANGE, not scored; an event `out_of_range` of the sensor, and never of the machine",
)
def _(world: World, client: str) -> None:
    start = world.moment() - 10 * MINUTE_MS
    publish(world, client, "hall/press-1/cold", *(message(start + n, -500) for n in range(6)))
    publish(world, client, "hall/pump-2/speed", *(message(start + n, -1) for n in range(6)))
    assert list(world.stored("press-1/cold").values()) == [(-500.0, OUT_OF_RANGE)] * 6
    assert list(world.stored("pump-2/speed").values()) == [(-1.0, OUT_OF_RANGE)] * 6
    world.until(lambda: ("cold", "out_of_range") in events(world, "press-1"), "the event of the sensor")
    world.until(lambda: ("speed", "out_of_range") in events(world, "pump-2"), "the event of the sensor")
    assert blames_no_machine(world)


@story(
    CASES,
    17,
    "the same value for 24 hours",
    "stored with the flag STUCK from the fourth hour on, not scored; an event `stuck`",
)
def _(world: World, client: str) -> None:
    start = now_ms() // MINUTE_MS * MINUTE_MS - DAY_MS
    minutes = {start + n * MINUTE_MS: 21.5 for n in range(1440)}
    publish(world, client, "hall/press-1/flat", series(minutes), readings=1440)
    flags = [flag for _, flag in world.stored("press-1/flat").values()]
    assert flags == [0] * 240 + [int(Quality.STUCK)] * 1200
    world.until(lambda: ("flat", "stuck") in events(world, "press-1"), "the event of the sensor")
    assert blames_no_machine(world)


@story(
    CASES,
    18,
    "psi where bar was sent before",
    "stored; an event `unit_suspect`, the signal is left out by the models until it returns or is mended",
)
def _(world: World, client: str) -> None:
    start = now_ms() - 24 * MINUTE_MS
    minutes = [start + n * MINUTE_MS for n in range(24)]
    publish(world, client, "hall/pump-1/speed", series({ms: 1480 + n % 3 for n, ms in enumerate(minutes)}), readings=24)
    outlet = {ms: (5 if n < 14 else 72.519) + 0.001 * (n % 3) for n, ms in enumerate(minutes)}
    publish(world, client, "hall/pump-1/outlet", series(outlet), readings=24)
    world.until(lambda: ("outlet", "unit_suspect") in events(world, "pump-1"), "the event of the sensor")
    assert len(world.stored("pump-1/outlet")) == 24
    assert blames_no_machine(world)


@story(CASES, 23, "two readings of one time", "the first is stored, the other kept beside it as a conflict")
def _(world: World, client: str) -> None:
    before, now = world.books(), world.moment()
    publish(world, client, "hall/press-1/twice", message(now, 1), message(now, 2))
    assert world.stored("press-1/twice")[now * 1000][0] == 1.0
    assert added(before, world.books()) == {"stored": 1, "conflicts": 1}
    assert 2.0 in [value for found in world.reader.conflicts() for value in found.readings.value]


@story(CASES, 24, "one message 1,000 times, DUP on and off", "stored once, 999 duplicates")
def _(world: World, client: str) -> None:
    before, payload = world.books(), message(world.moment(), 24)
    for head in (0x32, 0x3A):
        world.send(client, [("hall/press-1/same", payload)] * 500, head)
        world.acked += 500
    assert added(before, world.books()) == {"stored": 1, "duplicates": 999}


@story(
    CASES,
    25,
    "the traffic of last week once more",
    "every reading is a duplicate: stored once, newest values and alarms stay as they are",
)
def _(world: World, client: str) -> None:
    start = now_ms() - 7 * DAY_MS
    traffic = [message(start + n * 1000, 20 + n % 7, seq=n) for n in range(300)]
    publish(world, client, "hall/press-1/week", *traffic, message(world.moment(), 99, seq=300))
    world.until(lambda: world.newest("press-1/week") == 99, "the newest reading")
    before, known = world.books(), world.get("/api/orders")
    publish(world, client, "hall/press-1/week", *traffic)
    assert added(before, world.books()) == {"duplicates": 300}
    assert world.newest("press-1/week") == 99
    assert world.get("/api/orders") == known
    assert gaps(world, "hall/press-1/week") == set()


@story(
    CASES,
    26,
    "a number that jumps by a thousand million, goes back, begins again and wraps",
    "all are stored; the jump is one gap, the rest are restarts and no loss",
)
def _(world: World, client: str) -> None:
    numbers = [1, 2, 3, 2, 1_000_000_003, 0, 1, 2**32 - 2, 2**32 - 1, 0, 1]
    sent = [message(world.moment(), n, seq=n, device=client) for n in numbers]
    publish(world, client, "hall/press-1/numbered", *sent)
    assert len(world.stored("press-1/numbered")) == len(numbers)
    expected = {(4, 1_000_000_002), (2, 2**32 - 3)}
    world.until(lambda: gaps(world, client) == expected, f"{expected} as gaps")


@story(
    CASES,
    28,
    "a text with HTML, a formula, escape sequences, line ends and a change of direction",
    "kept and told as the text it is; the log holds it escaped, on one line",
)
def _(world: World, client: str) -> None:
    for number in (1, 3):
        publish(world, client, "hall/press-1/numbered", message(world.moment(), number, seq=number, device=NASTY))
    world.until(lambda: NASTY in {gap["stream"] for gap in world.get("/api/telemetry/gaps")}, "its gap")
    topic = "hall/" + NASTY.replace("+", "").replace("#", "")
    publish(world, client, topic, b"1")
    check_row(world.rows(client, 1)[0], topic, b"1", "unknown_topic")
    assert not set("\x1b\r\u202e") & set(world.log_text())
    assert '\n{"level": "error"}' not in world.log_text()


@story(CASES, 29, "line protocol in a text", "a text of a sender names no series: one row is stored")
def _(world: World, client: str) -> None:
    before, names = world.books(), set(world.reader.names())
    sent = message(world.moment(), 29, device=LINES, unit=LINES, boot=LINES, seq=1)
    publish(world, client, "hall/press-1/numbered", sent)
    assert added(before, world.books()) == {"stored": 1}
    assert set(world.reader.names()) == names


@story(CASES, 30, "a text that is new in every message", "texts are no series: the readings are stored in one")
def _(world: World, client: str) -> None:
    before, names = world.books(), set(world.reader.names())
    tags = [str(uuid.UUID(int=n)) for n in range(300)]
    sent = [message(world.moment(), n, tag=tag, run={"id": tag}) for n, tag in enumerate(tags)]
    publish(world, client, TEMP, *sent)
    assert added(before, world.books()) == {"stored": 300}
    assert set(world.reader.names()) == names


@story(
    CASES,
    30,
    "a topic that is new in every message",
    f"{MAX_TOPICS} of a sender are `unknown_topic` and offered for adoption, from then on `too_many_series`",
)
def _(world: World, client: str) -> None:
    sent = [(f"hall/{client}/{uuid.UUID(int=n)}", b"21.5") for n in range(MAX_TOPICS + 50)]
    sender = world.sender(client)
    sender.publish_all(sent)
    sender.close()
    reasons = [row.reason for row in world.rows(client, len(sent))]
    assert reasons == ["unknown_topic"] * MAX_TOPICS + ["too_many_series"] * 50
    assert sum(place.source == client for place in world.reader.places(100_000)) == MAX_TOPICS
