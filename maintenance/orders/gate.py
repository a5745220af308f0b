"""Who may hold an order back before it is opened: level of autonomy, budget, rate and windows (`maintenance.autonomy`).

The order book asks in the transaction that opens the order, so that no two programs spend the same place.
"""

from __future__ import annotations

from typing import Protocol

from forewarn.core.autonomy import Permit
from forewarn.core.work import Advice, Decision


class Gate(Protocol):
    """Asked when an advice would open an order, and only then."""

    def ask(self, advice: Advice) -> Permit:
        """May it be opened, and how?"""
        ...

    def opened(self, advice: Advice, order_id: str, permit: Permit) -> None:
        """It was: the budget is spent."""
        ...

    def held(self, advice: Advice, permit: Permit) -> None:
        """It was not: keep the advice, with the reason."""
        ...


class FreeWay:
    """Nothing is held back: notebooks, what-if runs, and orders that a person releases."""

    def ask(self, advice: Advice) -> Permit:
        """An order, a draft where the advice itself asks for one."""
        return Permit(True, draft="advice" if advice.decision is Decision.DRAFT else "")

    def opened(self, advice: Advice, order_id: str, permit: Permit) -> None:
        """Nobody counts."""

    def held(self, advice: Advice, permit: Permit) -> None:
        """Never happens."""


FREE_WAY = FreeWay()
