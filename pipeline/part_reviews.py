"""Monthly reviews of reorder policies, what to buy now, how good the forecasts were: use cases over the books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forewarn.core.clock import US_PER_DAY
from forewarn.core.demand import PartDemand, Window
from forewarn.core.errors import Rejected
from forewarn.core.ports import Actor
from forewarn.maintenance.demand.accuracy import Accuracy, Score, accuracy, score
from forewarn.maintenance.demand.book import DemandBook
from forewarn.maintenance.demand.desk import Line, MonthForecast, month_of, month_span
from forewarn.maintenance.demand.reorder import Proposal, proposal, within_budget
from forewarn.maintenance.demand.review import Reviewed, reviewed
from forewarn.maintenance.orders.desk import SYSTEM
from forewarn.pipeline.part_demand import Looked, PartDemands


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """`at_once_below`: a change that moves less money on the shelf than this needs nobody's consent (0: all do).
    `budget`: money for what is ordered to stock at one time (None: no limit)."""

    at_once_below: float = 0.0
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class PartReviews:
    """Reviews over a plant's parts. `rules` are asked each time."""

    demands: PartDemands
    book: DemandBook
    rules: Callable[[], ReviewRules] = ReviewRules

    def forecast(self, part: str, now_us: int, days: float | None = None) -> tuple[Looked, PartDemand]:
        """A part's demand over so many days; None: its lead time and the time until the next review. Raises Rejected
        for a part that nobody knows."""
        looked = self.demands.look(now_us, part).get(part)
        if looked is None:
            raise Rejected("unknown_part", f"there is no part {part!r} on a card, in the plant file or asked for")
        return looked, looked.causes.over(window_of(looked, days))

    def forecasts(self, now_us: int, days: float | None = None) -> list[tuple[Looked, PartDemand]]:
        """Every part's, most pieces first."""
        found = [(one, one.causes.over(window_of(one, days))) for one in self.demands.look(now_us).values()]
        return sorted(found, key=lambda pair: (-pair[1].mean, pair[0].part))

    def run_once(self, now_us: int) -> int:
        """Judge months that are over, hold the review of this month where nobody has; how much was done."""
        judged = self.judge(now_us)
        if self.book.is_held(month_of(now_us)):
            return judged
        lines = self.hold(month_of(now_us), SYSTEM, now_us)
        return judged + (len(lines) if lines else 0)

    def hold(self, slot: str, actor: Actor, now_us: int) -> list[Line] | None:
        """Review every part; keep what came of it and the forecasts of this month. None where the slot is taken."""
        looks = self.demands.look(now_us)
        lines = self._reviewed(looks)
        month = month_of(now_us)
        end_us = month_span(month)[1]
        window = Window.of_days((end_us - now_us) / US_PER_DAY)
        forecasts = [MonthForecast(month, now_us, end_us, one.causes.over(window)) for one in looks.values()]
        return self.book.hold(slot, lines, forecasts, self.rules().at_once_below, actor, now_us)

    def preview(self, now_us: int, part: str | None = None) -> list[Reviewed]:
        """What a review would say now; nothing is kept."""
        return self._reviewed(self.demands.look(now_us, part))

    def _reviewed(self, looks: dict[str, Looked]) -> list[Reviewed]:
        kept = self.book.policies()
        before = {part: one.standing for part, one in kept.items()}
        return [reviewed(before.get(part), one.causes, one.terms, one.lead) for part, one in looks.items()]

    def proposals(self, now_us: int) -> list[Proposal]:
        """What should be ordered now by the policies in force, as far as the budget goes; those held back too."""
        looks, found = self.demands.look(now_us), []
        for part, kept in self.book.policies().items():
            looked = looks.get(part)
            if looked is None or kept.standing.policy.reorder_point is None:
                continue
            demand = looked.causes.over(looked.lead.window(looked.terms.review_days))
            coming = looked.on_order + looked.asked
            one = proposal(kept.standing.policy, demand, looked.terms, looked.available, coming)
            if one is not None:
                found.append(one)
        return list(within_budget(found, self.rules().budget))

    def judge(self, now_us: int) -> int:
        """Compare forecasts of months that are over with what was issued in them; how many."""
        waiting: dict[tuple[str, int, int], list[str]] = {}
        for one in self.book.forecasts(judged=False):
            if one.to_us <= now_us:
                waiting.setdefault((one.month, one.from_us, one.to_us), []).append(one.demand.part)
        count = 0
        for (month, from_us, to_us), parts in waiting.items():
            issued = self.demands.issued(from_us, to_us)
            count += self.book.judge(month, {part: issued.get(part, 0.0) for part in parts}, SYSTEM, now_us)
        return count

    def scores(self, month: str | None = None, part: str | None = None) -> list[Score]:
        """Judged forecasts with their errors, oldest month first."""
        judged = self.book.forecasts(month, part, judged=True)
        return [score(one.month, one.demand, one.issued) for one in judged if one.issued is not None]

    def accuracy(self, month: str | None = None, part: str | None = None) -> Accuracy:
        """All of them together."""
        return accuracy(self.scores(month, part))


def window_of(looked: Looked, days: float | None) -> Window:
    """So many days for sure, or the lead time and the time until the next review."""
    return Window.of_days(days) if days is not None else looked.lead.window(looked.terms.review_days)
