"""Which fault explains what the channels show? (ISO 13374: HA)

Every mechanism that can strike a component of the asset is scored by its signature: the log odds are the weighted
strengths of its signs over the last points, and the probabilities of all faults add up to one. Among vibrations the
strongest change sets the scale, for it is the shape of the spectrum that tells faults apart, and the answer then does
not turn over while a fault grows. Slow signals are measured by their own limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.health import Evidence, Hypothesis
from forewarn.core.plant import Asset, Component
from forewarn.models.detectors.own_past import Judged
from forewarn.models.diagnosis.signatures import SIGNATURES, Term
from forewarn.models.limits import mounted_kind

CLEAR = 0.35  # strength from which a sign counts as seen
PLANNED_BONUS = 0.5  # log odds of a fault that the plant's engineers have listed for this asset
LEAST_SHOWN = 0.02
TONE_CHANCE = 0.6  # of its limit: as high as the median of a few blocks gets by chance


@dataclass(frozen=True, slots=True)
class Sign:
    """A term as observed: strength in [-1, 1] (None: not observable), and the channel that shows it best."""

    term: Term
    strength: float | None
    shown_by: Judged | None


def diagnose(asset: Asset, judged: Sequence[Judged]) -> tuple[Hypothesis, ...]:
    """Ranked hypotheses, most probable first; empty when no fault of the table fits the asset's components."""
    faults = possible_faults(asset)
    if not faults:
        return ()
    scale = max([1.0, *(j.ratio for j in judged if is_level(j))])
    signs = {fault: [observe(asset, component, term, judged, scale) for term in SIGNATURES[fault.mechanism].terms]
             for fault, component in faults.items()}  # fmt: skip
    odds = np.array([sum(map(log_odds, s)) + planned_bonus(asset, f) for f, s in signs.items()])
    share = np.exp(odds - odds.max())
    share /= share.sum()
    ranked = sorted(zip(signs, share, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return tuple(hypothesis(asset, f, float(p), signs[f]) for f, p in ranked if p >= LEAST_SHOWN or f == ranked[0][0])


def possible_faults(asset: Asset) -> dict[Fault, Component]:
    """Every fault of the table whose mechanism can strike a component of the asset."""
    return {
        Fault(component.id, mechanism): component
        for component in asset.components
        for mechanism in SIGNATURES
        if component.kind in MECHANISMS[mechanism].component_kinds
    }


def observe(asset: Asset, component: Component, term: Term, judged: Sequence[Judged], scale: float) -> Sign:
    """The channel that shows a sign best, and how strongly."""
    seen = matching(asset, component, term, judged)
    if not seen:
        return Sign(term, None, None)
    best = max(seen, key=lambda j: signed_ratio(j, term.direction))
    ratio = signed_ratio(best, term.direction)
    if is_tone(best):
        return Sign(term, tone_strength(best, ratio, judged), best)
    return Sign(term, float(np.clip(ratio / scale if is_level(best) else ratio, -1.0, 1.0)), best)


def matching(asset: Asset, component: Component, term: Term, judged: Sequence[Judged]) -> list[Judged]:
    """Channels that a term speaks of; those on the component itself alone, where there are any."""
    seen = [j for j in judged if j.channel.feature in term.features
            or (not j.channel.feature and j.channel.spec.quantity in term.quantities)]  # fmt: skip
    if term.on:
        seen = [j for j in seen if mounted_kind(asset, j.channel.spec) in term.on]
    own = [j for j in seen if j.channel.spec.component == component.id]
    return own if own and term.own else seen


def signed_ratio(j: Judged, direction: int) -> float:
    """Change over limit, positive in this direction."""
    return j.ratio if j.direction == direction else -j.ratio


def is_level(j: Judged) -> bool:
    """Is it a level of vibration, be it a band, an order or the whole?"""
    return j.channel.limit.logarithmic and j.channel.scored and not is_tone(j)


def is_tone(j: Judged) -> bool:
    """Tones are judged against each other, not against the rise of a band."""
    return j.channel.feature.startswith("tone")


def tone_strength(j: Judged, ratio: float, judged: Sequence[Judged]) -> float:
    """1 for a tone beyond its limit that no other tone of the same sensor outdoes: side bands drag neighbours up.

    A tone well under its limit is chance and counts nothing.
    """
    others = [o.ratio for o in judged if is_tone(o) and o.channel.spec == j.channel.spec and o is not j]
    dominance = min(1.0, (max(ratio, 0.0) / max([*others, 0.1])) ** 2)
    return float(np.clip((ratio - TONE_CHANCE) / (1 - TONE_CHANCE), 0.0, 1.0)) * dominance


def log_odds(sign: Sign) -> float:
    """What a sign adds to the log odds of its fault."""
    term = sign.term
    if sign.strength is None:
        return -term.absent / 3
    if term.weight > 0 and sign.strength < CLEAR:
        return -term.absent
    return term.weight * max(sign.strength, 0.0)


def planned_bonus(asset: Asset, fault: Fault) -> float:
    """The plant's own list of faults is experience."""
    return PLANNED_BONUS if any(plan.fault == fault for plan in asset.faults) else 0.0


def hypothesis(asset: Asset, fault: Fault, probability: float, signs: Sequence[Sign]) -> Hypothesis:
    """One fault with the sentences for and against it."""
    seen = [s for s in signs if s.strength is not None and s.shown_by is not None]
    clear = [s for s in seen if s.strength is not None and s.strength >= CLEAR]
    speaks_for = [evidence(s) for s in clear if s.term.weight > 0]
    speaks_against = [evidence(s) for s in clear if s.term.weight < 0]
    speaks_against += [evidence(s) for s in seen if s not in clear and s.term.weight > 0 and s.term.absent > 0]
    plan = next((plan for plan in asset.faults if plan.fault == fault), None)
    mechanism = MECHANISMS[fault.mechanism]
    mode = plan.failure_mode if plan else mechanism.mode
    return Hypothesis(fault, mode, probability, tuple(speaks_for), tuple(speaks_against), mechanism.next_check)


def evidence(sign: Sign) -> Evidence:
    """A sentence with numbers and units."""
    j = sign.shown_by
    assert j is not None  # only observable signs are told
    unit = "" if j.channel.unit == "1" else f" {j.channel.unit}"
    moved = "rose" if j.level > j.expected else "fell"
    verb = "stayed" if abs(j.ratio) < CLEAR else moved
    told = (
        f"{sign.term.text[:1].upper()}{sign.term.text[1:]} ({j.channel.name}) {verb} at {j.value:.3g}{unit}"
        if verb == "stayed"
        else f"{sign.term.text[:1].upper()}{sign.term.text[1:]} ({j.channel.name}) {verb} to {j.value:.3g}{unit}"
    )
    text = f"{told}; usual here {j.baseline:.3g}{unit}, limit {j.limit_value:.3g}{unit}"
    return Evidence(j.channel.name, j.value, j.baseline, j.channel.unit, text)
