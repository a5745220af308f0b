"""Routes of people: who there is, from a form or a file, and what each has to do. A change needs `If-Match` with the
revision (0 for somebody new) and may carry an `Idempotency-Key`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Response

from forewarn.api import views_people
from forewarn.api.auth import Caller
from forewarn.api.people_desk import PeopleDesk
from forewarn.api.problems import Stale
from forewarn.api.routes_orders import Key, revision_of
from forewarn.api.schemas_people import DayOut, ImportedOut, PeopleFileIn, PersonIn, PersonOut, StandingOut
from forewarn.api.state import Plantroom, Room
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.core.ports import Actor
from forewarn.maintenance.people.desk import Document
from forewarn.maintenance.people.people_file import people_of
from forewarn.maintenance.people.plain_people import moment_us, person_from
from forewarn.maintenance.people.walk import length_of, walking_order

router = APIRouter(prefix="/api/people")
IfMatch = Annotated[str | None, Header()]


def desk_of(room: Plantroom) -> PeopleDesk:
    """The desk of people, or 503 where there is none."""
    if room.people is None:
        raise HTTPException(503, "This server keeps no people")
    return room.people


def once(room: Plantroom, key: str | None, caller: Actor, request: str, act: Callable[[], tuple[int, str]]) -> None:
    """Act; with a key only once."""
    if key is None:
        act()
    else:
        room.idempotent(key, caller.name, hashlib.sha256(request.encode()).hexdigest(), act)


def fresh(document: Document | None, what: str, revision: int) -> None:
    """412 when somebody changed it since it was read."""
    now = document.revision if document is not None else 0
    if now != revision:
        raise Stale(f"{what} is at revision {now}, you sent {revision}")


@router.get("")
def get_people(room: Room, _: Caller, active: bool | None = None) -> list[PersonOut]:
    """Everybody, by id; `active`: only those who are, or are not."""
    told = [views_people.person_out(document) for document in desk_of(room).book.documents("person")]
    return [person for person in told if active in (None, person.active)]


@router.post("/import")
def post_import(body: PeopleFileIn, room: Room, caller: Caller, key: Key = None) -> ImportedOut:
    """Take in a people file: all of it or, with 422 and the line, nothing. People that it does not name stay."""
    desk, people = desk_of(room), people_of(body.text, body.kind)
    told = {"added": 0, "changed": 0, "unchanged": len(people)}

    def act() -> tuple[int, str]:
        told.update(desk.book.save_people(people, caller, room.now_us()))
        return 200, "imported"

    once(room, key, caller, f"people|{body.model_dump_json()}", act)
    return ImportedOut(**told)


@router.get("/{id}")
def get_person(id: str, room: Room, _: Caller, response: Response) -> PersonOut:
    """One person; `ETag` is the revision."""
    document = known_person(room, id)
    response.headers["ETag"] = f'"{document.revision}"'
    return views_people.person_out(document)


@router.put("/{id}")
def put_person(
    id: str,
    body: PersonIn,
    room: Room,
    caller: Caller,
    response: Response,
    if_match: IfMatch = None,
    key: Key = None,
) -> PersonOut:
    """Add somebody (`If-Match: "0"`) or change them. 428 without `If-Match`, 412 when somebody was faster, 422 with
    what to write. Who leaves is set to not `active`; nobody is deleted."""
    desk, revision = desk_of(room), revision_of(if_match)
    if not 1 <= len(id) <= 100 or "\x00" in id:
        raise Rejected("person", "an id has 1 to 100 letters")
    person = views_people.person_in(id, body)

    def act() -> tuple[int, str]:
        fresh(desk.book.document("person", id), id, revision)
        desk.book.save_person(person, caller, revision, room.now_us())
        return 200, id

    once(room, key, caller, f"person|{id}|{revision}|{body.model_dump_json()}", act)
    return get_person(id, room, caller, response)


@router.get("/{id}/week")
def get_week(id: str, room: Room, _: Caller) -> StandingOut:
    """What is planned for somebody, past and to come."""
    known_person(room, id)
    return views_people.standing_out(desk_of(room), id)


@router.post("/{id}/seen")
def post_seen(id: str, room: Room, caller: Caller) -> StandingOut:
    """Somebody has looked at their week: what they saw is moved only when that is worth more than the change."""
    known_person(room, id)
    desk_of(room).book.see(id, caller, room.now_us())
    return views_people.standing_out(desk_of(room), id)


@router.get("/{id}/walk")
def get_walk(id: str, room: Room, _: Caller, day: date) -> DayOut:
    """The orders of a person on a local day in the order of the shortest walk from their place and back."""
    desk = desk_of(room)
    person = person_from(known_person(room, id).body)
    from_us = moment_us(day.isoformat(), person.shifts.zone)
    names = views_people.Names(desk)
    kept = [
        a for a in desk.book.schedule().assignments if a.person == id and from_us <= a.start_us < from_us + US_PER_DAY
    ]
    told = [views_people.kept_out(names, a) for a in kept]
    places = [one.place for one in told]
    way = walking_order(person.place, places, _apart)
    length = length_of(person.place, places, way, _apart) if way else 0.0
    return DayOut(person=id, day=day, orders=[told[n] for n in way], length=length)


def _apart(a: str, b: str) -> float:
    """Areas are one apart: the plant file knows no map."""
    return 0.0 if a == b else 1.0


def known_person(room: Plantroom, id: str) -> Document:
    """The person as kept, or 404."""
    document = desk_of(room).book.document("person", id) if "\x00" not in id else None
    if document is None:
        raise HTTPException(404, f"There is nobody called {id!r}")
    return document
