"""One what-if run as people ask for it: which settings, model or policy, over which span, against today's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from forewarn.core.errors import Rejected
from forewarn.core.health import SensorEvent
from forewarn.core.plant import Asset
from forewarn.core.work import Json
from forewarn.maintenance.advice import AdviceSettings
from forewarn.maintenance.orders.rules import OrderSettings
from forewarn.pipeline.training_lives import EVERY_ORDER, repairs_of
from forewarn.pipeline.training_set import Archive, Progress, silent
from forewarn.pipeline.version import VoicesOf
from forewarn.pipeline.whatif import Setup, Span, decided, replay
from forewarn.pipeline.whatif_report import WhatIfReport, report_of


@dataclass(frozen=True, slots=True)
class WhatIfRequest:
    """What to change, and over which span. Nothing named: today's settings against themselves, which shows no change.

    `false_alarms`: set rate for an asset and year. `threshold`: an alarm opens an order only from this score on (0.5 =
    at its limit). `policy`: fields of `AdviceSettings` and `OrderSettings`, such as `cool_down_h`. `model`:
    "name:version" of a trained version. `asset_class` and `assets` narrow the machines.
    """

    since_us: int
    until_us: int
    every_h: float = 24.0
    false_alarms: float | None = None
    threshold: float | None = None
    policy: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    asset_class: str = ""
    assets: tuple[str, ...] = ()

    @property
    def change(self) -> Json:
        """What is changed, as the report tells it."""
        told: Json = {} if self.false_alarms is None else {"false_alarms": self.false_alarms}
        told |= {} if self.threshold is None else {"threshold": self.threshold}
        return told | dict(self.policy) | ({"model": self.model} if self.model else {})


def policies() -> dict[str, float]:
    """Every number of a policy that can be changed, with its value of today.

    >>> policies()["cool_down_h"]
    72.0
    """
    usual = (AdviceSettings(), OrderSettings())
    return {f.name: float(getattr(s, f.name)) for s in usual for f in fields(s)}


def changed(today: Setup, request: WhatIfRequest, voices: VoicesOf | None = None) -> Setup:
    """The setup that a request asks for; `voices`: who has a say in it (None: as today). Raises Rejected for a policy
    that is not known, and for a number that makes no sense."""
    known = policies()
    policy = dict(request.policy)
    if request.threshold is not None:
        if not 0 <= request.threshold <= 1:
            raise Rejected("whatif_threshold", f"a score lies between 0 and 1; {request.threshold:g} does not")
        policy["least_score"] = request.threshold
    unknown = sorted(set(policy) - set(known))
    if unknown:
        raise Rejected(
            "whatif_policy", f"there is no policy {', '.join(unknown)}; there are: {', '.join(sorted(known))}"
        )
    negative = sorted(name for name, value in policy.items() if not value >= 0)
    if negative:
        raise Rejected("whatif_policy", f"{', '.join(negative)} must be at least 0")
    advice = {f.name: policy[f.name] for f in fields(today.advice) if f.name in policy}
    orders = {f.name: policy[f.name] for f in fields(today.orders) if f.name in policy}
    made = replace(today, advice=replace(today.advice, **advice), orders=replace(today.orders, **orders))
    if request.false_alarms is not None:
        if not request.false_alarms > 0:
            raise Rejected("whatif_rate", "a rate of 0 false alarms means no alarms: give a small one, such as 0.05")
        detector = replace(made.assess.detector, false_alarms_per_year=request.false_alarms)
        made = replace(made, assess=replace(made.assess, detector=detector))
    return replace(made, voices=voices) if voices else made


def chosen(archive: Archive, request: WhatIfRequest) -> tuple[Asset, ...]:
    """The machines of a run. Raises Rejected when there is none."""
    found = tuple(
        asset
        for asset in archive.plant.assets
        if request.asset_class in ("", asset.asset_class) and (not request.assets or asset.id in request.assets)
    )
    if not found:
        raise Rejected("whatif_assets", "no machine is of that class and name")
    return found


def what_if(
    archive: Archive,
    today: Setup,
    request: WhatIfRequest,
    events: Sequence[SensorEvent] = (),
    voices: VoicesOf | None = None,
    progress: Progress = silent,
    cancelled: Callable[[], bool] = bool,
    notes: tuple[str, ...] = (),
) -> WhatIfReport:
    """Run it: today's settings, then the changed ones, over the same machines and moments.

    `voices`: who has a say in the changed run, such as the version that is tried (`versions_in_use.trial_of`); None: as
    today. Raises Rejected for what cannot be run, `whatif.Cancelled` when it was ended.
    """
    span = Span(request.since_us, request.until_us, request.every_h)
    setup, assets = changed(today, request, voices), chosen(archive, request)
    repairs = repairs_of(archive.orders, request.until_us)

    def played(from_share: float, what: str) -> Progress:
        return lambda share, doing: progress(from_share + share / 2, f"{doing}, {what}")

    before = replay(archive, assets, today, span, repairs, events, played(0.0, "as today"), cancelled)
    after = replay(archive, assets, setup, span, repairs, events, played(0.5, "changed"), cancelled)
    real = decided(archive.orders.orders(limit=EVERY_ORDER, evidence=False), span, repairs)
    names = tuple(asset.id for asset in assets)
    return report_of(request.change, request.model, span, names, before, after, real, repairs, notes)
