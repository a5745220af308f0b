"""What sister machines show, for a machine that has no past of its own yet.

A new machine is judged from its first points on: against the levels at which its sisters (same class, same power group)
usually stand. It is a wide comparison, for machines differ, so that it gives an alert and never an alarm, and it ends
where the machine's own baseline begins. Pure: the prior is a value that somebody else works out now and then.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.core.plant import Asset
from forewarn.core.readings import Tracks
from forewarn.models.channels import Channel, Workshop
from forewarn.models.detectors.own_past import Judged
from forewarn.models.limits import mounted_kind
from forewarn.models.tracks import regime_of, usable

FEWEST_SISTERS = 3
FEWEST_POINTS = 48
"""So many points must a sister have for its level to count."""

FIRST_POINTS = 5
"""So many of its newest points count. A channel exists from its eighth point on."""

SPREADS = 4.0
"""So many robust deviations between sisters is another machine usual."""

POWER_GROUPS_KW = (15.0, 75.0, 300.0)
"""Ends of the power groups; 15 and 300 kW are those of ISO 20816-3."""

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class ClassLevel:
    """Level of one kind of channel over `sisters` machines, on the judged scale: middle, and one robust deviation
    between machines (never less than a third of the smallest change that matters)."""

    level: float
    spread: float
    sisters: int


@dataclass(frozen=True, slots=True)
class ClassPrior:
    """Kind of channel (quantity, feature, detection, what it sits on) -> its level among the sisters."""

    levels: Mapping[Key, ClassLevel]


NO_PRIOR = ClassPrior({})


def sisterhood(asset: Asset) -> tuple[str, int, float]:
    """Machines that answer the same are sisters: class, power group, nominal speed in steps of a fifth.

    >>> one, other = (Asset(id, id, "pump", "s", "a", power_kw=kw) for id, kw in (("a", 30.0), ("b", 45.0)))
    >>> sisterhood(one) == sisterhood(other)
    True
    """
    group = int(np.searchsorted(POWER_GROUPS_KW, asset.power_kw)) if asset.power_kw is not None else -1
    speed = round(math.log(asset.nominal_rpm) / math.log(1.2)) if asset.nominal_rpm else -1
    return asset.asset_class, group, float(speed)


def class_prior(sisters: Sequence[tuple[Asset, Tracks]], now_us: int) -> ClassPrior:
    """Levels over the sisters' older halves. A kind of channel that fewer than three of them have seen for 48 points
    is left out."""
    found: dict[Key, list[tuple[float, float]]] = {}
    for asset, tracks in sisters:
        seen = usable(asset, tracks, set(), 0, now_us)
        for channel in Workshop(asset, seen, regime_of(asset, seen)).channels() if seen else []:
            if len(channel.y) >= FEWEST_POINTS and comparable(channel):
                older = channel.y[: len(channel.y) // 2]
                found.setdefault(key_of(asset, channel), []).append(
                    (float(np.median(older)), channel.limit.smallest_change)
                )
    return ClassPrior({key: level_of(known) for key, known in found.items() if len(known) >= FEWEST_SISTERS})


def comparable(channel: Channel) -> bool:
    """Vibration and temperature compare between machines; flow, pressure and power are what each one's duty is."""
    return channel.limit.logarithmic or channel.spec.quantity == "temperature"


def level_of(known: Sequence[tuple[float, float]]) -> ClassLevel:
    """Middle and spread of (level, smallest change) of several machines."""
    levels = np.array([level for level, _ in known])
    middle = float(np.median(levels))
    spread = 1.4826 * float(np.median(np.abs(levels - middle)))
    return ClassLevel(middle, max(spread, float(np.median([change for _, change in known])) / 3), len(known))


def key_of(asset: Asset, channel: Channel) -> Key:
    """What makes two channels of two machines comparable."""
    spec = channel.spec
    return spec.quantity, channel.feature, spec.detection or "", mounted_kind(asset, spec) or spec.signal


def judge_by_class(asset: Asset, channels: Sequence[Channel], prior: ClassPrior) -> list[Judged]:
    """A verdict on each scored channel that the prior knows."""
    found = []
    for channel in channels:
        usual = prior.levels.get(key_of(asset, channel))
        if usual is not None and channel.scored:
            found.append(judge_one(channel, usual))
    return found


def judge_one(channel: Channel, usual: ClassLevel) -> Judged:
    """The last points beside what sisters show. Never confirmed: another machine is a hint and no baseline.

    Of n sisters the spread is known to about 1 in n; few of them make the comparison wider.
    """
    change = channel.y - usual.level
    bound = max(channel.limit.smallest_change, SPREADS * usual.spread * (1 + 3 / usual.sisters))
    now = float(np.median(change[-FIRST_POINTS:]))
    direction = max(channel.limit.directions, key=lambda sign: sign * now)
    return Judged(
        channel=channel,
        change=change,
        op_hours=channel.op_hours,
        ratio=direction * now / bound,
        direction=direction,
        confirmed=False,
        level=usual.level + now,
        expected=usual.level,
        bound=bound,
    )
