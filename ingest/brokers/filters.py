"""Topic filters: what may be subscribed, what may be shared, and which ones a session at the broker still holds.

A persistent session keeps its old filters when the settings change (nobody unsubscribes them by itself), so a small
file remembers what was ever asked for. It is written before the broker hears of it: a crash in between leaves a filter
too many in the file, never one too few.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from forewarn.core.errors import Rejected
from forewarn.core.readings import SignalSpec
from forewarn.ingest.folder_lock import sync_folder

SPARKPLUG_PREFIX = "spBv1.0"
ONE_MESSAGE_FORMATS = frozenset({"json", "senml", "plain", "waveform"})
"""Formats whose messages stand alone. Of any other the messages belong together and need one reader."""


def matches(filter_: str, topic: str) -> bool:
    """Whether a topic filter takes a topic (MQTT 5, section 4.7).

    >>> matches("plant/+/temp", "plant/p1/temp"), matches("plant/#", "plant"), matches("#", "$SYS/uptime")
    (True, True, False)
    """
    wanted, levels = filter_.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place == len(levels) or level not in ("+", levels[place]):
            return False
    return len(wanted) == len(levels)


def check_filter(filter_: str) -> None:
    """Raise Rejected `broker_filter` for what is no topic filter, or is none for telemetry.

    `$share/...` is written with the setting `group`, and the broker's own `$` topics are not telemetry.
    """
    levels = filter_.split("/")
    misplaced = [x for x in levels if ("+" in x and x != "+") or ("#" in x and x != "#")] or "#" in levels[:-1]
    if not filter_ or "\0" in filter_ or misplaced or len(filter_.encode()) > 65_535:
        raise Rejected("broker_filter", f"{filter_!r} is no MQTT topic filter (`+` and `#` fill a level, `#` the last)")
    if filter_.startswith("$"):
        hint = "set `group` for a shared subscription" if filter_.startswith("$share/") else "it carries no telemetry"
        raise Rejected("broker_filter", f"{filter_!r} begins with $: {hint}")


def check_sharing(group: str, filters: Iterable[str], signals: Sequence[SignalSpec]) -> None:
    """Raise Rejected `broker_sharing` where several readers of one subscription would break what belongs together.

    Sparkplug counts the messages of a node, a chunked transfer comes in pieces: a shared subscription deals them out to
    several processes, and none of them sees the whole.
    """
    if not re.fullmatch(r"[^/+#\s]+", group):
        raise Rejected("broker_sharing", f"group {group!r}: one word without / + #")
    for filter_ in filters:
        if filter_.split("/")[0] in ("+", "#", SPARKPLUG_PREFIX):
            raise Rejected(
                "broker_sharing",
                f"{filter_!r} takes Sparkplug topics, whose sequence numbers one reader has to see in order: "
                "give them a broker entry of their own without `group`, or name the first level",
            )
        for spec in signals:
            if spec.format not in ONE_MESSAGE_FORMATS and matches(filter_, spec.topic):
                raise Rejected(
                    "broker_sharing",
                    f"{filter_!r} takes {spec.topic} ({spec.name}, format {spec.format}), whose messages belong "
                    "together and need one reader: give it a broker entry of its own without `group`",
                )


class FilterBook:
    """Which filters each session of ours at one broker may hold, in a small file.

    Raises Rejected `broker_filters_file` for a file that is not ours to read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sessions = self._read()

    @property
    def sessions(self) -> list[str]:
        """Client ids with a session that was not ended."""
        return sorted(self._sessions)

    def held(self, client_id: str) -> list[str]:
        """Filters that the session of this client id may hold."""
        return list(self._sessions.get(client_id, ()))

    def note(self, client_id: str, filters: Iterable[str]) -> None:
        """These and no others from now on; durable when it returns."""
        kept = sorted(set(filters))
        if self._sessions.get(client_id) != kept:
            self._write({**self._sessions, client_id: kept})

    def forget(self, client_id: str) -> None:
        """The session was ended."""
        self._write({known: filters for known, filters in self._sessions.items() if known != client_id})

    def _read(self) -> dict[str, list[str]]:
        if not self._path.exists():
            return {}
        try:
            found = json.loads(self._path.read_text())
            return {str(client): [str(f) for f in filters] for client, filters in found.items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise Rejected("broker_filters_file", f"{self._path} is damaged ({error}); remove it") from error

    def _write(self, sessions: dict[str, list[str]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._path, json.dumps(sessions, indent=1))
        self._sessions = sessions


def replace_file(path: Path, text: str) -> None:
    """Readers see the old text or the new one, also after a power cut."""
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)
