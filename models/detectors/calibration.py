"""False alarms are a setting: a distance becomes a p-value, p-values become evidence, evidence an alarm at a set rate.

1. *Cross-fitted.* The past is cut into blocks; each is judged by a detector that learnt the others. What a detector
   says of rows that it learnt from is too kind.
2. *Conformal.* The p-value of a row is its rank among those (Vovk, Gammerman, Shafer 2005). Neighbours resemble one
   another: n rows count as n / w independent windows, w being the integrated autocorrelation time of the ranks, and no
   p-value is smaller than one of those windows can prove.
3. *Evidence.* e(p) = (1 - p + p ln p) / (p (ln p)^2) has mean 1 or less when nothing has changed, whatever the
   distribution (Vovk and Wang 2021). Rows enter with ln e(p) / w: the geometric mean over a window is again such a
   number, however its rows depend on one another (Hoelder).
4. *Alarm.* The running sum S = max(0, S + ln e / w) of unchanged independent windows passes h at most once in exp(h)
   windows on average (e-detectors: Shin, Ramdas, Rinaldo 2023). With R rows a year, h = ln(R / (w x rate)).

*What is assumed:* windows of the past and of now are exchangeable while the machine is healthy, given its regime, and
the past was healthy. Slow wander that the past is too short to have shown, or a season that it has not, breaks it. When
the past breaks it already, that is told (`exchangeable`) and the limit is lifted to what the past itself reached.

*What a short past can do:* evidence of one window is bounded by the number of windows seen. A low rate is then kept by
waiting for several strange windows in a row, and `Support` says how many.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import NotReady, Rejected
from forewarn.core.readings import Floats, Window
from forewarn.models.detectors.contract import Detector, Judge, Strangeness

BLOCKS = 4
FEWEST_WINDOWS = 8.0  # with fewer, even the strangest window is hardly evidence
PATIENCE = 8.0  # windows in a row that a person would wait for: what a past supports is told for this
CARE = 0.5  # of a standard error of the rank itself: the past is a sample too
SMALLEST_CORRELATION = 0.05  # where the sum of autocorrelations ends
RELEASE = 0.5  # an alarm ends when the evidence has fallen below so much of the limit; it then starts from 0
CAP = 3.0  # limits: more evidence would only make an alarm end later
LIFT = 1.25  # over what the healthy past itself reached
NO_ALARMS = "an alarm rate of 0 means no alarms: set a small rate, or shelve the alarm"


@dataclass(frozen=True, slots=True)
class Support:
    """What a past of so many independent `windows` of `window_rows` rows can promise.

    `wait_rows`: rows of the greatest strangeness in a row before an alarm at the set rate. `at_once_per_year`: the
    lowest rate at which one window alone may alarm; `patient_per_year`: with eight in a row. `exchangeable`: false when
    the past, judged by itself, would have alarmed.
    """

    windows: float
    window_rows: float
    wait_rows: float
    at_once_per_year: float
    patient_per_year: float
    exchangeable: bool

    def says(self, false_alarms_per_year: float) -> str:
        """One sentence for a person."""
        if not self.exchangeable:
            return "The past wanders: it would have alarmed itself. The limit is lifted and the rate is not promised."
        if false_alarms_per_year >= self.patient_per_year:
            return f"{false_alarms_per_year:g} a year is supported by {self.windows:.0f} independent windows."
        return (
            f"This history only supports {self.patient_per_year:.2g} a year; "
            f"{false_alarms_per_year:g} is kept by waiting for {self.wait_rows:.0f} strange rows."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """A detector that has learnt, with a rate. usually float64[m] ascending: cross-fitted distances of the past.

    `limit` is the evidence (natural logarithm) at which it alarms. All functions take a window that follows the past
    or lies anywhere else, and start without evidence at its first row.
    """

    judge: Judge
    usually: Floats
    limit: float
    false_alarms_per_year: float
    support: Support

    def at(self, false_alarms_per_year: float) -> Calibrated:
        """The same detector at another rate. A limit that was lifted because the past wandered never falls again.

        Raises Rejected for a rate that is not positive.
        """
        if not false_alarms_per_year > 0:
            raise Rejected("rate_not_positive", NO_ALARMS)
        support = self.support
        windows_per_year = support.at_once_per_year * math.exp(float(log_e(np.array([least_p(support.windows)]))[0]))
        limit = max(math.log(windows_per_year / false_alarms_per_year), 1.0)
        lifted = limit if support.exchangeable else max(limit, self.limit)
        rows = windows_per_year * support.window_rows
        told = support_of(support.windows, support.window_rows, rows, lifted, support.exchangeable)
        return Calibrated(self.judge, self.usually, lifted, false_alarms_per_year, told)

    def strangeness(self, window: Window) -> Strangeness:
        """Distances and what pulls, as the detector says it."""
        return self.judge.strangeness(window)

    def p_value(self, window: Window) -> Floats:
        """float64[n] in (0, 1): how rarely a healthy row is as strange; NaN where it cannot be said."""
        return self.p_of(self.judge.strangeness(window).distance)

    def p_of(self, distance: Floats) -> Floats:
        """p-values of distances, careful by half a standard error of their rank."""
        return conformal(distance, self.usually, self.support.windows)

    def evidence(self, window: Window) -> Floats:
        """float64[n] >= 0: what speaks against "healthy" up to each row, as natural logarithm, at most three limits."""
        return self._replayed(window)[0]

    def score(self, window: Window) -> Floats:
        """float64[n] in [0, 0.75]: 0.5 at the limit; NaN where the row itself could not be judged."""
        distance = self.judge.strangeness(window).distance
        evidence, _ = accumulated(self.p_of(distance), self.support.window_rows, self.limit)
        ratio = evidence / self.limit
        return np.where(np.isnan(distance), np.nan, ratio / (1 + ratio))

    def alarm(self, window: Window) -> NDArray[np.bool_]:
        """bool[n]: in alarm. It begins at the limit and ends at half of it; a row that says nothing changes nothing."""
        return self._replayed(window)[1]

    def _replayed(self, window: Window) -> tuple[Floats, NDArray[np.bool_]]:
        return accumulated(self.p_value(window), self.support.window_rows, self.limit)


def calibrate(
    detector: Detector, past: Window, false_alarms_per_year: float, rows_per_year: float | None = None
) -> Calibrated:
    """Learn from a healthy past and set the rate of false alarms for one asset and one detector.

    Several detectors of one asset share its rate: give each its part. `rows_per_year` is taken from the median spacing
    when it is not given. Raises NotReady when the past holds fewer than 8 independent windows, Rejected for a rate that
    is not positive.

    >>> from forewarn.models.detectors.table import DETECTORS
    >>> rng = np.random.default_rng(0)
    >>> past = Window.of(np.arange(1000) * 600_000_000, ["flow"], rng.normal(50, 1, (1000, 1)))
    >>> found = calibrate(DETECTORS["ewma"], past, false_alarms_per_year=1.0)
    >>> later = Window.of(np.arange(60) * 600_000_000, ["flow"], rng.normal(55, 1, (60, 1)))
    >>> bool(found.alarm(later)[-1]), bool(found.alarm(past).any())
    (True, False)
    """
    if not false_alarms_per_year > 0:
        raise Rejected("rate_not_positive", NO_ALARMS)
    return calibrated(
        detector.learn(past), cross_fitted(detector, past), false_alarms_per_year, rows_per_year or yearly(past)
    )


def calibrated(judge: Judge, healthy: Floats, false_alarms_per_year: float, rows_per_year: float) -> Calibrated:
    """The same from healthy distances in order of time, which `judge` has not learnt from (of the machine itself, or of
    its sisters)."""
    known = healthy[~np.isnan(healthy)]
    window_rows = correlation_rows(known)
    windows = len(known) / window_rows
    if windows < FEWEST_WINDOWS:
        raise NotReady(f"{windows:.1f} of the {FEWEST_WINDOWS:.0f} independent windows that a rate needs")
    usually = np.sort(known)
    limit = max(math.log(rows_per_year / (window_rows * false_alarms_per_year)), 1.0)
    reached = float(accumulated(block_ranks(known, windows), window_rows, math.inf)[0].max())
    lifted = max(limit, LIFT * reached) if reached >= limit else limit
    support = support_of(windows, window_rows, rows_per_year, lifted, reached < limit)
    return Calibrated(judge, usually, lifted, false_alarms_per_year, support)


def support_of(windows: float, window_rows: float, rows_per_year: float, limit: float, exchangeable: bool) -> Support:
    """What so many windows can promise."""
    most = float(log_e(np.array([least_p(windows)]))[0])
    per_year = rows_per_year / window_rows
    return Support(
        windows=windows,
        window_rows=window_rows,
        wait_rows=window_rows * limit / most,
        at_once_per_year=per_year * math.exp(-most),
        patient_per_year=per_year * math.exp(-PATIENCE * most),
        exchangeable=exchangeable,
    )


def yearly(window: Window) -> float:
    """Rows in a year at the median spacing. Raises NotReady below two rows."""
    if len(window) < 2:
        raise NotReady("one row has no spacing")
    return 365.25 * US_PER_DAY / max(float(np.median(np.diff(window.at))), 1.0)


def cross_fitted(detector: Detector, past: Window, blocks: int = BLOCKS) -> Floats:
    """float64[n]: each block of the past judged by what the other blocks taught, with the block before it as run-up."""
    edges = np.linspace(0, len(past), blocks + 1).astype(int)
    found = np.full(len(past), np.nan)
    for start, stop in itertools.pairwise(edges.tolist()):
        taught = np.r_[0:start, stop : len(past)]
        run_up = max(0, 2 * start - stop)
        judged = detector.learn(past.rows(taught)).strangeness(past.rows(slice(run_up, stop)))
        found[start:stop] = judged.distance[start - run_up :]
    return found


def correlation_rows(values: Floats) -> float:
    """Integrated autocorrelation time of the ranks, in rows, at least 1: so many rows count as one.

    >>> correlation_rows(np.repeat(np.random.default_rng(0).normal(size=200), 5)) > 4
    True
    """
    n = len(values)
    if n < 8 or np.ptp(values) == 0:
        return float(max(n, 1))
    ordered = np.sort(values)
    ranks = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") - n) / 2
    spectrum = np.fft.rfft(ranks, 2 * n)
    correlation = np.fft.irfft(spectrum * np.conj(spectrum))[: n // 2]
    correlation /= correlation[0]
    ends = np.flatnonzero(correlation < SMALLEST_CORRELATION)
    return float(1 + 2 * correlation[1 : ends[0] if len(ends) else len(correlation)].sum())


def conformal(distance: Floats, usually: Floats, windows: float) -> Floats:
    """float64[n]: (1 + k + care) / (1 + windows), k being how many of the windows were at least as strange."""
    as_strange = windows * (1 - np.searchsorted(usually, distance, side="left") / len(usually))
    p = np.minimum((1 + as_strange + CARE * np.sqrt(as_strange)) / (1 + windows), 1.0)
    return np.where(np.isnan(distance), np.nan, p)


def block_ranks(healthy: Floats, windows: float, blocks: int = BLOCKS) -> Floats:
    """float64[n]: p-values of each block of a past among the other blocks: would it have alarmed itself?"""
    edges = np.linspace(0, len(healthy), blocks + 1).astype(int).tolist()
    parts = []
    for start, stop in itertools.pairwise(edges):
        others = np.sort(np.r_[healthy[:start], healthy[stop:]])
        parts.append(conformal(healthy[start:stop], others, windows * (1 - 1 / blocks)))
    return np.concatenate(parts)


def least_p(windows: float) -> float:
    """The smallest p-value that so many windows can give."""
    return 1 / (1 + windows)


def log_e(p: Floats) -> Floats:
    """Logarithm of the mixture of p-to-e calibrators over all powers; -ln 2 at p = 1; NaN gives 0, no evidence."""
    safe = np.where(np.isnan(p), 0.5, np.minimum(p, 0.999))
    log_p = np.log(safe)
    found = np.log((1 - safe + safe * log_p) / (safe * log_p**2))
    return np.where(np.isnan(p), 0.0, found)


def accumulated(p: Floats, window_rows: float, limit: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Evidence float64[n] and alarm bool[n], row after row."""
    evidence, alarm = np.zeros(len(p)), np.zeros(len(p), np.bool_)
    total, ringing, most, released = 0.0, False, CAP * limit, RELEASE * limit
    for row, gain in enumerate((log_e(p) / window_rows).tolist()):
        total = min(max(total + gain, 0.0), most)
        if ringing and total < released:
            total, ringing = 0.0, False
        ringing = ringing or total >= limit
        evidence[row], alarm[row] = total, ringing
    return evidence, alarm
