"""What the door says to a CONNECT and to the topic of a message, before anything is done. Pure."""

from __future__ import annotations

from typing import NamedTuple

from forewarn.ingest.door.codes import PacketError, Reason
from forewarn.ingest.door.packets import V5, Connect, Will
from forewarn.ingest.door.rights import Rights, is_our_name, is_status_topic, is_taken, name_objection

LONGEST_TOPIC_BYTES = 1024


class Objection(NamedTuple):
    """Why a client is not let in."""

    reason: Reason
    detail: str


def check_connect(connect: Connect) -> None:
    """What can be said about CONNECT without knowing who may do what; raises `PacketError`."""
    name = connect.client_id
    if connect.authentication_method is not None:
        raise PacketError(Reason.BAD_AUTHENTICATION_METHOD, "enhanced authentication is not offered")
    if not name and not connect.clean_start and connect.version != V5:
        raise PacketError(Reason.CLIENT_IDENTIFIER_NOT_VALID, "an empty client id needs a clean session")
    if name and (objection := name_objection(name)):
        raise PacketError(Reason.CLIENT_IDENTIFIER_NOT_VALID, f"the client id: {objection}")
    if connect.will is not None:
        if connect.will.qos > 1:
            raise PacketError(Reason.QOS_NOT_SUPPORTED, "a will with QoS 2; this server offers 0 and 1")
        check_topic_name(connect.will.topic)


def connect_objection(
    user: str, client: str, will: Will | None, rights: Rights, status_levels: frozenset[str]
) -> Objection | None:
    """Why `user` may not come in as `client` with this will; None when it may."""
    if is_our_name(client):
        return Objection(Reason.CLIENT_IDENTIFIER_NOT_VALID, "this client id is kept for the server")
    if not rights.may_be_called(user, client):
        return Objection(Reason.CLIENT_IDENTIFIER_NOT_VALID, "this user may not have this client id")
    if will is None:
        return None
    if not is_status_topic(will.topic, status_levels):
        return Objection(Reason.NOT_AUTHORIZED, "a will may only go to a status topic: it must not look like a reading")
    if reason := topic_objection(user, client, will.topic, rights):
        return Objection(reason, f"the will may not go to {will.topic[:200]!r}")
    return None


def topic_objection(user: str, client: str, name: str, rights: Rights) -> Reason | None:
    """Why a well-formed topic is not taken from this client; None when it is."""
    if len(name.encode()) > LONGEST_TOPIC_BYTES:
        return Reason.TOPIC_NAME_INVALID
    if is_taken(name) or not rights.may_publish(user, client, name):
        return Reason.NOT_AUTHORIZED
    return None


def check_topic_name(name: str) -> None:
    """Refuse what may never be a topic name: nothing at all, or wildcards (MQTT 5, 3.3.2.1, 4.7.1, 4.7.3)."""
    if not name:
        raise PacketError(Reason.PROTOCOL_ERROR, "an empty topic")
    if "+" in name or "#" in name:
        raise PacketError(Reason.TOPIC_NAME_INVALID, "a wildcard in the topic of a message")
