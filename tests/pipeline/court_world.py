"""Assets whose life is known: tasks at an interval, failures by a Weibull law, findings by how far it was worn."""

from __future__ import annotations

import numpy as np

from forewarn.pipeline.court_evidence import GOOD, NOT_TOLD, WORN, Case, Event


def lived(
    seed: int,
    shape: float,
    scale: float,
    interval: float,
    *,
    assets: int = 20,
    days: float = 4_000.0,
    seen_from: float | None = 0.7,
    cost: float = 1.0,
    failure_cost: float = 5.0,
    monitored: bool = False,
) -> Case:
    """Every task and every repair makes the item as new. A task finds something to do when more than `seen_from` of the
    life that was given to the item is over; None: nobody tells."""
    rng = np.random.default_rng(seed)
    events = []
    for n in range(assets):
        name, at = f"a{n}", 0.0
        while at < days:
            life = float(scale * rng.weibull(shape))
            if life < interval:
                at += life
                events.append(Event(name, at, "failure", mode="VIB"))
            else:
                at += interval
                worn = NOT_TOLD if seen_from is None else WORN if interval > seen_from * life else GOOD
                events.append(Event(name, at, "task", worn))
    spans = {f"a{n}": (0.0, days) for n in range(assets)}
    kept = tuple(event for event in events if event.at < days)
    return Case("p", interval, spans, kept, cost, failure_cost, "given", monitored=monitored)
