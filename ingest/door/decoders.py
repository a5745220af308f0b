"""Every packet but PUBLISH, decoded: CONNECT, SUBSCRIBE, UNSUBSCRIBE, PUBACK, PINGREQ, DISCONNECT, AUTH.

A decoder takes the body of one packet and raises `PacketError` for what breaks a rule of the packet by itself. What
depends on who asks is decided later. Section numbers are those of OASIS MQTT 5.0.
"""

from __future__ import annotations

from collections.abc import Callable

from forewarn.ingest.door.codes import PacketError, Reason
from forewarn.ingest.door.packets import (
    V5,
    V311,
    Auth,
    Connect,
    Disconnect,
    Filter,
    Packet,
    PingRequest,
    PublishAck,
    Subscribe,
    Unsubscribe,
    Will,
)
from forewarn.ingest.door.properties import (
    IN_ACK,
    IN_AUTH,
    IN_CONNECT,
    IN_DISCONNECT,
    IN_SUBSCRIBE,
    IN_UNSUBSCRIBE,
    IN_WILL,
    Cursor,
    Properties,
    Property,
    number_of,
    read_properties,
)

CONNECT, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PING, DISCONNECT, AUTH = 0x10, 0x40, 0x82, 0xA2, 0xC0, 0xE0, 0xF0
FILTERS_MAXIMUM = 1000
"""Topic filters of one SUBSCRIBE or UNSUBSCRIBE; a megabyte could hold a quarter of a million."""


def decode_connect(cursor: Cursor) -> Connect:
    """CONNECT (3.1). A fault behind the protocol level carries the version in which it can be answered."""
    version = _protocol_version(cursor)
    try:
        return _connect(cursor, version)
    except PacketError as fault:
        fault.version = version
        raise


def _connect(cursor: Cursor, version: int) -> Connect:
    flags, keep_alive_s = cursor.number(1), cursor.number(2)
    _check_connect_flags(flags, version)
    properties = read_properties(cursor, IN_CONNECT) if version == V5 else {}
    client_id = cursor.text()
    will = _will(cursor, flags, version) if flags & 0x04 else None
    user = cursor.text() if flags & 0x80 else None
    password = cursor.binary() if flags & 0x40 else None
    cursor.finish()
    return Connect(
        version=version,
        clean_start=bool(flags & 0x02),
        keep_alive_s=keep_alive_s,
        client_id=client_id,
        will=will,
        user=user,
        password=password,
        session_expiry_s=number_of(properties, Property.SESSION_EXPIRY_INTERVAL, 0),
        maximum_packet_bytes=number_of(properties, Property.MAXIMUM_PACKET_SIZE, 0),
        authentication_method=_authentication_method(properties),
    )


def _authentication_method(properties: Properties) -> str | None:
    method = properties.get(Property.AUTHENTICATION_METHOD)
    if method is None and Property.AUTHENTICATION_DATA in properties:
        raise PacketError(Reason.PROTOCOL_ERROR, "authentication data without an authentication method")
    return method if isinstance(method, str) else None


def _protocol_version(cursor: Cursor) -> int:
    name, version = cursor.binary(), cursor.number(1)
    if name not in (b"MQTT", b"MQIsdp"):
        raise PacketError(Reason.PROTOCOL_ERROR, "CONNECT does not name the MQTT protocol")
    if name == b"MQIsdp" or version not in (V311, V5):
        detail = f"MQTT protocol level {version}; this server speaks 3.1.1 (4) and 5"
        raise PacketError(Reason.UNSUPPORTED_PROTOCOL_VERSION, detail)
    return version


def _check_connect_flags(flags: int, version: int) -> None:
    will, will_qos_retain = flags & 0x04, flags & 0x38
    if flags & 0x01 or (will_qos_retain and not will) or flags & 0x18 == 0x18:
        raise PacketError(Reason.MALFORMED_PACKET, f"CONNECT flags 0x{flags:02X} contradict one another")
    if version == V311 and flags & 0xC0 == 0x40:
        raise PacketError(Reason.MALFORMED_PACKET, "a password without a user name")


def _will(cursor: Cursor, flags: int, version: int) -> Will:
    if version == V5:
        read_properties(cursor, IN_WILL)
    topic, payload = cursor.text(), cursor.binary()
    return Will(topic, payload, qos=flags >> 3 & 0x03, retain=bool(flags & 0x20))


def _packet_id(cursor: Cursor) -> int:
    packet_id = cursor.number(2)
    if packet_id == 0:
        raise PacketError(Reason.PROTOCOL_ERROR, "packet identifier 0")
    return packet_id


def _puback(cursor: Cursor, v5: bool) -> PublishAck:
    packet_id = _packet_id(cursor)
    if v5 and not cursor.finished:
        cursor.number(1)
        if not cursor.finished:
            read_properties(cursor, IN_ACK)
    return PublishAck(packet_id)


def _subscribe(cursor: Cursor, v5: bool) -> Subscribe:
    packet_id = _packet_id(cursor)
    if v5 and Property.SUBSCRIPTION_IDENTIFIER in read_properties(cursor, IN_SUBSCRIBE):
        detail = "a subscription identifier, although CONNACK offered none"
        raise PacketError(Reason.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED, detail)
    filters = []
    while not cursor.finished:
        filters.append(_filter(cursor, v5))
        _check_count(len(filters))
    if not filters:
        raise PacketError(Reason.PROTOCOL_ERROR, "SUBSCRIBE without a topic filter")
    return Subscribe(packet_id, tuple(filters))


def _filter(cursor: Cursor, v5: bool) -> Filter:
    topic, options = cursor.text(), cursor.number(1)
    retain_handling = options >> 4 & 0x03
    if options & 0x03 == 3 or options & (0xC0 if v5 else 0xFC) or retain_handling == 3:
        raise PacketError(Reason.MALFORMED_PACKET, f"subscription options 0x{options:02X}")
    return Filter(topic, options & 0x03, retain_handling, no_local=bool(options & 0x04))


def _check_count(filters: int) -> None:
    if filters > FILTERS_MAXIMUM:
        raise PacketError(Reason.QUOTA_EXCEEDED, f"more than {FILTERS_MAXIMUM} topic filters in one packet")


def _unsubscribe(cursor: Cursor, v5: bool) -> Unsubscribe:
    packet_id = _packet_id(cursor)
    if v5:
        read_properties(cursor, IN_UNSUBSCRIBE)
    topics = []
    while not cursor.finished:
        topics.append(cursor.text())
        _check_count(len(topics))
    if not topics:
        raise PacketError(Reason.PROTOCOL_ERROR, "UNSUBSCRIBE without a topic filter")
    return Unsubscribe(packet_id, tuple(topics))


def _ping(cursor: Cursor, v5: bool) -> PingRequest:
    return PingRequest()


def _disconnect(cursor: Cursor, v5: bool) -> Disconnect:
    if not v5 or cursor.finished:
        return Disconnect()
    reason = cursor.number(1)
    properties: Properties = {}
    if not cursor.finished:
        properties = read_properties(cursor, IN_DISCONNECT)
    return Disconnect(reason, number_of(properties, Property.SESSION_EXPIRY_INTERVAL, 0))


def _auth(cursor: Cursor, v5: bool) -> Auth:
    reason = 0
    if not cursor.finished:
        reason = cursor.number(1)
        if not cursor.finished:
            read_properties(cursor, IN_AUTH)
    return Auth(reason)


DECODERS: dict[int, Callable[[Cursor, bool], Packet]] = {
    PUBACK: _puback,
    SUBSCRIBE: _subscribe,
    UNSUBSCRIBE: _unsubscribe,
    PING: _ping,
    DISCONNECT: _disconnect,
    AUTH: _auth,
}
"""By first byte. The second argument says whether the connection speaks MQTT 5."""
