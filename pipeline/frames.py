"""Stored series as pandas DataFrames for people: the same call on the embedded store, on InfluxDB, and through the API.

`SeriesFrames` works on anything that keeps the promises of `core.ports.SeriesReader`; `api.frames` opens one, and
`api.client.Client.telemetry` gives the same tables from a server. pandas is imported by the first call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import numpy as np

from forewarn.core.clock import US_PER_S
from forewarn.core.errors import Rejected
from forewarn.core.plant import Asset, Plant
from forewarn.core.readings import NOT_SCORED, Readings, Window

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Moment = str | datetime | int | None
"""ISO 8601 (without a zone: UTC), an aware datetime, microseconds since 1970, or None: open."""

_FOREVER_US = 2**62


class FrameReader(Protocol):
    """The part of a store's reader that is needed."""

    def names(self) -> Mapping[str, int]:
        """Series name -> number."""
        ...

    def read(self, series: int, start_us: int, stop_us: int) -> Readings:
        """Readings of one series in [start, stop), ascending in time."""
        ...


class SeriesFrames:
    """DataFrames of one plant. `derived` holds features of waveforms (`signal:feature`); without it there are none."""

    def __init__(self, plant: Plant, raw: FrameReader, derived: FrameReader | None = None) -> None:
        self.plant = plant
        self._raw, self._derived = raw, derived

    def assets(self) -> DataFrame:
        """Every machine, one row each, by id: name, asset_class, site, area, criticality, power_kw, nominal_rpm,
        signals."""
        import pandas as pd

        fields = ("id", "name", "asset_class", "site", "area", "criticality", "power_kw", "nominal_rpm")
        rows = [{f: getattr(a, f) for f in fields} | {"signals": len(a.signals)} for a in self.plant.assets]
        return pd.DataFrame(rows, columns=[*fields, "signals"]).set_index("id")

    def signals(self, asset: str) -> DataFrame:
        """What can be asked of a machine: name of each signal and stored feature, with quantity, unit and role."""
        import pandas as pd

        known = self._asset(asset)
        rows = [(s.signal, s.quantity, s.unit, s.kind, s.role, s.component) for s in known.signals]
        features = [(name, "feature", "", "scalar", "measurement", None) for name in self._features(known)]
        columns = ["signal", "quantity", "unit", "kind", "role", "component"]
        return pd.DataFrame([*rows, *features], columns=columns).set_index("signal")

    def telemetry(
        self,
        asset: str,
        signals: Sequence[str] | None = None,
        start: Moment = None,
        stop: Moment = None,
        doubtful: bool = False,
    ) -> DataFrame:
        """Readings in [start, stop): index UTC time, one column a signal, NaN where a signal has no reading then.

        `signals` defaults to every scalar signal; features of waveforms are named `signal:feature`. Values are in the
        canonical units that `attrs["units"]` names. What the quality rules hold against a reading leaves it out, unless
        `doubtful`. Raises Rejected for a machine, a signal or a time that cannot be read.
        """
        import pandas as pd

        known = self._asset(asset)
        wanted = list(signals) if signals is not None else [s.signal for s in known.signals if s.kind == "scalar"]
        first, last = moment_us(start, 0), moment_us(stop, _FOREVER_US)
        columns = {name: self._column(known, name, first, last, doubtful) for name in wanted}
        table = pd.DataFrame(columns) if columns else pd.DataFrame(index=pd.DatetimeIndex([], tz="UTC"))
        table.index.name = "time"
        table.attrs = {"asset": asset, "units": {name: self._unit(known, name) for name in wanted}}
        return table

    def _asset(self, id: str) -> Asset:
        asset = self.plant.asset(id)
        if asset is None:
            raise Rejected(
                "unknown_asset", f"there is no {id!r}; the plant has {_some([a.id for a in self.plant.assets])}"
            )
        return asset

    def _features(self, asset: Asset) -> list[str]:
        if self._derived is None:
            return []
        prefix = f"{asset.id}/"
        found = (name.removeprefix(prefix) for name in self._derived.names() if name.startswith(prefix))
        return sorted(name for name in found if ":" in name[1:])

    def _column(self, asset: Asset, name: str, first: int, last: int, doubtful: bool) -> Series[float]:
        import pandas as pd

        reader = self._derived if ":" in name else self._raw
        if asset.signal(name.partition(":")[0]) is None:
            raise Rejected(
                "unknown_signal", f"{asset.id} has no {name!r}, but {_some([s.signal for s in asset.signals])}"
            )
        number = reader.names().get(f"{asset.id}/{name}") if reader else None
        found = reader.read(number, first, last) if reader and number is not None else Readings.empty()
        if not doubtful:
            found = found.take((found.quality & int(NOT_SCORED)) == 0)
        at = pd.DatetimeIndex(found.at.astype("datetime64[us]")).tz_localize("UTC")
        return pd.Series(np.array(found.value), index=at, name=name)

    def _unit(self, asset: Asset, name: str) -> str:
        from forewarn.models.features.vibration import FEATURE_UNITS

        signal, colon, feature = name.partition(":")
        spec = asset.signal(signal)
        return FEATURE_UNITS.get(feature, "") if colon else spec.unit if spec else ""


def window_of(table: DataFrame, values: Sequence[str], regime: Sequence[str] = (), every: str = "h") -> Window:
    """A table of `telemetry` as what detectors take: means over steps of `every` (a pandas offset), rows without a
    value of the regime left out, NaN where a signal has no reading in a step.

    >>> import pandas as pd
    >>> at = pd.date_range("2026-11-01", periods=4, freq="30min", tz="UTC")
    >>> w = window_of(pd.DataFrame({"flow": [1.0, 3.0, 5.0, 7.0], "load": [80.0] * 4}, index=at), ["flow"], ["load"])
    >>> w.values.ravel().tolist(), w.regime.shape
    ([2.0, 6.0], (2, 1))
    """
    stepped = table.resample(every).mean()
    known = stepped.dropna(subset=list(regime)) if regime else stepped.dropna(subset=list(values), how="all")
    at = known.index.astype("datetime64[us, UTC]").astype(np.int64).to_numpy()
    return Window.of(at, values, known[list(values)].to_numpy(np.float64), known[list(regime)].to_numpy(np.float64))


def moment_us(moment: Moment, otherwise: int) -> int:
    """UTC microseconds of a moment. Raises Rejected for a text that is no time.

    >>> moment_us("2026-11-01", 0), moment_us("2026-11-01T01:00:00+01:00", 0), moment_us(None, 7)
    (1793491200000000, 1793491200000000, 7)
    """
    from datetime import UTC

    if moment is None:
        return otherwise
    if isinstance(moment, int):
        return moment
    try:
        told = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        raise Rejected("bad_time", f"{moment!r} is no time: write 2026-11-01 or 2026-11-01T08:00:00+01:00") from None
    aware = told if told.tzinfo else told.replace(tzinfo=UTC)
    return round(aware.timestamp() * US_PER_S)


def _some(names: Sequence[str], most: int = 8) -> str:
    """The first names, and that there are more."""
    return (
        ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "") if names else "none"
    )
