"""Classes of parts: ABC by yearly value, XYZ by how evenly they are asked for, VED by what stands still without. Pure.

ABC is the Pareto rule of Dickie (1951): the parts that make up the first 80 % of the yearly value of issues are A, up
to 95 % B, the rest C. XYZ reads the classes of Syntetos, Boylan and Croston (2005): X smooth, Y erratic or
intermittent (one of the two things that make demand hard), Z lumpy (both) and parts that nobody asked for. VED: vital
when a machine of criticality A needs the part, essential for B, desirable for the rest; the card of the part may say
otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.core.stock import Ved
from forewarn.maintenance.demand.classes import demand_class, interval, unevenness
from forewarn.maintenance.demand.history import cleaned
from forewarn.maintenance.stock.needs import Need

A_SHARE, B_SHARE = 0.80, 0.95
EVENNESS = {"smooth": "X", "erratic": "Y", "intermittent": "Y", "lumpy": "Z", "none": "Z"}


_IMPORTANCE = {"A": Ved.VITAL, "B": Ved.ESSENTIAL, "C": Ved.DESIRABLE}


@dataclass(frozen=True, slots=True)
class PartClass:
    """Where a part stands. `yearly_value` of its issues in money, `share` of all parts' value, `adi` periods per period
    with demand (inf: none), `cv2` squared variation of the sizes; `why` names the machine that makes it V, E or D."""

    part: str
    abc: str
    xyz: str
    ved: Ved
    yearly_value: float
    share: float
    adi: float
    cv2: float
    why: str

    @property
    def code(self) -> str:
        """All three letters: AXV is dear, even and vital."""
        return self.abc + self.xyz + self.ved


def abc(values: Floats, a_share: float = A_SHARE, b_share: float = B_SHARE) -> list[str]:
    """Class of each value (money a year, float64[n], 0 or more). The part that crosses a border still belongs before
    it; what nobody used is C. Raises Rejected for shares that do not rise.

    >>> abc(np.array([700.0, 200.0, 60.0, 40.0, 0.0]))
    ['A', 'A', 'B', 'C', 'C']
    """
    if not 0 < a_share <= b_share <= 1:
        raise Rejected("abc_shares", f"shares rise from above 0 to 1, not {a_share:g} and {b_share:g}")
    total = float(values.sum())
    order = np.argsort(-values, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(values[order])[:-1]]) / (total or 1.0)
    named = np.full(len(values), "C")
    named[order] = np.where(before < a_share - 1e-12, "A", np.where(before < b_share - 1e-12, "B", "C"))
    named[values <= 0] = "C"
    return [str(one) for one in named]


def importance(needs: Sequence[Need]) -> tuple[Ved, str]:
    """V, E or D from who needs the part, and the need that says so.

    >>> importance([])
    (<Ved.DESIRABLE: 'D'>, 'no asset needs it')
    """
    if not needs:
        return Ved.DESIRABLE, "no asset needs it"
    first = min(needs, key=lambda need: need.criticality or "Z")
    return _IMPORTANCE.get(first.criticality, Ved.DESIRABLE), str(first)


def classify(
    parts: Sequence[str],
    issued: Floats,
    prices: Floats,
    needs: Mapping[str, Sequence[Need]],
    periods_per_year: float = 12.0,
) -> list[PartClass]:
    """The classes of parts, the dearest first.

    `issued` float64[n, T]: pieces per period, oldest first, returns below 0; `prices` float64[n], money per piece. The
    yearly value is the mean period's times `periods_per_year`. Raises Rejected when the shapes do not fit.

    >>> pieces = np.array([[4.0, 5, 4, 5], [0, 0, 0, 1], [0, 9, 0, 1]])
    >>> [(c.part, c.code, c.yearly_value) for c in classify(["a", "b", "c"], pieces, np.array([20.0, 40, 1]), {})]
    [('a', 'AXD', 1080.0), ('b', 'BYD', 120.0), ('c', 'CZD', 30.0)]
    """
    if issued.ndim != 2 or issued.shape[0] != len(parts) or prices.shape != (len(parts),) or not issued.shape[1]:
        raise Rejected("class_shapes", f"{len(parts)} parts want that many prices and rows of at least one period")
    histories = cleaned(issued)
    values = histories.values.mean(axis=1) * periods_per_year * prices
    named, adi, cv2 = demand_class(histories), interval(histories), unevenness(histories)
    total = float(values.sum()) or 1.0
    found = []
    for row, (part, letter) in enumerate(zip(parts, abc(values), strict=True)):
        value, even = float(values[row]), EVENNESS[str(named[row])]
        ved, why = importance(needs.get(part, ()))
        one = PartClass(part, letter, even, ved, round(value, 2), value / total, float(adi[row]), float(cv2[row]), why)
        found.append(one)
    return sorted(found, key=lambda one: (-one.yearly_value, one.part))
