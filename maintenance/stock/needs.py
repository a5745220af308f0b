"""Who needs a part: fault plans, job plans, preventive plans and open orders, through kits and substitutes too. Pure.

This is the parts list of an asset and of a failure mode, and the check that stands before a part is called dead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.job_plans import JobPlan
from forewarn.core.plans import Plan
from forewarn.core.plant import Asset, PartLine, Plant
from forewarn.core.work import OrderKind, WorkOrder

BY_HAND = ""
"""The asset of a need that stands on no machine: a job plan that is taken only by hand."""


class Source(StrEnum):
    """What asks for the part."""

    FAULT = "fault plan"
    JOB = "job plan"
    PREVENTIVE = "preventive plan"
    ORDER = "open order"


@dataclass(frozen=True, slots=True)
class Need:
    """One reason to keep a part.

    `name`: the fault (`component:mechanism`), the id of the plan, or the number of the order. `asset` and its
    `criticality` (A, B, C; "" where no asset is named). `failure_modes`: ISO 14224 codes that it is for. `quantity`:
    pieces for one job. `via`: the kits, or the part that this one may replace, through which it is asked for.
    """

    part: str
    source: Source
    name: str
    asset: str
    criticality: str
    quantity: int
    failure_modes: tuple[str, ...] = ()
    via: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f" of {self.asset}" if self.asset else ""
        return f"{self.source} {self.name}{where}" + (f" (as {' in '.join(self.via)})" if self.via else "")


@dataclass(frozen=True, slots=True)
class Wants:
    """Everything that may ask for parts. `retired`: assets that are out of use, which need nothing any more.

    `kits`: what a kit is made of. `substitutes`: for a part those that may take its place.
    """

    plant: Plant
    job_plans: Sequence[JobPlan] = ()
    plans: Sequence[Plan] = ()
    orders: Sequence[WorkOrder] = ()
    kits: Mapping[str, Sequence[PartLine]] | None = None
    substitutes: Mapping[str, Sequence[str]] | None = None
    retired: Collection[str] = ()


def needs_of(wants: Wants) -> dict[str, tuple[Need, ...]]:
    """Needs by part; a part that nobody needs is not a key.

    >>> from forewarn.core.plant import FaultPlan
    >>> repair = FaultPlan(Fault("seal", "seal_leak"), "ELP", (PartLine("seal-kit"),))
    >>> pump = Asset("p1", "Pump", "pump", "s", "a", "A", faults=(repair,))
    >>> kits = {"seal-kit": [PartLine("o-ring", 2)]}
    >>> found = needs_of(Wants(Plant("works", (), (pump,)), kits=kits, substitutes={"o-ring": ["o-ring-fkm"]}))
    >>> [(part, need.quantity, str(need)) for part, needs in found.items() for need in needs]  # doctest: +ELLIPSIS
    [('o-ring', 2, 'fault plan seal:seal_leak of p1 (as seal-kit)'), ('o-ring-fkm', 2, ...), ('seal-kit', 1, ...)]
    >>> needs_of(Wants(Plant("works", (), (pump,)), retired={"p1"}))
    {}
    """
    in_use = [asset for asset in wants.plant.assets if asset.id not in wants.retired]
    direct = [*_of_faults(in_use), *_of_jobs(in_use, wants.job_plans)]
    direct += [*_of_plans(in_use, wants), *_of_orders(wants)]
    found: dict[str, dict[Need, None]] = {}
    for need in direct:
        for one in _also(need, wants.kits or {}, wants.substitutes or {}):
            found.setdefault(one.part, {})[one] = None
    return {part: tuple(found[part]) for part in sorted(found)}


def parts_of_asset(needs: Mapping[str, Sequence[Need]], asset: str, mode: str | None = None) -> dict[str, list[Need]]:
    """The parts list of an asset, of one failure mode where it is named; by part."""
    mine = {
        part: [need for need in all if need.asset == asset and (mode is None or mode in need.failure_modes)]
        for part, all in needs.items()
    }
    return {part: of for part, of in mine.items() if of}


def _of_faults(assets: Iterable[Asset]) -> Iterable[Need]:
    for asset in assets:
        for plan in asset.faults:
            for line in plan.parts:
                modes = (plan.failure_mode,)
                yield Need(line.part, Source.FAULT, str(plan.fault), asset.id, asset.criticality, line.quantity, modes)


def _of_jobs(assets: Sequence[Asset], plans: Iterable[JobPlan]) -> Iterable[Need]:
    for plan in plans:
        if plan.retired or not plan.parts:
            continue
        modes = (MECHANISMS[plan.mechanism].mode,) if plan.mechanism in MECHANISMS else ()
        if not (plan.kinds or plan.asset_class or plan.mechanism or plan.component):
            yield from (Need(line.part, Source.JOB, plan.id, BY_HAND, "", line.quantity) for line in plan.parts)
        for asset in assets:
            if _fits(plan, asset):
                yield from (
                    Need(line.part, Source.JOB, plan.id, asset.id, asset.criticality, line.quantity, modes)
                    for line in plan.parts
                )


def _fits(plan: JobPlan, asset: Asset) -> bool:
    """Could an order of this asset take the plan? One of its faults fits, or the plan names no fault at all."""
    faults: list[Fault | None] = [known.fault for known in asset.faults]
    kinds = plan.kinds or tuple(OrderKind)
    return any(plan.fit(kind, asset.asset_class, fault) > 0 for fault in [None, *faults] for kind in kinds)


def _of_plans(assets: Sequence[Asset], wants: Wants) -> Iterable[Need]:
    in_use, by_id = {asset.id for asset in assets}, {plan.id: plan for plan in wants.job_plans if not plan.retired}
    for plan in wants.plans:
        if not plan.active:
            continue
        job = by_id.get(plan.job_plan)
        for asset in plan.of(wants.plant):
            for line in (*plan.parts, *(job.parts if job else ())) if asset.id in in_use else ():
                yield Need(
                    line.part, Source.PREVENTIVE, plan.id, asset.id, asset.criticality, line.quantity,
                    plan.failure_modes,
                )  # fmt: skip


def _of_orders(wants: Wants) -> Iterable[Need]:
    """An order that is open keeps its parts, whatever became of its asset."""
    for order in wants.orders:
        asset = wants.plant.asset(order.asset)
        modes = tuple(dict.fromkeys(cause.failure_mode for cause in order.causes))
        for line in order.parts if order.is_open else ():
            criticality = asset.criticality if asset else ""
            yield Need(line.part, Source.ORDER, order.number, order.asset, criticality, line.quantity, modes)


def _also(
    need: Need, kits: Mapping[str, Sequence[PartLine]], substitutes: Mapping[str, Sequence[str]]
) -> Iterable[Need]:
    """The need itself, those of what a kit is made of, and those of what may take the place of each."""
    waiting, seen = [need], {need.part}
    while waiting:
        one = waiting.pop(0)
        yield one
        inside = [(line.part, line.quantity * one.quantity) for line in kits.get(one.part, ())]
        for part, quantity in [*inside, *((other, one.quantity) for other in substitutes.get(one.part, ()))]:
            if part not in seen:  # two parts may stand for each other
                seen.add(part)
                waiting.append(replace(one, part=part, quantity=quantity, via=(*one.via, one.part)))
