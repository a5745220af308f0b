"""How fast one client may send: allowances of messages and bytes a second, paid by waiting and never by dropping.

What has been read is taken. A client that is over its allowance is not read until the debt is worn off, and TCP
pushes back to it; what it owes outlives its connection, so that coming back does not help.
"""

from __future__ import annotations

BURST_S = 1.0
"""So much of its allowance a client may send at once."""
_NAMES_MAXIMUM = 10_000


class Pace:
    """The account of one client. None = no limit.

    >>> pace = Pace(messages_per_s=10, bytes_per_s=None)
    >>> pace.take(10, 2000, now_s=0.0), pace.take(5, 1000, now_s=0.0), pace.take(10, 2000, now_s=10.0)
    (0.0, 0.5, 0.0)
    """

    def __init__(self, messages_per_s: float | None, bytes_per_s: float | None) -> None:
        self._messages_s = 1 / messages_per_s if messages_per_s else 0.0  # what one costs
        self._bytes_s = 1 / bytes_per_s if bytes_per_s else 0.0
        self._messages_paid_s = self._bytes_paid_s = 0.0  # when everything taken so far is paid

    def take(self, messages: int, size_bytes: int, now_s: float) -> float:
        """Book what was read; the answer is how long not to read (s)."""
        self._messages_paid_s = max(self._messages_paid_s, now_s) + messages * self._messages_s
        self._bytes_paid_s = max(self._bytes_paid_s, now_s) + size_bytes * self._bytes_s
        return max(0.0, self.paid_s - BURST_S - now_s)

    @property
    def paid_s(self) -> float:
        """When nothing is owed any more."""
        return max(self._messages_paid_s, self._bytes_paid_s)


class Paces:
    """The accounts of all clients; without limits there are none."""

    def __init__(self, messages_per_s: float | None, bytes_per_s: float | None) -> None:
        self._limits = (messages_per_s, bytes_per_s)
        self._known: dict[str, Pace] = {}

    def of(self, client: str, now_s: float) -> Pace | None:
        """The account of a client that connects, with what it still owes; None where nothing is limited."""
        if self._limits == (None, None):
            return None
        if len(self._known) >= _NAMES_MAXIMUM:
            self._known = {name: pace for name, pace in self._known.items() if pace.paid_s > now_s}
        return self._known.setdefault(client, Pace(*self._limits))
