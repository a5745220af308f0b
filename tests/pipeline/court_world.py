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
    """Every task and every repair makes the item as new; tasks come at their time, whatever failed between them. A task
    finds something to do when more than `seen_from` of the life that was given to the item is over; None: nobody
    tells."""
    rng = np.random.default_rng(seed)
    events = []
    for n in range(assets):
        name, born, task = f"a{n}", 0.0, interval
        while min(born, task) < days:
            life = float(scale * rng.weibull(shape))
            if born + life < task:
                born += life
                events.append(Event(name, born, "failure", mode="VIB"))
            else:
                worn = NOT_TOLD if seen_from is None else WORN if task - born > seen_from * life else GOOD
                events.append(Event(name, task, "task", worn))
                born, task = task, task + interval
    spans = {f"a{n}": (0.0, days) for n in range(assets)}
    kept = tuple(event for event in events if event.at < days)
    return Case("p", interval, spans, kept, cost, failure_cost, "given", monitored=monitored)


def patched(seed: int, shape: float, scale: float, interval: float, assets: int = 10, cycles: int = 30) -> Case:
    """Repairs bring it back as it was, only the task, at fixed times, renews it: failures by a power law of the time
    since the task. A task costs five failures."""
    rng, events = np.random.default_rng(seed), []
    for n in range(assets):
        for cycle in range(cycles):
            mean = (interval / scale) ** shape
            times = interval * rng.uniform(size=int(rng.poisson(mean))) ** (1 / shape)
            events += [Event(f"a{n}", cycle * interval + float(at), "failure", mode="ELU") for at in times]
            events.append(Event(f"a{n}", (cycle + 1) * interval, "task"))
    spans = {f"a{n}": (0.0, (cycles + 0.5) * interval) for n in range(assets)}
    return Case("p", interval, spans, tuple(events), 5.0, 1.0, "given")
