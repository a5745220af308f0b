"""The use cases of the book of models, over whatever keeps the versions.

Each runs inside one transaction of its `ModelStore`: the version, its audit row and its message are written together.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Protocol

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.model_cards import (
    NAME,
    NEEDS_REPORT,
    STAGES,
    ModelCard,
    ModelEntry,
    Stage,
    card_digest,
    way_back,
)
from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.maintenance.audit import AuditEntry

SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST_REASON = 2_000


class ModelStore(Protocol):
    """Versions as one transaction sees them. Implemented on SQL and in memory."""

    def lock(self, name: str) -> int:
        """Keep other writers of this name out until the end; the highest number given so far (0: none)."""
        ...

    def number(self, name: str, newest: int) -> None:
        """Remember the highest number given."""
        ...

    def all_of(self, name: str) -> list[ModelEntry]:
        """Every version of a name, newest first."""
        ...

    def keep(self, entry: ModelEntry) -> None:
        """Insert or replace. Raises Conflict for a second champion."""
        ...

    def record(self, entry: AuditEntry) -> int:
        """Append to the audit; its number."""
        ...

    def post(self, kind: str, body: Json, at_us: int) -> None:
        """Put a message in the outbox."""
        ...


def subject(name: str) -> str:
    """What the audit calls a model.

    >>> subject("pumps")
    'model:pumps'
    """
    return f"model:{name}"


def give_number(store: ModelStore, name: str) -> int:
    """The next number of a name. Raises Rejected for what is no name."""
    _named(name)
    number = store.lock(name) + 1
    store.number(name, number)
    return number


def take_card(store: ModelStore, card: ModelCard, actor: Actor, at_us: int) -> ModelEntry:
    """Keep a card as a candidate."""
    _digest(card.file_sha256, "the file")
    if card.version < 1:
        raise Rejected("no_version", f"{card.name} has no version yet: ask the book to reserve one")
    newest = store.lock(card.name)
    known = store.all_of(card.name)
    if known and card.version <= known[0].version:
        raise Conflict(f"{card.name} is at version {known[0].version}, {card.version} comes too late")
    store.number(card.name, max(newest, card.version))
    entry = ModelEntry(card, Stage.CANDIDATE, 1, at_us)
    _write(store, None, entry, actor, "added", at_us, "model.added")
    return entry


def take_stage(
    store: ModelStore,
    key: tuple[str, int],
    stage: Stage,
    actor: Actor,
    revision: int,
    at_us: int,
    report_sha256: str = "",
    forced: str = "",
) -> ModelEntry:
    """Move a version, and retire the champion that it replaces."""
    entry = _existing(store, *key)
    if entry.revision != revision:
        raise Conflict(f"{entry.name} {entry.version} is at revision {entry.revision}, not {revision}: read it again")
    if stage not in STAGES[entry.stage]:
        allowed = ", ".join(STAGES[entry.stage])
        raise Conflict(f"{entry.name} {entry.version} is {entry.stage} and cannot become {stage}, only {allowed}")
    if report_sha256:
        _digest(report_sha256, "the report")
    report, reason = report_sha256 or entry.report_sha256, _reason(forced)
    if stage in NEEDS_REPORT and not report and not reason:
        raise Rejected("no_report", f"{stage} asks for a what-if report, or for the reason why there is none")
    told: Json = {"forced": reason} if reason else {}
    return _moved(store, entry, stage, actor, at_us, report, told)


def take_back(store: ModelStore, name: str, actor: Actor, at_us: int, reason: str) -> ModelEntry:
    """Promote the former champion again: the two steps of the table, in one transaction."""
    if not _reason(reason):
        raise Rejected("no_reason", "rolling back asks for a reason")
    store.lock(name)
    back = way_back(store.all_of(name))
    if back is None:
        raise Conflict(f"{name} has no former champion to go back to")
    told: Json = {"rolled_back": _reason(reason)}
    again = _moved(store, back, Stage.CHALLENGER, actor, at_us, back.report_sha256, told)
    return _moved(store, again, Stage.CHAMPION, actor, at_us, again.report_sha256, told)


def take_failure(store: ModelStore, key: tuple[str, int], reason: str, actor: Actor, at_us: int) -> ModelEntry:
    """Retire a version that cannot be used; the same failure again writes nothing."""
    entry = _existing(store, *key)
    failed = _reason(reason) or "no reason was given"
    if entry.stage is Stage.RETIRED and entry.failed == failed:
        return entry
    after = replace(entry, stage=Stage.RETIRED, failed=failed, revision=entry.revision + 1, changed_at_us=at_us)
    _write(store, entry, after, actor, "failed", at_us, "model.failed")
    return after


def take_note(store: ModelStore, name: str, action: str, told: Json, actor: Actor, at_us: int) -> None:
    """Record something that changes no version."""
    _named(name)
    if not 0 < len(action) <= 50:
        raise ValueError("an action has 1 to 50 letters")
    seq = store.record(AuditEntry(at_us, actor, subject(name), action, {}, told))
    store.post("model.note", {"model": name, "action": action, "audit": seq}, at_us)


def _moved(
    store: ModelStore, entry: ModelEntry, stage: Stage, actor: Actor, at_us: int, report: str, told: Json
) -> ModelEntry:
    promoted = stage is Stage.CHAMPION
    if promoted:
        for other in store.all_of(entry.name):
            if other.stage is Stage.CHAMPION:
                gone = replace(other, stage=Stage.RETIRED, revision=other.revision + 1, changed_at_us=at_us)
                replaced: Json = {"replaced_by": entry.version}
                _write(store, other, gone, actor, Stage.RETIRED.value, at_us, "model.stage", replaced)
    after = replace(
        entry,
        stage=stage,
        revision=entry.revision + 1,
        changed_at_us=at_us,
        report_sha256=report,
        promoted_at_us=at_us if promoted else entry.promoted_at_us,
        failed=entry.failed if stage is Stage.RETIRED else "",
    )
    _write(store, entry, after, actor, stage.value, at_us, "model.stage", told)
    return after


def _write(
    store: ModelStore,
    before: ModelEntry | None,
    after: ModelEntry,
    actor: Actor,
    action: str,
    at_us: int,
    kind: str,
    told: Json | None = None,
) -> None:
    store.keep(after)
    was, became = changes(before, after)
    seq = store.record(AuditEntry(at_us, actor, subject(after.name), action, was, {**became, **(told or {})}))
    body: Json = {"model": after.name, "version": after.version, "stage": after.stage.value}
    store.post(kind, {**body, "revision": after.revision, "audit": seq}, at_us)


def snapshot(entry: ModelEntry) -> Json:
    """Everything about a version as JSON, the card by its digest: what its audit rows add up to."""
    return {
        "stage": entry.stage.value,
        "revision": entry.revision,
        "changed_at_us": entry.changed_at_us,
        "report_sha256": entry.report_sha256,
        "promoted_at_us": entry.promoted_at_us,
        "failed": entry.failed,
        "card_sha256": card_digest(entry.card),
        "file_sha256": entry.card.file_sha256,
    }


def changes(before: ModelEntry | None, after: ModelEntry) -> tuple[Json, Json]:
    """The version's number, and the fields that differ, as they were and as they became."""
    which: Json = {"version": after.version}
    became = snapshot(after)
    if before is None:
        return which, {**which, **became}
    was = snapshot(before)
    differing = [name for name in became if was[name] != became[name]]
    return {**which, **{n: was[n] for n in differing}}, {**which, **{n: became[n] for n in differing}}


def _existing(store: ModelStore, name: str, version: int) -> ModelEntry:
    store.lock(name)
    found = next((entry for entry in store.all_of(name) if entry.version == version), None)
    if found is None:
        raise Rejected("unknown_model", f"there is no version {version} of {name}")
    return found


def _named(name: str) -> None:
    if not NAME.fullmatch(name) or ".." in name:
        raise Rejected("bad_name", f"{name[:80]!r} is no name of a model: a-z, 0-9, '.', '_' and '-', at most 64")


def _digest(value: str, what: str) -> None:
    if not SHA256.fullmatch(value):
        raise Rejected("bad_digest", f"the digest of {what} is 64 hex digits (SHA-256)")


def _reason(text: str) -> str:
    return text.strip()[:LONGEST_REASON]
