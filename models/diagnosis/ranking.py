"""Which fault explains what the channels show? (ISO 13374: HA)

Every mechanism that can strike a component of the asset is scored by its signature: the log odds are the weighted
strengths of its signs over the last points, and the probabilities of all faults add up to one. Among vibrations the
strongest change sets the scale, for it is the shape of the spectrum that tells faults apart, and the answer then does
not turn over while a fault grows. Slow signals are measured by their own limits. What closed orders taught moves these
log odds (`learned`), and the check that is named is the one that separates a fault from its strongest rival (`checks`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.health import Candidate, Evidence, Hypothesis
from forewarn.core.plant import Asset, Component
from forewarn.models.detectors.own_past import Judged
from forewarn.models.diagnosis.checks import checks_for
from forewarn.models.diagnosis.learned import NOTHING_LEARNED, Learned, pooled_probabilities
from forewarn.models.diagnosis.signatures import APART, BEST, SIGNATURES, TOGETHER, Term
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


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Ranked `hypotheses`, most probable first, and every fault that was weighed for them (`candidates`)."""

    hypotheses: tuple[Hypothesis, ...]
    candidates: tuple[Candidate, ...]


NO_DIAGNOSIS = Diagnosis((), ())


def diagnose(asset: Asset, judged: Sequence[Judged], learned: Learned | None = None) -> tuple[Hypothesis, ...]:
    """Ranked hypotheses, most probable first; empty when no fault of the table fits the asset's components.

    `learned` is what closed orders taught (`learned.learn`); without it physics alone decides.
    """
    return diagnosed(asset, judged, learned).hypotheses


def diagnosed(
    asset: Asset, judged: Sequence[Judged], learned: Learned | None = None, taught: Learned | None = None
) -> Diagnosis:
    """The same with all that was weighed, which an order keeps so that its finding can teach. `taught`: of a promoted
    version, whose probabilities count as much as the others."""
    signs = signs_of(asset, judged)
    candidates = tuple(candidate(asset, fault, seen) for fault, seen in signs.items())
    share = pooled_probabilities(candidates, asset.asset_class, learned or NOTHING_LEARNED, taught)
    ranked = sorted(share.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [(f, p) for f, p in ranked if p >= LEAST_SHOWN or f == ranked[0][0]]
    checks = checks_for(shown)
    told = tuple(hypothesis(asset, f, p, signs[f], check) for (f, p), check in zip(shown, checks, strict=True))
    return Diagnosis(told, candidates)


def signs_of(asset: Asset, judged: Sequence[Judged]) -> dict[Fault, list[Sign]]:
    """Every possible fault with the signs of its signature as they are seen now."""
    scale = max([1.0, *(j.ratio for j in judged if is_level(j))])
    return {
        fault: [observe(asset, component, term, judged, scale) for term in SIGNATURES[fault.mechanism].terms]
        for fault, component in possible_faults(asset).items()
    }


def candidate(asset: Asset, fault: Fault, signs: Sequence[Sign]) -> Candidate:
    """What physics says of one fault, and by which signs."""
    odds = sum(map(log_odds, signs)) + planned_bonus(asset, fault)
    return Candidate(fault, float(odds), {sign.term.text: sign.strength for sign in signs})


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
    if len(seen) < (2 if term.pattern == APART else 1):
        return Sign(term, None, None)
    shown_by, ratio = PATTERNS[term.pattern](seen, term.direction)
    if is_tone(shown_by):
        return Sign(term, tone_strength(shown_by, ratio, judged), shown_by)
    return Sign(term, float(np.clip(ratio / scale if is_level(shown_by) else ratio, -1.0, 1.0)), shown_by)


def best(seen: Sequence[Judged], direction: int) -> tuple[Judged, float]:
    """The channel that has gone furthest this way, and how far (change over limit)."""
    furthest = max(seen, key=lambda j: signed_ratio(j, direction))
    return furthest, signed_ratio(furthest, direction)


def together(seen: Sequence[Judged], direction: int) -> tuple[Judged, float]:
    """The channel that has gone this way least: what all of them do."""
    least = min(seen, key=lambda j: signed_ratio(j, direction))
    return least, signed_ratio(least, direction)


def apart(seen: Sequence[Judged], direction: int) -> tuple[Judged, float]:
    """The channel furthest from the middle of the others, and how far two of them have come apart (over the limit)."""
    ratios = np.array([signed_ratio(j, direction) for j in seen])
    odd = int(np.argmax(np.abs(ratios - np.median(ratios))))
    return seen[odd], float(ratios.max() - ratios.min())


PATTERNS: dict[str, Callable[[Sequence[Judged], int], tuple[Judged, float]]] = {
    BEST: best, TOGETHER: together, APART: apart,
}  # fmt: skip
"""How several channels of one sort are read."""


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
    of_current = j.channel.spec.quantity == "current"
    return j.channel.limit.logarithmic and j.channel.scored and not is_tone(j) and not of_current


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


def hypothesis(asset: Asset, fault: Fault, probability: float, signs: Sequence[Sign], check: str) -> Hypothesis:
    """One fault with the sentences for and against it."""
    seen = [s for s in signs if s.strength is not None and s.shown_by is not None]
    clear = [s for s in seen if s.strength is not None and s.strength >= CLEAR]
    speaks_for = [evidence(s) for s in clear if s.term.weight > 0]
    speaks_against = [evidence(s) for s in clear if s.term.weight < 0]
    speaks_against += [evidence(s) for s in seen if s not in clear and s.term.weight > 0 and s.term.absent > 0]
    plan = next((plan for plan in asset.faults if plan.fault == fault), None)
    mode = plan.failure_mode if plan else MECHANISMS[fault.mechanism].mode
    return Hypothesis(fault, mode, probability, tuple(speaks_for), tuple(speaks_against), check)


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
