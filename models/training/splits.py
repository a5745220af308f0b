"""Who teaches and who is asked. Rows of one asset resemble one another, and labels are known later than readings:
a split that forgets either of the two measures memory.

`by_asset` keeps all rows of an asset on one side. `by_time` walks forward: a row teaches only when its label was known
before the asked rows begin, with an embargo between them (purging and embargo: Lopez de Prado 2018, chapter 7).
`by_asset_and_time` does both. All give places of rows, sorted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forewarn.core.errors import NotReady

Places = NDArray[np.intp]
Fold = tuple[Places, Places]
"""Places of the rows that teach, places of those that are asked."""


def by_asset(assets: Sequence[str], folds: int, seed: int) -> list[Fold]:
    """Every row is asked exactly once, by a fold that no row of its asset has taught. Folds hold equally many assets
    (within one). Raises NotReady for fewer assets than folds.

    >>> [asked.tolist() for _, asked in by_asset(["a", "a", "b", "c"], 3, seed=0)]
    [[3], [0, 1], [2]]
    """
    names, place = np.unique(np.asarray(assets, dtype=str), return_inverse=True)
    if folds < 2 or len(names) < folds:
        raise NotReady(f"{len(names)} assets cannot be split into {folds} folds: at least 2 folds, one asset in each.")
    fold_of = np.empty(len(names), np.intp)
    fold_of[np.random.default_rng(seed).permutation(len(names))] = np.arange(len(names)) % folds
    of_row = fold_of[place]
    return [(np.flatnonzero(of_row != fold), np.flatnonzero(of_row == fold)) for fold in range(folds)]


def by_time(at_us: Places, known_us: Places, folds: int, embargo_us: int) -> list[Fold]:
    """Walk forward through `folds` stretches of equally many rows; the first stretch only teaches.

    at_us int64[n]: when the row was measured; known_us int64[n] >= at_us: when its label was known (the failure, or the
    moment until which it is known to have run). A row teaches when known_us + embargo_us <= the first asked at_us.
    Rows of the same moment stay together. Folds without a teacher or without a row to ask are left out.

    >>> at = np.array([0, 10, 20, 30]); [(t.tolist(), a.tolist()) for t, a in by_time(at, at + 5, 1, embargo_us=4)]
    [([0, 1], [2, 3])]
    """
    if np.any(known_us < at_us):
        raise ValueError("a label is not known before its row was measured")
    if not len(at_us):
        return []
    edges = np.quantile(at_us, np.arange(1, folds + 1) / (folds + 1), method="higher")
    begins = [int(edge) for edge in np.unique(edges)]
    made = []
    for begin, end in zip(begins, [*begins[1:], None], strict=True):
        asked = np.flatnonzero((at_us >= begin) & (at_us < end if end is not None else True))
        taught = np.flatnonzero(known_us <= begin - embargo_us)
        if len(asked) and len(taught):
            made.append((taught, asked))
    return made


def by_asset_and_time(
    assets: Sequence[str], at_us: Places, known_us: Places, folds: int, embargo_us: int, seed: int
) -> list[Fold]:
    """`by_time` within `by_asset`: other assets teach, and only with what was known before the asked rows begin."""
    crossed = []
    for taught_assets, asked_assets in by_asset(assets, min(folds, len(set(assets))), seed):
        for taught_times, asked_times in by_time(at_us, known_us, folds, embargo_us):
            taught, asked = np.intersect1d(taught_assets, taught_times), np.intersect1d(asked_assets, asked_times)
            if len(taught) and len(asked):
                crossed.append((taught, asked))
    return crossed
