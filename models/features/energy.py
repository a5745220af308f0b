"""What a machine's wear costs in energy: the power it draws beyond what its own past drew for the same work.

Pumps, fans and compressors lose efficiency long before they fail (worn rings, fouled wheels, slipping belts): the same
output then needs more power. The baseline is the machine's own: power as a robust regression (Huber, lightly ridged)
on output, its square, and the regime (ISO 50006: an energy baseline normalised by relevant variables). The extra power
of the last days, times the hours that the machine runs, times the tariff, is the price of waiting one day more.

How sure it is comes from the past itself: its days are predicted one after the other from all others, and the scatter
of those errors, each as long as the stretch in question, is what an unchanged machine shows (cross-validation by
blocks).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import NotReady, Rejected
from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, Int64s, Track, Tracks, Window
from forewarn.models.detectors.baseline import RegimeTable, huber_coefficients
from forewarn.models.tracks import Regime, bin_means, regime_of, roles_of, usable

FEWEST_BLOCKS, MOST_BLOCKS = 4, 12
FEWEST_ROWS = 12  # of the stretch in question
COMPARABLE_SHARE = 0.5
RECENT_US = US_PER_DAY
DRAWN = frozenset({"power", "energy", "current", "torque"})  # as a "load" they would explain the very loss away


@dataclass(frozen=True, slots=True)
class Range:
    """A value with the interval that holds it with the asked probability."""

    low: float
    middle: float
    high: float

    def times(self, factor: float) -> Range:
        """The same in another unit; the factor is at least 0."""
        return Range(self.low * factor, self.middle * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class DegradedRunning:
    """What running on as it is costs. Signed: below 0 the machine needs less than its past.

    `extra_kw` while it runs, `extra_kwh_per_day` at `hours_per_day` of running, `cost_per_day` in the currency of the
    tariff. `actual_kw` and `expected_kw` are means over the stretch [from_us, to_us); `per_output` and
    `expected_per_output` are kWh per unit of output, None where no output is measured. `level` is of all intervals.
    """

    extra_kw: Range
    extra_kwh_per_day: Range
    cost_per_day: Range
    actual_kw: float
    expected_kw: float
    per_output: float | None
    expected_per_output: float | None
    hours_per_day: float
    from_us: int
    to_us: int
    level: float

    @property
    def sure(self) -> bool:
        """Does it surely cost something?"""
        return self.extra_kw.low > 0


def energy_window(asset: Asset, tracks: Tracks, from_us: int, to_us: int, output: str | None = None) -> Window:
    """Power in kW and, where measured, output, as means over one grid while the machine runs.

    Columns "power" and "output"; the regime is speed, load and ambient as far as they are measured, but no load that is
    itself drawn (a current, a torque): it would rise with the loss. Power is the first
    signal of quantity power, else the rise of the first energy counter. `output` names the signal that says what is
    delivered; by default the first flow. Raises NotReady when the asset measures neither power nor energy, or has no
    readings yet, Rejected for an output that is not one of its signals.
    """
    if output is not None and asset.signal(output) is None:
        raise Rejected("unknown_signal", f"{asset.id} has no signal {output!r} that could be its output")
    used = usable(asset, tracks, frozenset(), from_us, to_us)
    if not used:
        raise NotReady(f"{asset.id} has no readings between the two instants")
    regime = regime_of(asset, used)
    columns = {"power": power_of(asset, used, regime)}
    delivered = output if output is not None else first_of(asset, "flow", used)
    if delivered is not None and delivered in used:
        columns["output"] = on_grid(used[delivered], regime)
    rows = regime.running & ~np.isnan(np.column_stack(list(columns.values()))).any(axis=1)
    sources = roles_of(asset)
    imposed = [
        mean[rows] for role, mean in regime.means.items() if role != "run" and sources[role].quantity not in DRAWN
    ]
    return Window.of(
        regime.start[rows],
        tuple(columns),
        np.column_stack([column[rows] for column in columns.values()]),
        np.column_stack(imposed) if imposed else None,
    )


def degraded_running(
    window: Window, price_per_kwh: float, level: float = 0.8, recent_us: int = RECENT_US, baseline_until_us: int = 0
) -> DegradedRunning:
    """Price of running on, from a window of `energy_window`; the newest `recent_us` are set against the oldest part.

    The baseline ends at `baseline_until_us` (0: after the older half), for instance at the onset of the wear. It must
    hold at least four stretches as long as the recent one. Raises NotReady when it does not, when the machine hardly
    ran lately, or when it lately ran in a regime that the baseline never saw; Rejected for a price below 0, a level
    outside (0, 1) or values that are not finite.

    >>> hours = np.arange(24 * 40)
    >>> flow = 100 + 20 * np.sin(hours / 5)
    >>> power = 10 + 0.2 * flow + 0.3 * np.sin(hours) + np.where(hours > 900, 3.0, 0.0)          # 3 kW more at the end
    >>> window = Window.of(hours * 3_600_000_000, ["power", "output"], np.column_stack([power, flow]))
    >>> found = degraded_running(window, price_per_kwh=0.25)
    >>> round(found.extra_kw.middle, 1), round(found.cost_per_day.middle), found.sure
    (3.0, 18, True)
    """
    refuse(window, price_per_kwh, level)
    when = stretches(window, recent_us, baseline_until_us)
    extra, places = extra_power(window, when, level)
    hours = len(when.recent) * bin_us(window.at) / recent_us * 24.0
    actual, output = float(window.values[places, window.names.index("power")].mean()), delivery(window, places)
    expected = actual - extra.middle
    return DegradedRunning(
        extra,
        extra.times(hours),
        extra.times(hours * price_per_kwh),
        actual,
        expected,
        actual / output if output else None,
        expected / output if output else None,
        hours,
        when.from_us,
        when.to_us,
        level,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """The stretch [from_us, to_us) in question with its rows intp[m], and the first `learnt` rows as the baseline."""

    from_us: int
    to_us: int
    recent: NDArray[np.intp]
    learnt: int


def stretches(window: Window, recent_us: int, baseline_until_us: int) -> Stretches:
    """The newest `recent_us`, and what lies before `baseline_until_us` (0: before the middle of the rest)."""
    to_us = int(window.at[-1]) + bin_us(window.at)
    from_us = to_us - recent_us
    first_recent = int(np.searchsorted(window.at, from_us))
    until_us = baseline_until_us or (int(window.at[0]) + from_us) // 2
    learnt = int(np.searchsorted(window.at[:first_recent], until_us))
    recent = np.arange(first_recent, len(window))
    if len(recent) < FEWEST_ROWS:
        raise NotReady(f"the machine ran in {len(recent)} bins lately, {FEWEST_ROWS} are needed")
    return Stretches(from_us, to_us, recent, learnt)


def extra_power(window: Window, when: Stretches, level: float) -> tuple[Range, NDArray[np.intp]]:
    """Power in kW beyond what the baseline lets expect, and the rows of the stretch that can be compared with it.

    The errors of stretches without a change say how far it may be off (Student's t, as for one more of them).
    """
    from scipy.stats import t as student

    power, columns = window.values[:, window.names.index("power")], drivers(window)
    past = slice(0, when.learnt)
    errors = unchanged(power[past], columns[past], window.at[past], when.to_us - when.from_us)
    change, places = beyond(power, columns, np.arange(when.learnt), when.recent)
    if len(places) < COMPARABLE_SHARE * len(when.recent):
        raise NotReady("lately the machine ran in a regime that its baseline has not seen")
    middle = float(change.mean()) - float(errors.mean())
    tail = float(student.ppf(0.5 + level / 2, len(errors) - 1))
    reach = tail * float(errors.std(ddof=1)) * math.sqrt(1 + 1 / len(errors))
    return Range(middle - reach, middle, middle + reach), places


def delivery(window: Window, places: NDArray[np.intp]) -> float | None:
    """Mean output over these rows; None where none is measured or none was delivered."""
    if "output" not in window.names:
        return None
    output = float(window.values[places, window.names.index("output")].mean())
    return output if output > 0 else None


def refuse(window: Window, price_per_kwh: float, level: float) -> None:
    """Says what is wrong with the arguments, if anything is."""
    if not (price_per_kwh >= 0 and math.isfinite(price_per_kwh)):
        raise Rejected("price", f"a tariff is 0 or more per kWh, not {price_per_kwh}")
    if not 0 < level < 1:
        raise Rejected("level", f"the level of an interval lies between 0 and 1, not {level}")
    if "power" not in window.names:
        raise Rejected("no_power", "the window needs a column named power, in kW")
    if not (np.isfinite(window.values).all() and np.isfinite(window.regime).all()):
        raise Rejected("not_finite", "leave rows with missing values out of an energy window")
    if len(window) < 2:
        raise NotReady("two bins of running are the least that a span of time can be told from")


def drivers(window: Window) -> Floats:
    """What the power depends on, float64[n, r]: the regime, and output with its square."""
    columns = [window.regime]
    if "output" in window.names:
        output = window.values[:, [window.names.index("output")]]
        columns += [output, output**2]
    return np.concatenate(columns, axis=1)


def beyond(
    power: Floats, columns: Floats, taught: NDArray[np.intp], asked: NDArray[np.intp]
) -> tuple[Floats, NDArray[np.intp]]:
    """Power beyond what the rows `taught` let expect, of the comparable rows among `asked`, and those rows."""
    order = np.concatenate([taught, asked])
    design = RegimeTable(columns[order]).design(len(taught))
    coefficients = huber_coefficients(
        design.matrix[: len(taught) : design.step], design.solver, power[taught][:: design.step]
    )
    places = design.places[design.places >= len(taught)]
    return power[order[places]] - design.matrix[places] @ coefficients, order[places]


def unchanged(power: Floats, columns: Floats, at: Int64s, recent_us: int) -> Floats:
    """Mean errors float64[k] of stretches of the baseline, each predicted from the rest: what no change looks like."""
    if len(at) == 0:
        raise NotReady("there is no baseline before the stretch in question")
    stretch = (at - at[0]) // recent_us
    names = [name for name in np.unique(stretch) if np.count_nonzero(stretch == name) >= FEWEST_ROWS]
    if len(names) < FEWEST_BLOCKS:
        raise NotReady(f"the baseline holds {len(names)} stretches of running, {FEWEST_BLOCKS} are needed")
    group = -(-len(names) // MOST_BLOCKS)  # neighbours are left out together, so that few fits do
    errors = []
    for start in range(0, len(names), group):
        together = names[start : start + group]
        left_out = np.isin(stretch, together)
        change, rows = beyond(power, columns, np.flatnonzero(~left_out), np.flatnonzero(left_out))
        errors += [float(change[stretch[rows] == name].mean()) for name in together if (stretch[rows] == name).any()]
    if len(errors) < FEWEST_BLOCKS:
        raise NotReady("the stretches of the baseline lie in regimes that cannot be compared with one another")
    return np.array(errors)


def power_of(asset: Asset, used: Tracks, regime: Regime) -> Floats:
    """Power in kW per bin, NaN where unknown: measured, else from an energy counter."""
    measured = first_of(asset, "power", used)
    if measured is not None:
        return on_grid(used[measured], regime)
    counter = first_of(asset, "energy", used)
    if counter is None:
        raise NotReady(f"{asset.id} measures neither power nor energy")
    return power_of_counter(used[counter], regime)


def power_of_counter(track: Track, regime: Regime) -> Floats:
    """Mean power in kW between the edges of the bins, from a counter in kWh; NaN over a reset and outside the track."""
    edges = np.append(regime.start, regime.start[-1] + regime.width_us)
    kwh = np.interp(edges, track.at, track.value, left=np.nan, right=np.nan)
    power = np.diff(kwh) * US_PER_HOUR / regime.width_us
    return np.asarray(np.where(power >= 0, power, np.nan), np.float64)


def on_grid(track: Track, regime: Regime) -> Floats:
    """Bin means float64[m], NaN where a bin holds no reading."""
    return bin_means(track, int(regime.start[0]), regime.width_us, len(regime.start))


def first_of(asset: Asset, quantity: str, used: Tracks) -> str | None:
    """First measured signal of a quantity that has readings."""
    return next((s.signal for s in asset.signals if s.quantity == quantity and s.signal in used), None)


def bin_us(at: Int64s) -> int:
    """Width of the bins: the commonest distance of two rows."""
    return int(np.median(np.diff(at)))
