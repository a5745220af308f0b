"""When to send PINGREQ, and when to call a broker dead, although reading may have been stopped on purpose.

The client library's own keep-alive cannot be used: while reading is stopped its PINGRESP lies unread behind other
messages, and it would end a sound connection.
"""

from __future__ import annotations

PINGREQ = b"\xc0\x00"


class KeepAlive:
    """Half the agreed interval between pings; dead after 1.5 intervals of silence while we were listening.

    >>> alive = KeepAlive(10.0, now_s=0.0)
    >>> alive.ping_due(4.9), alive.ping_due(5.0), alive.dead(14.9, True), alive.dead(15.1, True)
    (False, True, False, True)
    >>> alive.dead(15.1, reading=False), alive.dead(29.0, reading=True), alive.dead(31.0, reading=True)
    (False, False, True)
    """

    def __init__(self, interval_s: float, now_s: float) -> None:
        self._interval_s = interval_s
        self._sent_s = self._heard_s = now_s

    @property
    def pause_s(self) -> float:
        """How long the connection may sleep before it asks again."""
        return min(max(self._interval_s / 4, 0.05), 1.0) if self._interval_s else 1.0

    def heard(self, now_s: float) -> None:
        """Something arrived."""
        self._heard_s = now_s

    def pinged(self, now_s: float) -> None:
        """PINGREQ was sent."""
        self._sent_s = now_s

    def ping_due(self, now_s: float) -> bool:
        """Is it time for a PINGREQ? Never with an interval of 0, which means no keep-alive."""
        return bool(self._interval_s) and now_s - self._sent_s >= self._interval_s / 2

    def dead(self, now_s: float, reading: bool) -> bool:
        """Has the broker been silent for too long? Who does not listen hears nothing: that proves nothing."""
        if not reading:
            self._heard_s = now_s
        return bool(self._interval_s) and now_s - self._heard_s > 1.5 * self._interval_s
