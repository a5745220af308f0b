"""Use cases from a need to a chosen quote. Each runs inside one transaction of its rows, with audit row and message.

Audit rows stand under `supplier:ID`, `proposal:NUMBER` and `rfq:ID`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from forewarn.core.buying import ON_ORDER, Pipeline, PurchaseLine, PurchaseOrder, PurchaseStatus
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.ports import Actor
from forewarn.core.quotes import (
    AskedSupplier,
    Need,
    Proposal,
    ProposalState,
    Quote,
    Rfq,
    RfqLine,
    RfqState,
    Supplier,
)
from forewarn.core.work import Json
from forewarn.maintenance.buying.letters import rfq_csv, rfq_text
from forewarn.maintenance.buying.purchase_rows import BuyingRows
from forewarn.maintenance.orders.costs import CostRules, money

NewId = Callable[[], str]
REORDER = "reorder"
"""Key of what the reorder rule asks for. It knows what is on order already; other needs do not."""

NOBODY = "nobody needs it now"
IN_HAND = (ProposalState.APPROVED, ProposalState.ASKED)
NOT_ENDED = tuple(s for s in PurchaseStatus if s not in (PurchaseStatus.CLOSED, PurchaseStatus.CANCELLED))


def take_supplier(store: BuyingRows, supplier: Supplier, actor: Actor, revision: int, at_us: int) -> Supplier:
    """Keep a supplier: a new one at revision 0, else at the revision that was read. The same again writes nothing."""
    before = store.supplier(supplier.id)
    found = before.revision if before else 0
    if revision != found:
        raise Conflict(f"the supplier {supplier.id} is at revision {found}, not {revision}: read it again")
    if before is not None and replace(supplier, revision=found) == before:
        return before
    kept = replace(supplier, revision=found + 1)
    store.keep_supplier(kept, at_us)
    seq = store.record(at_us, actor, f"supplier:{kept.id}", "changed" if before else "made", before, kept)
    store.post("purchase.supplier", {"supplier": kept.id, "revision": kept.revision, "audit": seq}, at_us)
    return kept


def take_need(store: BuyingRows, part: str, need: Need, actor: Actor, at_us: int) -> Proposal | None:
    """Let a need join the open proposal of its part, or open one. The same need told again changes nothing; told with
    another quantity it takes the new one. What is bought for the same key already is subtracted. None: nothing is left
    to buy."""
    if not part.strip() or len(part) > 200:
        raise Rejected("part_id", "name the part, in 1 to 200 letters")
    opened = next(iter(store.proposals(part, [ProposalState.OPEN])), None)
    left = need.quantity - _covered(store, part, need.key)
    wanted = () if left <= 0 else (replace(need, quantity=left),)
    if opened is None:
        return _new_proposal(store, part, wanted, actor, at_us) if wanted else None
    needs = tuple(one for one in opened.needs if one.key != need.key) + wanted
    if set(needs) == set(opened.needs):
        return opened
    if not needs:
        return _changed(store, opened, actor, "dropped", at_us, state=ProposalState.DROPPED, note=NOBODY)
    return _changed(store, opened, actor, "merged", at_us, needs=needs)


def changes_by(store: BuyingRows, part: str, need: Need) -> bool:
    """Would telling this need change anything? For who tells many needs again and again, and mostly nothing is new."""
    left = need.quantity - _covered(store, part, need.key)
    opened = next(iter(store.proposals(part, [ProposalState.OPEN])), None)
    there = [one for one in opened.needs if one.key == need.key] if opened is not None else []
    return there != ([replace(need, quantity=left)] if left > 0 else [])


def take_need_back(store: BuyingRows, part: str, key: str, actor: Actor, at_us: int) -> Proposal | None:
    """Nobody needs it any more: out of the open proposal, None when it was not there. What is approved goes on."""
    opened = next(iter(store.proposals(part, [ProposalState.OPEN])), None)
    if opened is None or all(need.key != key for need in opened.needs):
        return None
    needs = tuple(need for need in opened.needs if need.key != key)
    if not needs:
        return _changed(store, opened, actor, "dropped", at_us, state=ProposalState.DROPPED, note=NOBODY)
    return _changed(store, opened, actor, "merged", at_us, needs=needs)


def _covered(store: BuyingRows, part: str, key: str) -> int:
    """Pieces that are bought for a key already."""
    proposed = sum(n.quantity for p in store.proposals(part, IN_HAND) for n in p.needs if n.key == key)
    statuses = (PurchaseStatus.DRAFT,) if key == REORDER else NOT_ENDED
    lines = (line for order in store.purchases(statuses, part=part) for line in order.lines if line.part == part)
    return proposed + sum(need.quantity for line in lines for need in line.needs if need.key == key)


def _new_proposal(store: BuyingRows, part: str, needs: tuple[Need, ...], actor: Actor, at_us: int) -> Proposal:
    made = store.add_proposal(Proposal(0, part, ProposalState.OPEN, needs, 1, at_us, at_us))
    _tell_proposal(store, None, made, actor, "proposed", at_us)
    return made


def take_proposal_step(
    store: BuyingRows,
    id: int,
    state: ProposalState,
    actor: Actor,
    revision: int,
    at_us: int,
    rules: CostRules,
    price: float,
    note: str = "",
) -> Proposal:
    """Approve a proposal within the limits of cost, or drop it for a reason. `price` of one piece, 0 when unknown."""
    before = known_proposal(store, id)
    if before.revision != revision:
        raise Conflict(f"the proposal {id} is at revision {before.revision}, not {revision}: read it again")
    if state not in before.allowed_actions or state not in (ProposalState.APPROVED, ProposalState.DROPPED):
        raise Conflict(f"the proposal {id} is {before.state}: it cannot become {state} by hand")
    if state is ProposalState.DROPPED:
        if not note.strip():
            raise Rejected("reason_needed", "who drops a proposal says why nothing is to be bought")
        return _changed(store, before, actor, "dropped", at_us, state=state, note=note)
    check_limit(rules, actor, round(price * before.quantity, 2), f"the proposal {id}")
    return _changed(store, before, actor, "approved", at_us, state=state, approved_by=actor.name, note=note)


def check_limit(rules: CostRules, actor: Actor, amount: float, what: str) -> None:
    """Raises Conflict, with who may, for an amount that the role of the actor may not approve."""
    mine = rules.limit_of(actor.role)
    if amount > mine:
        raise Conflict(
            f"{what} costs {money(amount, rules.currency)}; the role {actor.role} may approve up to"
            f" {money(mine, rules.currency)}: ask {rules.who_may(amount)}"
        )


def take_rfq(
    store: BuyingRows,
    proposals: Sequence[int],
    suppliers: Sequence[str],
    answer_by_us: int,
    actor: Actor,
    at_us: int,
    new_id: NewId,
    late_per_day: Mapping[str, float] | None = None,
    note: str = "",
) -> Rfq:
    """Ask suppliers for a price of approved proposals: one message with text and CSV for each of them."""
    if answer_by_us <= at_us:
        raise Rejected("answer_by", "answers are due at a time that is still to come")
    asked = [known_supplier(store, id) for id in dict.fromkeys(suppliers)]
    if not asked or any(not one.active for one in asked):
        gone = ", ".join(one.id for one in asked if not one.active)
        raise Rejected("rfq_suppliers", f"ask one or more active suppliers{f': {gone} is not' if gone else ''}")
    wanted = approved_of(store, proposals)
    lines = tuple(_rfq_line(part, of_part, late_per_day or {}) for part, of_part in wanted.items())
    told = tuple(AskedSupplier(one.id, at_us) for one in sorted(asked, key=lambda one: one.id))
    number = store.next_number("rfq", "RFQ")
    rfq = Rfq(new_id(), number, RfqState.OPEN, lines, told, answer_by_us, at_us, 1, note)
    store.keep_rfq(rfq)
    seq = store.record(at_us, actor, f"rfq:{rfq.id}", "asked", None, rfq)
    for one in asked:
        about: Json = {"rfq": rfq.id, "number": number, "supplier": one.id, "email": one.email, "audit": seq}
        body = {**about, "answer_by_us": answer_by_us, "text": rfq_text(rfq, one), "csv": rfq_csv(rfq)}
        store.post("purchase.asked", body, at_us)
    for proposal in (p for of_part in wanted.values() for p in of_part):
        _changed(store, proposal, actor, "asked", at_us, state=ProposalState.ASKED, rfq=rfq.id)
    return rfq


def _rfq_line(part: str, proposals: Sequence[Proposal], late_per_day: Mapping[str, float]) -> RfqLine:
    needs = tuple(need for proposal in proposals for need in proposal.needs)
    return RfqLine(part, needs, tuple(p.id for p in proposals), late_per_day.get(part, 0.0))


def approved_of(store: BuyingRows, ids: Sequence[int]) -> dict[str, list[Proposal]]:
    """Approved proposals by part. Raises Conflict for one that is in another state, Rejected for none."""
    found: dict[str, list[Proposal]] = {}
    for id in dict.fromkeys(ids):
        proposal = known_proposal(store, id)
        if proposal.state is not ProposalState.APPROVED:
            raise Conflict(f"the proposal {id} is {proposal.state}, not approved: approve it first")
        found.setdefault(proposal.part, []).append(proposal)
    if not found:
        raise Rejected("no_proposals", "name one or more approved proposals")
    return found


def take_quote(store: BuyingRows, quote: Quote, actor: Actor, currency: str) -> Rfq:
    """Note the answer of a supplier who was asked; a later one replaces it in the comparison."""
    rfq = open_rfq(store, quote.rfq)
    quote = replace(quote, rfq=rfq.id)
    if quote.currency != currency:
        raise Rejected("quote_currency", f"quotes are kept in {currency}; turn {quote.currency} into it, and note how")
    line = rfq.line(quote.part)
    if line is None:
        raise Rejected("quote_part", f"{rfq.number} does not ask for {quote.part}")
    if line.chosen is not None:
        raise Conflict(f"{quote.part} of {rfq.number} is ordered from {line.chosen} already")
    store.add_quote(quote)
    return _answered(store, rfq, quote.supplier, actor, "quoted", quote.at_us, quote)


def take_decline(store: BuyingRows, rfq_id: str, supplier: str, actor: Actor, at_us: int) -> Rfq:
    """A supplier who was asked does not offer."""
    return _answered(store, open_rfq(store, rfq_id), supplier, actor, "declined", at_us, None)


def _answered(
    store: BuyingRows, rfq: Rfq, supplier: str, actor: Actor, action: str, at_us: int, told: Quote | None
) -> Rfq:
    before = next((one for one in rfq.asked if one.supplier == supplier), None)
    if before is None:
        raise Rejected("quote_supplier", f"{supplier} was not asked in {rfq.number}")
    first_us = before.answered_at_us if before.answered_at_us is not None else at_us
    answer = replace(before, answered_at_us=first_us, declined=action == "declined")
    asked = tuple(answer if one.supplier == supplier else one for one in rfq.asked)
    kept = replace(rfq, asked=asked, revision=rfq.revision + 1)
    store.keep_rfq(kept)
    seq = store.record(at_us, actor, f"rfq:{rfq.id}", action, None if told else before, told or answer)
    body: Json = {"rfq": rfq.id, "number": rfq.number, "supplier": supplier, "audit": seq}
    store.post(f"purchase.{action}", body, at_us)
    return kept


def take_rfq_end(store: BuyingRows, rfq_id: str, actor: Actor, at_us: int, reason: str) -> Rfq:
    """Cancel a request; what is not ordered yet is approved again, to be asked for elsewhere."""
    rfq = open_rfq(store, rfq_id)
    if not reason.strip():
        raise Rejected("reason_needed", "who cancels a request says why")
    kept = replace(rfq, state=RfqState.CANCELLED, revision=rfq.revision + 1, note=reason)
    store.keep_rfq(kept)
    seq = store.record(at_us, actor, f"rfq:{rfq.id}", "cancelled", rfq, kept)
    for id in (id for line in rfq.lines if line.chosen is None for id in line.proposals):
        _changed(store, known_proposal(store, id), actor, "free again", at_us, state=ProposalState.APPROVED, rfq=None)
    told = [one.supplier for one in rfq.asked]
    store.post("purchase.rfq_cancelled", {"rfq": rfq.id, "suppliers": told, "why": reason, "audit": seq}, at_us)
    return kept


def choose_line(
    store: BuyingRows, rfq: Rfq, part: str, supplier: str, purchase: str, actor: Actor, why: str, at_us: int
) -> Rfq:
    """Note which supplier a part is bought from; with the last one the request is decided."""
    lines = tuple(replace(line, chosen=supplier) if line.part == part else line for line in rfq.lines)
    decided = all(line.chosen is not None for line in lines)
    state = RfqState.DECIDED if decided else RfqState.OPEN
    kept = replace(rfq, lines=lines, state=state, revision=rfq.revision + 1)
    store.keep_rfq(kept)
    chosen: Json = {"part": part, "supplier": supplier, "purchase": purchase, "why": why}
    seq = store.record_json(at_us, actor, f"rfq:{rfq.id}", "chosen", {}, chosen)
    store.post("purchase.chosen", {"rfq": rfq.id, "number": rfq.number, **chosen, "audit": seq}, at_us)
    return kept


def ordered(store: BuyingRows, ids: Sequence[int], purchase: PurchaseOrder, actor: Actor, at_us: int) -> None:
    """Proposals that went onto a purchase order."""
    for id in ids:
        before = known_proposal(store, id)
        _changed(store, before, actor, "ordered", at_us, state=ProposalState.ORDERED, purchase=purchase.id)


def needs_again(store: BuyingRows, lines: Sequence[PurchaseLine], actor: Actor, at_us: int) -> None:
    """Pieces that do not come after all go back to a proposal, with the needs behind them, the last ones first."""
    for line in lines:
        left = line.open
        for need in reversed(line.needs):
            count = min(left, need.quantity)
            if count:
                _ask_again(store, line.part, replace(need, quantity=count), actor, at_us)
            left -= count


def _ask_again(store: BuyingRows, part: str, need: Need, actor: Actor, at_us: int) -> None:
    opened = next(iter(store.proposals(part, [ProposalState.OPEN])), None)
    if opened is None:
        _new_proposal(store, part, (need,), actor, at_us)
        return
    same = next((one for one in opened.needs if one.key == need.key), None)
    more = need if same is None else replace(need, quantity=need.quantity + same.quantity)
    needs = (*(one for one in opened.needs if one.key != need.key), more)
    _changed(store, opened, actor, "merged", at_us, needs=needs)


def pipelines(store: BuyingRows, part: str | None = None) -> list[Pipeline]:
    """What is on its way, by part."""
    on_order: dict[str, int] = {}
    asked: dict[str, int] = {}
    for order in store.purchases((PurchaseStatus.DRAFT, *ON_ORDER), part=part):
        counts = asked if order.status is PurchaseStatus.DRAFT else on_order
        for line in order.lines:
            counts[line.part] = counts.get(line.part, 0) + line.open
    for proposal in store.proposals(part, [ProposalState.OPEN, *IN_HAND]):
        asked[proposal.part] = asked.get(proposal.part, 0) + proposal.quantity
    names = sorted(set(on_order) | set(asked)) if part is None else [part]
    return [Pipeline(name, on_order.get(name, 0), asked.get(name, 0)) for name in names]


def known_supplier(store: BuyingRows, id: str) -> Supplier:
    """The supplier. Raises Rejected when there is none."""
    found = store.supplier(id)
    if found is None:
        raise Rejected("unknown_supplier", f"there is no supplier {id}")
    return found


def known_proposal(store: BuyingRows, id: int) -> Proposal:
    """The proposal. Raises Rejected when there is none."""
    found = store.proposal(id)
    if found is None:
        raise Rejected("unknown_proposal", f"there is no proposal {id}")
    return found


def open_rfq(store: BuyingRows, id: str) -> Rfq:
    """The request. Raises Rejected when there is none, Conflict when it has ended."""
    found = store.rfq(id)
    if found is None:
        raise Rejected("unknown_rfq", f"there is no request for quotation {id}")
    if found.state is not RfqState.OPEN:
        raise Conflict(f"{found.number} is {found.state}: nothing more is taken for it")
    return found


def _changed(store: BuyingRows, before: Proposal, actor: Actor, action: str, at_us: int, **fields: object) -> Proposal:
    after = replace(before, revision=before.revision + 1, changed_at_us=at_us, **fields)  # type: ignore[arg-type]
    store.keep_proposal(after)
    _tell_proposal(store, before, after, actor, action, at_us)
    return after


def _tell_proposal(
    store: BuyingRows, before: Proposal | None, after: Proposal, actor: Actor, action: str, at_us: int
) -> None:
    seq = store.record(at_us, actor, f"proposal:{after.id}", action, before, after)
    told: Json = {"proposal": after.id, "part": after.part, "quantity": after.quantity, "state": after.state.value}
    store.post("purchase.proposal", {**told, "what": action, "audit": seq}, at_us)
