"""What waiting costs, against what acting costs: expectations over the race, in the plant's currency. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from forewarn.core.readings import Floats
from forewarn.maintenance.advice.race import race


@dataclass(frozen=True, slots=True)
class CostInputs:
    """What a repair and a breakdown cost. Money in `currency`; `downtime_per_h` for an hour of planned production.

    `parts`: those of the repair together. `breakdown_hours`: how long a breakdown lasts once part and crew are there.
    `real_share`: how often an advice like this one is right. `look_again_h`: waiting means to look again after so long
    (calendar hours) and to order only then.
    """

    currency: str
    downtime_per_h: float
    labour_per_h: float
    parts: float
    breakdown_hours: float
    real_share: float
    look_again_h: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """Expected money of acting now and of waiting, and the chance to lose the race when one waits."""

    acting: float
    waiting: float
    lost_if_waiting: float


def weigh(
    costs: CostInputs,
    repair_hours: float,
    production_share: float,
    in_a_stop: bool,
    lives_h: Floats,
    ready_h: Floats,
    repair_h: Floats,
) -> Weighed:
    """Acting pays the planned repair in any case, also when nothing is wrong; waiting pays only for what is real, but
    loses the race more often.

    planned = parts + labour x repair + downtime x repair (no downtime when a stop of production is long enough)
    broken = parts + labour x breakdown + downtime x (standing + breakdown)
    acting = real x mean(planned or broken, ordered now) + (1 - real) x planned
    waiting = real x mean(planned or broken, ordered when one looks again)

    `production_share`: part of the calendar in which the machine is to produce, 0 to 1. By hand: parts 100, no labour,
    2 h of repair and 10 h of breakdown at 50 an hour, part and crew there; a life of 40 h for sure, looked at again
    after 48 h, right in four of five: acting 200 (the planned repair); waiting 0.8 x (100 + 500) = 480.

    >>> import numpy as np
    >>> c = CostInputs("EUR", 50.0, 0.0, 100.0, 10.0, 0.8, 48.0)
    >>> weigh(c, 2.0, 1.0, False, np.full(4, 40.0), np.zeros(4), np.full(4, 2.0))
    Weighed(acting=200.0, waiting=480.0, lost_if_waiting=1.0)
    """
    down_per_h = costs.downtime_per_h * production_share
    planned = costs.parts + costs.labour_per_h * repair_hours + (0.0 if in_a_stop else down_per_h * repair_hours)
    broken = costs.parts + (costs.labour_per_h + down_per_h) * costs.breakdown_hours

    def ordered_after(wait_h: float) -> tuple[float, float]:
        end = race(lives_h, ready_h, repair_h, wait_h)
        return (1.0 - end.lost) * planned + end.lost * broken + down_per_h * end.standing_h, end.lost

    now, _ = ordered_after(0.0)
    later, lost = ordered_after(costs.look_again_h)
    acting = costs.real_share * now + (1.0 - costs.real_share) * planned
    return Weighed(acting, costs.real_share * later, lost)
