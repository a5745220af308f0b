"""Made-up causes of demand, for properties that hold for any fleet."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from forewarn.core.demand import CauseKind, Window
from forewarn.core.faults import Fault
from forewarn.core.readings import Floats
from forewarn.maintenance.demand.caused import Asked, Causes, Occasion, Rest, Threat
from forewarn.maintenance.demand.leads import LeadTime

FAULTS = (Fault("de_bearing", "outer_race_spall"), Fault("de_bearing", "inner_race_spall"), Fault("seal", "seal_leak"))
LEVELS = (0.1, 0.5, 0.9)
share = st.floats(0, 1, allow_nan=False)
days = st.floats(0, 400, allow_nan=False)


@st.composite
def threats(draw: st.DrawFn, asset: str) -> list[Threat]:
    """One to three faults of an asset; mostly alternatives of one diagnosis, sometimes more than that."""
    found = []
    for fault in draw(st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3, unique=True)):
        ends = sorted(draw(st.tuples(days, days, days)))
        age = draw(st.floats(0, 30))
        moved = tuple(end - age for end in ends)
        found.append(Threat(asset, fault, draw(st.floats(0, 0.5)), LEVELS, moved, draw(st.integers(0, 3)), 0, age))
    return found


@st.composite
def chances(draw: st.DrawFn) -> Floats:
    weights = np.array(draw(st.lists(st.floats(0.01, 1), min_size=1, max_size=5)))
    return np.asarray(weights / weights.sum(), np.float64)


@st.composite
def fleets(draw: st.DrawFn) -> Causes:
    """Everything that may ask for a part, for up to four assets."""
    assets = [f"pump-{n}" for n in range(1, 1 + draw(st.integers(1, 4)))]
    several = tuple(threat for asset in assets for threat in draw(threats(asset)))
    orders = tuple(
        Asked(f"WO-{n}", draw(st.sampled_from(assets)), CauseKind.ORDER, f"WO-{n}", draw(st.integers(1, 3)), draw(days))
        for n in range(draw(st.integers(0, 2)))
    )
    slots = []
    for _ in range(draw(st.integers(0, 4))):
        early, late = sorted(draw(st.tuples(days, days)))
        plan, quantity = draw(st.sampled_from(["lube", "filter"])), draw(st.integers(0, 2))
        slots.append(Occasion(plan, draw(st.sampled_from(assets)), quantity, early, late, draw(share)))
    rest = Rest((1, 3), (draw(chances()), draw(chances()))) if draw(st.booleans()) else None
    return Causes("6205", 0, several, orders, tuple(slots), rest)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """A fixed window, or a lead time with a spread."""
    p50 = draw(st.floats(0.5, 60))
    return LeadTime(p50, p50 * draw(st.sampled_from([1.0, 1.5, 4.0]))).window(draw(st.sampled_from([0.0, 30.0])))
