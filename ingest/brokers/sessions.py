"""Ending a session of ours at a broker, so that it queues nothing for a reader that will not come back."""

from __future__ import annotations

import ssl
import time

from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from forewarn.core.errors import Retriable
from forewarn.ingest.brokers.client import V5, serve_for
from forewarn.ingest.brokers.target import Target


def end_session(target: Target, protocol: str, tls: ssl.SSLContext | None) -> None:
    """Connect once with a clean session and go: the broker forgets filters and queue. Raises Retriable."""
    version = MQTTProtocolVersion.MQTTv5 if protocol == V5 else MQTTProtocolVersion.MQTTv311
    clean = None if protocol == V5 else True
    client = Client(CallbackAPIVersion.VERSION2, target.client_id, clean, protocol=version, reconnect_on_failure=False)
    client.username_pw_set(target.username, target.password)
    if tls is not None:
        client.tls_set_context(tls)
    client.connect_timeout = target.pace.answer_s
    answers: list[ReasonCode] = []

    def connected(
        client: Client, data: object, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        answers.append(code)

    client.on_connect = connected
    fresh = True if protocol == V5 else MQTT_CLEAN_START_FIRST_ONLY  # the second is what 3.1.1 has to be told
    try:
        client.connect(target.host, target.port, clean_start=fresh)
    except OSError as error:
        raise Retriable(f"{target.address}: {error}") from error
    _until_answered(client, answers, target.pace.answer_s)
    if not answers or answers[0].is_failure:
        why = str(answers[0]) if answers else "no answer"
        raise Retriable(f"the session {target.client_id} at {target.address} was not ended: {why}")
    client.disconnect()
    client.loop_write()


def _until_answered(client: Client, answers: list[ReasonCode], patience_s: float) -> None:
    deadline_s = time.monotonic() + patience_s
    while not answers and time.monotonic() < deadline_s:
        if not serve_for(client, 0.1):
            return
