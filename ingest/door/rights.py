"""Who may publish where, and under which client id. Pure: names and topics in, an answer out.

A rule is a list of topic patterns with MQTT's wildcards `+` and `#` and the words `{user}` and `{client}`. Names that
hold a wildcard, a slash or `..` are refused before they get here, so that a name can never widen a pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from forewarn.ingest.door.patterns import check_pattern, filled, matches
from forewarn.ingest.own_topics import is_ours

LONGEST_NAME_BYTES = 256
STATUS_LEVELS = frozenset(
    ("status", "state", "$state", "lwt", "will", "online", "available", "availability", "connected", "connection")
)
"""Last levels of a topic on which a device says whether it lives; the only ones for a will."""
_OUR_NAMES = ("forewarn", "broker:", "manual:")
_NOT_A_SUBTREE = ("spBv1.0",)  # its subtree belongs to every edge node


class Rights(Protocol):
    """What the front door asks. `user` is the name that was proven, or the client id where nobody has to log in."""

    def may_publish(self, user: str, client: str, topic: str) -> bool:
        """Whether this client may publish to a topic that is none of ours."""
        ...

    def may_be_called(self, user: str, client: str) -> bool:
        """Whether this user may connect with this client id."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """What one user may do. A client id is allowed by its exact text, or by its beginning before a final `*`."""

    publish: tuple[str, ...]
    client_ids: tuple[str, ...] = ("*",)

    def __post_init__(self) -> None:
        for pattern in self.publish:
            check_pattern(pattern)


EVERYTHING = Rule(("#",))
"""For loopback without users: whoever reaches the port runs on the same machine."""
OWN_SUBTREE = Rule(("{user}/#", "spBv1.0/+/+/{user}", "spBv1.0/+/+/{user}/#"))
"""Where nothing else is said: below its own name, and as the Sparkplug edge node of that name."""


@dataclass(frozen=True)
class RuleBook:
    """Rules by user, and one for everybody else.

    >>> book = RuleBook(OWN_SUBTREE, {"gateway": Rule(("plant/+/{client}/#",), ("{user}-*",))})
    >>> book.may_publish("press", "p1", "press/oil"), book.may_publish("press", "p1", "pump/oil")
    (True, False)
    >>> book.may_publish("gateway", "gateway-7", "plant/hall/gateway-7/oil")
    True
    >>> book.may_be_called("gateway", "gateway-7"), book.may_be_called("gateway", "press")
    (True, False)
    """

    default: Rule = EVERYTHING
    users: Mapping[str, Rule] = field(default_factory=dict)

    def may_publish(self, user: str, client: str, topic: str) -> bool:
        """Whether a pattern of the user's rule matches."""
        rule = self.users.get(user, self.default)
        return any(matches(filled(pattern, user, client), topic) for pattern in rule.publish)

    def may_be_called(self, user: str, client: str) -> bool:
        """Whether the user's rule allows the client id."""
        rule = self.users.get(user, self.default)
        return any(_allows_id(pattern, user, client) for pattern in rule.client_ids)


def name_objection(name: str) -> str | None:
    """Why a user, a certificate or a client may not be called so; None when it may.

    >>> [name_objection(n) is None for n in ("press-1", "{4f2a}", "a/b", "#", "+", "..", "../x", "$SYS", "", "a\\nb")]
    [True, True, False, False, False, False, False, False, False, False]
    """
    if not name or len(name.encode(errors="replace")) > LONGEST_NAME_BYTES:
        return f"a name has 1 to {LONGEST_NAME_BYTES} bytes"
    if not name.isprintable():
        return "a name holds printable signs only"
    if set(name) & set("+#/") or ".." in name or name.startswith("$"):
        return "a name holds none of + # / .. and does not begin with $"
    return None


def user_objection(name: str) -> str | None:
    """Why a user or the holder of a certificate may not be called so: its name may become a level of a topic.

    >>> user_objection("press"), user_objection("forewarn")
    (None, 'this name is kept for the server')
    """
    if is_our_name(name) or name in _NOT_A_SUBTREE:
        return "this name is kept for the server"
    return name_objection(name)


def is_our_name(name: str) -> bool:
    """Whether a name is kept for the product: what it stores under them did not come from a device.

    >>> is_our_name("forewarn-ingest"), is_our_name("broker:plant"), is_our_name("press")
    (True, True, False)
    """
    return name.casefold().startswith(_OUR_NAMES)


def is_status_topic(topic: str, levels: frozenset[str] = STATUS_LEVELS) -> bool:
    """Whether a will may go here: a status topic, or the death certificate of a Sparkplug edge node.

    >>> [is_status_topic(t) for t in ("plant/press/status", "spBv1.0/hall/NDEATH/edge", "plant/press/temperature")]
    [True, True, False]
    """
    parts = topic.split("/")
    is_death = len(parts) == 4 and parts[0] == "spBv1.0" and parts[2] == "NDEATH"
    return is_death or parts[-1].casefold() in levels


def is_taken(topic: str) -> bool:
    """Whether a topic is closed to every device: the server's own (`$...`), and those on which only we publish.

    >>> is_taken("$SYS/uptime"), is_taken("forewarn/orders"), is_taken("press/oil")
    (True, True, False)
    """
    return topic.startswith("$") or is_ours(topic)


def _allows_id(pattern: str, user: str, client: str) -> bool:
    if pattern.endswith("*"):
        return client.startswith(filled(pattern[:-1], user, client))
    return client == filled(pattern, user, client)
