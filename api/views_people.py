"""From people, plans and schedules to the shapes of `api.schemas_people`, and back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from forewarn.api.people_desk import PeopleDesk, Proposal, Wish
from forewarn.api.routes_departments import at_us
from forewarn.api.schemas_people import (
    AssignmentShape,
    KeptOut,
    LeftOut,
    MoreIn,
    OpportunityOut,
    OutageIn,
    OutageOut,
    PersonIn,
    PersonOut,
    PlanOut,
    StandingOut,
    WishIn,
    WorkListOut,
)
from forewarn.api.views import moment
from forewarn.core.people import SkillNeed, Technician
from forewarn.maintenance.people.desk import Document, KeptAssignment
from forewarn.maintenance.people.from_orders import MoreOfJob
from forewarn.maintenance.people.opportunities import Opportunity, Outage, WorkList, outage_from
from forewarn.maintenance.people.plain_people import person_from
from forewarn.maintenance.people.problem import Assignment
from forewarn.maintenance.people.reasons import changes

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def person_out(document: Document) -> PersonOut:
    """A person as kept."""
    told = cast(dict[str, Any], document.body)
    return PersonOut.model_validate(
        {**told, "revision": document.revision, "changed_at": moment(document.changed_at_us)}
    )


def person_in(id: str, body: PersonIn) -> Technician:
    """A person from a form. Raises Rejected with what to write."""
    return person_from({"id": id, **body.model_dump(mode="json", by_alias=True)})


def wish_in(body: WishIn) -> Wish:
    """What is to be planned."""
    return Wish(at_us(body.from_), at_us(body.to), body.frozen_h, body.slot_min)


def more_in(told: Mapping[str, MoreIn]) -> dict[str, MoreOfJob]:
    """What a caller knows of orders besides, by number."""
    return {number: _more(one) for number, one in told.items()}


def _more(one: MoreIn) -> MoreOfJob:
    return MoreOfJob(
        one.hours,
        one.crew,
        None if one.needs is None else tuple(SkillNeed(need.skill, need.level) for need in one.needs),
        at_us(one.not_before) if one.not_before else 0,
        at_us(one.parts_at) if one.parts_at else None,
        None if one.windows is None else tuple((at_us(w.from_), at_us(w.to)) for w in one.windows),
        at_us(one.due) if one.due else None,
    )


def plan_out(desk: PeopleDesk, proposal: Proposal) -> PlanOut:
    """A proposal, its orders by number."""
    plan, numbers = proposal.plan, Names(desk)
    return PlanOut(
        revision=proposal.revision,
        assignments=[_assignment(numbers, a, plan.reasons[a.job]) for a in plan.assignments],
        left_out=[LeftOut(order=numbers.number(id), reason=plan.reasons[id]) for id in plan.left_out],
        kept=[_assignment(numbers, a, "stays as it is") for a in proposal.kept],
        cost=plan.cost,
        bound=plan.bound,
        gap=plan.gap if math.isfinite(plan.gap) else None,
        lateness=plan.lateness,
        greedy_lateness=plan.greedy_lateness,
        seconds=plan.seconds,
        stopped=plan.stopped,
        changes=[numbers.spoken(text) for text in changes(proposal.problem, plan.assignments)],
    )


def assignments_in(desk: PeopleDesk, told: Sequence[AssignmentShape]) -> tuple[list[Assignment], dict[str, str]]:
    """Assignments by id of order, and their reasons."""
    names = Names(desk)
    found = [
        (Assignment(names.id(a.order), tuple(sorted(a.crew)), at_us(a.from_), at_us(a.to)), a.reason) for a in told
    ]
    return [a for a, _ in found], {a.job: reason for a, reason in found}


class Names:
    """Numbers and titles of open orders by id; an order that is no longer open is looked up by itself."""

    def __init__(self, desk: PeopleDesk) -> None:
        self._desk = desk
        self._orders = {order.id: order for order in desk.open_orders()}
        self._ids = {order.number: order.id for order in self._orders.values()}

    def id(self, name: str) -> str:
        """The id of a number, or the name as it is."""
        return self._ids.get(name, name)

    def number(self, id: str) -> str:
        """The number of an order, or its id where there is none."""
        return self.order(id)[0]

    def order(self, id: str) -> tuple[str, str, str]:
        """Number, title and place of an order."""
        order = self._orders.get(id) or self._desk.orders.order(id)
        if order is None:
            return id, "", ""
        asset = self._desk.room.plant.asset(order.asset)
        return order.number, order.title, asset.area if asset else ""

    def spoken(self, text: str) -> str:
        """A sentence with numbers in place of ids."""
        return ID.sub(lambda found: self.number(found[0]), text)


def _assignment(names: Names, one: Assignment, reason: str) -> AssignmentShape:
    start, stop = moment(one.start_us), moment(one.stop_us)
    return AssignmentShape(
        order=names.number(one.job), crew=list(one.crew), from_=start, to=stop, reason=names.spoken(reason)
    )


def standing_out(desk: PeopleDesk, person: str | None = None) -> StandingOut:
    """The schedule in force, or what of it concerns one person."""
    schedule, names = desk.book.schedule(), Names(desk)
    told = [kept_out(names, a) for a in schedule.assignments if person in (None, a.person)]
    lateness = schedule.summary.get("lateness")
    return StandingOut(
        revision=schedule.revision,
        changed_at=moment(schedule.changed_at_us) if schedule.revision else None,
        lateness=float(lateness) if isinstance(lateness, int | float) else None,
        assignments=told,
    )


def kept_out(names: Names, one: KeptAssignment) -> KeptOut:
    """One person at one order."""
    number, title, place = names.order(one.order_id)
    return KeptOut(
        order=one.order_id,
        number=number,
        title=title,
        place=place,
        person=one.person,
        from_=moment(one.start_us),
        to=moment(one.stop_us),
        seen=one.seen,
        revision=one.revision,
        reason=one.reason,
    )


def opportunity_out(names: Names, one: Opportunity) -> OpportunityOut:
    """An open order and a stop."""
    number, title, _ = names.order(one.job)
    return OpportunityOut(
        order=one.job,
        number=number,
        title=title,
        fits=one.fits,
        why=one.why,
        worth=one.worth,
        crew=list(one.crew),
        start=_or_none(one.start_us),
        stop=_or_none(one.stop_us),
    )


def _or_none(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def outage_out(document: Document) -> OutageOut:
    """An outage as kept."""
    outage = outage_from(document.id, document.body)
    return OutageOut(
        id=document.id,
        name=outage.name,
        from_=moment(outage.from_us),
        to=moment(outage.to_us),
        assets=sorted(outage.assets),
        orders=list(outage.orders),
        revision=document.revision,
        changed_at=moment(document.changed_at_us),
    )


def outage_in(id: str, body: OutageIn) -> Outage:
    """An outage from a form."""
    orders = tuple(dict.fromkeys(body.orders))
    return Outage(id, body.name, at_us(body.from_), at_us(body.to), frozenset(body.assets), orders)


def work_list_out(desk: PeopleDesk, told: WorkList) -> WorkListOut:
    """What of an outage fits."""
    names = Names(desk)
    return WorkListOut(
        outage=told.outage.id,
        fits=[_assignment(names, a, told.reasons[a.job]) for a in told.plan],
        misfits=[LeftOut(order=names.number(id), reason=told.reasons[id]) for id in told.misfits],
    )
