"""The topics on which the product itself publishes, and the only ones (it never writes to a machine).

`forewarn/...`, and by the Sparkplug specification a host's STATE and its rebirth requests (NCMD).
"""

from __future__ import annotations

OWN_PREFIX = "forewarn/"
WATERMARK_PREFIX = "forewarn/watermark/"
"""Retained: up to where a stream is stored. A gateway that keeps the last minutes repeats what lies behind it."""


def is_ours(topic: str) -> bool:
    """Whether the product may publish here, and clients may subscribe to it.

    >>> is_ours("forewarn/orders/open"), is_ours("spBv1.0/STATE/forewarn"), is_ours("spBv1.0/plant/NCMD/edge-1")
    (True, True, True)
    >>> is_ours("spBv1.0/plant/DCMD/edge-1/drive"), is_ours("plant/pump/set")
    (False, False)
    """
    if "+" in topic or "#" in topic:
        return False
    if topic.startswith(OWN_PREFIX):
        return True
    levels = topic.split("/")
    if levels[0] != "spBv1.0" or not all(levels):
        return False
    return (len(levels) == 3 and levels[1] == "STATE") or _is_request(levels)


def qos_of(topic: str) -> int:
    """With which QoS the product publishes here at a broker: 1, but for requests to edge nodes, which the Sparkplug
    specification wants with 0 (what is not answered is asked for again).

    >>> qos_of("spBv1.0/STATE/forewarn"), qos_of("spBv1.0/plant/NCMD/edge-1")
    (1, 0)
    """
    return 0 if _is_request(topic.split("/")) else 1


def _is_request(levels: list[str]) -> bool:
    return len(levels) == 4 and levels[0] == "spBv1.0" and levels[2] == "NCMD"
