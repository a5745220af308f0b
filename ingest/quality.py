"""What can be said against a reading by its value, its time and its predecessors. Vectorised over a batch, no I/O.

Nothing is thrown away here: a doubtful reading is stored with its flag, and the models leave `NOT_SCORED` ones out.
Only times that cannot be right are refused (`time_faults`), before they could move anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_DAY, US_PER_S
from forewarn.core.readings import NOT_SCORED, Floats, Int64s, Quality, SignalSpec, UInt8s

Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

NEVER = np.iinfo(np.int64).min // 4  # an instant before every other, still safe to subtract
FUTURE_TOLERANCE_US = 300 * US_PER_S
RETENTION_US = 3652 * US_PER_DAY

MOVES_BY_NATURE = frozenset(
    [
        *(
            "temperature",
            "temperature_difference",
            "pressure",
            "flow",
            "level",
            "power",
            "current",
            "voltage",
            "torque",
        ),
        *("vibration_velocity", "acceleration", "displacement"),
    ]
)
"""Quantities whose readings never stay equal for hours while the sensor lives."""

RESTS_AT_ZERO = MOVES_BY_NATURE - {"temperature", "voltage", "level", "pressure"}
"""Of these, the ones that honestly read 0 for days while the machine stands."""

STEADY_ROLES = frozenset({"speed", "load", "run"})
"""A drive holds its set point for days."""


def stuck_after_s(spec: SignalSpec) -> float:
    """How long a value may stay the same before the sensor is called stuck; infinite: for ever.

    What the plant file says, else 240 expected readings within 2 to 24 hours, and at least 12 readings; never for
    counters, states, set points and signals without a period.

    >>> stuck_after_s(SignalSpec("p1", "temp", "temperature", "degC", "t", period_s=60.0)) / 3600
    4.0
    """
    if spec.stuck_after_s is not None:
        return spec.stuck_after_s if spec.stuck_after_s > 0 else float("inf")
    if spec.quantity not in MOVES_BY_NATURE or spec.role in STEADY_ROLES or not spec.period_s:
        return float("inf")
    return max(min(max(240 * spec.period_s, 7_200.0), 86_400.0), 12 * spec.period_s)


@dataclass(frozen=True, slots=True, eq=False)
class QualityRules:
    """The limits of all signals as columns, one row per signal. Absent limits are infinite."""

    low: Floats
    high: Floats
    max_rate_per_us: Floats
    stuck_after_us: Floats
    rests_at_zero: Bools

    @staticmethod
    def of(signals: Sequence[SignalSpec]) -> QualityRules:
        """Rules from the plant's signals, in their order."""
        rates = [np.inf if s.max_rate_per_s is None else s.max_rate_per_s / US_PER_S for s in signals]
        return QualityRules(
            np.array([-np.inf if s.low is None else s.low for s in signals], np.float64),
            np.array([np.inf if s.high is None else s.high for s in signals], np.float64),
            np.array(rates, np.float64),
            np.array([stuck_after_s(s) * US_PER_S for s in signals], np.float64),
            np.array([s.quantity in RESTS_AT_ZERO for s in signals], np.bool_),
        )


@dataclass(frozen=True, slots=True, eq=False)
class QualityState:
    """What the rules remember of each signal: its newest reading, since when it is the same, its newest good one."""

    last_at: Int64s
    last_value: Floats
    same_since: Int64s
    good_at: Int64s
    good_value: Floats

    @staticmethod
    def fresh(n: int) -> QualityState:
        """Nothing seen of n signals."""
        nan = np.full(n, np.nan)
        never = np.full(n, NEVER, np.int64)
        return QualityState(never.copy(), nan.copy(), never.copy(), never.copy(), nan.copy())

    def seed(self, row: int, at_us: int, value: float, quality: int = 0) -> None:
        """Remember the newest stored reading of a signal, after a restart. How long it was the same is not known: the
        clock of `STUCK` starts there."""
        self.last_at[row], self.last_value[row], self.same_since[row] = at_us, value, at_us
        if not quality & NOT_SCORED:
            self.good_at[row], self.good_value[row] = at_us, value

    def take_over(self, rows: Rows, before: QualityState, rows_before: Rows) -> None:
        """Copy what is known of signals from their rows in another state."""
        for mine, theirs in (
            (self.last_at, before.last_at),
            (self.last_value, before.last_value),
            (self.same_since, before.same_since),
            (self.good_at, before.good_at),
            (self.good_value, before.good_value),
        ):
            mine[rows] = theirs[rows_before]


def time_faults(at: Int64s, now_us: int | Int64s, retention_us: int = RETENTION_US) -> tuple[Bools, Bools]:
    """Which times are refused: (`future`: more than 5 minutes ahead of now, `too_old`: beyond the retention).

    at int64[n]; `now_us` is one moment, or int64[n] when each reading is judged as of its own arrival.
    """
    return at > now_us + FUTURE_TOLERANCE_US, at < now_us - retention_us


def judge(
    rules: QualityRules, state: QualityState, row: Rows, at: Int64s, value: Floats, historical: Bools | None = None
) -> UInt8s:
    """Flags (OUT_OF_RANGE, STUCK, JUMP, LATE) of a batch in order of arrival; moves the state.

    row intp[n] (row of the signal in rules and state), at int64[n] (UTC, microseconds), value float64[n] (canonical
    unit). A late reading is only flagged LATE and for its range; a repeated time moves nothing (the store decides
    whether it is a duplicate or a conflict). `historical` bool[n] marks what its sender tells later: it moves nothing
    either, however new it is.
    """
    order = np.argsort(row, kind="stable")
    row, at, value = row[order], at[order], value[order]
    told_at = at if historical is None else np.where(historical[order], NEVER, at)
    outside = (value < rules.low[row]) | (value > rules.high[row])
    newest = _newest_before(state, row, told_at)
    flags = flagged(outside, Quality.OUT_OF_RANGE) | flagged(at < newest, Quality.LATE)
    moving = np.flatnonzero(told_at > newest)
    flags[moving] |= _stuck(rules, state, row[moving], at[moving], value[moving])
    believed = moving[~outside[moving]]
    flags[believed] |= _jumps(rules, state, row[believed], at[believed], value[believed])
    result = np.empty_like(flags)
    result[order] = flags
    return result


def flagged(where: Bools, flag: Quality) -> UInt8s:
    """The bit of a flag where it holds, as a column."""
    return where.astype(np.uint8) * np.uint8(flag)


def _first_of_run(row: Rows) -> Bools:
    """True where a new signal begins, in rows sorted by signal."""
    first = np.ones(len(row), np.bool_)
    np.not_equal(row[1:], row[:-1], out=first[1:])
    return first


def _last_of_run(first: Bools) -> Bools:
    last = np.ones(len(first), np.bool_)
    last[:-1] = first[1:]
    return last


def _newest_before(state: QualityState, row: Rows, at: Int64s) -> Int64s:
    """The newest time of the same signal before each reading, from the state or from earlier in the batch."""
    before = state.last_at[row]
    first = _first_of_run(row)
    if first.all():
        return before
    # A running maximum inside each run: over the ranks of the times, lifted by the number of the run.
    by_time = np.argsort(at, kind="stable")
    rank = np.empty(len(at), np.int64)
    rank[by_time] = np.arange(len(at))
    lift = (np.cumsum(first) - 1) * len(at)
    running = at[by_time[np.maximum.accumulate(rank + lift) - lift]]
    before[1:] = np.where(first[1:], before[1:], np.maximum(before[1:], running[:-1]))
    return before


def _stuck(rules: QualityRules, state: QualityState, row: Rows, at: Int64s, value: Floats) -> UInt8s:
    """STUCK for readings in order of time, and the state's newest values."""
    first, n = _first_of_run(row), len(row)
    previous = np.where(first, state.last_value[row], np.roll(value, 1))
    changed = value != previous  # NaN, nothing seen, differs from everything
    start = np.maximum.accumulate(np.where(changed | first, np.arange(n), 0)) if n else np.arange(0)
    since = np.where(changed[start], at[start], state.same_since[row])
    excused = rules.rests_at_zero[row] & (value == 0)
    stuck = (at - since >= rules.stuck_after_us[row]) & ~excused
    last = _last_of_run(first)
    ends = row[last]
    state.last_at[ends], state.last_value[ends], state.same_since[ends] = at[last], value[last], since[last]
    return flagged(stuck, Quality.STUCK)


def _jumps(rules: QualityRules, state: QualityState, row: Rows, at: Int64s, value: Floats) -> UInt8s:
    """JUMP against the newest reading that was no jump: the way back from a spike is no second jump, and a real new
    level is believed once enough time has passed for it."""
    flags = np.zeros(len(row), np.uint8)
    first = _first_of_run(row)
    before_at = np.where(first, state.good_at[row], np.roll(at, 1))
    before = np.where(first, state.good_value[row], np.roll(value, 1))
    with np.errstate(over="ignore"):  # 1e308 - -1e308 is a jump by any measure
        jumped = np.abs(value - before) > rules.max_rate_per_us[row] * (at - before_at)
    jumped &= np.isfinite(rules.max_rate_per_us[row])
    for signal in np.unique(row[jumped]):
        run = np.flatnonzero(row == signal)
        flags[run] = _jumps_one_by_one(rules, state, signal, at[run], value[run])
    calm = _last_of_run(first)
    if jumped.any():
        calm &= ~np.isin(row, row[jumped])
    state.good_at[row[calm]], state.good_value[row[calm]] = at[calm], value[calm]
    return flags


def _jumps_one_by_one(rules: QualityRules, state: QualityState, signal: np.intp, at: Int64s, value: Floats) -> UInt8s:
    """The same rule, reading after reading, for a signal that did jump."""
    flags = np.zeros(len(at), np.uint8)
    limit = float(rules.max_rate_per_us[signal])
    good_at, good = int(state.good_at[signal]), float(state.good_value[signal])
    for place, (when, now) in enumerate(zip(at.tolist(), value.tolist(), strict=True)):
        if abs(now - good) > limit * (when - good_at):
            flags[place] = int(Quality.JUMP)
        else:
            good_at, good = when, now
    state.good_at[signal], state.good_value[signal] = good_at, good
    return flags
