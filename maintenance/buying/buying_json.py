"""Bodies of the tables of buying: values to JSON and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from forewarn.core.quotes import Need, PriceBreak, Quote, RfqLine, Supplier
from forewarn.core.work import Json
from forewarn.maintenance.evidence import canonical, plain, plain_object

SUPPLIER_FIELDS = ("name", "email", "contact", "active", "note")


def supplier_body(supplier: Supplier) -> str:
    """What a supplier keeps beside id and revision."""
    return canonical({name: getattr(supplier, name) for name in SUPPLIER_FIELDS})


def supplier_from(id: str, revision: int, body: str) -> Supplier:
    """The inverse."""
    return Supplier(id=id, revision=revision, **json.loads(body))


def needs_from(told: Iterable[dict[str, Any]]) -> tuple[Need, ...]:
    """The inverse of `plain` of needs."""
    return tuple(Need(**one) for one in told)


def rfq_lines_from(told: Iterable[dict[str, Any]]) -> tuple[RfqLine, ...]:
    """The inverse of `plain` of lines of a request."""
    return tuple(
        RfqLine(**{**one, "needs": needs_from(one["needs"]), "proposals": tuple(one["proposals"])}) for one in told
    )


def quote_body(quote: Quote) -> str:
    """All of a quote."""
    return canonical(plain_object(quote))


def quote_from(body: str) -> Quote:
    """The inverse."""
    told = json.loads(body)
    return Quote(**{**told, "prices": tuple(PriceBreak(**one) for one in told["prices"])})


def differing(before: object, after: object) -> tuple[Json, Json]:
    """Fields of two dataclasses that differ, as they were and as they became; before None: all of `after`."""
    became = plain_object(after)
    was = plain_object(before) if before is not None else {}
    names = [name for name in became if was.get(name) != became[name]]
    return {name: was[name] for name in names if name in was}, {name: became[name] for name in names}


def as_json(value: object) -> str:
    """Canonical JSON of anything that `plain` knows."""
    return canonical(plain(value))
