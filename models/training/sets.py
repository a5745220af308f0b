"""A training set: lives with the moment of every row and the newest datum that went into it, and what speaks against
learning from it. Pure; `pipeline.training_set` fills it from the stores.

Point in time means two clocks. A row of a moment holds what was known at that moment; and how a life ended is known
only where the order that tells it was closed before the set was made (`as_of_us`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.errors import Rejected
from forewarn.core.model_cards import FeatureSchema
from forewarn.core.readings import Floats, Int64s, Window
from forewarn.models.life.contract import Life
from forewarn.models.life.guards import leaks

LEAST_ROWS = 30
LEAST_LIVES = 3
LEAST_ENDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class DatedLife:
    """A life with its moments: at_us int64[n] (UTC, microseconds, strictly rising), known_us int64[n] (the newest
    reading in the row). `ended_by` is the number of the order that tells the end ("" while it goes on)."""

    life: Life
    at_us: Int64s
    known_us: Int64s
    ended_by: str = ""

    def __post_init__(self) -> None:
        if not len(self.life.age) == len(self.at_us) == len(self.known_us):
            raise ValueError("a life has one moment for each row")


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Everything that one version learns from. `regime` names the columns that the plant imposes (speed, load ...);
    `left_out` readings arrived late, so that nobody knows when they became known."""

    lives: tuple[DatedLife, ...]
    schema: FeatureSchema
    as_of_us: int
    regime: tuple[str, ...] = ()
    left_out: int = 0

    @property
    def rows(self) -> int:
        """Rows of all lives."""
        return sum(len(dated.at_us) for dated in self.lives)

    @property
    def assets(self) -> tuple[str, ...]:
        """Assets that teach, in alphabetical order."""
        return tuple(sorted({dated.life.asset for dated in self.lives}))

    @property
    def ends(self) -> int:
        """Lives whose end was seen."""
        return sum(dated.life.ended for dated in self.lives)

    @property
    def span_us(self) -> tuple[int, int]:
        """First and last moment; (as_of, as_of) of an empty set."""
        moments = [dated.at_us for dated in self.lives if len(dated.at_us)]
        if not moments:
            return self.as_of_us, self.as_of_us
        return min(int(at[0]) for at in moments), max(int(at[-1]) for at in moments)

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical columns: names, and for each life (in the order of asset and first moment) its
        moments, ages, values and whether it ended. The same data give the same digest, on every machine."""
        sha = hashlib.sha256("\x1f".join((*self.schema.names, "", *self.schema.units)).encode())
        for dated in sorted(self.lives, key=_place):
            life = dated.life
            sha.update(f"\x1e{life.asset}\x1f{int(life.ended)}\x1f{len(life.age)}\x1e".encode())
            sha.update(np.ascontiguousarray(dated.at_us, "<i8").tobytes())
            sha.update(np.ascontiguousarray(life.age, "<f8").tobytes())
            sha.update(_canonical(life.values).tobytes())
        return sha.hexdigest()

    def of_assets(self, assets: Sequence[str]) -> TrainingSet:
        """The part that some assets teach."""
        wanted = frozenset(assets)
        kept = tuple(dated for dated in self.lives if dated.life.asset in wanted)
        return TrainingSet(kept, self.schema, self.as_of_us, self.regime, self.left_out)

    def column(self, name: str) -> dict[str, Floats]:
        """One column by asset: float64[n], NaN = missing."""
        place, found = self.schema.names.index(name), dict[str, list[Floats]]()
        for dated in self.lives:
            found.setdefault(dated.life.asset, []).append(dated.life.values[:, place])
        return {asset: np.concatenate(parts) for asset, parts in found.items()}

    def window(self, dated: DatedLife) -> Window:
        """One life as a detector sees it: measurements beside the regime; rows in an unknown regime are left out."""
        names = self.schema.names
        imposed = [names.index(name) for name in self.regime]
        measured = [i for i, name in enumerate(names) if name not in self.regime]
        values = dated.life.values
        known = np.all(np.isfinite(values[:, imposed]), axis=1)
        columns = tuple(names[i] for i in measured)
        return Window(dated.at_us[known], columns, values[known][:, measured], values[known][:, imposed])


def _place(dated: DatedLife) -> tuple[str, int]:
    return dated.life.asset, int(dated.at_us[0]) if len(dated.at_us) else 0


def _canonical(values: Floats) -> Floats:
    """The same bytes for the same numbers: one NaN, one zero, one byte order."""
    same = np.ascontiguousarray(np.where(values == 0, 0.0, values), "<f8")
    return np.where(np.isnan(same), np.nan, same)


def reasons_against(found: TrainingSet, task: str) -> tuple[str, ...]:
    """Why a set must not teach, as sentences; none: it may. `task` is "life" or "detector".

    Too few rows or lives; nothing but lives of one kind; columns without a value; rows that know what came after them;
    a column that tells the end.
    """
    reasons = []
    if found.rows < LEAST_ROWS:
        reasons.append(f"{found.rows} rows: at least {LEAST_ROWS} are needed; wait, or name a longer span")
    reasons += _reasons_of_values(found)
    reasons += _reasons_of_time(found)
    if task == "life":
        reasons += _reasons_of_ends(found)
    return tuple(reasons)


def _reasons_of_values(found: TrainingSet) -> list[str]:
    if not found.schema.names:
        return ["no column: no signal of these machines is measured and stored"]
    missing = [name for i, name in enumerate(found.schema.names) if not _seen(found, i)]
    if len(missing) == len(found.schema.names):
        return ["every value is missing: nothing was stored of these machines in this span"]
    if missing:
        return [f"no value at all in {', '.join(missing)}: leave these signals out, or look why they are silent"]
    return []


def _seen(found: TrainingSet, place: int) -> bool:
    return any(np.isfinite(dated.life.values[:, place]).any() for dated in found.lives)


def _reasons_of_time(found: TrainingSet) -> list[str]:
    reasons = []
    ahead = sum(int((dated.known_us > dated.at_us).sum()) for dated in found.lives)
    if ahead:
        reasons.append(f"{ahead} rows know readings from after their own moment: a forecast could not have known them")
    later = sum(int((np.maximum(dated.at_us, dated.known_us) > found.as_of_us).sum()) for dated in found.lives)
    if later:
        reasons.append(f"{later} rows are from after the moment for which the set was made")
    told = leaks([dated.life for dated in found.lives])
    return reasons + [f"{name} knows the answer: {why}" for name, why in told.items()]


def _reasons_of_ends(found: TrainingSet) -> list[str]:
    reasons = []
    if len(found.lives) < LEAST_LIVES:
        reasons.append(f"{len(found.lives)} lives: at least {LEAST_LIVES} are needed")
    if found.ends == 0:
        reasons.append(
            "no life has ended: machines that all still run teach no remaining life (only one class is seen)"
        )
    elif found.ends < LEAST_ENDS:
        reasons.append(f"{found.ends} of {len(found.lives)} lives have ended: at least {LEAST_ENDS} are needed")
    ended = {dated.life.asset for dated in found.lives if dated.life.ended}
    if found.ends >= LEAST_ENDS and len(ended) < 2:
        reasons.append("all ends are of one machine: what is held out must be another one")
    return reasons


def refuse(found: TrainingSet, task: str) -> None:
    """Raise Rejected with every reason that speaks against a set; nothing is published from it then."""
    reasons = reasons_against(found, task)
    if reasons:
        raise Rejected("training_set", "; ".join(reasons))
