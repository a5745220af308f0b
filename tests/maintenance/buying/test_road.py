"""From a need to a received piece: the road of buying, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.buying import Invoice, NewReceiptLine, PurchaseStatus, ReceiptFault
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plant import PartLine
from forewarn.core.quotes import PriceBreak, ProposalState, Quote, RfqState, Supplier
from forewarn.core.stock import MoveReason, PartCard, PartKind, ReservationState
from forewarn.maintenance import outbox
from forewarn.maintenance.buying.life import Amendment, Inspection
from forewarn.maintenance.orders.costs import CostLimit, CostRules
from tests.maintenance.buying.world import BEARING, BEN, SEAL, World, days
from tests.maintenance.samples import ANN, NOW_US

S = PurchaseStatus


def test_the_whole_road_from_need_to_shelf(world: World) -> None:
    order = world.order()
    world.stock.reserve(order.id, [PartLine(BEARING, 2)], ANN, NOW_US)
    proposal = world.approved(2, key=f"order:{order.id}", order_id=order.id)
    rfq = world.asked(proposal)
    world.quoted(rfq, "acme", 30.0)
    world.quoted(rfq, "best", 25.0)
    [first, second] = world.buying.compare(rfq.id, BEARING, NOW_US)
    assert (first.quote.supplier, first.price, second.price) == ("best", 50.0, 60.0)
    draft = world.buying.choose(rfq.id, BEARING, "best", "", BEN, NOW_US)
    decided = world.buying.rfq(rfq.number)
    assert decided is not None
    assert (draft.number, draft.status, draft.total, decided.state) == ("PO-000001", S.DRAFT, 50.0, RfqState.DECIDED)
    approved = world.buying.act(draft.id, S.APPROVED, ANN, 1, NOW_US)
    sent = world.buying.act(draft.id, S.SENT, BEN, approved.revision, NOW_US)
    assert sent.lines[0].due_us == days(9)
    confirmed = world.buying.confirm(sent.id, {1: days(6)}, BEN, sent.revision, NOW_US)
    assert (confirmed.status, confirmed.lines[0].promised_us) == (S.CONFIRMED, days(6))
    [owed] = world.stock.on_order(BEARING)
    assert (owed.quantity, owed.due_us, owed.text) == (2, days(6), "PO-000001 of best, line 1")
    received, receipt = world.came(confirmed, 2, at_us=days(6))
    assert (received.status, received.lines[0].accepted, receipt.lines[0].counted) == (S.RECEIVED, 2, 2)
    assert [r.state for r in world.stock.reservations(order.id)] == [ReservationState.HELD]
    assert world.stock.on_order(BEARING) == []
    closed = world.buying.act(received.id, S.CLOSED, BEN, received.revision, days(7))
    assert closed.allowed_actions == ()
    assert [row["action"] for row in world.buying.history(f"purchase:{draft.id}")] == [
        *("drafted", "approved", "sent", "confirmed", "received", "closed")
    ]
    assert world.kinds() == [
        *("purchase.supplier", "purchase.supplier", "purchase.proposal", "purchase.proposal"),
        *("purchase.asked", "purchase.asked", "purchase.proposal", "purchase.quoted", "purchase.quoted"),
        *("purchase.drafted", "purchase.chosen", "purchase.proposal", "purchase.approved", "purchase.sent"),
        *("purchase.confirmed", "purchase.received", "purchase.closed"),
    ]


def test_needs_of_a_part_become_one_proposal_and_the_same_need_told_again_changes_nothing(world: World) -> None:
    first = world.buying.propose(BEARING, world.need(4, "reorder"), ANN, NOW_US)
    both = world.buying.propose(BEARING, world.need(2, "order:a", needed_by_us=days(2)), ANN, NOW_US)
    again = world.buying.propose(BEARING, world.need(2, "order:a", needed_by_us=days(2)), ANN, NOW_US)
    other = world.buying.propose(SEAL, world.need(1), ANN, NOW_US)
    assert first is not None
    assert both is not None
    assert other is not None
    assert (both.id, both.quantity, both.needed_by_us) == (first.id, 6, days(2))
    assert again == both
    assert other.id != first.id
    fewer = world.buying.propose(BEARING, world.need(3, "reorder"), ANN, NOW_US)
    assert fewer is not None
    assert fewer.quantity == 5


def test_what_is_bought_for_a_need_already_is_not_asked_for_again(quick: World) -> None:
    order = quick.sent(3, key="order:a")
    assert quick.buying.propose(BEARING, quick.need(3, "order:a"), ANN, NOW_US) is None
    more = quick.buying.propose(BEARING, quick.need(5, "order:a"), ANN, NOW_US)
    assert more is not None
    assert more.quantity == 2
    [pipeline] = quick.buying.pipelines(BEARING)
    assert (pipeline.on_order, pipeline.asked) == (3, 2)
    assert order.open_pieces == 3


def test_a_proposal_is_approved_within_the_limits_of_cost_only(quick: World) -> None:
    quick.rules = CostRules(limits=(CostLimit("planner", 100.0), CostLimit("manager", None)))
    opened = quick.buying.propose(BEARING, quick.need(4), ANN, NOW_US)
    assert opened is not None
    with pytest.raises(Conflict, match=r"costs 120.00 EUR.*ask manager"):
        quick.buying.settle_proposal(opened.id, ProposalState.APPROVED, ANN, 1, NOW_US)
    boss = replace(ANN, role="manager")
    assert quick.buying.settle_proposal(opened.id, ProposalState.APPROVED, boss, 1, NOW_US).approved_by == "ann"
    with pytest.raises(Conflict, match="revision 2, not 1"):
        quick.buying.settle_proposal(opened.id, ProposalState.DROPPED, ANN, 1, NOW_US, "no")


def test_a_purchase_order_above_the_limit_of_a_role_waits_for_another(quick: World) -> None:
    draft = quick.drafted(4)
    quick.rules = CostRules(limits=(CostLimit("planner", 100.0), CostLimit("manager", None)))
    with pytest.raises(Conflict, match="ask manager"):
        quick.buying.act(draft.id, S.APPROVED, ANN, 1, NOW_US)
    cheaper = quick.buying.amend(draft.id, [Amendment(1, unit_price=20.0)], BEN, 1, NOW_US)
    assert quick.buying.act(draft.id, S.APPROVED, ANN, cheaper.revision, NOW_US).status is S.APPROVED


def test_a_supplier_is_changed_at_the_revision_that_was_read(world: World) -> None:
    new = Supplier("acme", "Acme Ltd")
    with pytest.raises(Conflict, match="revision 1, not 0"):
        world.buying.save_supplier(new, ANN, NOW_US)
    assert world.buying.save_supplier(new, ANN, NOW_US, 1).revision == 2
    assert world.buying.save_supplier(new, ANN, NOW_US, 2).revision == 2
    assert [one.id for one in world.buying.suppliers()] == ["acme", "best"]


def test_a_quote_is_taken_only_from_who_was_asked_and_in_the_currency_of_the_plant(quick: World) -> None:
    rfq = quick.asked(quick.approved(), suppliers=["acme"])
    with pytest.raises(Rejected, match="best was not asked"):
        quick.quoted(rfq, "best")
    with pytest.raises(Rejected, match="quotes are kept in EUR"):
        quick.quoted(rfq, "acme", currency="USD")
    with pytest.raises(Rejected, match="does not ask for"):
        quick.quoted(rfq, "acme", part=SEAL)
    quick.quoted(rfq, "acme", valid_until_us=days(-1))
    with pytest.raises(Conflict, match="has run out"):
        quick.buying.choose(rfq.id, BEARING, "acme", "", BEN, NOW_US)
    quick.quoted(rfq, "acme", 33.0)
    [offer] = quick.buying.compare(rfq.id, BEARING, NOW_US)
    assert offer.unit_price == 33.0


def test_two_parts_of_one_request_and_supplier_share_a_purchase_order(world: World) -> None:
    rfq = world.asked(world.approved(), world.approved(2, SEAL))
    world.quoted(rfq, "acme", 30.0, freight=10.0)
    world.quoted(rfq, "acme", 12.0, SEAL, prices=(PriceBreak(1, 12.0), PriceBreak(3, 7.0)))
    world.buying.choose(rfq.id, BEARING, "acme", "", BEN, NOW_US)
    both = world.buying.choose(rfq.id, SEAL, "acme", "near by", BEN, NOW_US)
    assert [(line.part, line.quantity, line.unit_price) for line in both.lines] == [(BEARING, 4, 30.0), (SEAL, 3, 7.0)]
    assert (both.total, both.freight) == (151.0, 10.0)
    assert "Chosen because: near by" in both.why
    with pytest.raises(Conflict, match="decided"):
        world.quoted(rfq, "acme")


def test_a_cancelled_request_lets_its_proposals_be_asked_for_again(quick: World) -> None:
    proposal = quick.approved()
    rfq = quick.asked(proposal)
    with pytest.raises(Conflict, match="asked, not approved"):
        quick.asked(proposal)
    quick.buying.decline(rfq.id, "acme", BEN, NOW_US)
    assert quick.buying.end_rfq(rfq.id, BEN, NOW_US, "no answers").state is RfqState.CANCELLED
    assert quick.asked(proposal).number == "RFQ-000002"


def test_every_pieces_place_is_said_and_the_books_agree(world: World) -> None:
    sent = world.sent(10)
    order, receipt = world.came(sent, 5, accepted=2, quarantined=2, returned=1, fault=ReceiptFault.DAMAGED)
    line = order.lines[0]
    assert (order.status, line.accepted, line.quarantined, line.returned, line.open) == (S.PARTLY, 2, 2, 1, 6)
    level = world.stock.level(BEARING, NOW_US)
    assert (level.on_hand, level.unusable) == (4, 2)
    told = Inspection(receipt.id, 1, accepted=1, returned=1)
    order, receipt = world.buying.inspect(order.id, told, BEN, order.revision, NOW_US)
    line = order.lines[0]
    assert (line.accepted, line.quarantined, line.returned, line.open) == (3, 0, 2, 7)
    assert (world.on_shelf(), world.stock.level(BEARING, NOW_US).unusable) == (3, 0)
    reasons = [move.reason for move in world.stock.moves(BEARING)]
    assert reasons == [MoveReason.TO_SUPPLIER, MoveReason.TRANSFER, MoveReason.RECEIPT, MoveReason.RECEIPT]
    order, _ = world.came(order, 7, "LS-2")
    assert (order.status, world.on_shelf()) == (S.RECEIVED, 10)


def test_a_delivery_note_is_received_once(world: World) -> None:
    sent = world.sent(10)
    first, receipt = world.came(sent, 4)
    again, same = world.came(sent, 4)
    assert (again.revision, same, world.on_shelf()) == (first.revision, receipt, 4)
    with pytest.raises(Conflict, match="received by ben already, with other pieces"):
        world.came(sent, 5)
    assert world.on_shelf() == 4


def test_too_many_pieces_stay_only_when_they_are_wanted(quick: World) -> None:
    sent = quick.sent(4)
    with pytest.raises(Rejected, match="2 more than the 4 that are open"):
        quick.came(sent, 6)
    kept, _ = quick.came(sent, 6, keep_surplus=True)
    assert (kept.status, quick.on_shelf()) == (S.RECEIVED, 6)
    other, _ = quick.came(quick.sent(4, key="b"), 6, accepted=4, returned=2, fault=ReceiptFault.TOO_MANY)
    assert (other.status, quick.on_shelf()) == (S.RECEIVED, 10)


def test_a_wrong_part_goes_to_quarantine_and_leaves_the_line_open(quick: World) -> None:
    sent = quick.sent(4)
    wrong = NewReceiptLine(SEAL, 4, quarantined=4, fault=ReceiptFault.WRONG_PART)
    order, receipt = quick.buying.receive(sent.id, "LS-1", [wrong], BEN, NOW_US)
    assert (order.status, order.open_pieces) == (S.SENT, 4)
    assert quick.stock.level(SEAL, NOW_US).unusable == 4
    with pytest.raises(Rejected, match="is not on the order"):
        NewReceiptLine(SEAL, 1, accepted=1)
    with pytest.raises(Rejected, match="make 3"):
        NewReceiptLine(SEAL, 4, accepted=3, line=1)
    quick.buying.inspect(order.id, Inspection(receipt.id, 1, returned=4), BEN, order.revision, NOW_US)
    assert quick.stock.level(SEAL, NOW_US).on_hand == 0


def test_an_order_is_not_closed_while_pieces_wait_in_quarantine(quick: World) -> None:
    order, receipt = quick.came(quick.sent(2), 2, accepted=0, quarantined=2)
    assert (order.status, order.allowed_actions) == (S.RECEIVED, ())
    back = Inspection(receipt.id, 1, returned=2)
    order, _ = quick.buying.inspect(order.id, back, BEN, order.revision, NOW_US)
    assert order.status is S.PARTLY
    closed = quick.buying.act(order.id, S.CLOSED, BEN, order.revision, NOW_US, "they are broke")
    assert closed.open_pieces == 0
    [opened] = quick.buying.proposals(BEARING, [ProposalState.OPEN])
    assert (opened.quantity, opened.needs[0].key) == (2, "hand")


def test_a_cancelled_order_gives_its_needs_back(world: World) -> None:
    sent = world.sent(4, key="order:a")
    with pytest.raises(Rejected, match="say why"):
        world.buying.act(sent.id, S.CANCELLED, BEN, sent.revision, NOW_US)
    world.buying.act(sent.id, S.CANCELLED, BEN, sent.revision, NOW_US, "too late")
    [opened] = world.buying.proposals(BEARING, [ProposalState.OPEN])
    assert (opened.quantity, opened.needs[0].key) == (4, "order:a")
    told = world.buying.propose(BEARING, world.need(4, "order:a"), ANN, NOW_US)
    assert told is not None
    assert told.quantity == 4
    [pipeline] = world.buying.pipelines(BEARING)
    assert (pipeline.on_order, pipeline.asked) == (0, 4)


def test_an_invoice_is_held_against_order_and_receipts_once(world: World) -> None:
    order, _ = world.came(world.sent(4), 3)
    right = Invoice("acme", "R-1", order.id, NOW_US, ((1, 3, 30.0),))
    assert world.buying.invoice(right, BEN) == []
    with pytest.raises(Conflict, match="R-1 of acme is there already"):
        world.buying.invoice(right, BEN)
    dear = Invoice("acme", "R-2", order.id, NOW_US, ((1, 1, 33.0),), freight=5.0)
    found = world.buying.invoice(dear, BEN)
    assert [(one.line, one.amount) for one in found] == [(1, 3.0), (1, 33.0), (None, 5.0)]
    assert world.kinds()[-2:] == ["purchase.invoiced", "purchase.invoice_differs"]


def test_steps_that_the_table_does_not_know_are_refused(quick: World) -> None:
    draft = quick.drafted(4)
    for status in (S.SENT, S.CONFIRMED, S.PARTLY, S.RECEIVED, S.CLOSED, S.DRAFT):
        with pytest.raises(Conflict, match="it may become APPROVED, CANCELLED"):
            quick.buying.act(draft.id, status, BEN, 1, NOW_US, "x")
    with pytest.raises(Conflict, match="goods are received once it is sent"):
        quick.came(draft, 1)
    with pytest.raises(Conflict, match="revision 1, not 7"):
        quick.buying.act(draft.id, S.APPROVED, BEN, 7, NOW_US)
    approved = quick.buying.act(draft.id, S.APPROVED, BEN, 1, NOW_US)
    with pytest.raises(Conflict, match="only a draft is changed"):
        quick.buying.amend(draft.id, [Amendment(1, 5)], BEN, approved.revision, NOW_US)


@pytest.mark.parametrize(
    ("prices", "p50", "p90"),
    [
        ((), 1, 2),
        ((PriceBreak(5, 1.0), PriceBreak(1, 2.0)), 1, 2),
        ((PriceBreak(1, -1.0),), 1, 2),
        ((PriceBreak(1, 1.0),), 3, 2),
    ],
)
def test_a_quote_that_does_not_fit_together_is_refused(prices: tuple[PriceBreak, ...], p50: float, p90: float) -> None:
    with pytest.raises(Rejected):
        Quote("r", "acme", BEARING, prices, NOW_US, p50, p90)


def test_pieces_with_serial_numbers_are_received_and_inspected_one_by_one(quick: World) -> None:
    quick.stock.save_card(PartCard("motor-7", kind=PartKind.ROTABLE, price=900.0), ANN, NOW_US)
    sent = quick.sent(3, part="motor-7")
    with pytest.raises(Rejected, match="one serial number for each piece"):
        quick.came(sent, 2, serials=("a",))
    with pytest.raises(Rejected, match="each with its serial number"):
        quick.came(sent, 2)
    order, receipt = quick.came(sent, 3, accepted=1, quarantined=2, serials=("a", "b", "c"))
    assert {one.serial: one.place for one in quick.stock.serials("motor-7")} == {
        "a": "main",
        "b": "quarantine",
        "c": "quarantine",
    }
    with pytest.raises(Rejected, match="serial numbers b, c"):
        quick.buying.inspect(order.id, Inspection(receipt.id, 1, 1, 0, ("a",)), BEN, order.revision, NOW_US)
    told = Inspection(receipt.id, 1, accepted=1, returned=1, serials=("c", "b"))
    order, receipt = quick.buying.inspect(order.id, told, BEN, order.revision, NOW_US)
    assert {one.serial: one.place for one in quick.stock.serials("motor-7")} == {
        "a": "main",
        "b": "@supplier",
        "c": "main",
    }
    assert (receipt.lines[0].serials, order.open_pieces) == ((), 1)


def test_a_batch_in_quarantine_is_the_one_that_is_inspected(quick: World) -> None:
    quick.stock.save_card(PartCard("grease", price=5.0, shelf_life_days=365.0), ANN, NOW_US)
    sent = quick.sent(10, part="grease")
    aside = {"accepted": 0, "quarantined": 4}
    order, first = quick.came(sent, 4, "LS-1", batch="A", expires_us=days(100), **aside)
    order, second = quick.came(order, 4, "LS-2", expires_us=days(200), **aside)
    assert (first.lines[0].batch, second.lines[0].batch != "") == ("A", True)
    order, _ = quick.buying.inspect(order.id, Inspection(second.id, 1, accepted=4), BEN, order.revision, NOW_US)
    assert {one.place: one.batch for one in quick.stock.balances("grease")} == {
        "main": second.lines[0].batch,
        "quarantine": "A",
    }


def test_an_overdue_delivery_is_told_once_for_each_date(world: World) -> None:
    sent = world.sent(4)
    assert world.buying.warn(days(9)) == []
    [(order, line)] = world.buying.warn(days(10))
    assert (order.number, line.open) == ("PO-000001", 4)
    assert world.buying.warn(days(11)) == []
    world.buying.confirm(sent.id, {1: days(12)}, BEN, sent.revision, days(11))
    assert len(world.buying.warn(days(13))) == 1
    after = world.buying.purchase(sent.id)
    assert after is not None
    world.came(after, 4, at_us=days(14))
    assert world.buying.warn(days(30)) == []
    told = [message for message in outbox.pending(world.records, 1000) if message.kind == "purchase.overdue"]
    assert [message.body["late_h"] for message in told] == [24.0, 24.0]
