"""Packets that an MQTT client sends, cut out of its byte stream. No sockets, no clock.

`PacketReader.feed` takes the stream in pieces of any size and returns the packets that became whole. Broken bytes
never raise out of it: they stop the reader for good and stand in `PacketReader.fault`. What a packet may cost is
known from its first bytes: a length above the limit is refused before anything is kept.

Standards: OASIS MQTT 3.1.1 and 5.0 (section numbers below are those of 5.0).

>>> reader = PacketReader(maximum_packet_bytes=1024, version=4)
>>> reader.feed(b"\\x32\\x06\\x00\\x01t\\x00\\x07!\\xc0")
[Publish(head=50, topic=b't', packet_id=b'\\x00\\x07', payload=b'!')]
>>> reader.feed(b"\\x00")
[PingRequest()]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from forewarn.ingest.door.codes import PacketError, Reason
from forewarn.ingest.door.properties import (
    IN_ACK,
    IN_AUTH,
    IN_CONNECT,
    IN_DISCONNECT,
    IN_PUBLISH,
    IN_SUBSCRIBE,
    IN_UNSUBSCRIBE,
    IN_WILL,
    Cursor,
    Property,
    number_of,
    read_properties,
)

V311, V5 = 4, 5
LONGEST_CONNECT_BYTES = 65_536  # a stranger may make us hold this much, whatever a known client may send
_LONGEST_FIXED_HEADER_BYTES = 5


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
    topic: bytes  # as on the wire, not yet validated
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
    """DISCONNECT (3.14); 0x04 asks for the will to be published."""

    reason: int = 0


class Auth(NamedTuple):
    """AUTH (3.15)."""

    reason: int = 0


Packet = Connect | Publish | PublishAck | Subscribe | Unsubscribe | PingRequest | Disconnect | Auth

_PUBLISH_HEADS = frozenset((0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x3A, 0x3B, 0x3C, 0x3D))  # no QoS 3, no DUP at QoS 0
_CONNECT, _PUBACK, _SUBSCRIBE, _UNSUBSCRIBE, _PING, _DISCONNECT, _AUTH = 0x10, 0x40, 0x82, 0xA2, 0xC0, 0xE0, 0xF0
_HEADS_311 = _PUBLISH_HEADS | {_CONNECT, _PUBACK, _SUBSCRIBE, _UNSUBSCRIBE, _PING, _DISCONNECT}
_HEADS = {V311: _HEADS_311, V5: _HEADS_311 | {_AUTH}}
_NO_PACKET_ID = b"\0\0"


class PacketReader:
    """Cuts one client's byte stream into packets.

    `version` 0 means that CONNECT is still awaited; it then decides between 3.1.1 and 5. `fault` is None until the
    stream broke a rule. `consumed` is the number of bytes that the packets of the last `feed` took.
    """

    def __init__(self, maximum_packet_bytes: int, version: int = 0) -> None:
        self.version = version
        self.fault: PacketError | None = None
        self.consumed = 0
        self._maximum_packet_bytes = maximum_packet_bytes
        self._held = bytearray()  # an incomplete packet, from its first byte
        self._needed = 2  # nothing can be done before so many bytes are held

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that `data` completes, oldest first; nothing any more once `fault` is set."""
        packets: list[Packet] = []
        self.consumed = 0
        if self.fault is not None:
            return packets
        if self._held:
            self._held += data
            if len(self._held) < self._needed:
                return packets
            data = bytes(self._held)
            self._held.clear()
        try:
            self.consumed = self._cut(data, packets)
        except PacketError as fault:
            self.fault = fault
        else:
            self._held += data[self.consumed :]
        return packets

    def _cut(self, data: bytes, packets: list[Packet]) -> int:
        """Append every whole packet, return where the first incomplete one begins. This loop is the hot path."""
        at, end = 0, len(data)
        limit, heads = self._rules()
        while at + 2 <= end:
            head = data[at]
            if head not in heads:
                raise self._bad_head(head)
            length, body = data[at + 1], at + 2
            if length > 127:
                length, body = _long_length(data, at, end)
                if length < 0:
                    self._needed = body - at
                    return at
            stop = body + length
            if stop - at > limit:
                raise self._too_large(data, at, body, stop)
            if stop > end:
                self._needed = stop - at
                return at
            if head & 0xF0 == 0x30:
                packets.append(_publish(head, data, body, stop, self.version))
            else:
                packets.append(self._control(head, Cursor(data, body, stop)))
                limit, heads = self._rules()
            at = stop
        self._needed = 2
        return at

    def _rules(self) -> tuple[int, frozenset[int]]:
        """The largest packet and the first bytes that are welcome now."""
        if not self.version:
            return min(self._maximum_packet_bytes, LONGEST_CONNECT_BYTES), frozenset((_CONNECT,))
        return self._maximum_packet_bytes, _HEADS[self.version]

    def _bad_head(self, head: int) -> PacketError:
        if not self.version:
            return PacketError(Reason.PROTOCOL_ERROR, f"the first packet must be CONNECT, not 0x{head:02X}")
        return PacketError(Reason.MALFORMED_PACKET, f"no client packet begins with 0x{head:02X}")

    def _too_large(self, data: bytes, at: int, body: int, stop: int) -> PacketError:
        """The refusal of a packet that is over the limit, with its topic when that has already arrived."""
        topic = None
        if data[at] & 0xF0 == 0x30:
            topic_end = body + 2 + int.from_bytes(data[body : body + 2], "big")
            if body + 2 < topic_end <= len(data):
                topic = data[body + 2 : topic_end].decode(errors="replace")
        detail = f"a packet of {stop - at} bytes is over the limit of {self._rules()[0]}"
        return PacketError(Reason.PACKET_TOO_LARGE, detail, topic, stop - at)

    def _control(self, head: int, cursor: Cursor) -> Packet:
        """Every packet but PUBLISH."""
        if head == _CONNECT:
            if self.version:
                raise PacketError(Reason.PROTOCOL_ERROR, "a second CONNECT on one connection")
            connect = _connect(cursor)
            self.version = connect.version
            return connect
        packet = _DECODERS[head](cursor, self.version == V5)
        cursor.finish()
        return packet


def _long_length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A remaining length of two to four bytes and where the body begins; (-1, needed end) when bytes are missing."""
    value = data[at + 1] & 0x7F
    for shift, position in ((7, at + 2), (14, at + 3), (21, at + 4)):
        if position >= end:
            return -1, position + 1
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0:
                raise PacketError(Reason.MALFORMED_PACKET, "a length is not in its shortest form")
            return value, position + 1
    raise PacketError(Reason.MALFORMED_PACKET, "a length takes more than four bytes")


def _publish(head: int, data: bytes, body: int, stop: int, version: int) -> Publish:
    at = body + 2
    if at > stop:
        raise PacketError(Reason.MALFORMED_PACKET, "PUBLISH without a topic length")
    topic_end = at + (data[body] << 8 | data[body + 1])
    payload_at = topic_end + 2 if head & 0x06 else topic_end
    packet_id = data[topic_end:payload_at]
    if payload_at > stop:
        raise PacketError(Reason.MALFORMED_PACKET, "the topic reaches past the end of its packet")
    if packet_id == _NO_PACKET_ID:
        raise PacketError(Reason.PROTOCOL_ERROR, "packet identifier 0")
    if version == V5:
        if payload_at < stop and data[payload_at] == 0:  # no properties: nearly always
            payload_at += 1
        else:
            payload_at = _skip_publish_properties(data, payload_at, stop)
    # tuple.__new__ skips the argument handling of Publish(...), a third of the time spent here
    return tuple.__new__(Publish, (head, data[at:topic_end], packet_id, data[payload_at:stop]))


def _skip_publish_properties(data: bytes, at: int, stop: int) -> int:
    cursor = Cursor(data, at, stop)
    if Property.TOPIC_ALIAS in read_properties(cursor, IN_PUBLISH):
        raise PacketError(Reason.TOPIC_ALIAS_INVALID, "a topic alias, although CONNACK offered none")
    return cursor.at


def _connect(cursor: Cursor) -> Connect:
    version = _protocol_version(cursor)
    flags, keep_alive_s = cursor.number(1), cursor.number(2)
    _check_connect_flags(flags, version)
    properties = read_properties(cursor, IN_CONNECT) if version == V5 else {}
    client_id = cursor.text()
    will = _will(cursor, flags, version) if flags & 0x04 else None
    user = cursor.text() if flags & 0x80 else None
    password = cursor.binary() if flags & 0x40 else None
    cursor.finish()
    method = properties.get(Property.AUTHENTICATION_METHOD)
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
        authentication_method=method if isinstance(method, str) else None,
    )


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
    if not filters:
        raise PacketError(Reason.PROTOCOL_ERROR, "SUBSCRIBE without a topic filter")
    return Subscribe(packet_id, tuple(filters))


def _filter(cursor: Cursor, v5: bool) -> Filter:
    topic, options = cursor.text(), cursor.number(1)
    retain_handling = options >> 4 & 0x03
    if options & 0x03 == 3 or options & (0xC0 if v5 else 0xFC) or retain_handling == 3:
        raise PacketError(Reason.MALFORMED_PACKET, f"subscription options 0x{options:02X}")
    return Filter(topic, options & 0x03, retain_handling)


def _unsubscribe(cursor: Cursor, v5: bool) -> Unsubscribe:
    packet_id = _packet_id(cursor)
    if v5:
        read_properties(cursor, IN_UNSUBSCRIBE)
    topics = []
    while not cursor.finished:
        topics.append(cursor.text())
    if not topics:
        raise PacketError(Reason.PROTOCOL_ERROR, "UNSUBSCRIBE without a topic filter")
    return Unsubscribe(packet_id, tuple(topics))


def _ping(cursor: Cursor, v5: bool) -> PingRequest:
    return PingRequest()


def _disconnect(cursor: Cursor, v5: bool) -> Disconnect:
    reason = 0
    if v5 and not cursor.finished:
        reason = cursor.number(1)
        if not cursor.finished:
            read_properties(cursor, IN_DISCONNECT)
    return Disconnect(reason)


def _auth(cursor: Cursor, v5: bool) -> Auth:
    reason = 0
    if not cursor.finished:
        reason = cursor.number(1)
        if not cursor.finished:
            read_properties(cursor, IN_AUTH)
    return Auth(reason)


_DECODERS: dict[int, Callable[[Cursor, bool], Packet]] = {
    _PUBACK: _puback,
    _SUBSCRIBE: _subscribe,
    _UNSUBSCRIBE: _unsubscribe,
    _PING: _ping,
    _DISCONNECT: _disconnect,
    _AUTH: _auth,
}
