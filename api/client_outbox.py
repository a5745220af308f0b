"""Calls of the client about the outbox: what waits for the webhook, what is dead, and sending it again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, cast

Record = dict[str, Any]


class OutboxCalls(ABC):
    """What `api.client.Client` can ask about messages; field names are those of `api/routes_outbox.py`."""

    @abstractmethod
    def _get(self, path: str, query: Record | None = None) -> Any:
        """GET, as JSON."""

    @abstractmethod
    def _once(self, path: str, body: Record, headers: dict[str, str] | None = None, method: str = "POST") -> Record:
        """A change under a key of its own."""

    def outbox(self, dead: bool = False, limit: int = 100) -> Record:
        """Messages that wait for the webhook, oldest first, or the dead ones, newest first (`OutboxOut`)."""
        return cast(Record, self._get("/api/outbox", {"dead": dead, "limit": limit}))

    def resend(self, number: int) -> Record:
        """Try a dead message again from the beginning. Raises `Rejected` (`not-found`) for one that is not dead."""
        return self._once(f"/api/outbox/{number}/resend", {})
