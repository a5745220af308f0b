"""Reads a Mosquitto configuration and names what is known to lose data or to let strangers in. Pure."""

from __future__ import annotations

from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong ("error"), or only worth knowing ("note"), and what to do."""

    severity: str
    what: str


def findings_of(text: str) -> list[Finding]:
    """What to change in this configuration; empty for a good one.

    >>> [f.what[:27] for f in findings_of("listener 1883 127.0.0.1\\npersistence true")][:1]
    ['max_queued_messages is 1000']
    """
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    told = {words[0]: words[1].strip() if len(words) > 1 else "" for words in lines}
    return [*_losses(told), *_doors(told, lines)]


def _losses(told: dict[str, str]) -> list[Finding]:
    found = []
    queued = told.get("max_queued_messages", "1000")
    if queued != "0":
        found.append(_error(f"max_queued_messages is {queued}: more is dropped while the reader is away; set 0"))
    elif "max_queued_bytes" not in told:
        found.append(_error("max_queued_bytes is not set: an absent reader may fill the memory"))
    if told.get("persistence") != "true":
        found.append(_error("persistence is off: a restart forgets sessions and queues; set true"))
    elif told.get("autosave_on_changes") != "true":
        found.append(_error("autosave_on_changes is off: the disk is 30 minutes behind; set true, and interval 1000"))
    inflight = told.get("max_inflight_messages", "20")
    if inflight != "0" and not (inflight.isdigit() and int(inflight) >= 100):
        found.append(_error(f"max_inflight_messages is {inflight}: the reader waits for its disk that often; set 1000"))
    if "persistent_client_expiration" not in told:
        found.append(_note("persistent_client_expiration is not set: a session without a reader queues for ever"))
    return found


def _doors(told: dict[str, str], lines: list[list[str]]) -> list[Finding]:
    found = []
    if told.get("allow_anonymous") == "true":
        found.append(_error("allow_anonymous is true: anybody may publish readings"))
    if "acl_file" not in told:
        found.append(_error("no acl_file: every device may write for every other"))
    if "max_packet_size" not in told:
        found.append(_note("max_packet_size is not set: one message may be 256 MB"))
    open_ports = [words[1] for words in lines if words[0] == "listener" and not _is_loopback(words[1])]
    if open_ports and "certfile" not in told:
        found.append(_error(f"listener {', '.join(open_ports)} has no TLS: passwords can be read on the way"))
    return found


def _error(what: str) -> Finding:
    return Finding("error", what)


def _note(what: str) -> Finding:
    return Finding("note", what)


def _is_loopback(listener: str) -> bool:
    words = listener.split()
    return len(words) > 1 and words[1] in LOOPBACK
