"""Packets that the front door sends: CONNACK, PUBACK, SUBACK, UNSUBACK, PUBLISH, PINGRESP, DISCONNECT.

Pure encoders. `version` is 4 for MQTT 3.1.1 and 5 for MQTT 5 everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forewarn.ingest.door.codes import CONNACK_311, SUBACK_FAILURE_311, Reason
from forewarn.ingest.door.packets import V5
from forewarn.ingest.door.properties import (
    Property,
    PropertyValue,
    encode_binary,
    encode_properties,
    encode_varint,
)

PING_RESPONSE = b"\xd0\x00"
PUBACK = b"\x40\x02"
"""A positive PUBACK is this and the two bytes of the packet identifier, in both versions."""


def encode_connack(version: int, reason: Reason, properties: Mapping[Property, PropertyValue]) -> bytes:
    """CONNACK with Session Present 0; b"" when 3.1.1 has no code for the refusal (it is then closed in silence)."""
    if version == V5:
        return _packet(0x20, bytes((0, reason)) + encode_properties(properties))
    code = CONNACK_311.get(reason)
    return b"" if code is None else bytes((0x20, 2, 0, code))


def encode_puback(packet_id: bytes, reason: Reason = Reason.SUCCESS) -> bytes:
    """PUBACK; a reason other than success exists in MQTT 5 only, and only for access and topic."""
    return PUBACK + packet_id if reason is Reason.SUCCESS else b"\x40\x03" + packet_id + bytes((reason,))


def encode_suback(version: int, packet_id: int, codes: Sequence[Reason]) -> bytes:
    """SUBACK: SUCCESS grants QoS 0, anything else refuses that filter."""
    if version == V5:
        return _packet(0x90, packet_id.to_bytes(2, "big") + b"\0" + bytes(codes))
    plain = bytes(0 if code is Reason.SUCCESS else SUBACK_FAILURE_311 for code in codes)
    return _packet(0x90, packet_id.to_bytes(2, "big") + plain)


def encode_unsuback(version: int, packet_id: int, codes: Sequence[Reason]) -> bytes:
    """UNSUBACK; 3.1.1 carries no codes."""
    body = packet_id.to_bytes(2, "big")
    return _packet(0xB0, body + b"\0" + bytes(codes) if version == V5 else body)


def encode_disconnect(version: int, reason: Reason, detail: str = "") -> bytes:
    """The last words of the server: MQTT 5 only, 3.1.1 has none."""
    if version != V5:
        return b""
    properties: dict[Property, PropertyValue] = {Property.REASON_STRING: detail} if detail else {}
    return _packet(0xE0, bytes((reason,)) + encode_properties(properties))


def encode_publish(
    version: int, topic: bytes, payload: bytes, packet_id: int = 0, retain: bool = False, dup: bool = False
) -> bytes:
    """PUBLISH without properties: QoS 0 when `packet_id` is 0, else QoS 1."""
    head = 0x30 | dup << 3 | (0x02 if packet_id else 0) | retain
    identifier = packet_id.to_bytes(2, "big") if packet_id else b""
    return _packet(head, encode_binary(topic) + identifier + (b"\0" if version == V5 else b"") + payload)


def _packet(head: int, body: bytes) -> bytes:
    return bytes((head,)) + encode_varint(len(body)) + body
