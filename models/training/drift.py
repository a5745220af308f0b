"""Has what a model sees moved away from what it learnt? Population stability, Kolmogorov-Smirnov and Wasserstein
distances against a kept summary of the training data; residuals and coverage of past forecasts. Pure.

The summary ("reference") is 101 quantiles of the training data with each asset's own level taken off, so that a fleet
of machines on different levels is compared by how each has moved, and an asset that comes or goes moves nothing.
A change that many assets share at once points at the plant (a season, cooling water, another product), not at them:
`shared` says how many. (The lesson: new cooling water in August made 40 % of a plant's pumps "high risk".)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.core.work import Json
from forewarn.models.training.intervals import Estimate, wilson

POINTS = np.linspace(0.0, 1.0, 101)
BINS = 10
LEAST_VALUES = 60
"""Fewer values of a column say nothing: no drift is claimed and none denied."""


@dataclass(frozen=True, slots=True)
class DriftLimits:
    """Above which a column has drifted. Both `psi` and `ks` must be passed: a population stability index above 0.25 is
    the usual "action needed", and KS keeps a sharp but small step of a quiet signal from counting as one.

    `moved` is in standard deviations of the training data (Wasserstein over that). `coverage`: the promised share of
    outcomes inside P10 to P90 must lie inside the measured one's interval. `residual`: mean of |median - outcome| now
    over that of the training, at most.
    """

    psi: float = 0.25
    ks: float = 0.25
    moved: float = 0.5
    shared: float = 0.4
    promised_coverage: float = 0.8
    residual: float = 1.5
    least_outcomes: int = 8


AS_USUAL = DriftLimits()


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One column of the training data: quantiles float64[101] of value minus the asset's own median; that median by
    asset; spread (standard deviation, > 0); how many values; share of values that were missing."""

    quantiles: Floats
    medians: Mapping[str, float]
    spread: float
    count: int
    missing: float


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How far a column has moved. psi >= 0; ks in [0, 1]; moved: Wasserstein distance in standard deviations of the
    training data; shared: share of the assets that each moved by more than the limit in the direction of most.
    `drifted` None: too few values to tell."""

    column: str
    psi: float
    ks: float
    moved: float
    shared: float
    assets: int
    count: int
    drifted: bool | None


@dataclass(frozen=True, slots=True)
class DriftVerdict:
    """All columns, worst first; coverage of past forecasts; residual ratio (None: no outcomes yet); the reasons, as
    sentences, for which the model should be trained again (none: it may go on)."""

    columns: tuple[ColumnDrift, ...]
    coverage: Estimate
    residual_ratio: float | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Past forecasts whose end is known: p10, p50, p90 and left float64[n] (what was really left, same unit)."""

    p10: Floats = field(default_factory=lambda: np.empty(0))
    p50: Floats = field(default_factory=lambda: np.empty(0))
    p90: Floats = field(default_factory=lambda: np.empty(0))
    left: Floats = field(default_factory=lambda: np.empty(0))


def reference_of(by_asset: Mapping[str, Floats]) -> Reference | None:
    """Summary of a column of the training data (float64[n] by asset, NaN = missing); None below `LEAST_VALUES`.

    >>> r = reference_of({"p1": np.arange(100.0), "p2": np.arange(100.0) + 500})
    >>> r.medians, r.count, float(r.quantiles[50])
    ({'p1': 49.5, 'p2': 549.5}, 200, 0.0)
    """
    known = {asset: values[np.isfinite(values)] for asset, values in by_asset.items()}
    medians = {asset: float(np.median(values)) for asset, values in known.items() if len(values)}
    rest = np.concatenate([known[asset] - medians[asset] for asset in medians]) if medians else np.empty(0)
    if len(rest) < LEAST_VALUES:
        return None
    total = sum(len(values) for values in by_asset.values())
    spread = float(rest.std()) or max(abs(next(iter(medians.values()))), 1.0) * 1e-6
    return Reference(np.quantile(rest, POINTS), medians, spread, len(rest), 1 - len(rest) / total)


def reference_json(reference: Reference) -> Json:
    """A summary as it stands on a card; `reference_from_json` reads it back."""
    return {
        "quantiles": [float(q) for q in reference.quantiles],
        "medians": {asset: float(median) for asset, median in reference.medians.items()},
        "spread": reference.spread,
        "count": reference.count,
        "missing": reference.missing,
    }


def reference_from_json(told: Mapping[str, Any]) -> Reference:
    """The inverse. Raises Rejected for something that is no such summary.

    >>> r = reference_of({"p1": np.arange(100.0)})
    >>> reference_from_json(reference_json(r)).medians
    {'p1': 49.5}
    """
    try:
        quantiles = np.asarray(told["quantiles"], np.float64)
        medians = {str(asset): float(median) for asset, median in told["medians"].items()}
        found = Reference(quantiles, medians, float(told["spread"]), int(told["count"]), float(told["missing"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Rejected("bad_reference", f"this is no summary of training data: {error!r}") from error
    if found.quantiles.shape != POINTS.shape or not found.spread > 0 or found.count < 1:
        raise Rejected("bad_reference", "a summary has 101 quantiles, a spread above 0 and some values")
    return found


def psi(reference: Reference, values: Floats) -> float:
    """Population stability index over ten bins of equal share in the training data; bins with equal edges are joined.

    0 = the same; above 0.25 usually calls for action (N. Siddiqi, Credit Risk Scorecards, 2006). A bin never counts as
    emptier than half a value, which keeps the logarithm finite.

    >>> r = reference_of({"p1": np.arange(1000.0)})
    >>> round(psi(r, np.arange(1000.0) - 499.5), 3), psi(r, np.full(200, 900.0)) > 3
    (0.0, True)
    """
    inner = np.unique(reference.quantiles[BINS : -1 : len(POINTS) // BINS])
    expected = np.diff(np.concatenate(([0.0], _share_below(reference, inner), [1.0])))
    found = np.bincount(np.searchsorted(inner, values, side="left"), minlength=len(inner) + 1) / len(values)
    expected = np.maximum(expected, 0.5 / reference.count)
    found = np.maximum(found, 0.5 / len(values))
    return float(np.sum((found - expected) * np.log(found / expected)))


def ks(reference: Reference, values: Floats) -> float:
    """Largest distance between the two distribution functions, in [0, 1] (Kolmogorov-Smirnov), read at the quantiles
    of the training data.

    >>> r = reference_of({"p1": np.arange(1000.0)})
    >>> ks(r, np.arange(1000.0) - 499.5) < 0.02, ks(r, np.full(99, 9000.0))
    (True, 1.0)
    """
    steps = np.unique(reference.quantiles)
    ordered = np.sort(values)
    above = np.abs(np.searchsorted(ordered, steps, side="right") / len(ordered) - _share_below(reference, steps))
    return float(above.max())


def wasserstein(reference: Reference, values: Floats) -> float:
    """Mean distance that values have to be moved to become the training data, in the column's unit: the area between
    the quantile functions.

    >>> r = reference_of({"p1": np.arange(1000.0)})
    >>> round(wasserstein(r, np.arange(1000.0) - 499.5 + 25.0), 1)
    25.0
    """
    now = np.quantile(values, POINTS)
    return float(np.trapezoid(np.abs(now - reference.quantiles), POINTS))


def _share_below(reference: Reference, at: Floats) -> Floats:
    """Share of the training data at or below these values."""
    return np.asarray(np.searchsorted(reference.quantiles, at, side="right") - 1, np.float64) / (len(POINTS) - 1)


def column_drift(
    column: str, reference: Reference, now: Mapping[str, Floats], limits: DriftLimits = AS_USUAL
) -> ColumnDrift:
    """How far a column has moved since the training. `now`: newest values by asset; assets that did not teach are left
    out, since nobody knows their level then."""
    by_asset = {a: v[np.isfinite(v)] - reference.medians[a] for a, v in now.items() if a in reference.medians}
    by_asset = {asset: values for asset, values in by_asset.items() if len(values)}
    values = np.concatenate(list(by_asset.values())) if by_asset else np.empty(0)
    if len(values) < LEAST_VALUES:
        return ColumnDrift(column, 0.0, 0.0, 0.0, 0.0, len(by_asset), len(values), None)
    steps = np.array([float(np.median(v)) for v in by_asset.values()]) / reference.spread
    direction = 1.0 if np.median(steps) >= 0 else -1.0
    shared = float(np.mean(steps * direction > limits.moved))
    found = psi(reference, values), ks(reference, values), wasserstein(reference, values) / reference.spread
    drifted = found[0] > limits.psi and found[1] > limits.ks and found[2] > limits.moved
    return ColumnDrift(column, *found, shared, len(by_asset), len(values), drifted)


def coverage(outcomes: Outcomes) -> Estimate:
    """Share of outcomes inside P10 to P90, with its Wilson interval; 0.8 was promised."""
    inside = (outcomes.left >= outcomes.p10) & (outcomes.left <= outcomes.p90)
    return wilson(int(inside.sum()), len(inside))


def verdict(
    columns: Sequence[ColumnDrift],
    outcomes: Outcomes,
    residual_then: float | None = None,
    limits: DriftLimits = AS_USUAL,
) -> DriftVerdict:
    """Whether a model should be trained again, and why. `residual_then`: mean |P50 - left| on the held-out part of its
    training, in the unit of `outcomes`."""
    ordered = tuple(sorted(columns, key=lambda c: (-c.psi, c.column)))
    reasons = [_sentence(c, limits) for c in ordered if c.drifted]
    kept, ratio = coverage(outcomes), None
    enough = kept.total >= limits.least_outcomes
    if (
        enough
        and kept.low is not None
        and kept.high is not None
        and not kept.low <= limits.promised_coverage <= kept.high
    ):
        reasons.append(
            f"{kept.value:.0%} of {kept.total:.0f} past forecasts held the outcome between P10 and P90;"
            f" {limits.promised_coverage:.0%} were promised"
        )
    if residual_then and len(outcomes.left):
        ratio = float(np.mean(np.abs(outcomes.p50 - outcomes.left))) / residual_then
        if enough and ratio > limits.residual:
            reasons.append(f"past forecasts were off by {ratio:.1f} times as much as on the held-out training data")
    return DriftVerdict(ordered, kept, ratio, tuple(reasons))


def _sentence(column: ColumnDrift, limits: DriftLimits) -> str:
    by = f"{column.moved:.1f} standard deviations (PSI {column.psi:.2f}, KS {column.ks:.2f})"
    text = f"{column.column} has moved by {by}"
    if column.assets > 1 and column.shared >= limits.shared:
        moved = round(column.shared * column.assets)
        text += f" on {moved} of {column.assets} machines at once: look for a cause in the plant before blaming them"
    return text
