"""All channels of a machine at once: does their pattern differ from its own past, though each alone stays in its limit?

Channels on the grid of the slowest, each beside what the regime lets expect; principal components learn how they move
together (`detectors.principal_components`: T2 and Q), calibration turns distances into alarms at a set rate
(`detectors.calibration`). The past grows in steps as in `detectors.own_past` and stops growing where all that follows
is in alarm. Pure; needs no limit of any quantity, and therefore names no failure level: what it pulls at is told, the
diagnosis stays with the channels.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.errors import NotReady
from forewarn.core.readings import Track, Window
from forewarn.models.channels import Channel
from forewarn.models.detectors.calibration import Calibrated, Support, calibrate
from forewarn.models.detectors.own_past import GROWTH
from forewarn.models.detectors.principal_components import PrincipalComponents
from forewarn.models.detectors.usual import shares
from forewarn.models.tracks import Regime, bin_means

FEWEST_ROWS = 48
"""Rows of the shortest past."""

FEWEST_CHANNELS = 3
SPARSE = 0.5  # a channel that covers less than this share of the rows of the fullest one is left out
PULLS_OVER = 5  # newest rows


@dataclass(frozen=True, slots=True)
class Together:
    """`score` in [0, 0.75], 0.5 = at the limit, which is set for `false_alarms_per_year`; `alarm`: beyond it and not
    returned since. `pulls`: channel and its share of the newest five rows, the largest first. `past_rows` taught it,
    `rows` were judged; `support` says what rate a past of that length can promise."""

    score: float
    alarm: bool
    pulls: tuple[tuple[str, float], ...]
    false_alarms_per_year: float
    past_rows: int
    rows: int
    support: Support


def look_together(channels: Sequence[Channel], regime: Regime, false_alarms_per_year: float) -> Together | None:
    """Judge all scored channels of an asset together; None while there are fewer than three of them, fewer than 48
    rows of past and five after it, or fewer than eight independent windows."""
    window = window_of([channel for channel in channels if channel.scored], regime)
    found = learnt(window, false_alarms_per_year) if window is not None else None
    if window is None or found is None:
        return None
    judge, fit = found
    return seen_by(judge, window.rows(slice(fit, None)), fit)


def seen_by(judge: Calibrated, later: Window, past_rows: int) -> Together | None:
    """What a calibrated detector says at the end of a window; None where no row of it can be judged."""
    score = judge.score(later)
    known = np.flatnonzero(~np.isnan(score))
    if not len(known):
        return None
    pulls = shares(judge.strangeness(later).pulls[known[-PULLS_OVER:]].mean(axis=0, keepdims=True))[0]
    order = np.argsort(-pulls)
    return Together(
        float(score[known[-1]]),
        bool(judge.alarm(later)[-1]),
        tuple((later.names[place], float(pulls[place])) for place in order if pulls[place] > 0),
        judge.false_alarms_per_year,
        past_rows,
        len(later),
        judge.support,
    )


def learnt(window: Window, false_alarms_per_year: float) -> tuple[Calibrated, int] | None:
    """The newest judge that the rows allow, and how many of them taught it; or the one after which all is in alarm."""
    fit, n = FEWEST_ROWS, len(window)
    best: tuple[Calibrated, int] | None = None
    while fit + PULLS_OVER <= n:
        grown = math.ceil(GROWTH * fit)
        with contextlib.suppress(NotReady):
            best = calibrate(PrincipalComponents(), window.rows(slice(0, fit)), false_alarms_per_year), fit
        if 2 * grown > n or (best and best[1] == fit and _alarmed_since(best[0], window, fit, 2 * grown)):
            break
        fit = grown
    return best


def _alarmed_since(judge: Calibrated, window: Window, fit: int, place: int) -> bool:
    """In alarm at that row, and at all that follow?"""
    return bool(judge.alarm(window.rows(slice(fit, None)))[place - fit - 1 :].all())


def window_of(channels: Sequence[Channel], regime: Regime) -> Window | None:
    """Channels on the grid of the slowest, NaN where one has no value; rows without running are left out."""
    if len(channels) < FEWEST_CHANNELS:
        return None
    width_us = max(regime.width_us, *(round(float(np.median(np.diff(c.at)))) for c in channels))
    first = int(regime.start[0])
    bins = int(regime.start[-1] - first) // width_us + 1
    columns = [bin_means(Track(c.at, c.y), first, width_us, bins) for c in channels]
    filled = [np.count_nonzero(~np.isnan(column)) for column in columns]
    kept = [place for place, count in enumerate(filled) if count >= SPARSE * max(filled)]
    ran = regime.start[regime.running]
    imposed = [bin_means(Track(ran, mean[regime.running]), first, width_us, bins) for mean in regime.means.values()]
    conditions = np.column_stack(imposed) if imposed else np.zeros((bins, 0))
    values = np.column_stack([columns[place] for place in kept])
    rows = ~np.isnan(conditions).any(axis=1) & ~np.isnan(values).all(axis=1)
    at = first + np.flatnonzero(rows).astype(np.int64) * width_us
    return Window(at, tuple(channels[place].name for place in kept), values[rows], conditions[rows])
