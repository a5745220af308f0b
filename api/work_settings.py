"""Settings of the work around orders: verification by the signals, other departments, clocks and who is called."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from forewarn.core.errors import Rejected
from forewarn.core.work import OrderKind, Status
from forewarn.maintenance.orders.deadlines import (
    COMPLETION_H,
    LADDER,
    PAUSES,
    RESPONSE_H,
    WARN_SHARE,
    DeadlineSettings,
    Limits,
    Rung,
)

HoursByPriority = Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=5, max_length=5)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VerificationSettings(_Strict):
    """`hours`: operating hours at comparable load and speed after which a repair is verified by the signals.
    `look_every_h`: plant hours between two looks at one order."""

    hours: float = Field(24.0, gt=0, le=8760)
    look_every_h: float = Field(1.0, gt=0)


class DepartmentSettings(_Strict):
    """Who is asked when nobody is named, and hours of notice that a department is given at least."""

    production: str = Field("production", min_length=1)
    safety: str = Field("safety", min_length=1)
    purchasing: str = Field("purchasing", min_length=1)
    notice_h: float = Field(24.0, gt=0)


class RungSettings(_Strict):
    """One row of the escalation table: who is called so many hours of the clock after its warning, or its breach."""

    rota: str = Field(min_length=1, max_length=50)
    breach: bool
    after_h: float = Field(0.0, ge=0)


class DeadlinesSettings(_Strict):
    """Clocks of orders: hours for priority 1 to 5 by kind (a kind that is named replaces its usual hours), statuses
    that stop them, the share from which they warn, and who is called."""

    response_h: dict[OrderKind, HoursByPriority] = {}
    completion_h: dict[OrderKind, HoursByPriority] = {}
    pauses: list[Status] = list(PAUSES)
    warn_share: float = Field(WARN_SHARE, gt=0, lt=1)
    ladder: list[RungSettings] = [RungSettings(rota=r.rota, breach=r.breach, after_h=r.after_h) for r in LADDER]

    def rules(self) -> DeadlineSettings:
        """What the clocks go by. Raises Rejected for a pause in a status in which nothing can wait."""
        wrong = [status.value for status in self.pauses if status in (Status.COMP, Status.CLOSE, Status.CAN)]
        if wrong:
            raise Rejected("deadlines_pauses", f"an order does not wait in {', '.join(wrong)}: leave it out")
        rungs = (Rung(i, one.rota, one.breach, one.after_h) for i, one in enumerate(self.ladder, 1))
        return DeadlineSettings(
            _with(RESPONSE_H, self.response_h),
            _with(COMPLETION_H, self.completion_h),
            tuple(self.pauses),
            self.warn_share,
            tuple(rungs),
        )


def _with(usual: Limits, told: dict[OrderKind, list[float]]) -> Limits:
    return {**usual, **{kind: tuple(hours) for kind, hours in told.items()}}
