"""Fields and properties of MQTT packets: the small parts that every packet is made of.

`Cursor` reads the field types of MQTT (section 1.5) out of one packet body and never past its end. A property
section (MQTT 5, section 2.2.2) becomes a plain dict from `Property` to value; what is unknown, repeated, out of
range or not allowed in that packet raises `PacketError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum, auto

from forewarn.ingest.door.codes import PacketError, Reason

USER_PROPERTIES_MAXIMUM = 64
LONGEST_REMAINING_LENGTH = 268_435_455

UserProperties = list[tuple[str, str]]
PropertyValue = int | str | bytes | UserProperties
Properties = dict["Property", PropertyValue]


class Property(IntEnum):
    """Identifiers of MQTT 5.0 section 2.2.2.2."""

    PAYLOAD_FORMAT_INDICATOR = 0x01
    MESSAGE_EXPIRY_INTERVAL = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_IDENTIFIER = 0x0B
    SESSION_EXPIRY_INTERVAL = 0x11
    ASSIGNED_CLIENT_IDENTIFIER = 0x12
    SERVER_KEEP_ALIVE = 0x13
    AUTHENTICATION_METHOD = 0x15
    AUTHENTICATION_DATA = 0x16
    REQUEST_PROBLEM_INFORMATION = 0x17
    WILL_DELAY_INTERVAL = 0x18
    REQUEST_RESPONSE_INFORMATION = 0x19
    RESPONSE_INFORMATION = 0x1A
    SERVER_REFERENCE = 0x1C
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER_PROPERTY = 0x26
    MAXIMUM_PACKET_SIZE = 0x27
    WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28
    SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29
    SHARED_SUBSCRIPTION_AVAILABLE = 0x2A


class Kind(Enum):
    """How the value of a property is written."""

    FLAG = auto()  # one byte, 0 or 1
    TWO = auto()
    FOUR = auto()
    VARINT = auto()
    TEXT = auto()
    BINARY = auto()
    PAIR = auto()


P = Property
KINDS: dict[Property, Kind] = {
    P.PAYLOAD_FORMAT_INDICATOR: Kind.FLAG,
    P.MESSAGE_EXPIRY_INTERVAL: Kind.FOUR,
    P.CONTENT_TYPE: Kind.TEXT,
    P.RESPONSE_TOPIC: Kind.TEXT,
    P.CORRELATION_DATA: Kind.BINARY,
    P.SUBSCRIPTION_IDENTIFIER: Kind.VARINT,
    P.SESSION_EXPIRY_INTERVAL: Kind.FOUR,
    P.ASSIGNED_CLIENT_IDENTIFIER: Kind.TEXT,
    P.SERVER_KEEP_ALIVE: Kind.TWO,
    P.AUTHENTICATION_METHOD: Kind.TEXT,
    P.AUTHENTICATION_DATA: Kind.BINARY,
    P.REQUEST_PROBLEM_INFORMATION: Kind.FLAG,
    P.WILL_DELAY_INTERVAL: Kind.FOUR,
    P.REQUEST_RESPONSE_INFORMATION: Kind.FLAG,
    P.RESPONSE_INFORMATION: Kind.TEXT,
    P.SERVER_REFERENCE: Kind.TEXT,
    P.REASON_STRING: Kind.TEXT,
    P.RECEIVE_MAXIMUM: Kind.TWO,
    P.TOPIC_ALIAS_MAXIMUM: Kind.TWO,
    P.TOPIC_ALIAS: Kind.TWO,
    P.MAXIMUM_QOS: Kind.FLAG,
    P.RETAIN_AVAILABLE: Kind.FLAG,
    P.USER_PROPERTY: Kind.PAIR,
    P.MAXIMUM_PACKET_SIZE: Kind.FOUR,
    P.WILDCARD_SUBSCRIPTION_AVAILABLE: Kind.FLAG,
    P.SUBSCRIPTION_IDENTIFIER_AVAILABLE: Kind.FLAG,
    P.SHARED_SUBSCRIPTION_AVAILABLE: Kind.FLAG,
}

# Which properties a client may put where (MQTT 5.0 table 2-4, client to server only).
_MESSAGE = frozenset(
    (P.PAYLOAD_FORMAT_INDICATOR, P.MESSAGE_EXPIRY_INTERVAL, P.CONTENT_TYPE, P.RESPONSE_TOPIC, P.CORRELATION_DATA)
) | {P.USER_PROPERTY}
IN_PUBLISH = _MESSAGE | {P.TOPIC_ALIAS}
IN_WILL = _MESSAGE | {P.WILL_DELAY_INTERVAL}
IN_SUBSCRIBE = frozenset((P.SUBSCRIPTION_IDENTIFIER, P.USER_PROPERTY))
IN_UNSUBSCRIBE = frozenset((P.USER_PROPERTY,))
IN_ACK = frozenset((P.REASON_STRING, P.USER_PROPERTY))
IN_AUTH = IN_ACK | {P.AUTHENTICATION_METHOD, P.AUTHENTICATION_DATA}
IN_DISCONNECT = IN_ACK | {P.SESSION_EXPIRY_INTERVAL, P.SERVER_REFERENCE}
IN_CONNECT = frozenset(
    (P.SESSION_EXPIRY_INTERVAL, P.RECEIVE_MAXIMUM, P.MAXIMUM_PACKET_SIZE, P.TOPIC_ALIAS_MAXIMUM, P.USER_PROPERTY)
) | {
    P.REQUEST_RESPONSE_INFORMATION,
    P.REQUEST_PROBLEM_INFORMATION,
    P.AUTHENTICATION_METHOD,
    P.AUTHENTICATION_DATA,
}
_NEVER_ZERO = frozenset((P.RECEIVE_MAXIMUM, P.MAXIMUM_PACKET_SIZE, P.SUBSCRIPTION_IDENTIFIER))


class Cursor:
    """Reads fields from `data[at:end]`; a field that does not fit raises `PacketError(MALFORMED_PACKET)`."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        start, self.at = self.at, self.at + size
        if self.at > self.end:
            raise PacketError(Reason.MALFORMED_PACKET, "a field reaches past the end of its packet")
        return self.data[start : self.at]

    def number(self, size: int) -> int:
        """A big-endian integer of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def varint(self) -> int:
        """A variable byte integer: at most four bytes, shortest form only."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0 and shift:
                    raise PacketError(Reason.MALFORMED_PACKET, "a length is not in its shortest form")
                return value
        raise PacketError(Reason.MALFORMED_PACKET, "a length takes more than four bytes")

    def binary(self) -> bytes:
        """Two bytes of length, then that many bytes."""
        return self.take(self.number(2))

    def text(self) -> str:
        """A UTF-8 string; U+0000, surrogates and broken UTF-8 are refused."""
        return decode_text(self.binary())

    def rest(self) -> bytes:
        """Everything up to the end."""
        return self.take(self.end - self.at)

    @property
    def finished(self) -> bool:
        """Whether the whole packet was read."""
        return self.at >= self.end

    def finish(self) -> None:
        """Refuse bytes that belong to no field."""
        if not self.finished:
            raise PacketError(Reason.MALFORMED_PACKET, f"{self.end - self.at} bytes too many in a packet")


def decode_text(raw: bytes) -> str:
    """UTF-8 as MQTT section 1.5.4 allows it."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise PacketError(Reason.MALFORMED_PACKET, f"a string is not UTF-8: {error.reason}") from error
    if "\0" in text:
        raise PacketError(Reason.MALFORMED_PACKET, "a string contains U+0000")
    return text


def read_properties(cursor: Cursor, allowed: frozenset[Property]) -> Properties:
    """The property section at the cursor. Refuses what is unknown, repeated or not in `allowed`."""
    end = cursor.varint() + cursor.at
    if end > cursor.end:
        raise PacketError(Reason.MALFORMED_PACKET, "the properties reach past the end of their packet")
    section = Cursor(cursor.data, cursor.at, end)
    found: Properties = {}
    users: UserProperties = []
    while not section.finished:
        name = _identifier(section, allowed)
        if name is Property.USER_PROPERTY:
            users.append((section.text(), section.text()))
            if len(users) > USER_PROPERTIES_MAXIMUM:
                raise PacketError(
                    Reason.IMPLEMENTATION_SPECIFIC_ERROR, f"more than {USER_PROPERTIES_MAXIMUM} user properties"
                )
        elif name in found:
            raise PacketError(Reason.PROTOCOL_ERROR, f"property {name.name} appears twice")
        else:
            found[name] = _value(section, name)
    if users:
        found[Property.USER_PROPERTY] = users
    cursor.at = end
    return found


def _identifier(section: Cursor, allowed: frozenset[Property]) -> Property:
    code = section.varint()
    try:
        name = Property(code)
    except ValueError:
        raise PacketError(Reason.MALFORMED_PACKET, f"unknown property 0x{code:02X}") from None
    if name not in allowed:
        raise PacketError(Reason.PROTOCOL_ERROR, f"property {name.name} does not belong in this packet")
    return name


_FIXED_SIZE = {Kind.FLAG: 1, Kind.TWO: 2, Kind.FOUR: 4}


def _value(section: Cursor, name: Property) -> int | str | bytes:
    kind = KINDS[name]
    if kind is Kind.TEXT:
        return section.text()
    if kind is Kind.BINARY:
        return section.binary()
    value = section.varint() if kind is Kind.VARINT else section.number(_FIXED_SIZE[kind])
    if (kind is Kind.FLAG and value > 1) or (value == 0 and name in _NEVER_ZERO):
        raise PacketError(Reason.PROTOCOL_ERROR, f"property {name.name} must not be {value}")
    return value


def number_of(properties: Properties, name: Property, default: int) -> int:
    """The integer value of a property, or `default` when it is absent."""
    value = properties.get(name, default)
    return value if isinstance(value, int) else default


def encode_varint(value: int) -> bytes:
    """A variable byte integer, for instance 321 -> b"\\xc1\\x02". Refuses what four bytes cannot hold."""
    if not 0 <= value <= LONGEST_REMAINING_LENGTH:
        raise ValueError(f"{value} is not between 0 and {LONGEST_REMAINING_LENGTH}")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_binary(value: bytes) -> bytes:
    """Two bytes of length, then the bytes; `ValueError` above 65,535."""
    if len(value) > 0xFFFF:
        raise ValueError(f"an MQTT string holds at most 65535 bytes, not {len(value)}")
    return len(value).to_bytes(2, "big") + value


def encode_properties(properties: Mapping[Property, PropertyValue]) -> bytes:
    """A property section with its length in front; an empty mapping gives one zero byte."""
    section = b"".join(_encode_one(name, value) for name, value in properties.items())
    return encode_varint(len(section)) + section


def _encode_one(name: Property, value: PropertyValue) -> bytes:
    kind, code = KINDS[name], encode_varint(name)
    if isinstance(value, int):
        return code + (encode_varint(value) if kind is Kind.VARINT else value.to_bytes(_FIXED_SIZE[kind], "big"))
    if isinstance(value, list):
        return b"".join(code + encode_binary(key.encode()) + encode_binary(text.encode()) for key, text in value)
    return code + encode_binary(value.encode() if isinstance(value, str) else value)
