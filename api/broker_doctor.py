"""What `forewarn doctor broker` finds, as rows that can be printed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from forewarn.api.broker_sources import broker_targets
from forewarn.api.settings import Settings
from forewarn.core.errors import Rejected, Retriable
from forewarn.ingest.brokers.doctor import Examination, examine
from forewarn.ingest.brokers.mosquitto_conf import Finding, findings_of
from forewarn.ingest.brokers.target import Target


def run_doctor(settings: Settings, name: str | None, config: Path | None) -> list[dict[str, Any]]:
    """One row per broker, and one for the configuration file. Raises Rejected for a name that is not in the settings.

    Needs no plant file: what must not be shared is checked when the ingest process starts.
    """
    targets = broker_targets(settings, [])
    if name is not None and name not in targets:
        raise Rejected("unknown_broker", f"{name!r}: the settings name {', '.join(targets) or 'none'}")
    rows = [_row(target) for key, target in targets.items() if name in (None, key)]
    if config is not None:
        rows.append(_file_row(config))
    if not rows:
        raise Rejected("unknown_broker", "the settings name no broker; see docs/reference/settings.md")
    return rows


def _row(target: Target) -> dict[str, Any]:
    try:
        found: Examination = examine(target)
    except Retriable as error:
        finding = asdict(Finding("error", str(error)))
        return {"broker": target.name, "level": "-", "text": "not examined", "losses": [], "findings": [finding]}
    return {
        "broker": target.name,
        **asdict(found.promise),
        "facts": asdict(found.facts),
        "findings": [asdict(finding) for finding in found.findings],
    }


def _file_row(config: Path) -> dict[str, Any]:
    try:
        found = findings_of(config.read_text())
    except OSError as error:
        raise Rejected("broker_config", f"{config}: {error.strerror}") from error
    text = "nothing to mend" if not found else f"{len(found)} findings"
    return {"broker": str(config), "level": "file", "text": text, "losses": [], "findings": [asdict(f) for f in found]}
