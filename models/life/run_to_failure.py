"""Preset for bearings that are run to failure under an accelerometer: test rigs, and machines watched as closely.

Which columns follow such a life, what counts as the first sign of damage, and which models say how long it lasts. One
set for every rig of this kind; nothing in it depends on speed, load or geometry, since short snapshots resolve no tone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forewarn.core.readings import Floats
from forewarn.models.life.change_regression import ChangeRegression
from forewarn.models.life.combination import Combination
from forewarn.models.life.contract import Life
from forewarn.models.life.extrapolation import Extrapolation
from forewarn.models.life.running import FirstSign

LEVELS_OF_WEAR = ("band_500_2000", "band_2000_4000", "band_4000_8000", "band_8000_up", "envelope_rms")
"""Features whose change follows wear. Plain RMS and kurtosis are left out: a loose sensor moves them first."""

EARLIEST = "band_2000_4000"
"""Where a race that is damaged rings, and what neither the run-in of the grease nor a loose mounting raises."""


def wear_columns(features: Mapping[str, Floats], at: Floats, asset: str, ended: bool) -> Life:
    """A life from features `channel:feature` -> float64[n] of one housing; `at` float64[n] strictly rising, age of each
    snapshot in any unit above 0. Features that are no level of wear are left out; columns stand in the order of names.

    >>> life = wear_columns({"x:band_500_2000": np.ones(2), "x:rms": np.ones(2)}, np.array([1.0, 2.0]), "b", False)
    >>> life.names
    ('x:band_500_2000',)
    """
    names = tuple(sorted(name for name in features if name.rpartition(":")[2] in LEVELS_OF_WEAR))
    columns = [features[name] for name in names]
    return Life(asset, at, names, np.column_stack(columns) if names else np.zeros((len(at), 0)), ended)


def first_sign(life: Life) -> int | None:
    """Row of the first sign of damage, or None: 2 to 4 kHz of all channels together 1.5 times above its running lower
    quartile, five snapshots in a row."""
    return FirstSign(tuple(name for name in life.names if name.endswith(f":{EARLIEST}"))).row(life)


REMAINING = Combination((ChangeRegression("start"), ChangeRegression("half"), Extrapolation()))
"""Remaining life of such bearings, learnt from lives of `wear_columns`. Similar lives take no part: most bearings show
nothing before their last minutes, and quiet stretches are alike at any age. Neither does the age alone (`weibull`)."""
