"""The outbox as people see it: what waits for its receiver, what is dead, and trying it again, which is recorded."""

from __future__ import annotations

from collections.abc import Callable

from forewarn.core.ports import Actor
from forewarn.maintenance import outbox
from forewarn.maintenance.audit import AuditEntry, append
from forewarn.maintenance.outbox import Message
from forewarn.maintenance.records import Records


class OutboxDesk:
    """`begin` gives the number after which messages are for the receiver; None: there is no receiver, nothing waits."""

    def __init__(self, records: Records, begin: Callable[[], int] | None) -> None:
        self._records, self._begin = records, begin

    @property
    def has_receiver(self) -> bool:
        """Is somebody told?"""
        return self._begin is not None

    def counted(self) -> tuple[int, int]:
        """How many wait, and how many are dead."""
        waiting, dead = outbox.counted(self._records, self._begin() if self._begin else 0)
        return waiting if self._begin else 0, dead

    def messages(self, dead: bool, limit: int) -> list[Message]:
        """The oldest that wait, or the newest that are dead."""
        if dead:
            return outbox.dead(self._records, limit)
        return outbox.pending(self._records, limit, self._begin()) if self._begin else []

    def send_again(self, number: int, actor: Actor, at_us: int) -> None:
        """Let a dead message be tried again from the beginning. Raises Rejected for one that is not dead."""
        with self._records.write() as connection:
            outbox.send_again(self._records, number)
            append(connection, AuditEntry(at_us, actor, f"outbox:{number}", "resend", {}, {"message": number}))
