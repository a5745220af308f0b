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
    return (len(levels) == 3 and levels[1] == "STATE") or (len(levels) == 4 and levels[2] == "NCMD")
