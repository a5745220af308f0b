"""MQTT reason codes the front door speaks, and the one error its codec raises.

Names and numbers: OASIS MQTT 5.0 section 2.4. MQTT 3.1.1 knows only five CONNACK return codes and one SUBACK
failure code; the tables at the end map onto them.
"""

from __future__ import annotations

from enum import IntEnum


class Reason(IntEnum):
    """Reason codes of MQTT 5 that this server sends or understands."""

    SUCCESS = 0x00
    DISCONNECT_WITH_WILL = 0x04
    NO_SUBSCRIPTION_EXISTED = 0x11
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION_SPECIFIC_ERROR = 0x83
    UNSUPPORTED_PROTOCOL_VERSION = 0x84
    CLIENT_IDENTIFIER_NOT_VALID = 0x85
    BAD_USER_NAME_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    BANNED = 0x8A
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    QOS_NOT_SUPPORTED = 0x9B
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xA1
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xA2

    @property
    def slug(self) -> str:
        """Stable name for counters, logs and quarantine rows, for instance `packet_too_large`."""
        return self.name.lower()


class PacketError(ValueError):
    """The bytes on the wire are not the MQTT we accept; the connection that sent them must end.

    `reason` goes into CONNACK or DISCONNECT, `detail` is a sentence for a person. `topic` and `size` are filled
    when the offending packet shows them (a PUBLISH that is too large), so that a quarantine row can name them.
    `version` is set when a CONNECT broke the rule behind its protocol level: the refusal can be told in that version.
    """

    def __init__(self, reason: Reason, detail: str, topic: str | None = None, size: int = 0) -> None:
        super().__init__(f"{reason.slug}: {detail}")
        self.reason = reason
        self.detail = detail
        self.topic = topic
        self.size = size
        self.version = 0


SUBACK_FAILURE_311 = 0x80

_IDENTIFIER_REJECTED, _UNAVAILABLE, _BAD_CREDENTIALS, _NOT_AUTHORIZED = 2, 3, 4, 5
CONNACK_311: dict[Reason, int] = {
    Reason.SUCCESS: 0,
    Reason.UNSUPPORTED_PROTOCOL_VERSION: 1,
    Reason.CLIENT_IDENTIFIER_NOT_VALID: _IDENTIFIER_REJECTED,
    Reason.BANNED: _IDENTIFIER_REJECTED,
    Reason.SERVER_UNAVAILABLE: _UNAVAILABLE,
    Reason.SERVER_BUSY: _UNAVAILABLE,
    Reason.SERVER_SHUTTING_DOWN: _UNAVAILABLE,
    Reason.BAD_USER_NAME_OR_PASSWORD: _BAD_CREDENTIALS,
    Reason.NOT_AUTHORIZED: _NOT_AUTHORIZED,
    Reason.TOPIC_NAME_INVALID: _NOT_AUTHORIZED,
}
"""Return codes of MQTT 3.1.1 section 3.2.2.3; a reason that is missing here closes the connection without a word."""
