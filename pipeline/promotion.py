"""Promote a version: what-if report, challenger, champion. One road for the command, the interface and Python."""

from __future__ import annotations

from typing import Protocol

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.model_cards import ModelEntry, Stage
from forewarn.core.ports import Actor
from forewarn.core.work import Json
from forewarn.models.registry.registry import Registry


class Reports(Protocol):
    """Kept what-if reports."""

    def get(self, sha256: str) -> Json | None:
        """One of them."""
        ...

    def of_model(self, name: str, version: int) -> list[str]:
        """Those of a version, newest first."""
        ...


def parse_version(text: str) -> tuple[str, int]:
    """NAME:VERSION. Raises Rejected for anything else.

    >>> parse_version("pump-life:3")
    ('pump-life', 3)
    """
    name, colon, number = text.rpartition(":")
    if not (colon and name and number.isascii() and number.isdigit() and int(number) > 0):
        raise Rejected("model_version", f"write NAME:VERSION, such as pump-life:3, not {text!r}")
    return name, int(number)


def known_entry(registry: Registry, name: str, version: int) -> ModelEntry:
    """A version that is in the book. Raises Rejected for one that is not."""
    entry = registry.book.entry(name, version)
    if entry is None:
        raise Rejected("unknown_model", f"there is no version {version} of {name}; see `forewarn models`")
    return entry


def promote(
    registry: Registry,
    reports: Reports,
    name: str,
    version: int,
    actor: Actor,
    at_us: int,
    revision: int | None = None,
    report_sha256: str | None = None,
    forced: str = "",
) -> ModelEntry:
    """Make a version the champion of its name; the one before is retired.

    It rests on a what-if report of this very version (none named: the newest), or on `forced`: the reason why there is
    none. Raises Conflict for a stale revision or a champion, Rejected for an unknown version or report, or a file that
    must not be used.
    """
    entry = known_entry(registry, name, version)
    if revision is not None and entry.revision != revision:
        raise Conflict(f"{name}:{version} is at revision {entry.revision}, you sent {revision}: read it again")
    if entry.stage is Stage.CHAMPION:
        raise Conflict(f"{name}:{version} is the champion already")
    report = _report(reports, entry, report_sha256, forced)
    if entry.stage is not Stage.CHALLENGER:
        entry = registry.book.move(
            name, version, Stage.CHALLENGER, actor, entry.revision, at_us, report_sha256=report, forced=forced
        )
    return registry.promote(name, version, actor, entry.revision, at_us, report_sha256=report, forced=forced)


def _report(reports: Reports, entry: ModelEntry, sha256: str | None, forced: str) -> str:
    """The report that it rests on, "" when it is forced."""
    model = f"{entry.name}:{entry.version}"
    if sha256 is None:
        known = reports.of_model(entry.name, entry.version)
        sha256 = known[0] if known else entry.report_sha256
    if not sha256 and forced:
        return ""
    if not sha256:
        raise Rejected(
            "no_report",
            f"{model} was never tried over history: run `forewarn whatif --model {model}`, or force it with a reason",
        )
    told = reports.get(sha256)
    if told is None:
        raise Rejected("no_report", f"there is no what-if report {sha256}")
    if told.get("model") != model:
        raise Rejected("other_report", f"that report tried {told.get('model') or 'settings'}, not {model}")
    return sha256
