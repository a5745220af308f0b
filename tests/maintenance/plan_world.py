"""A plan and what came of it, for the tests of due dates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from forewarn.core.plans import (
    Due,
    Every,
    Plan,
    Seen,
    Slot,
    SlotState,
    Trigger,
    Unit,
)
from forewarn.maintenance.plans.due import due

BERLIN = ZoneInfo("Europe/Berlin")
START = date(2026, 1, 31)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(at: datetime, zone: tzinfo = BERLIN) -> int:
    """A local time in microseconds."""
    return round((at.replace(tzinfo=zone) - EPOCH).total_seconds()) * 1_000_000


def at(text: str, zone: tzinfo = BERLIN) -> int:
    return us(datetime.fromisoformat(text), zone)


def plan(trigger: Trigger = Trigger.FIXED, **more: object) -> Plan:
    rules: dict[str, object] = {"every": Every(1, Unit.MONTHS)} if "every" not in more else {}
    if trigger in (Trigger.METER, Trigger.CONDITION):
        rules = {}
    return replace(Plan("p", "Look", trigger, START, ("pump",)), **{**rules, **more})  # type: ignore[arg-type]


@dataclass
class World:
    """A plan and what came of it: orders are opened when they are due, and completed when the test says so."""

    plan: Plan
    zone: tzinfo = BERLIN
    seen: dict[str, Seen] = field(default_factory=dict)
    slots: list[Slot] = field(default_factory=list)

    def look(self, now_us: int) -> Due | None:
        found = due(self.plan, self.slots, self.seen, now_us, self.zone)
        if found is not None:
            self.slots = [slot for slot in self.slots if slot.key != found.key]
            self.slots.append(Slot("p", "pump", found.key, found.due_us, SlotState.OPEN, now_us))
        return found

    def complete(self, now_us: int, meter: float | None = None) -> None:
        self.slots = [
            replace(slot, state=SlotState.DONE, done_at_us=now_us, meter_at_done=meter)
            if slot.state is SlotState.OPEN
            else slot
            for slot in self.slots
        ]

    @property
    def keys(self) -> list[str]:
        return [slot.key for slot in self.slots]
