"""From a message of a broker to a frame. Whatever it is, it is acknowledged: one bad message must not stop the rest."""

from __future__ import annotations

from paho.mqtt.client import MQTTMessage

from forewarn.ingest.brokers.target import Target
from forewarn.ingest.consumer import refusal_frame
from forewarn.ingest.delivery import DUP, RETAIN, Frame
from forewarn.ingest.own_topics import OWN_PREFIX


def topic_of(message: MQTTMessage) -> str | None:
    """The topic; None when it is not UTF-8, which a sound broker never passes on."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return None


def frame_of(message: MQTTMessage, now_us: int, target: Target) -> Frame | None:
    """The frame to journal; None for what we published ourselves (`forewarn/...` under a wide filter).

    What is too large, or has a topic that no sensor may use, becomes a note for the quarantine.
    """
    topic, payload = topic_of(message), message.payload
    if topic is None:
        return refusal_frame(now_us, target.source, "(topic is not UTF-8)", "topic_not_utf8", len(payload))
    if topic.startswith("$"):  # `$` topics are the journal's own notes
        return refusal_frame(now_us, target.source, topic, "topic_reserved", len(payload))
    if topic.startswith(OWN_PREFIX):
        return None
    if len(payload) > target.maximum_packet_bytes:
        return refusal_frame(now_us, target.source, topic, "packet_too_large", len(payload))
    flags = message.qos | (RETAIN if message.retain else 0) | (DUP if message.dup else 0)
    return Frame(now_us, flags, target.source, topic, bytes(payload))
