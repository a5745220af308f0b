"""The weekly schedule: 200 orders, 25 technicians, one week, in 60 s on two cores.

Made-up weeks (`benchmarks.schedule_weeks`), one for each seed, all shown in `runs`. `gap_to_bound` is the largest of
(cost - bound) / bound, the bound from HiGHS for the same problem; `lateness_less_than_greedy` the smallest share of
weighted lateness that the plan has less than greedy by priority; `seconds` the longest planning. Every plan is checked
promise by promise. `--full`: also weeks with as much work as the people have hours, under `full_weeks`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from benchmarks.report import finish, parser, say
from benchmarks.schedule_weeks import week
from forewarn.maintenance.people.planner import Progress, plan_week
from forewarn.maintenance.people.problem import faults_of

LOAD = 0.7
"""Work in a week, as a share of the hours that the people have: the rest is for what breaks."""
FULL = 1.0


def main() -> None:
    """Plan each week and print the figures."""
    made = parser(__doc__)
    made.add_argument("--orders", type=int, default=200, help="orders of a week (default 200)")
    made.add_argument("--technicians", type=int, default=25, help="technicians (default 25)")
    made.add_argument("--weeks", type=int, default=5, help="weeks, of the seeds from --seed on (default 5)")
    made.add_argument("--seconds", type=float, default=60.0, help="for each week (default 60)")
    made.add_argument("--load", type=float, default=LOAD, help=f"work as a share of people's hours (default {LOAD})")
    made.add_argument("--full", action="store_true", help="also full weeks")
    told = made.parse_args()
    seeds = range(told.seed, told.seed + told.weeks)
    runs = [run(seed, told.orders, told.technicians, told.load, told.seconds) for seed in seeds]
    full = [run(seed, told.orders, told.technicians, FULL, told.seconds) for seed in seeds] if told.full else []
    result = {"orders": told.orders, "technicians": told.technicians, **summary(runs), "runs": runs}
    finish(result | ({"full_weeks": {**summary(full), "runs": full}} if full else {}), told.out)


def run(seed: int, orders: int, technicians: int, load: float, seconds: float) -> dict[str, Any]:
    """One week."""
    problem = week(seed, orders, technicians, load)

    def heard(progress: Progress) -> None:
        if round(progress.seconds) % 10 == 0:
            say(f"week {seed}: {progress.seconds:.0f} s, cost {progress.cost:.0f}, bound {progress.bound:.0f}")

    plan = plan_week(problem, seconds, progress=heard)
    wrong = faults_of(problem, plan.assignments)
    if wrong:
        raise SystemExit(f"week {seed}: the plan cannot be done: {wrong}")
    less = 1.0 - plan.lateness / plan.greedy_lateness if plan.greedy_lateness else 0.0
    say(f"week {seed}: gap {plan.gap:.2%}, {less:.1%} less lateness than greedy, {plan.seconds:.1f} s")
    figures = {k: v for k, v in asdict(plan).items() if isinstance(v, float)}
    left = {"planned": len(plan.assignments), "left_out": len(plan.left_out)}
    return {"seed": seed, "load": load, "gap_to_bound": plan.gap, "lateness_less_than_greedy": less, **figures, **left}


def summary(runs: list[dict[str, Any]]) -> dict[str, float]:
    """The worst of all weeks, and the mean gap."""
    return {
        "gap_to_bound": max(one["gap_to_bound"] for one in runs),
        "gap_to_bound_mean": sum(one["gap_to_bound"] for one in runs) / len(runs),
        "seconds": max(one["seconds"] for one in runs),
        "lateness_less_than_greedy": min(one["lateness_less_than_greedy"] for one in runs),
    }


if __name__ == "__main__":
    main()
