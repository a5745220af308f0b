"""Reviews of reorder policies, what is to be ordered, and kept forecasts, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.api.demand_desk import DemandDesk
from forewarn.core.buying import NewReceiptLine, PurchaseStatus
from forewarn.core.clock import US_PER_DAY
from forewarn.core.demand import LineState, Window
from forewarn.core.errors import Conflict, Rejected
from forewarn.core.quotes import Need, PriceBreak, ProposalState, Quote, Supplier
from forewarn.maintenance.audit import verify_audit
from forewarn.maintenance.buying.desk import Terms as Agreed
from forewarn.maintenance.demand.desk import month_of, month_span
from forewarn.maintenance.demand.plain_demand import demand_json
from forewarn.maintenance.records import Records
from forewarn.pipeline.part_reviews import ReviewRules
from tests.maintenance.samples import ANN, NOW_US, forecast
from tests.pipeline.part_world import BEARING, LEAK, SEAL, PartWorld


@pytest.fixture
def world(any_records: Records) -> PartWorld:
    return PartWorld(any_records)


def reviewed(world: PartWorld, slot: str = "2027-01", now_us: int = NOW_US) -> dict[str, int]:
    """Hold a review; line of each part."""
    lines = world.reviews.hold(slot, ANN, now_us)
    assert lines is not None
    return {line.part: line.id for line in lines}


def test_the_month_is_reviewed_once_and_each_change_waits_for_a_person(world: PartWorld) -> None:
    world.spall("p101", 0.9)
    assert world.reviews.run_once(NOW_US) == len(world.plant.parts)
    assert world.reviews.run_once(NOW_US) == 0
    assert world.reviews.hold(month_of(NOW_US), ANN, NOW_US) is None
    assert world.book.policies() == {}
    lines = world.book.lines(state=LineState.PROPOSED)
    bearing = next(line for line in lines if line.part == BEARING)
    assert "outer-race spall, de_bearing of p101" in bearing.reviewed.text
    done = world.book.decide(bearing.id, True, ANN, "agreed", NOW_US)
    assert (done.state, done.decided_by) == (LineState.APPLIED, ANN.name)
    kept = world.book.policy(BEARING)
    assert kept is not None
    assert kept.standing.policy.numbers == bearing.reviewed.after.policy.numbers
    with pytest.raises(Conflict, match="applied"):
        world.book.decide(bearing.id, False, ANN, "", NOW_US)
    assert [row["action"] for row in world.book.history(BEARING)] == ["applied"]
    assert verify_audit(world.records) is None


def test_a_small_change_is_in_force_at_once_and_can_be_taken_back(world: PartWorld) -> None:
    world.consent = ReviewRules(at_once_below=1e9)
    ids = reviewed(world)
    assert set(world.book.policies()) == set(ids)
    world.spall("p101", 1.0, 20.0)
    again = reviewed(world, "by hand", NOW_US + 1)
    before, after = (world.book.policy(BEARING) for _ in range(2))
    assert before is not None
    assert after is not None
    assert after.revision == 2
    with pytest.raises(Conflict, match="changed again"):
        world.book.reverse(ids[BEARING], ANN, "", NOW_US + 2)
    back = world.book.reverse(again[BEARING], ANN, "not convinced", NOW_US + 2)
    kept = world.book.policy(BEARING)
    assert back.reviewed.before is not None
    assert kept is not None
    assert kept.revision == 3
    assert kept.standing.policy == back.reviewed.before.policy
    assert verify_audit(world.records) is None


def test_the_first_policy_taken_back_leaves_none(world: PartWorld) -> None:
    world.consent = ReviewRules(at_once_below=1e9)
    ids = reviewed(world)
    world.book.reverse(ids[BEARING], ANN, "", NOW_US)
    assert world.book.policy(BEARING) is None


def test_a_newer_review_overtakes_what_nobody_decided(world: PartWorld) -> None:
    first = reviewed(world)
    second = reviewed(world, "by hand", NOW_US + 1)
    old = world.book.line(first[BEARING])
    assert old is not None
    assert old.state is LineState.OVERTAKEN
    assert "by hand" in old.note
    world.book.decide(second[BEARING], False, ANN, "later", NOW_US)
    assert world.book.lines(state=LineState.PROPOSED, part=BEARING) == []


def test_a_review_says_which_trace_and_which_price_moved_it_and_by_how_much(world: PartWorld) -> None:
    world.consent = ReviewRules(at_once_below=1e9)
    reviewed(world)
    card = world.stock.card(SEAL)
    assert card is not None
    world.stock.save_card(replace(card, price=480.0), ANN, NOW_US, card.revision)
    world.assess("p101", (LEAK, 0.9, forecast(100.0, 300.0, 500.0, LEAK)))
    world.consent = ReviewRules()
    [line] = [one for one in world.reviews.preview(NOW_US + 1) if one.part == SEAL]
    steps = {step.name: step for step in line.steps}
    assert steps["price"].what == "price 240 -> 480 EUR"
    assert [(one.asset, one.cause) for one in steps["demand"].moved] == [("p101", str(LEAK))]
    assert steps["demand"].moved[0].by == pytest.approx(0.9 * 0.9, abs=0.02)
    assert line.before is not None
    moved = sum(step.up_to_after - step.up_to_before for step in line.steps)
    assert moved == line.after.policy.order_up_to - line.before.policy.order_up_to > 0


# what to order


def test_what_is_below_its_reorder_point_goes_to_the_buyers_once(world: PartWorld) -> None:
    desk = DemandDesk(world.reviews, world.book, world.buying)
    world.consent = ReviewRules(at_once_below=1e9)
    for asset in ("p101", "p102"):
        world.assess(asset, (LEAK, 1.0, forecast(100.0, 200.0, 300.0, LEAK)))
    reviewed(world)
    first = {one.part: one.quantity for one in desk.tell_buyers(ANN, NOW_US)}
    assert first[SEAL] >= 2
    assert {one.part: one.quantity for one in desk.tell_buyers(ANN, NOW_US)} == first  # its own wish is no supply
    [asked] = world.buying.proposals(SEAL)
    assert asked.quantity == first[SEAL]
    assert "reorder point" in asked.needs[0].why
    world.come(SEAL, 10, NOW_US)
    assert SEAL not in {one.part for one in desk.tell_buyers(ANN, NOW_US)}
    assert [one.state for one in world.buying.proposals(SEAL)] == [ProposalState.DROPPED]


def test_pieces_asked_for_an_order_count_as_coming(world: PartWorld) -> None:
    world.buying.propose(SEAL, Need("order:x", 4, "an order waits"), ANN, NOW_US)
    assert world.demands.look(NOW_US, SEAL)[SEAL].asked == 4


def test_lots_are_whole_packs_and_no_fewer_than_the_supplier_sells(world: PartWorld) -> None:
    world.assess("p101", (LEAK, 1.0, forecast(100.0, 200.0, 300.0, LEAK)))
    before = world.demands.look(NOW_US, SEAL)[SEAL].terms
    assert (before.minimum, before.multiple) == (1, 1)
    for supplier in ("acme", "bolt", "gone"):
        world.buying.save_supplier(Supplier(supplier, supplier.title()), ANN, NOW_US)
    rfq = asked_of(world, SEAL, "acme", "bolt", "gone")
    answer = Quote(rfq, "acme", SEAL, (PriceBreak(1, 240.0),), NOW_US, 5.0, 9.0, min_quantity=10, pack=4)
    few = replace(answer, supplier="gone", min_quantity=1, pack=1)
    world.buying.quote([answer, replace(answer, supplier="bolt", min_quantity=20), few], ANN)
    world.buying.save_supplier(Supplier("gone", "Gone", active=False), ANN, NOW_US, 1)
    assert told_lots(world) == (10, 4, 12)  # the fewest of those who still sell
    world.buying.choose(rfq, SEAL, "bolt", "nearer", ANN, NOW_US)
    assert told_lots(world) == (20, 4, 20)  # bought from them last


def asked_of(world: PartWorld, part: str, *suppliers: str) -> str:
    """A request for quotation of one piece."""
    proposal = world.buying.propose(part, Need("by hand", 1), ANN, NOW_US)
    assert proposal is not None
    world.buying.settle_proposal(proposal.id, ProposalState.APPROVED, ANN, proposal.revision, NOW_US)
    return world.buying.ask([proposal.id], suppliers, world.day(7), ANN, NOW_US).id


def told_lots(world: PartWorld) -> tuple[int, int, int]:
    """Least quantity and pack that the rule reckons with, and the lot that the review proposes."""
    terms = world.demands.look(NOW_US, SEAL)[SEAL].terms
    [line] = world.reviews.preview(NOW_US, SEAL)
    return terms.minimum, terms.multiple, line.after.policy.lot


def test_deliveries_that_took_longer_lengthen_the_lead_time_and_the_review_says_so(world: PartWorld) -> None:
    world.consent = ReviewRules(at_once_below=1e9)
    reviewed(world)
    world.buying.save_supplier(Supplier("acme", "Acme"), ANN, NOW_US)
    for place in range(3):
        at_us = world.day(100 * place)
        asked = world.buying.propose(BEARING, Need(f"hand {place}", 1), ANN, at_us)
        assert asked is not None
        agreed = world.buying.settle_proposal(asked.id, ProposalState.APPROVED, ANN, asked.revision, at_us)
        terms = {BEARING: Agreed(18.5, 5.0, 12.0)}
        order = world.buying.order_directly([agreed.id], "acme", terms, "as always", ANN, at_us)
        for status in (PurchaseStatus.APPROVED, PurchaseStatus.SENT):
            order = world.buying.act(order.id, status, ANN, order.revision, at_us)
        late_us = at_us + 40 * US_PER_DAY
        world.buying.receive(order.id, f"LS-{place}", [NewReceiptLine(BEARING, 1, accepted=1, line=1)], ANN, late_us)
    now_us = world.day(300)
    looked = world.demands.look(now_us, BEARING)[BEARING]
    assert looked.lead.deliveries == 3
    assert 8.0 < looked.lead.p50_days < 40.0  # between the promise of 5 and the 40 that each took
    [line] = world.reviews.preview(now_us, BEARING)
    step = next(step for step in line.steps if step.name == "lead time")
    assert step.what.endswith("from 3 deliveries")


def test_a_budget_holds_back_what_saves_least_for_its_money(world: PartWorld) -> None:
    world.consent = ReviewRules(at_once_below=1e9, budget=100.0)
    world.spall("p101", 1.0, 20.0)
    world.assess("p102", (LEAK, 1.0, forecast(100.0, 200.0, 300.0, LEAK)))
    reviewed(world)
    found = {one.part: one for one in world.reviews.proposals(NOW_US)}
    assert found[SEAL].held_back
    assert "budget" in found[SEAL].reason
    assert sum(one.money for one in found.values() if not one.held_back) <= 100.0


# accuracy


def test_each_months_forecast_is_kept_and_compared_with_what_was_issued(world: PartWorld) -> None:
    world.spall("p101", 0.9)
    world.reviews.run_once(NOW_US)
    month = month_of(NOW_US)
    end_us = month_span(month)[1]
    window = Window.of_days((end_us - NOW_US) / US_PER_DAY)
    promised = world.demands.look(NOW_US)[BEARING].causes.over(window)
    world.use(BEARING, 3, (NOW_US + end_us) // 2)
    assert world.reviews.judge(end_us - 1) == 0  # not over yet
    assert world.reviews.judge(end_us) == len(world.plant.parts)
    assert world.reviews.judge(end_us) == 0
    [kept] = world.book.forecasts(month, BEARING)
    assert demand_json(kept.demand) == demand_json(promised)
    [found] = world.reviews.scores(month, BEARING)
    assert found.issued == 3.0
    assert found.expected == pytest.approx(promised.mean)
    assert found.losses[1] == pytest.approx(0.9 * max(3 - found.quantiles[1], 0) + 0.1 * max(found.quantiles[1] - 3, 0))
    whole = world.reviews.accuracy(month)
    assert (whole.count, whole.issued) == (len(world.plant.parts), 3.0)
    with pytest.raises(Rejected, match="not over"):
        world.book.judge(month, {BEARING: 1.0}, ANN, NOW_US)
