"""Sparkplug's topics: `spBv1.0/GROUP/VERB/NODE` and `spBv1.0/GROUP/VERB/NODE/DEVICE`, and the host's own STATE."""

from __future__ import annotations

from typing import NamedTuple

from forewarn.core.errors import Rejected

NAMESPACE = "spBv1.0"
PREFIX = f"{NAMESPACE}/"
STATE = "STATE"
NODE_VERBS = frozenset({"NBIRTH", "NDATA", "NDEATH", "NCMD"})
DEVICE_VERBS = frozenset({"DBIRTH", "DDATA", "DDEATH", "DCMD"})


class Address(NamedTuple):
    """Who says what. `device` "" = the edge node itself; a STATE has its host id in `node` and no group."""

    group: str
    verb: str
    node: str
    device: str = ""

    @property
    def of_node(self) -> tuple[str, str]:
        """The edge node descriptor: unique in the plant."""
        return self.group, self.node


def address_of(topic: str) -> Address:
    """Read a topic. Raises Rejected `bad_topic`; verbs are written in capitals, identifiers are case-sensitive.

    >>> address_of("spBv1.0/press shop/DDATA/edge-1/drive")
    Address(group='press shop', verb='DDATA', node='edge-1', device='drive')
    """
    levels = topic.split("/")
    if levels[0] == NAMESPACE and all(levels):
        if len(levels) == 3 and levels[1] == STATE:
            return Address("", STATE, levels[2])
        if len(levels) == 4 and levels[2] in NODE_VERBS:
            return Address(levels[1], levels[2], levels[3])
        if len(levels) == 5 and levels[2] in DEVICE_VERBS:
            return Address(levels[1], levels[2], levels[3], levels[4])
    raise Rejected("bad_topic", "neither GROUP/VERB/NODE, GROUP/VERB/NODE/DEVICE nor STATE/HOST of Sparkplug B")


def command_topic(group: str, node: str) -> str:
    """Where an edge node listens for requests.

    >>> command_topic("press shop", "edge-1")
    'spBv1.0/press shop/NCMD/edge-1'
    """
    return f"{PREFIX}{group}/NCMD/{node}"


def place_in(topic: str) -> str:
    """The place of the metrics that a message carries, by its topic; of any other topic, itself.

    >>> place_in("spBv1.0/press shop/DDATA/edge-1/drive"), place_in("plant/p1/temp")
    ('spBv1.0/press shop/edge-1/drive', 'plant/p1/temp')
    """
    try:
        address = address_of(topic)
    except Rejected:
        return topic
    return topic if address.verb == STATE else place_of(address.group, address.node, address.device)


def state_topic(host_id: str) -> str:
    """Where a host says that it is there."""
    return f"{PREFIX}{STATE}/{host_id}"


def place_of(group: str, node: str, device: str) -> str:
    """The topic under which the plant file names the metrics of a node or device: one without a verb.

    >>> place_of("press shop", "edge-1", "drive"), place_of("press shop", "edge-1", "")
    ('spBv1.0/press shop/edge-1/drive', 'spBv1.0/press shop/edge-1')
    """
    return f"{PREFIX}{group}/{node}/{device}" if device else f"{PREFIX}{group}/{node}"
