"""A paho client for one connection. Everything that is particular to paho and to the two protocol versions is here.

One client per connection: nothing of an earlier connection (half-read packets, packet identifiers) can live on.
"""

from __future__ import annotations

import select
import ssl
from collections.abc import Sequence

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from forewarn.ingest.brokers.promise import Facts
from forewarn.ingest.brokers.target import Target
from forewarn.ingest.desk import Command

V5, V311 = "5", "3.1.1"
LARGEST_WINDOW = 65_535


def new_client(target: Target, protocol: str, tls: ssl.SSLContext | None, will: Command | None = None) -> Client:
    """A client that acknowledges by hand and keeps its session, not yet connected.

    paho's own threads and keep-alive are not used. `reconnect_on_failure` is off: it would fall back to MQTT 3.1.
    """
    version = MQTTProtocolVersion.MQTTv5 if protocol == V5 else MQTTProtocolVersion.MQTTv311
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=target.client_id,
        clean_session=None if protocol == V5 else False,
        protocol=version,
        manual_ack=True,
        reconnect_on_failure=False,
    )
    if target.username is not None:
        client.username_pw_set(target.username, target.password)
    if tls is not None:
        client.tls_set_context(tls)
    if will is not None:
        client.will_set(will.topic, will.payload, qos=1, retain=will.retain)
    client.connect_timeout = target.pace.answer_s
    client.on_socket_register_write = lambda *_: None  # else every packet would be written at once, alone
    return client


def connect(client: Client, target: Target) -> None:
    """Open the connection and send CONNECT for a session that outlives it. Raises OSError (ssl errors too)."""
    if client.protocol is not MQTTProtocolVersion.MQTTv5:
        client.connect(target.host, target.port, target.keepalive_s)
        return
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # in paho
    properties.SessionExpiryInterval = target.session_expiry_s
    properties.ReceiveMaximum = min(target.window, LARGEST_WINDOW)
    properties.MaximumPacketSize = target.maximum_packet_bytes
    client.connect(target.host, target.port, target.keepalive_s, clean_start=False, properties=properties)


def subscribe(client: Client, filters: Sequence[str], qos: int) -> int | None:
    """Ask for these; the packet identifier of the SUBSCRIBE. On MQTT 5 a filter that is held already brings no
    retained messages again."""
    if client.protocol is MQTTProtocolVersion.MQTTv5:
        options = SubscribeOptions(qos=qos, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        return client.subscribe([(f, options) for f in filters])[1]
    return client.subscribe([(f, qos) for f in filters])[1]


def serve_for(client: Client, longest_s: float) -> bool:
    """Write what waits, then read one packet, or wait for one so long; False when the connection has ended.

    For short visits without a thread. (paho's own `loop` opens a pair of sockets that it does not close.)
    """
    if client.want_write():
        client.loop_write()
    peer = client.socket()
    if peer is None:
        return False
    poll = select.poll()
    poll.register(peer.fileno(), select.POLLIN | (select.POLLOUT if client.want_write() else 0))
    pending = isinstance(peer, ssl.SSLSocket) and peer.pending() > 0
    events = poll.poll(0 if pending else longest_s * 1000)
    if pending or (events and events[0][1] & ~select.POLLOUT):
        client.loop_read()
    return client.socket() is not None


def facts_of(protocol: str, tls: bool, session_present: bool, properties: Properties | None) -> Facts:
    """What a CONNACK says. Left out means, by MQTT 5, the best value of each; on 3.1.1 it means unknown."""
    if protocol != V5 or properties is None:
        return Facts(protocol, tls, session_present=session_present)

    def said(name: str, otherwise: int | None) -> int | None:
        value = getattr(properties, name, otherwise)
        return value if value is None else int(value)

    return Facts(
        protocol,
        tls,
        session_present=session_present,
        session_expiry_s=said("SessionExpiryInterval", None),
        receive_maximum=said("ReceiveMaximum", LARGEST_WINDOW),
        maximum_qos=said("MaximumQoS", 2),
        maximum_packet_bytes=said("MaximumPacketSize", None),
        retain_available=bool(said("RetainAvailable", 1)),
        shared_available=bool(said("SharedSubscriptionAvailable", 1)),
    )
