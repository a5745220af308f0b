"""Made-up finished orders for the tests of what they teach."""

from __future__ import annotations

import numpy as np

from forewarn.core.faults import Fault
from forewarn.core.health import Candidate
from forewarn.core.labels import Finding, Label

WEAR, CAVITATION = Fault("bearing", "bearing_wear"), Fault("impeller", "cavitation")
LEAK, IMBALANCE = Fault("seal", "seal_leak"), Fault("impeller", "imbalance")
FAULTS = (WEAR, CAVITATION, LEAK, IMBALANCE)


def weighed(odds: tuple[float, ...], signs: tuple[float | None, ...] = ()) -> tuple[Candidate, ...]:
    """The four faults with these log odds; `signs` are the strengths of one sign of each."""
    strengths: list[dict[str, float | None]] = [{"a sign": s} for s in signs] if signs else [{}] * len(FAULTS)
    return tuple(Candidate(f, o, s) for f, o, s in zip(FAULTS, odds, strengths, strict=True))


def label(
    number: int,
    candidates: tuple[Candidate, ...],
    finding: Finding = Finding.CONFIRMED,
    found: Fault | None = None,
    asset_class: str = "pump",
    asset: str = "p1",
) -> Label:
    """An order that advised its most probable candidate."""
    odds = np.array([c.log_odds for c in candidates])
    share = np.exp(odds - odds.max()) / np.exp(odds - odds.max()).sum()
    advised, probability = candidates[int(share.argmax())].fault, float(share.max())
    return Label(
        str(number), f"WO-{number:06d}", asset, asset_class, advised, probability, None, number, number + 1,
        finding, found, candidates=candidates,
    )  # fmt: skip


def plant_life(orders: int, seed: int, blind: bool = True) -> list[Label]:
    """Orders of a plant whose machines suffer from leaks more than physics thinks, and whose sign of cavitation says
    less than physics believes (`blind`); with `blind` False the physics is right."""
    rng = np.random.default_rng(seed)
    labels = []
    for i in range(orders):
        odds, sign = rng.normal(0.0, 1.5, 4), rng.uniform(0.0, 1.0, 4)
        odds = odds + np.array([0.0, 3.0, 0.0, 0.0]) * sign
        truth = odds + (np.array([-1.0, -2.5 * sign[1], 1.5, 0.0]) if blind else 0.0)
        share = np.exp(truth) / np.exp(truth).sum()
        found = FAULTS[int(rng.choice(4, p=share))]
        candidates = weighed(tuple(map(float, odds)), tuple(map(float, sign)))
        advised = FAULTS[int(odds.argmax())]
        finding = Finding.CONFIRMED if found == advised else Finding.NOT_FOUND
        labels.append(label(i, candidates, finding, found, asset=f"p{i % 10}"))
    return labels
