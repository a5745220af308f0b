"""A live forecast and what sister machines have taught, pooled.

The live forecast (`life.trend`) knows the fault, its failure level and published P-F intervals, and nothing of this
plant. Lives of sister machines that have ended know this plant, and not the fault. Both are opinions on the same hours:
they are mixed, the fleet weighing more the more of its lives have ended.
"""

from __future__ import annotations

import numpy as np

from forewarn.core.health import ModelRef, RulForecast
from forewarn.models.life.contract import LEVELS, Life, Prognosis
from forewarn.models.life.pooling import pooled

LIVES_OF_A_TREND = 5.0
"""Published intervals and levels of failure count as much as so many lives of the plant's own."""

SHORTEST_H = 1e-3


def forecast_with_fleet(
    live: RulForecast, fleet: Prognosis, now: Life, ended: int, model: ModelRef | None = None
) -> RulForecast:
    """The live forecast pooled with that of a prognosis learnt from lives of sister machines.

    `now` is this machine since new or since its last repair, age in operating hours, columns as in the lives that
    taught; `ended` how many of those had ended: the fleet weighs ended / (ended + 5). Where the fleet cannot tell, the
    live forecast comes back as it is. The horizon stays that of the live one. `model` names the pair, default the live
    model.

    >>> from forewarn.core.faults import Fault
    >>> from forewarn.models.life.weibull import WeibullAge
    >>> sisters = [Life(f"s{i}", np.array([1.0, 400.0 + 20 * i]), (), np.zeros((2, 0)), True) for i in range(10)]
    >>> hours, trend = np.array([90.0, 200, 500, 900, 1500, 3000, 5000]), ModelRef("trend", "1", "d")
    >>> live = RulForecast(Fault("b", "bearing_wear"), LEVELS, hours, 8766.0, trend)
    >>> now = Life("me", np.array([1.0, 300.0]), (), np.zeros((2, 0)), False)
    >>> told = forecast_with_fleet(live, WeibullAge().learn(sisters), now, 10)
    >>> told.quantile(0.5) < live.quantile(0.5)
    True
    """
    found = fleet.forecast([now])
    if found.said[0] or np.isnan(found.left[0]).any():
        return live
    weight = ended / (ended + LIVES_OF_A_TREND)
    theirs = np.interp(LEVELS, found.levels, found.left[0])
    ours = np.array([live.quantile(float(level)) for level in LEVELS])
    both = np.maximum(np.stack([ours, theirs]), SHORTEST_H)
    hours = np.minimum(pooled(both, np.array([1.0 - weight, weight])), live.horizon_h)
    return RulForecast(live.fault, LEVELS.copy(), hours, live.horizon_h, model or live.model)
