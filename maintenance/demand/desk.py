"""The use cases of reviews and policies, over whatever keeps them.

Each runs inside one transaction of its `DemandStore`: what changes, its audit row and its message are written together.
The audit keeps rows of a policy under `part-policy:PART`, those of a review under `demand-review:SLOT`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from forewarn.core.demand import LineState, PartDemand, stepped
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.audit import AuditEntry
from forewarn.maintenance.demand.review import Reviewed, Standing

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOTE_LIMIT = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class KeptPolicy:
    """A policy in force. `revision` counts its changes."""

    standing: Standing
    revision: int
    changed_at_us: int


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One part of a review as kept. `policy_revision`: of the policy that it was compared with, 0: there was none."""

    id: int
    slot: str
    state: LineState
    policy_revision: int
    reviewed: Reviewed
    at_us: int
    decided_at_us: int | None = None
    decided_by: str = ""
    note: str = ""

    @property
    def part(self) -> str:
        """Which part."""
        return self.reviewed.part


@dataclass(frozen=True, slots=True, eq=False)
class MonthForecast:
    """What was expected of a part in a month [from_us, to_us), and, once it is over, what was issued in it."""

    month: str
    from_us: int
    to_us: int
    demand: PartDemand
    issued: float | None = None
    judged_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A review that was held: its slot, when, by whom, and how many lines came of it by state."""

    slot: str
    at_us: int
    by: str
    counts: Json


class DemandStore(Protocol):
    """Policies and reviews as one transaction sees them."""

    def claim(self, held: Held) -> bool:
        """Take the slot of a review; False where somebody has it."""
        ...

    def policy(self, part: str) -> KeptPolicy | None:
        """The policy in force, locked against other writers."""
        ...

    def keep_policy(self, kept: KeptPolicy) -> None:
        """Insert (revision 1) or replace."""
        ...

    def drop_policy(self, part: str) -> None:
        """The part has no policy any more."""
        ...

    def add_line(self, line: Line) -> Line:
        """A new line with its number."""
        ...

    def line(self, id: int) -> Line | None:
        """One line, locked."""
        ...

    def change_line(self, line: Line) -> None:
        """State, decision and note of a line."""
        ...

    def proposed(self, part: str) -> Line | None:
        """The line of a part that waits for a decision."""
        ...

    def add_forecast(self, forecast: MonthForecast) -> None:
        """A month's forecast of a part; one that is there stays."""
        ...

    def judge(self, month: str, part: str, issued: float, at_us: int) -> None:
        """What was issued in a month that is over."""
        ...

    def record(self, entry: AuditEntry) -> int:
        """Append to the audit; its number."""
        ...

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """Put a message in the outbox."""
        ...


def month_of(at_us: int) -> str:
    """The UTC month of a time.

    >>> month_of(1_793_000_000_000_000)
    '2026-10'
    """
    return (EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m")


def month_span(month: str) -> tuple[int, int]:
    """Begin and end of a month, UTC microseconds."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    after = (first + timedelta(days=32)).replace(day=1)
    return tuple((at - EPOCH) // timedelta(microseconds=1) for at in (first, after))  # type: ignore[return-value] # two


def take_review(
    store: DemandStore,
    slot: str,
    lines: Sequence[Reviewed],
    forecasts: Sequence[MonthForecast],
    at_once_below: float,
    actor: Actor,
    at_us: int,
) -> list[Line] | None:
    """Keep a review: its lines, and the forecasts of its month. None where the slot was taken by somebody else.

    A change that moves less money than `at_once_below` is in force at once; the others wait for a person, in place of
    what an earlier review proposed for the part. What stays as it is becomes a line too, with its reasons.
    """
    counts: dict[str, object] = {}
    for line in lines:
        state = _first_state(line, at_once_below)
        counts[state.value] = int(str(counts.get(state.value, 0))) + 1
    if not store.claim(Held(slot, at_us, actor.name, counts)):
        return None
    for forecast in forecasts:
        store.add_forecast(forecast)
    kept = [_take_line(store, slot, line, at_once_below, actor, at_us) for line in lines]
    seq = store.record(AuditEntry(at_us, actor, f"demand-review:{slot}", "held", {}, counts))
    store.post("demand.reviewed", {"slot": slot, "counts": counts, "audit": seq}, at_us)
    return kept


def _first_state(line: Reviewed, at_once_below: float) -> LineState:
    if line.is_same:
        return LineState.KEPT
    return LineState.APPLIED if abs(line.money) < at_once_below else LineState.PROPOSED


def _take_line(
    store: DemandStore, slot: str, reviewed: Reviewed, at_once_below: float, actor: Actor, at_us: int
) -> Line:
    """One line; compared with the policy that is in force in this very transaction."""
    current = store.policy(reviewed.part)
    revision = current.revision if current else 0
    seen = reviewed.before.at_us if reviewed.before else None
    if (current.standing.at_us if current else None) != seen:
        raise Conflict(f"the policy of {reviewed.part} was changed while it was reviewed: review it again")
    waiting = store.proposed(reviewed.part)
    if waiting is not None:
        store.change_line(_decided(waiting, LineState.OVERTAKEN, actor, at_us, f"overtaken by the review {slot}"))
    state = _first_state(reviewed, at_once_below)
    line = Line(0, slot, state, revision, reviewed, at_us)
    if state is LineState.APPLIED:
        note = f"moves less than {at_once_below:g} {reviewed.after.terms.currency}"
        line = replace(line, decided_at_us=at_us, decided_by=actor.name, note=note)
    line = store.add_line(line)
    if state is LineState.APPLIED:
        _put(store, reviewed.after, current, actor, at_us, "applied", {"line": line.id, "note": line.note})
    return line


def take_decision(store: DemandStore, id: int, approve: bool, actor: Actor, note: str, at_us: int) -> Line:
    """A person approves what a review proposes, or declines it. Raises Conflict for a line that does not wait, or
    whose policy has changed since."""
    line = _existing(store, id)
    to = LineState.APPLIED if approve else LineState.DECLINED
    after = _decided(line, to, actor, at_us, note)
    current = store.policy(line.part)
    if approve and (current.revision if current else 0) != line.policy_revision:
        raise Conflict(f"the policy of {line.part} has changed since this was proposed: review it again")
    store.change_line(after)
    told: Json = {"line": id, "note": note}
    if approve:
        _put(store, line.reviewed.after, current, actor, at_us, "applied", told)
    else:
        store.record(AuditEntry(at_us, actor, subject(line.part), "declined", {}, told))
    return after


def take_reversal(store: DemandStore, id: int, actor: Actor, note: str, at_us: int) -> Line:
    """Put the policy of before an applied line into force again. Raises Conflict when a later change lies over it."""
    line = _existing(store, id)
    after = _decided(line, LineState.REVERSED, actor, at_us, note)
    current = store.policy(line.part)
    if current is None or current.revision != line.policy_revision + 1:
        raise Conflict(f"the policy of {line.part} was changed again since line {id}: reverse that one first")
    store.change_line(after)
    told: Json = {"line": id, "note": note}
    if line.reviewed.before is not None:
        _put(store, line.reviewed.before, current, actor, at_us, "reversed", told)
        return after
    store.drop_policy(line.part)
    seq = store.record(AuditEntry(at_us, actor, subject(line.part), "reversed", _told(current.standing), told))
    store.post("policy.reversed", {"part": line.part, "audit": seq}, at_us)
    return after


def take_judgement(store: DemandStore, month: str, issued: dict[str, float], actor: Actor, at_us: int) -> int:
    """Note what was issued of each forecast part in a month that is over; how many."""
    if at_us < month_span(month)[1]:
        raise Rejected("month_not_over", f"{month} is not over yet: its issues are not all known")
    for part, pieces in issued.items():
        store.judge(month, part, pieces, at_us)
    if issued:
        told: Json = {"month": month, "parts": len(issued), "issued": sum(issued.values())}
        store.record(AuditEntry(at_us, actor, f"demand-review:{month}", "judged", {}, told))
    return len(issued)


def subject(part: str) -> str:
    """Under what the audit keeps rows of a part's policy."""
    return f"part-policy:{part}"


def _put(
    store: DemandStore, standing: Standing, current: KeptPolicy | None, actor: Actor, at_us: int, did: str, told: Json
) -> None:
    revision = current.revision + 1 if current else 1
    store.keep_policy(KeptPolicy(standing, revision, at_us))
    before = _told(current.standing) if current else {}
    after = {**_told(standing), **told, "revision": revision}
    seq = store.record(AuditEntry(at_us, actor, subject(standing.part), did, before, after))
    store.post(f"policy.{did}", {"part": standing.part, "revision": revision, "audit": seq}, at_us)


def _told(standing: Standing) -> Json:
    policy = standing.policy
    return {
        "reorder_point": policy.reorder_point, "order_up_to": policy.order_up_to, "lot": policy.lot,
        "level": policy.level,
    }  # fmt: skip


def _decided(line: Line, to: LineState, actor: Actor, at_us: int, note: str) -> Line:
    if len(note) > NOTE_LIMIT:
        raise Rejected("note", f"a note has at most {NOTE_LIMIT} letters")
    state = stepped(line.id, line.state, to)
    return replace(line, state=state, decided_at_us=at_us, decided_by=actor.name, note=note)


def _existing(store: DemandStore, id: int) -> Line:
    line = store.line(id)
    if line is None:
        raise Rejected("unknown_line", f"there is no line {id} of a review")
    return line
