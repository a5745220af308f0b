"""`running:` of an asset -> `core.plant.RunRule`, or the rule that its signals offer by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from forewarn.core.plant import RunRule
from forewarn.core.readings import SignalSpec
from forewarn.pipeline.plant_layers import Report
from forewarn.pipeline.plant_schema import RunEntry
from forewarn.pipeline.plant_units import did_you_mean
from forewarn.pipeline.plant_yaml import Path

RUNNING_SHARE = 0.05
"""Of the nominal speed, or of the range of a load: below, a machine stands."""

PERIODS = 3
LEAST_RESOLUTION_S = 60.0
USUAL_RESOLUTION_S = 3_600.0
METER_RESOLUTION_S = 7_200.0  # meters that show whole hours move once an hour


def stated_rule(entry: RunEntry, path: Path, signals: Sequence[SignalSpec], report: Report) -> RunRule | None:
    """The rule that the author gives. None after a report."""
    given = [kind for kind in ("signal", "counter", "load") if getattr(entry, kind) is not None]
    if len(given) != 1:
        report(path, "exactly one of `signal`, `counter` and `load` says whether it runs")
        return None
    (kind,) = given
    name: str = getattr(entry, kind)
    spec = next((s for s in signals if s.signal == name), None)
    if spec is None:
        hint = did_you_mean(name, [s.signal for s in signals])
        report((*path, kind), f"unknown signal {name!r}{hint}")
        return None
    wrong = _unfit(kind, spec)
    if wrong:
        report((*path, kind), wrong)
    if (entry.above is None) == (kind == "load"):
        report(path if kind == "load" else (*path, "above"), "`above` goes with `load`: from there on it runs")
    above = 0.0 if entry.above is None else spec.conversion.apply(entry.above)
    return RunRule(kind, name, above, entry.resolution_s or resolution_s(kind, spec))


def offered_rule(signals: Sequence[SignalSpec], nominal_rpm: float | None) -> RunRule | None:
    """The rule of a signal with the role run, else of a speed above 5 % of the nominal one, else of a load above 5 % of
    its range; None where nothing of this is known: then nobody knows whether the machine runs.

    >>> speed = SignalSpec("p1", "n", "speed", "rpm", "t", role="speed", period_s=60.0)
    >>> offered_rule([speed], 1480.0), offered_rule([speed], None)
    (RunRule(kind='load', signal='n', above=74.0, resolution_s=180.0), None)
    """
    scalars = [spec for spec in signals if spec.kind == "scalar"]
    for role in ("run", "speed", "load"):
        for spec in scalars:
            full = _full(spec, nominal_rpm)
            if spec.role != role or (role != "run" and full is None):
                continue
            if role == "run":
                return RunRule("signal", spec.signal, resolution_s=resolution_s("signal", spec))
            return RunRule("load", spec.signal, RUNNING_SHARE * (full or 0.0), resolution_s("load", spec))
    return None


def resolution_s(kind: str, spec: SignalSpec) -> float:
    """A pause between readings longer than this is not known to be running: three periods."""
    if kind == "counter":
        return max(METER_RESOLUTION_S, PERIODS * (spec.period_s or 0.0))
    return max(PERIODS * spec.period_s, LEAST_RESOLUTION_S) if spec.period_s else USUAL_RESOLUTION_S


def _full(spec: SignalSpec, nominal_rpm: float | None) -> float | None:
    if spec.role == "speed" and nominal_rpm:
        return nominal_rpm
    if spec.quantity == "ratio":
        return 100.0
    return spec.high


def _unfit(kind: str, spec: SignalSpec) -> str | None:
    if spec.kind != "scalar":
        return f"{spec.signal} is a waveform, which says nothing on running"
    if kind == "counter" and spec.quantity != "operating_time":
        return f"{spec.signal} measures {spec.quantity}, and an hours meter operating_time (`unit: h`)"
    return None
