"""Cuts an MQTT client's byte stream into packets. No sockets, no clock.

`PacketReader.feed` takes the stream in pieces of any size and returns the packets that became whole. Broken bytes
never raise out of it: they stop the reader for good and stand in `PacketReader.fault`. What a packet may cost is
known from its first bytes: a length above the limit is refused before anything is kept.

Standards: OASIS MQTT 3.1.1 and 5.0.

>>> reader = PacketReader(maximum_packet_bytes=1024, version=4)
>>> reader.feed(b"\\x32\\x06\\x00\\x01t\\x00\\x07!\\xc0")
[Publish(head=50, topic=b't', packet_id=b'\\x00\\x07', payload=b'!')]
>>> reader.feed(b"\\x00")
[PingRequest()]
"""

from __future__ import annotations

from forewarn.ingest.door import decoders
from forewarn.ingest.door.codes import PacketError, Reason
from forewarn.ingest.door.packets import V5, V311, Packet, Publish
from forewarn.ingest.door.properties import IN_PUBLISH, Cursor, Property, number_of, read_properties

LONGEST_CONNECT_BYTES = 65_536  # a stranger may make us hold this much, whatever a known client may send
_PUBLISH_HEADS = frozenset((0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x3A, 0x3B, 0x3C, 0x3D))  # no QoS 3, no DUP at QoS 0
_HEADS_311 = _PUBLISH_HEADS | {decoders.CONNECT} | decoders.DECODERS.keys() - {decoders.AUTH}
_HEADS = {V311: _HEADS_311, V5: _HEADS_311 | {decoders.AUTH}}
_NOT_FROM_A_CLIENT = frozenset((0x20, 0x50, 0x60, 0x70, 0x90, 0xB0, 0xD0))  # a server's packets, and those of QoS 2
_NO_PACKET_ID = b"\0\0"


class TopicAliases:
    """Short numbers for topics (MQTT 5, 3.3.2.3.4), as one client set them on one connection.

    >>> aliases = TopicAliases(32)
    >>> aliases.topic(b"press/oil", 1), aliases.topic(b"", 1)
    (b'press/oil', b'press/oil')
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._topics: dict[int, bytes] = {}

    def topic(self, topic: bytes, alias: int | None) -> bytes:
        """The topic that is meant; `PacketError` for an alias that is out of range or stands for nothing yet."""
        if alias is None:
            return topic  # an empty one is refused where topics are checked
        if not 0 < alias <= self._maximum:
            raise PacketError(Reason.TOPIC_ALIAS_INVALID, f"topic alias {alias}; CONNACK offered 1 to {self._maximum}")
        if topic:
            self._topics[alias] = topic
        elif alias not in self._topics:
            raise PacketError(Reason.PROTOCOL_ERROR, f"topic alias {alias} stands for no topic yet")
        return self._topics[alias]


class PacketReader:
    """Cuts one client's byte stream into packets.

    `version` 0 means that CONNECT is still awaited; it then decides between 3.1.1 and 5. `fault` is None until the
    stream broke a rule. `consumed` is the number of bytes that the packets of the last `feed` took, `finished` counts
    the feeds that brought at least one packet to its end.
    """

    def __init__(self, maximum_packet_bytes: int, version: int = 0, topic_alias_maximum: int = 0) -> None:
        self.version = version
        self.fault: PacketError | None = None
        self.consumed = 0
        self.finished = 0
        self._aliases = TopicAliases(topic_alias_maximum)
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
            self.finished += self.consumed > 0
        return packets

    @property
    def is_mid_packet(self) -> bool:
        """Whether a packet has begun and is not complete."""
        return bool(self._held)

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
                packets.append(_publish(head, data, body, stop, self.version, self._aliases))
            else:
                packets.append(self._control(head, Cursor(data, body, stop)))
                limit, heads = self._rules()
            at = stop
        self._needed = 2
        return at

    def _rules(self) -> tuple[int, frozenset[int]]:
        """The largest packet and the first bytes that are welcome now."""
        if not self.version:
            return min(self._maximum_packet_bytes, LONGEST_CONNECT_BYTES), frozenset((decoders.CONNECT,))
        return self._maximum_packet_bytes, _HEADS[self.version]

    def _bad_head(self, head: int) -> PacketError:
        if not self.version:
            return PacketError(Reason.PROTOCOL_ERROR, f"the first packet must be CONNECT, not 0x{head:02X}")
        if head & 0xF0 in _NOT_FROM_A_CLIENT:
            return PacketError(Reason.PROTOCOL_ERROR, f"packet 0x{head:02X}: a server's, or a part of QoS 2")
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
        if head == decoders.CONNECT:
            if self.version:
                raise PacketError(Reason.PROTOCOL_ERROR, "a second CONNECT on one connection")
            connect = decoders.decode_connect(cursor)
            self.version = connect.version
            return connect
        packet = decoders.DECODERS[head](cursor, self.version == V5)
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


def _publish(head: int, data: bytes, body: int, stop: int, version: int, aliases: TopicAliases) -> Publish:
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
    topic = data[at:topic_end]
    if version == V5:
        if payload_at < stop and data[payload_at] == 0:  # no properties: nearly always
            payload_at += 1
        else:
            topic, payload_at = _behind_properties(topic, data, payload_at, stop, aliases)
    # tuple.__new__ skips the argument handling of Publish(...), a third of the time spent here
    return tuple.__new__(Publish, (head, topic, packet_id, data[payload_at:stop]))


def _behind_properties(topic: bytes, data: bytes, at: int, stop: int, aliases: TopicAliases) -> tuple[bytes, int]:
    cursor = Cursor(data, at, stop)
    properties = read_properties(cursor, IN_PUBLISH)
    if set(str(properties.get(Property.RESPONSE_TOPIC, ""))) & set("+#"):
        raise PacketError(Reason.PROTOCOL_ERROR, "a wildcard in the response topic")
    alias = number_of(properties, Property.TOPIC_ALIAS, 0) if Property.TOPIC_ALIAS in properties else None
    return aliases.topic(topic, alias), cursor.at
