"""What a broker can lose, said from what was measured at it and not from what its documentation promises.

| level | what acknowledges | what survives |
|---|---|---|
| D0 | nothing: messages come with QoS 0 | nothing that is on its way when anything stops |
| D1 | the broker, but it does not keep our session | what arrives while we are connected |
| D2 | a store without fsync | not offered here |
| D3' | the broker to the sender, we to the broker after our fsync | here everything; at the broker what it keeps |

D3 (the front door: the sender's own PUBACK waits for the fsync) cannot be reached through a broker.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from forewarn.ingest.brokers.filters import replace_file

REFUSED = 128
"""From here on a SUBACK code is a refusal."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a connection showed. None = the broker did not say (MQTT 3.1.1 says little).

    `granted`: subscription -> QoS 0-2, or a refusal code from 128 on. `session_kept`: did the broker still have our
    session when we came back? None before the first return.
    """

    protocol: str = ""
    tls: bool = False
    granted: Mapping[str, int] = field(default_factory=dict)
    session_present: bool | None = None
    session_kept: bool | None = None
    session_expiry_s: int | None = None
    receive_maximum: int | None = None
    maximum_qos: int | None = None
    maximum_packet_bytes: int | None = None
    retain_available: bool | None = None
    shared_available: bool | None = None
    software: str | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """The level, one sentence for it, and every way that is known to lose something."""

    level: str
    text: str
    losses: list[str]


_TEXTS = {
    "D0": "at most once: what is on its way when anything stops is lost",
    "D1": "what arrives while we are connected is stored; what arrives while we are away is lost",
    "D3'": "what the broker delivers is stored exactly once; what it loses shows as a gap where senders number",
}


def promise(facts: Facts) -> Promise:
    """What these facts allow to promise.

    >>> promise(Facts("5", granted={"plant/#": 1}, session_kept=True)).level
    "D3'"
    >>> promise(Facts("5", granted={"plant/#": 1}, session_kept=False)).level
    'D1'
    >>> promise(Facts("5", granted={"plant/#": 0})).level
    'D0'
    """
    level, losses = "D3'", []
    refused = sorted(f for f, qos in facts.granted.items() if qos >= REFUSED)
    at_most_once = sorted(f for f, qos in facts.granted.items() if qos == 0)
    if facts.session_kept is False or facts.session_expiry_s == 0:
        level = "D1"
        losses.append("the broker did not keep our session: what it took while we were away is gone")
    if at_most_once:
        losses.append(f"QoS 0 only: {', '.join(at_most_once)}")
    if refused:
        losses.append(f"subscription refused, nothing arrives: {', '.join(refused)}")
    if at_most_once or refused or not facts.granted:
        level = "D0"
    losses.extend(_broker_losses(facts))
    return Promise(level, _TEXTS[level], losses)


def _broker_losses(facts: Facts) -> list[str]:
    """What lies on the broker's side and cannot be mended from here."""
    losses = ["senders that publish with QoS 0 lose what is on its way"]
    if facts.software is None:
        return [*losses, "the broker does not say what it is: ask whether its PUBACK waits for its disk"]
    if "mosquitto" in facts.software.lower():
        losses.append(
            f"{facts.software} acknowledges from memory: kill -9 or a power cut loses acknowledged messages that it "
            "had not yet delivered, in every setting of its persistence"
        )
        losses.append("its default max_queued_messages 1000 drops silently while we are away: set 0")
    return losses


class PromiseBoard:
    """Writes what is known of every broker to one small file, for the API and the page; any thread may tell."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._rows: dict[str, dict[str, Any]] = {}

    def tell(self, name: str, row: Mapping[str, Any]) -> None:
        """The newest about one broker."""
        with self._lock:
            self._rows[name] = dict(row)
            replace_file(self._path, json.dumps(self._rows, indent=1))


def read_promises(path: Path) -> dict[str, dict[str, Any]]:
    """What `PromiseBoard` wrote, by broker; empty before the first connection. ValueError for a damaged file."""
    try:
        found: dict[str, dict[str, Any]] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return found


def promise_row(facts: Facts) -> dict[str, Any]:
    """Promise and facts as they stand in the file."""
    return {**asdict(promise(facts)), "facts": asdict(facts)}
