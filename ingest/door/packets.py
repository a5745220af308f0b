"""Packets that an MQTT client sends, as values. Section numbers are those of OASIS MQTT 5.0."""

from __future__ import annotations

from typing import NamedTuple

V311, V5 = 4, 5


class Will(NamedTuple):
    """The message a client leaves for the case that it disappears."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class Connect(NamedTuple):
    """CONNECT (3.1), and of its properties those that change what we do."""

    version: int  # 4 = MQTT 3.1.1, 5 = MQTT 5
    clean_start: bool
    keep_alive_s: int  # 0 = the client promises nothing
    client_id: str  # empty = the server chooses
    will: Will | None = None
    user: str | None = None
    password: bytes | None = None
    session_expiry_s: int = 0
    maximum_packet_bytes: int = 0  # the largest packet the client takes, 0 = any
    authentication_method: str | None = None


class Publish(NamedTuple):
    """PUBLISH (3.3). Its properties were checked and dropped: nothing downstream reads them."""

    head: int  # first byte: 0x30 | dup << 3 | qos << 1 | retain
    topic: bytes  # as on the wire or behind its alias, not yet validated
    packet_id: bytes  # two bytes, empty for QoS 0
    payload: bytes


class PublishAck(NamedTuple):
    """PUBACK (3.4) for something we never sent with QoS 1; harmless."""

    packet_id: int


class Filter(NamedTuple):
    """One line of a SUBSCRIBE."""

    topic: str
    qos: int
    retain_handling: int = 0  # 0 send retained, 1 only to a new subscription, 2 never
    no_local: bool = False


class Subscribe(NamedTuple):
    """SUBSCRIBE (3.8)."""

    packet_id: int
    filters: tuple[Filter, ...]


class Unsubscribe(NamedTuple):
    """UNSUBSCRIBE (3.10)."""

    packet_id: int
    topics: tuple[str, ...]


class PingRequest(NamedTuple):
    """PINGREQ (3.12)."""


class Disconnect(NamedTuple):
    """DISCONNECT (3.14); any reason but 0 asks for the will to be published."""

    reason: int = 0
    session_expiry_s: int = 0


class Auth(NamedTuple):
    """AUTH (3.15)."""

    reason: int = 0


Packet = Connect | Publish | PublishAck | Subscribe | Unsubscribe | PingRequest | Disconnect | Auth
