"""The score of a supplier: each figure beside a slow count of the rows, and "cannot tell yet" before."""

from __future__ import annotations

from forewarn.core.buying import PurchaseOrder, ReceiptFault
from forewarn.core.clock import US_PER_DAY
from forewarn.maintenance.buying.score import FEW
from tests.maintenance.buying.world import BEARING, BEN, World, days
from tests.maintenance.samples import ANN, NOW_US


def bought(world: World, place: int, took_days: float, **more: object) -> PurchaseOrder:
    """An order sent every twenty days, promised in 5 days, here after so many."""
    sent_us = days(20 * place)
    order = world.sent(2, at_us=sent_us, key=f"k{place}")
    order = world.buying.confirm(order.id, {1: sent_us + 5 * US_PER_DAY}, BEN, order.revision, sent_us)
    received, _ = world.came(order, 2, at_us=sent_us + round(took_days * US_PER_DAY), **more)  # type: ignore[arg-type]
    return received


def test_few_rows_say_that_nobody_can_tell_and_show_them(quick: World) -> None:
    bought(quick, 0, 4.0)
    score = quick.buying.score("acme", days(30))
    for name in ("on_time", "promise", "quality", "answers", "price_trend"):
        figure = score.figure(name)
        assert figure.value is None
        assert figure.text.startswith("cannot tell yet")
    assert [row["number"] for row in score.figure("on_time").rows] == ["PO-000001"]


def test_every_figure_is_what_its_rows_say(quick: World) -> None:
    took = [4.0, 5.5, 8.0, 5.0, 12.0, 6.0]
    for place, length in enumerate(took):
        bad = place == 2
        bought(quick, place, length, **({"fault": ReceiptFault.DAMAGED} if bad else {}))
    score = quick.buying.score("acme", days(300))
    on_time = score.figure("on_time")
    assert on_time.value == sum(one <= 6.0 for one in took) / len(took)
    assert len(on_time.rows) == len(took) >= FEW
    assert on_time.low is not None
    assert on_time.low < on_time.value
    assert score.figure("promise").value == (5.5 + 6.0) / 2 / 5.0
    assert score.figure("quality").value == 5 / 6
    [(part, lead)] = score.leads
    assert part == BEARING
    assert lead.deliveries == 6
    assert 5.0 < lead.p50_days < 8.0


def test_an_order_that_never_came_counts_as_late_and_a_young_one_not_at_all(quick: World) -> None:
    for place in range(5):
        bought(quick, place, 4.0)
    sent = quick.sent(2, at_us=days(200), key="late")
    quick.buying.confirm(sent.id, {1: days(205)}, BEN, sent.revision, days(200))
    assert quick.buying.score("acme", days(203)).figure("on_time").value == 1.0
    assert quick.buying.score("acme", days(220)).figure("on_time").value == 5 / 6
    longer = dict(quick.buying.score("acme", days(260)).leads)[BEARING]
    assert longer.p90_days > dict(quick.buying.score("acme", days(203)).leads)[BEARING].p90_days


def test_answers_to_requests_are_counted_by_their_wanted_time(quick: World) -> None:
    for place in range(5):
        rfq = quick.asked(quick.approved(1, key=f"k{place}"))
        quick.quoted(rfq, "acme", at_us=days(2 if place else 9))
        quick.buying.decline(rfq.id, "best", BEN, NOW_US)
    assert quick.buying.score("acme", days(20)).figure("answers").value == 0.8
    assert quick.buying.score("best", days(20)).figure("answers").value == 1.0


def test_the_price_trend_is_the_median_yearly_change(quick: World) -> None:
    for place in range(6):
        bought(quick, place, 4.0)
    assert quick.buying.score("acme", days(300)).figure("price_trend").value == 0.0
    assert ANN.name == "ann"
