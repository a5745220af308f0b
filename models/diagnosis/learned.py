"""What closed orders taught the diagnosis. Without a label it is exactly the physics; each finding moves it a little.

The log odds of a fault are those of its signature, times a trust in physics, plus a shift of its mechanism (in general,
and for this class of asset), plus corrections of single signs. All of it is one penalised likelihood, a conditional
logit over the candidates that each order had weighed (McFadden 1974), and so convex with one answer:

- a confirmed fault counts once, a partly confirmed one half, with the fault that was really found where one is named;
- "not found" lowers the advised mechanism, the more the surer the order had been of it;
- a finding whose repair failed its verification teaches nothing: the signals say that something else is wrong;
- shifts are pulled to 0 by a normal prior, those of a class to those of all classes: an asset class without labels
  borrows from the others;
- trust and corrections of signs wait for `enough` labels that name a fault.

While only shifts are learnt, a further confirmed label of a mechanism never lowers its probability anywhere, and a
further "not found" never raises it (the curvature of the likelihood is a Laplacian plus a diagonal: an M-matrix). With
corrections of signs this holds for the evidence that was confirmed. Labels in another order give the same answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forewarn.core.faults import Fault
from forewarn.core.health import Candidate, ModelRef
from forewarn.core.labels import Finding, Label
from forewarn.core.readings import Floats

Bools = NDArray[np.bool_]
UNTOLD = 0.5  # what an order is taken to have claimed when its evidence does not tell
UNLISTED_LOG_ODDS = -5.0  # of a fault that was found and that nothing had weighed
MOST_STEPS = 50


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """Product defaults. Standard deviations of the priors in log odds: of a mechanism in general, of an asset class
    about it, of a sign's correction, of the trust in physics about 1. `enough` labels that name a fault open the last
    two. Chosen so that labels of a plant where physics is right cost next to nothing (0.02 nats with 30 to 60
    made-up orders), while those of a plant where it is wrong gain most of what can be gained."""

    general_sd: float = 0.7
    class_sd: float = 0.5
    sign_sd: float = 0.5
    trust_sd: float = 0.2
    enough: int = 50


PRODUCT_DEFAULTS = LearnSettings()

Key = tuple[str, ...]
"""A parameter: ("mechanism", m), ("class", asset class, m), ("sign", m, words of the sign) or ("trust",)."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What `labels` labels taught: parameter -> value in log odds (trust: added to 1)."""

    labels: int = 0
    values: Mapping[Key, float] = field(default_factory=dict)

    def log_odds(self, asset_class: str, candidate: Candidate) -> float:
        """Log odds of one candidate, to be compared with those of the others of its assessment."""
        if not self.values:
            return candidate.log_odds
        return candidate.log_odds + sum(self.values.get(k, 0.0) * x for k, x in terms_of(asset_class, candidate))

    def signed(self, model: ModelRef) -> ModelRef:
        """The model that says it: physics alone as it is, with labels under a digest that covers both."""
        if not self.values:
            return model
        both = hashlib.sha256(repr((model.digest, sorted(self.values.items()))).encode()).hexdigest()[:16]
        return ModelRef(f"{model.name}+orders", model.version, both)

    def factor(self, asset_class: str, mechanism: str) -> float:
        """By how much the odds of a mechanism were raised (above 1) or lowered for a class of assets.

        >>> Learned().factor("pump", "imbalance")
        1.0
        """
        general = self.values.get(("mechanism", mechanism), 0.0)
        return float(np.exp(general + self.values.get(("class", asset_class, mechanism), 0.0)))


NOTHING_LEARNED = Learned()


def terms_of(asset_class: str, candidate: Candidate) -> list[tuple[Key, float]]:
    """Parameters that speak of a candidate, each with what it is multiplied by."""
    mechanism = candidate.fault.mechanism
    signs = [(("sign", mechanism, text), max(s, 0.0)) for text, s in sorted(candidate.strengths.items()) if s]
    shifts: list[tuple[Key, float]] = [(("mechanism", mechanism), 1.0), (("class", asset_class, mechanism), 1.0)]
    return [*shifts, (("trust",), candidate.log_odds), *signs]


def probabilities(
    candidates: Sequence[Candidate], asset_class: str, learned: Learned = NOTHING_LEARNED
) -> dict[Fault, float]:
    """Probability of each candidate, adding up to 1; {} for none.

    >>> weighed = [Candidate(Fault("bearing", "bearing_wear"), 1.0, {}), Candidate(Fault("seal", "seal_leak"), 1.0, {})]
    >>> [round(p, 2) for p in probabilities(weighed, "pump").values()]
    [0.5, 0.5]
    """
    if not candidates:
        return {}
    odds = np.array([learned.log_odds(asset_class, c) for c in candidates])
    share = np.exp(odds - odds.max())
    return {c.fault: float(p) for c, p in zip(candidates, share / share.sum(), strict=True)}


def pooled_probabilities(
    candidates: Sequence[Candidate], asset_class: str, learned: Learned, taught: Learned | None
) -> dict[Fault, float]:
    """Mean of two diagnoses of the same candidates (linear opinion pool): of what orders have taught by now, and of
    what a promoted version was `taught` (None: the first alone).

    >>> weighed = [Candidate(Fault("bearing", "bearing_wear"), 0.0, {}), Candidate(Fault("seal", "seal_leak"), 0.0, {})]
    >>> leaks = Learned(1, {("mechanism", "seal_leak"): 2.0})
    >>> [round(p, 2) for p in pooled_probabilities(weighed, "pump", NOTHING_LEARNED, leaks).values()]
    [0.31, 0.69]
    """
    own = probabilities(candidates, asset_class, learned)
    if taught is None:
        return own
    other = probabilities(candidates, asset_class, taught)
    return {fault: (p + other[fault]) / 2 for fault, p in own.items()}


def learn(labels: Sequence[Label], settings: LearnSettings = PRODUCT_DEFAULTS) -> Learned:
    """What these labels teach: for a moment in the past give only those that were told by then (`labels.known_by`).

    Labels of orders from before the candidates were kept count by their advised fault alone.

    >>> from forewarn.core.health import Candidate
    >>> leak, wear = Fault("seal", "seal_leak"), Fault("bearing", "bearing_wear")
    >>> weighed = (Candidate(wear, 1.0, {}), Candidate(leak, 0.0, {}))
    >>> labels = [Label(str(i), str(i), "p1", "pump", wear, 0.73, None, i, i + 1, Finding.NOT_FOUND, leak,
    ...                 candidates=weighed) for i in range(6)]
    >>> {f.mechanism: round(p, 2) for f, p in probabilities(weighed, "pump", learn(labels)).items()}
    {'bearing_wear': 0.24, 'seal_leak': 0.76}
    """
    believed = (label for label in labels if label.is_believed)
    ordered = sorted(believed, key=lambda label: (label.completed_at_us, label.number, label.order_id))
    if not ordered:
        return NOTHING_LEARNED
    task = Task.of(ordered, settings)
    return task.learned(task.solve(np.ones(len(ordered)), np.zeros(len(task.keys))))


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """The likelihood of n labels with up to c candidates each and k parameters.

    z float64[n, c, k]; physics float64[n, c]; there bool[n, c]: a candidate, and no padding; hit bool[n, c]: what was
    found; weight float64[n] of the find;
    doubt float64[n, k]: the parameters of the advised mechanism where it was not found, claim float64[n] its log odds
    then; precision float64[k] of the priors.
    """

    keys: tuple[Key, ...]
    z: Floats
    physics: Floats
    there: Bools
    hit: Bools
    weight: Floats
    doubt: Floats
    claim: Floats
    precision: Floats

    @staticmethod
    def of(labels: Sequence[Label], settings: LearnSettings) -> Task:
        """Gather the columns; which parameters there are follows from the labels."""
        weighed = [candidates_of(label) for label in labels]
        keys = parameters(labels, weighed, settings)
        column = {key: i for i, key in enumerate(keys)}
        shape = (len(labels), max(map(len, weighed)))
        z, physics, there = np.zeros((*shape, len(keys))), np.zeros(shape), np.zeros(shape, np.bool_)
        hit, doubt = np.zeros(shape, np.bool_), np.zeros((len(labels), len(keys)))
        for i, (label, candidates) in enumerate(zip(labels, weighed, strict=True)):
            for j, candidate in enumerate(candidates):
                physics[i, j], there[i, j] = candidate.log_odds, True
                hit[i, j] = candidate.fault == label.truth
                for key, x in terms_of(label.asset_class, candidate):
                    if key in column:
                        z[i, j, column[key]] = x
            if label.truth is None:
                for key in shifts_of(label):
                    doubt[i, column[key]] = 1.0
        claims = np.clip([UNTOLD if label.probability is None else label.probability for label in labels], 0.05, 0.95)
        weight = np.array([weight_of(label) for label in labels])
        precision = np.array([1 / sd_of(key, settings) ** 2 for key in keys])
        return Task(keys, z, physics, there, hit, weight, doubt, np.log(claims / (1 - claims)), precision)

    def shares(self, theta: Floats) -> Floats:
        """float64[n, c]: probability of each candidate, 0 where there is none."""
        odds = np.where(self.there, self.physics + self.z @ theta, -np.inf)
        share = np.exp(odds - odds.max(axis=1, keepdims=True))
        return np.asarray(share / share.sum(axis=1, keepdims=True), np.float64)

    def loss(self, theta: Floats, use: Floats) -> float:
        """Penalised negative log likelihood of the labels, each with its weight in `use`."""
        found = np.where(self.weight > 0, -np.log(np.maximum((self.shares(theta) * self.hit).sum(axis=1), 1e-300)), 0.0)
        doubted = np.logaddexp(0.0, self.claim + self.doubt @ theta) * self.doubt.any(axis=1)
        return float(use @ (self.weight * found + doubted) + 0.5 * self.precision @ theta**2)

    def solve(self, use: Floats, start: Floats) -> Floats:
        """The one minimum, by Newton's method with halved steps."""
        theta, loss = start, self.loss(start, use)
        for _ in range(MOST_STEPS):
            gradient, curvature = self.slope(theta, use)
            step = np.linalg.solve(curvature, gradient)
            size = 1.0
            while (new := self.loss(theta - size * step, use)) > loss and size > 1e-6:
                size /= 2
            theta, done = theta - size * step, abs(loss - new) <= 1e-12 * max(1.0, abs(loss))
            loss = new
            if done:
                break
        return theta

    def slope(self, theta: Floats, use: Floats) -> tuple[Floats, Floats]:
        """Gradient float64[k] and curvature float64[k, k]."""
        share, weight = self.shares(theta), use * self.weight
        mean = np.einsum("nc,nck->nk", share, self.z)
        pull = weight @ (mean - np.einsum("nc,nck->nk", self.hit, self.z))
        rows = (self.z * np.sqrt(weight[:, None] * share)[:, :, None]).reshape(-1, len(self.keys))
        doubt = 1 / (1 + np.exp(-(self.claim + self.doubt @ theta)))
        gradient = pull + (use * doubt) @ self.doubt + self.precision * theta
        curvature = rows.T @ rows - (mean * weight[:, None]).T @ mean + np.diag(self.precision)
        return gradient, curvature + (self.doubt * (use * doubt * (1 - doubt))[:, None]).T @ self.doubt

    def learned(self, theta: Floats) -> Learned:
        """The parameters by their names."""
        return Learned(len(self.z), dict(zip(self.keys, map(float, theta), strict=True)))


def candidates_of(label: Label) -> tuple[Candidate, ...]:
    """What was weighed, and what was found or advised beside it: a fault that nobody had thought of is improbable."""
    known = {c.fault for c in label.candidates}
    floor = min([UNLISTED_LOG_ODDS, *(c.log_odds for c in label.candidates)])
    missing = {fault: floor for fault in (label.truth, label.fault) if fault is not None and fault not in known}
    if not label.candidates:
        claim = UNTOLD if label.probability is None else label.probability
        missing[label.fault] = float(np.log(max(claim, 0.05)))
        missing.setdefault(OTHERWISE, float(np.log(max(1 - claim, 0.05))))
    return (*label.candidates, *(Candidate(fault, odds, {}) for fault, odds in sorted(missing.items())))


OTHERWISE = Fault("?", "?")
"""Stands for all that an old order weighed beside the fault that it advised."""


def weight_of(label: Label) -> float:
    """Of the fault that was found: half where it was found in part, nothing where none was."""
    if label.truth is None:
        return 0.0
    return 0.5 if label.finding is Finding.PARTLY else 1.0


def shifts_of(label: Label) -> tuple[Key, Key]:
    """The two shifts of the advised mechanism."""
    return ("mechanism", label.fault.mechanism), ("class", label.asset_class, label.fault.mechanism)


def parameters(
    labels: Sequence[Label], weighed: Sequence[Sequence[Candidate]], settings: LearnSettings
) -> tuple[Key, ...]:
    """Every parameter that these labels speak of, sorted."""
    named = sum(label.truth is not None for label in labels)
    found = {key for label, cs in zip(labels, weighed, strict=True) for c in cs
             for key, _ in terms_of(label.asset_class, c)}  # fmt: skip
    found |= {key for label in labels for key in shifts_of(label)}
    found = {key for key in found if OTHERWISE.mechanism not in key}
    return tuple(sorted(key for key in found if key[0] in ("mechanism", "class") or named >= settings.enough))


def sd_of(key: Key, settings: LearnSettings) -> float:
    """Standard deviation of a parameter's prior."""
    of_kind = {"mechanism": settings.general_sd, "class": settings.class_sd, "sign": settings.sign_sd}
    return of_kind.get(key[0], settings.trust_sd)
