"""The host's own certificates: `spBv1.0/STATE/HOST`, retained, JSON with `online` and `timestamp`.

Edge nodes that have this host as their primary host wait for it before they send. The birth that follows a CONNECT
carries the timestamp of the will in that CONNECT, so a late will of an earlier connection is seen to be older.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from forewarn.core.errors import Rejected
from forewarn.ingest.desk import Command
from forewarn.ingest.sparkplug.topics import state_topic


class _State(msgspec.Struct):
    online: bool
    timestamp: int


_DECODER = msgspec.json.Decoder(_State)


class Certificate(NamedTuple):
    """A STATE message that was read: Unix milliseconds."""

    online: bool
    timestamp_ms: int


def birth(host_id: str, timestamp_ms: int) -> Command:
    """ "I am here", since this CONNECT (QoS 1 where the broker is another one's).

    >>> birth("forewarn", 1_795_392_000_000)
    Command(topic='spBv1.0/STATE/forewarn', payload=b'{"online":true,"timestamp":1795392000000}', retain=True)
    """
    return _command(host_id, True, timestamp_ms)


def death(host_id: str, timestamp_ms: int) -> Command:
    """ "I am gone": the will of a CONNECT, and what a host says before it leaves on purpose."""
    return _command(host_id, False, timestamp_ms)


def _command(host_id: str, online: bool, timestamp_ms: int) -> Command:
    return Command(state_topic(host_id), msgspec.json.encode(_State(online, timestamp_ms)), retain=True)


def read(payload: bytes) -> Certificate:
    """A STATE message. Raises Rejected `bad_state`; that of specification 2.2 (ONLINE, OFFLINE) is refused too.

    >>> read(b'{"online":false,"timestamp":1795392000000}')
    Certificate(online=False, timestamp_ms=1795392000000)
    """
    try:
        found = _DECODER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Rejected("bad_state", 'no {"online": true, "timestamp": milliseconds}') from None
    return Certificate(found.online, found.timestamp)
