"""What the door answers to one topic filter of a SUBSCRIBE. Pure.

Clients may subscribe to exact topics on which the product itself publishes (`ingest/own_topics.py`) and to nothing
else: the door is no broker between devices.
"""

from __future__ import annotations

from typing import NamedTuple

from forewarn.ingest.door.codes import Reason
from forewarn.ingest.door.packets import Filter
from forewarn.ingest.door.patterns import is_filter
from forewarn.ingest.own_topics import is_ours

SUBSCRIPTIONS_MAXIMUM = 256


class SubscriptionChange(NamedTuple):
    """What a SUBSCRIBE or UNSUBSCRIBE did to one topic. `refusal` names why nothing was done."""

    topic: str
    subscribed: bool = False
    send_retained: bool = False
    refusal: str | None = None


def subscription_code(wanted: Filter, held: set[str]) -> Reason:
    """SUCCESS (QoS 0 granted) or why not; `held` are the client's subscriptions.

    >>> [subscription_code(Filter(t, 1), set()).name for t in ("forewarn/orders", "press/oil", "forewarn/#", "a#")]
    ['SUCCESS', 'NOT_AUTHORIZED', 'WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED', 'TOPIC_FILTER_INVALID']
    """
    if not is_filter(wanted.topic):
        return Reason.TOPIC_FILTER_INVALID
    if is_shared(wanted.topic):
        return Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
    if "+" in wanted.topic or "#" in wanted.topic:
        return Reason.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED
    if not is_ours(wanted.topic):
        return Reason.NOT_AUTHORIZED
    if len(held) >= SUBSCRIPTIONS_MAXIMUM and wanted.topic not in held:
        return Reason.QUOTA_EXCEEDED
    return Reason.SUCCESS


def is_shared(topic_filter: str) -> bool:
    """Whether this asks for a shared subscription (MQTT 5, 4.8.2)."""
    return topic_filter.startswith("$share/")
