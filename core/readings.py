"""What a sensor said: columns for many readings, a dataclass for one waveform, and what is known about a signal.

Identity of a reading is (series, at): the same value again is a duplicate, another value a conflict. Times are UTC
microseconds since 1970 in plant time (see `core.clock`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from forewarn.core.units import Conversion

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
UInt8s = NDArray[np.uint8]


class Quality(IntFlag):
    """What is known against a reading. 0 is good. Readings with a bit of `NOT_SCORED` never reach a detector."""

    GOOD = 0
    OUT_OF_RANGE = 1  # outside the physical limits of the sensor
    STUCK = 2  # the same value for far longer than the signal's nature allows
    JUMP = 4  # changed faster than the signal can
    UNCERTAIN = 8  # the device itself doubts it
    LATE = 16  # arrived after newer readings of its series
    ARRIVAL_TIME = 32  # the source sent no time: stamped on arrival, "at least once"
    QOS0 = 64  # sent at most once: gaps cannot be told from silence
    HISTORICAL = 128  # told later by its sender: never current, never the cause of an alarm by itself


NOT_SCORED = Quality.OUT_OF_RANGE | Quality.STUCK | Quality.JUMP


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Many readings as columns of equal length n.

    series int32[n] (number of the series in the store's dictionary), at int64[n] (UTC, microseconds),
    value float64[n] (canonical unit, never NaN), quality uint8[n] (`Quality` bits).
    """

    series: Int32s
    at: Int64s
    value: Floats
    quality: UInt8s

    def __post_init__(self) -> None:
        if not len(self.series) == len(self.at) == len(self.value) == len(self.quality):
            raise ValueError("the columns of Readings differ in length")

    def __len__(self) -> int:
        return len(self.at)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Readings:
        """The readings at these places (an index array, a mask or a slice)."""
        return Readings(self.series[index], self.at[index], self.value[index], self.quality[index])

    @staticmethod
    def empty() -> Readings:
        """No readings."""
        return Readings.of([], [], [], [])

    @staticmethod
    def of(
        series: Sequence[int], at: Sequence[int], value: Sequence[float], quality: Sequence[int] | None = None
    ) -> Readings:
        """Columns from plain sequences.

        >>> len(Readings.of([1, 1], [10, 20], [0.5, 0.6]))
        2
        """
        flags = np.zeros(len(at), np.uint8) if quality is None else np.asarray(quality, np.uint8)
        return Readings(np.asarray(series, np.int32), np.asarray(at, np.int64), np.asarray(value, np.float64), flags)

    @staticmethod
    def joined(parts: Sequence[Readings]) -> Readings:
        """All parts, one after the other, in the given order."""
        if not parts:
            return Readings.empty()
        return Readings(
            np.concatenate([p.series for p in parts]),
            np.concatenate([p.at for p in parts]),
            np.concatenate([p.value for p in parts]),
            np.concatenate([p.quality for p in parts]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """One block of raw samples: samples float32[n] in the canonical unit of its signal (usually m/s^2).

    `at` is the time of the first sample (UTC, microseconds). Identity is (series, at), as for a reading.
    """

    series: int
    at: int
    sample_rate_hz: float
    samples: Float32s
    quality: int = 0

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or len(self.samples) == 0:
            raise ValueError("a waveform is a non-empty row of samples")
        if not self.sample_rate_hz > 0:
            raise ValueError(f"sample rate {self.sample_rate_hz} Hz is not above 0")

    @property
    def duration_s(self) -> float:
        """Seconds from the first sample to one period after the last."""
        return len(self.samples) / self.sample_rate_hz


@dataclass(frozen=True, slots=True)
class ByHand:
    """A signal that people read: with which others in one round, and the unit that stands on the instrument.

    `SignalSpec.conversion` is of this unit, `SignalSpec.period_s` how often the round is due.
    """

    round: str
    unit: str


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """What the plant file says of one signal of one asset.

    `kind` is "scalar" or "waveform". `role` is "measurement", or the regime it describes: "speed", "load", "ambient",
    "run". `low` and `high` are the sensor's physical limits in the canonical unit (None = unknown); `period_s` is the
    expected distance between readings (None = irregular); `max_rate_per_s` the fastest change that can be real.
    `field` is the place of the value in a payload that carries several (None: the whole payload is this signal): a
    JSON key, a dotted path into nested objects, a SenML record name, a Sparkplug metric name.

    `format` names the decoder (`ingest.formats.table.FORMATS`, or a desk): "json", "senml", "plain", "sparkplug", ...
    `time_field` is the dotted path of the time in a nested payload (None: where the format keeps it), `time_unit` what
    a number there means: "s", "ms", "us", "ns" or "auto". `detection` says how a vibration value was formed: "rms",
    "peak", "peak_to_peak", "derived_peak", "average"; None for quantities where it has no meaning. `source` names the
    profile or document that the signal's description comes from, `template` the layout of chunked waveforms.

    The role "device" is what a sensor says of itself (battery, radio, counter): kept and shown, never scored.
    `by_hand` is set where no sensor sends: a person enters it.
    """

    asset: str
    signal: str
    quantity: str
    unit: str
    topic: str
    kind: str = "scalar"
    role: str = "measurement"
    component: str | None = None
    field: str | None = None
    conversion: Conversion = Conversion()
    period_s: float | None = None
    low: float | None = None
    high: float | None = None
    max_rate_per_s: float | None = None
    stuck_after_s: float | None = None
    format: str = "json"
    time_field: str | None = None
    time_unit: str = "ms"
    detection: str | None = None
    source: str | None = None
    template: str | None = None
    by_hand: ByHand | None = None

    @property
    def name(self) -> str:
        """Name of the series: `asset/signal`."""
        return f"{self.asset}/{self.signal}"


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One series as a model sees it: at int64[n] ascending (UTC, microseconds), value float64[n], good ones only."""

    at: Int64s
    value: Floats

    def __len__(self) -> int:
        return len(self.at)

    def between(self, start_us: int, stop_us: int) -> Track:
        """The part in the half-open interval [start, stop)."""
        i, j = np.searchsorted(self.at, [start_us, stop_us])
        return Track(self.at[i:j], self.value[i:j])

    @staticmethod
    def of(at: Sequence[int], value: Sequence[float]) -> Track:
        """A track from plain sequences."""
        return Track(np.asarray(at, np.int64), np.asarray(value, np.float64))


Tracks = Mapping[str, Track]
"""Signal or feature name (without the asset) -> its track. Features of a waveform signal are `signal:feature`."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Several signals or features on one time axis: at int64[n] ascending, values float64[n, k], names k.

    NaN = missing: the only place where NaN is allowed. `regime` float64[n, r] is what the plant imposed meanwhile
    (speed, load, ambient; r may be 0), never NaN.
    """

    at: Int64s
    names: tuple[str, ...]
    values: Floats
    regime: Floats

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.at), len(self.names)):
            raise ValueError(f"values {self.values.shape} are not {len(self.at)} rows of {len(self.names)} columns")
        if self.regime.ndim != 2 or len(self.regime) != len(self.at):
            raise ValueError(f"regime {self.regime.shape} is not one row for each of {len(self.at)}")

    def __len__(self) -> int:
        return len(self.at)

    def rows(self, index: slice | NDArray[np.intp] | NDArray[np.bool_]) -> Window:
        """These rows."""
        return Window(self.at[index], self.names, self.values[index], self.regime[index])

    @staticmethod
    def of(at: Sequence[int] | Int64s, names: Sequence[str], values: Floats, regime: Floats | None = None) -> Window:
        """A window; without `regime` the machine has only one.

        >>> w = Window.of([0, 10], ["flow"], np.array([[1.0], [2.0]]))
        >>> len(w), w.regime.shape
        (2, (2, 0))
        """
        times = np.asarray(at, np.int64)
        imposed = np.zeros((len(times), 0)) if regime is None else np.asarray(regime, np.float64)
        return Window(times, tuple(names), np.asarray(values, np.float64), imposed)
