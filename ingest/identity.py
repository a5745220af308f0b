"""Whom a message claims to come from, against where it came: a device that speaks as another one is not believed. Pure.

Names are learnt from the plant file: assets, and the levels of the topics. A device that names itself by one of these
must stand on a topic that has it; a name that stands nowhere (a gateway's own, say) is nobody else's.
"""

from __future__ import annotations

from collections.abc import Sequence

from forewarn.core.readings import SignalSpec


class Identities:
    """Tells a claim that contradicts its topic.

    >>> one = SignalSpec("pump-1", "temp", "temperature", "degC", "site/pump-1/temp")
    >>> two = SignalSpec("pump-2", "temp", "temperature", "degC", "site/pump-2/temp")
    >>> identities = Identities([one, two])
    >>> [identities.contradicts("site/pump-1/temp", device) for device in ("pump-1", "pump-2", "gw-9")]
    [False, True, False]
    """

    def __init__(self, signals: Sequence[SignalSpec]) -> None:
        self._names: dict[str, set[str]] = {}
        for spec in signals:
            if spec.by_hand is not None:  # its topic is a name of ours: a device may be called like a part of it
                continue
            self._names.setdefault(spec.topic, set()).update((spec.asset, *spec.topic.split("/")))
        self._everybody = {name for names in self._names.values() for name in names}

    def contradicts(self, topic: str, device: str) -> bool:
        """Does a message of this topic name a device that belongs to other topics?"""
        return device in self._everybody and device not in self._names.get(topic, ())
