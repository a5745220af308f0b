"""One MQTT connection as a pure state machine: bytes in, a `Turn` out. No sockets, no clock, no threads.

    CONNECT awaited -> (Turn.connect) the door decides -> `admit` or `refuse` -> open -> Turn.ending

The state lives as long as the connection. Session Present is always 0 and Session Expiry always 0: nothing is kept
for a client that went away. A publisher loses nothing by it: whatever was not acknowledged it publishes again after
the reconnect (both versions demand that of QoS 1), and the identity of a reading removes the duplicates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from forewarn.ingest.delivery import RETAIN, WILL, Frame
from forewarn.ingest.door.admission import check_connect, check_topic_name, topic_objection
from forewarn.ingest.door.answers import (
    PING_RESPONSE,
    PUBACK,
    encode_connack,
    encode_disconnect,
    encode_puback,
    encode_suback,
    encode_unsuback,
)
from forewarn.ingest.door.codes import PacketError, Reason
from forewarn.ingest.door.packets import (
    V5,
    Auth,
    Connect,
    Disconnect,
    Packet,
    PingRequest,
    Publish,
    Subscribe,
    Unsubscribe,
)
from forewarn.ingest.door.properties import Property, PropertyValue, decode_text
from forewarn.ingest.door.reader import PacketReader
from forewarn.ingest.door.rights import Rights
from forewarn.ingest.door.subscriptions import SubscriptionChange, is_shared, subscription_code

LONGEST_KEEP_ALIVE_S = 65_535
_CACHED_TOPICS = 2048
_CACHED_TOPIC_BYTES = 256
_FLAGS = tuple(head >> 1 & 3 | (head & 1) << 2 | head & 8 for head in range(16))  # PUBLISH head -> Frame.flags


class TurnedAway(NamedTuple):
    """A message that was not taken, for the quarantine and the counters."""

    topic: str | None
    reason: str
    size_bytes: int


class Ending(NamedTuple):
    """Why the connection ends. `orderly`: the client said goodbye and wants no will."""

    reason: Reason
    detail: str
    last_words: bytes = b""
    orderly: bool = False


@dataclass(slots=True)
class Turn:
    """What one piece of input asks for, in the order in which it is to be carried out."""

    connect: Connect | None = None  # decide, then call `admit` or `refuse`
    reply: list[bytes] = field(default_factory=list)  # may leave at once
    frames: list[Frame] = field(default_factory=list)  # to commit
    acks: list[bytes] = field(default_factory=list)  # may leave when `frames` are durable
    acknowledged: int = 0  # how many messages of QoS 1 `acks` answers
    subscriptions: list[SubscriptionChange] = field(default_factory=list)
    turned_away: list[TurnedAway] = field(default_factory=list)
    ending: Ending | None = None


class SessionLimits(NamedTuple):
    """What CONNACK promises and the session enforces."""

    maximum_packet_bytes: int
    receive_maximum: int
    keep_alive_cap_s: int
    topic_alias_maximum: int = 32


class Session:
    """The protocol side of one connection. `client` is "" until CONNECT named it."""

    def __init__(self, limits: SessionLimits, rights: Rights) -> None:
        self.client = ""
        self.keep_alive_s = 0
        self.connect: Connect | None = None
        self.subscriptions: set[str] = set()
        self.in_flight = 0
        self._user = ""
        self._limits = limits
        self._rights = rights
        self._reader = PacketReader(limits.maximum_packet_bytes, topic_alias_maximum=limits.topic_alias_maximum)
        self._waiting: list[Packet] = []  # what a hasty client sent behind its CONNECT
        self._topics: dict[bytes, str] = {}  # valid and permitted

    @property
    def version(self) -> int:
        """4 for MQTT 3.1.1, 5 for MQTT 5, 0 before CONNECT."""
        return self._reader.version

    @property
    def is_open(self) -> bool:
        """Whether CONNECT was accepted."""
        return bool(self.client)

    @property
    def consumed_bytes(self) -> int:
        """Bytes of the packets that the last `receive` completed."""
        return self._reader.consumed

    @property
    def packet_begun(self) -> int | None:
        """None between two packets; else a figure that stays the same until that packet is complete."""
        return self._reader.finished if self._reader.is_mid_packet else None

    def receive(self, data: bytes, now_us: int) -> Turn:
        """Take bytes from the wire. Bytes that come before `admit` are kept, not answered."""
        turn = Turn()
        packets = self._reader.feed(data)
        if self.is_open:
            self._take(packets, now_us, turn)
        else:
            self._open(packets, turn)
        fault = self._reader.fault
        if fault is not None and turn.ending is None and turn.connect is None:
            self._break(fault, turn)
        return turn

    def admit(self, client: str, user: str, assigned: bool, now_us: int) -> Turn:
        """CONNECT is accepted as `client`; topics are checked for `user`. Takes what was sent behind CONNECT."""
        assert self.connect is not None
        turn = Turn()
        self.client, self._user = client, user
        self.keep_alive_s = self._granted_keep_alive_s(self.connect)
        connack = encode_connack(self.version, Reason.SUCCESS, self._promises(self.connect, assigned))
        if not self._fits(connack):
            turn.ending = Ending(Reason.PACKET_TOO_LARGE, "the client takes no packet as long as our CONNACK")
            return turn
        turn.reply.append(connack)
        waiting, self._waiting = self._waiting, []
        self._take(waiting, now_us, turn)
        if self._reader.fault is not None and turn.ending is None:
            self._break(self._reader.fault, turn)
        return turn

    def refuse(self, reason: Reason, detail: str) -> Ending:
        """CONNECT is refused: the ending carries the CONNACK, if the client's version has one for it."""
        words = encode_connack(self.version, reason, {Property.REASON_STRING: detail})
        return Ending(reason, detail, words if self._fits(words) else encode_connack(self.version, reason, {}))

    def end(self, reason: Reason, detail: str) -> Ending:
        """The server ends an open connection."""
        return Ending(reason, detail, self._disconnect(reason, detail))

    def acknowledged(self, messages: int) -> None:
        """`messages` acknowledgements have left: so much of the receive maximum is free again."""
        self.in_flight -= messages

    def change_rights(self, rights: Rights) -> None:
        """Ask `rights` from now on, for every topic anew."""
        self._rights = rights
        self._topics.clear()

    def will_frame(self, now_us: int) -> Frame | None:
        """The will, to be committed when the connection ended without a goodbye."""
        if self.connect is None or self.connect.will is None or not self.is_open:
            return None
        will = self.connect.will
        return Frame(now_us, will.qos | (RETAIN if will.retain else 0) | WILL, self.client, will.topic, will.payload)

    # CONNECT

    def _open(self, packets: list[Packet], turn: Turn) -> None:
        if self.connect is not None:
            self._waiting += packets
            return
        if not packets:
            return
        first = packets[0]
        assert isinstance(first, Connect)  # the reader refuses everything else as first packet
        self.connect, self._waiting = first, packets[1:]
        try:
            check_connect(first)
        except PacketError as wrong:
            turn.ending = self.refuse(wrong.reason, wrong.detail)
        else:
            turn.connect = first

    def _granted_keep_alive_s(self, connect: Connect) -> int:
        """MQTT 5 clients obey the server's figure; a 3.1.1 client can only be taken at its word, and its 0 as the
        longest word there is."""
        asked = connect.keep_alive_s or LONGEST_KEEP_ALIVE_S
        return min(asked, self._limits.keep_alive_cap_s) if connect.version == V5 else asked

    def _promises(self, connect: Connect, assigned: bool) -> dict[Property, PropertyValue]:
        properties: dict[Property, PropertyValue] = {
            Property.RECEIVE_MAXIMUM: self._limits.receive_maximum,
            Property.MAXIMUM_QOS: 1,
            Property.RETAIN_AVAILABLE: 1,
            Property.MAXIMUM_PACKET_SIZE: self._limits.maximum_packet_bytes,
            Property.TOPIC_ALIAS_MAXIMUM: self._limits.topic_alias_maximum,
            Property.WILDCARD_SUBSCRIPTION_AVAILABLE: 0,
            Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE: 0,
            Property.SHARED_SUBSCRIPTION_AVAILABLE: 0,
        }
        if connect.session_expiry_s:
            properties[Property.SESSION_EXPIRY_INTERVAL] = 0
        if self.keep_alive_s != connect.keep_alive_s:
            properties[Property.SERVER_KEEP_ALIVE] = self.keep_alive_s
        if assigned:
            properties[Property.ASSIGNED_CLIENT_IDENTIFIER] = self.client
        return properties

    # Open

    def _take(self, packets: list[Packet], now_us: int, turn: Turn) -> None:
        """The hot path: a read often brings a thousand PUBLISH packets."""
        topics, frames, acks, client = self._topics, turn.frames, turn.acks, self.client
        new, flags = tuple.__new__, _FLAGS  # as in the reader: spares the argument handling of Frame(...)
        for packet in packets:
            if type(packet) is Publish:
                head, topic, packet_id, payload = packet
                name = topics.get(topic)
                if name is None or head & 0x04:
                    name = self._examine(packet, turn)
                if name is not None:
                    frames.append(new(Frame, (now_us, flags[head & 15], client, name, payload)))
                    now_us += 1  # a reading without a time gets this one: no two of a read may share it
                    if packet_id:
                        acks.append(PUBACK + packet_id)
            else:
                self._control(packet, turn)
            if turn.ending is not None:
                break
        turn.acknowledged = len(acks)
        self.in_flight += len(acks)
        if self.in_flight > self._limits.receive_maximum and self.version == V5 and turn.ending is None:
            detail = f"{self.in_flight} messages in flight, CONNACK allowed {self._limits.receive_maximum}"
            turn.ending = self.end(Reason.RECEIVE_MAXIMUM_EXCEEDED, detail)

    def _examine(self, packet: Publish, turn: Turn) -> str | None:
        """A PUBLISH on a topic not seen lately, or with QoS 2: its topic, or None and the refusal is in `turn`."""
        topic = packet.topic.decode(errors="replace")
        try:
            if packet.head & 0x04:
                raise PacketError(Reason.QOS_NOT_SUPPORTED, "QoS 2 was used; this server offers QoS 0 and 1")
            name = decode_text(packet.topic)
            check_topic_name(name)
        except PacketError as fault:
            fault.topic, fault.size = topic, len(packet.payload)
            self._break(fault, turn)
            return None
        refusal = topic_objection(self._user, self.client, name, self._rights)
        if refusal is not None:
            self._decline(packet, name, refusal, turn)
            return None
        if len(packet.topic) <= _CACHED_TOPIC_BYTES:
            if len(self._topics) >= _CACHED_TOPICS:
                self._topics.clear()
            self._topics[packet.topic] = name
        return name

    def _decline(self, packet: Publish, name: str, reason: Reason, turn: Turn) -> None:
        """MQTT 5 says no in the PUBACK. 3.1.1 cannot: there the connection ends, because an acknowledgement means
        'stored' and this message is not."""
        if packet.packet_id and self.version != V5:
            self._break(PacketError(reason, f"topic {name!r}", name, len(packet.payload)), turn)
            return
        turn.turned_away.append(TurnedAway(name, reason.slug, len(packet.payload)))
        if packet.packet_id:
            turn.acks.append(encode_puback(packet.packet_id, reason))

    def _control(self, packet: Packet, turn: Turn) -> None:
        """Everything but PUBLISH; a stray PUBACK is ignored."""
        if isinstance(packet, PingRequest):
            turn.reply.append(PING_RESPONSE)
        elif isinstance(packet, Subscribe):
            self._subscribe(packet, turn)
        elif isinstance(packet, Unsubscribe):
            self._unsubscribe(packet, turn)
        elif isinstance(packet, Disconnect):
            self._goodbye(packet, turn)
        elif isinstance(packet, Auth):
            turn.ending = self.end(Reason.PROTOCOL_ERROR, "AUTH without an authentication method")

    def _goodbye(self, packet: Disconnect, turn: Turn) -> None:
        """Only reason 0 takes the will back (3.14.4)."""
        assert self.connect is not None
        if packet.session_expiry_s and not self.connect.session_expiry_s:
            turn.ending = self.end(Reason.PROTOCOL_ERROR, "a session expiry that CONNECT did not ask for")
        else:
            turn.ending = Ending(Reason.SUCCESS, "the client disconnected", orderly=packet.reason == Reason.SUCCESS)

    def _subscribe(self, packet: Subscribe, turn: Turn) -> None:
        if any(wanted.no_local and is_shared(wanted.topic) for wanted in packet.filters):
            turn.ending = self.end(Reason.PROTOCOL_ERROR, "No Local on a shared subscription")
            return
        codes = []
        for wanted in packet.filters:
            code = subscription_code(wanted, self.subscriptions)
            codes.append(code)
            if code is Reason.SUCCESS:
                is_new = wanted.topic not in self.subscriptions
                self.subscriptions.add(wanted.topic)
                retained = wanted.retain_handling == 0 or (wanted.retain_handling == 1 and is_new)
                turn.subscriptions.append(SubscriptionChange(wanted.topic, True, retained))
            else:
                turn.subscriptions.append(SubscriptionChange(wanted.topic, refusal=f"subscribe_{code.slug}"))
        self._reply(encode_suback(self.version, packet.packet_id, codes), turn)

    def _unsubscribe(self, packet: Unsubscribe, turn: Turn) -> None:
        codes = []
        for topic in packet.topics:
            known = topic in self.subscriptions
            codes.append(Reason.SUCCESS if known else Reason.NO_SUBSCRIPTION_EXISTED)
            if known:
                self.subscriptions.discard(topic)
                turn.subscriptions.append(SubscriptionChange(topic))
        self._reply(encode_unsuback(self.version, packet.packet_id, codes), turn)

    # Ends

    def _break(self, fault: PacketError, turn: Turn) -> None:
        """The client broke a rule: last words in the form its state allows, and a refusal for the record."""
        turn.turned_away.append(TurnedAway(fault.topic, fault.reason.slug, fault.size))
        words = b""
        if self.is_open:
            words = self._disconnect(fault.reason, fault.detail)
        elif fault.reason is Reason.UNSUPPORTED_PROTOCOL_VERSION:
            words = b"\x20\x02\x00\x01"  # all versions can read this one
        elif fault.version == V5:
            words = encode_connack(V5, fault.reason, {Property.REASON_STRING: fault.detail})
        turn.ending = Ending(fault.reason, fault.detail, words)

    def _disconnect(self, reason: Reason, detail: str) -> bytes:
        """DISCONNECT, without the reason string when the client takes only short packets."""
        words = encode_disconnect(self.version, reason, detail)
        return words if self._fits(words) else encode_disconnect(self.version, reason)

    def _reply(self, packet: bytes, turn: Turn) -> None:
        """Answer, unless the client takes no packet of this length (3.1.2.11.4)."""
        if self._fits(packet):
            turn.reply.append(packet)

    def _fits(self, packet: bytes) -> bool:
        limit = self.connect.maximum_packet_bytes if self.connect is not None else 0
        return not limit or len(packet) <= limit
