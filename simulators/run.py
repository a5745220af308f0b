"""One run of the demo fleet: paced by the plant clock, obedient to repairs, truthful only at its end."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from forewarn.core.clock import US_PER_S, PlantClock
from forewarn.core.work import Json
from forewarn.simulators.fleet import Fleet, Slot
from forewarn.simulators.mischief import Mischief
from forewarn.simulators.publisher import Publisher, Target
from forewarn.simulators.wire import Message, row_message, waveform_message

DRAIN_S = 30.0
STEP_S = 0.25  # a stop or a repair is obeyed at the latest after so long
STOP = "stop"


@dataclass(frozen=True, slots=True)
class Repair:
    """Order from outside: this fault of this asset was repaired at this plant time (None: now)."""

    asset: str
    fault: str
    at_us: int | None = None


Control = Repair | str
"""What a run can be told: a `Repair`, or `STOP`."""


def wall_us() -> int:
    """Wall clock, UTC microseconds."""
    return time.time_ns() // 1_000


class FleetRun:
    """A fleet, a publisher and a clock. `control` brings repairs and the stop while it runs.

    Readings carry plant time of the timetable, whatever the wall time at which they get out; `lag_s` (wall seconds)
    is how far the stream fell behind at worst.
    """

    def __init__(self, fleet: Fleet, publisher: Publisher, clock: PlantClock, control: SimpleQueue[Control]) -> None:
        self._fleet, self._publisher, self._clock, self._control = fleet, publisher, clock, control
        self._mischief = Mischief()
        self._blocks = Counter[int]()  # machine -> waveforms sent: each topic counts by itself, or gaps would show
        self._stopped = False
        self._last_us = fleet.origin_us
        self._lag_s = 0.0
        self._repairs: list[Json] = []

    def run(self, until_plant_us: int | None) -> Json:
        """Publish until the plant time, or until told to stop; wait for the PUBACKs; give ledger and truth."""
        for slot in self._fleet.timetable():
            if until_plant_us is not None and slot.at_us >= until_plant_us:
                self._wait_for(until_plant_us)
                break
            self._wait_for(slot.at_us)
            if self._stopped:
                break
            self._speak(slot)
        for message in self._mischief.rest():
            self._publisher.send(message)
        complete = self._publisher.drain(DRAIN_S)
        self._publisher.close()
        return self._told(complete)

    def _wait_for(self, at_us: int) -> None:
        """Serve the connection and the orders from outside until the plant clock shows this time."""
        self._obey()
        due_us = self._clock.wall_us(at_us)
        while not self._stopped and (left_us := due_us - wall_us()) > 0:
            self._publisher.wait_until(time.monotonic() + min(STEP_S, left_us / US_PER_S))
            self._obey()
        if not self._stopped:
            self._lag_s = max(self._lag_s, (wall_us() - due_us) / US_PER_S)

    def _speak(self, slot: Slot) -> None:
        spec = self._fleet.specs[slot.machine]
        row = self._fleet.row(slot.machine, slot.at_us)
        out = self._mischief.row(row_message(spec, slot.at_us, row), slot.at_us, row)
        if slot.waveform:
            self._blocks[slot.machine] += 1
            samples = self._fleet.waveform(slot.machine, slot.at_us)
            out += self._mischief.block(waveform_message(spec, slot.at_us, samples, self._blocks[slot.machine]))
        self._send(out)
        self._last_us = slot.at_us

    def _send(self, messages: list[Message]) -> None:
        for message in messages:
            self._publisher.send(message)

    def _obey(self) -> None:
        """Everything that was ordered meanwhile."""
        while True:
            try:
                order = self._control.get_nowait()
            except Empty:
                return
            if isinstance(order, Repair):
                self._repair(order)
            else:
                self._stopped = True

    def _repair(self, order: Repair) -> None:
        at_us = self._clock.plant_us(wall_us()) if order.at_us is None else order.at_us
        told: Json = {"asset": order.asset, "fault": order.fault, "at_us": at_us}
        try:
            told["cured"] = self._fleet.repair(order.asset, order.fault, at_us)
        except (KeyError, ValueError) as error:  # no such asset, no such fault: the run goes on and the report says so
            told.update(cured=False, error=repr(error))
        self._repairs.append(told)

    def _told(self, complete: bool) -> Json:
        ledger = self._publisher.ledger.told()
        return {
            **ledger,
            "outstanding": self._publisher.outstanding,
            "complete": complete,
            "planted": self._mischief.planted.told(),
            "lag_s": round(self._lag_s, 3),
            "plant_from_us": self._fleet.origin_us,
            "plant_until_us": self._last_us,
            "repairs": self._repairs,
            "truth": self._fleet.told(self._last_us),
        }


def run_fleet(
    target: Target, clock: PlantClock, seed: int, wall_seconds: float | None, control: SimpleQueue[Control]
) -> Json:
    """Run the demo fleet from the clock's origin; see `FleetRun`. None: until told to stop."""
    until_us = None if wall_seconds is None else clock.plant_us(clock.origin_wall_us + round(wall_seconds * US_PER_S))
    return FleetRun(Fleet(seed, clock.origin_plant_us), Publisher(target), clock, control).run(until_us)


def read_control(
    line_of: Callable[[], str], control: SimpleQueue[Control], complain: Callable[[str], object], stop_at_end: bool
) -> None:
    """Lines of JSON until the end of the input, which means stop where `stop_at_end` says so.

    `{"repair": {"asset": "pump-02", "fault": "de_bearing:outer_race_spall", "at_us": 1797000000000000}}`: was repaired
    at this plant time, without `at_us` now. `{"stop": true}`. What cannot be understood is told and changes nothing.
    """
    while line := line_of():
        if not line.strip():
            continue
        try:
            control.put(_order_of(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            complain(f"not an order: {line.strip()[:200]!r} ({error!r})")
    if stop_at_end:
        control.put(STOP)


def _order_of(line: Json) -> Control:
    if line.get("stop") is True:
        return STOP
    order = line["repair"]
    if not isinstance(order, dict):
        raise TypeError("a repair names asset and fault")
    at_us = order.get("at_us")
    return Repair(str(order["asset"]), str(order["fault"]), None if at_us is None else int(at_us))


def complain(text: str) -> None:
    """To standard error: standard output belongs to the report."""
    print(text, file=sys.stderr, flush=True)
