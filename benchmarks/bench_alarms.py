"""False alarms of healthy machines, and faults found, at one setting of the product: `sh run bench alarms --json`.

Healthy machines of the simulator in all their regimes, and machines with one seeded fault each, pass before the public
`models.assess.assess` with the same settings. Set: one false alarm per asset-year. Everything is made from `--seed`; no
seed below it was used to settle a setting of the product. Scalars come every hour, waveforms every eight hours,
and each machine is assessed every eight hours: a short alarm between two assessments would not be seen here.

A false alarm is an event: while the order that it opens is open (three days), nothing new is counted; then the
baseline restarts, as after every closed order. A fault counts as found when, at some assessment inside its P-F
interval, an alarm stands that began after the onset of the fault; those that began before P are told apart as `early`.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

from benchmarks.alarm_machines import DAYS_BEFORE_ONSET, LIFE_DAYS, Case, Spoil, fault_cases, healthy_cases
from benchmarks.alarm_replay import ASSESS_US, WORKED_OFF_US, Outcome, replay
from benchmarks.report import finish, parser, say
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.models.assess import PRODUCT_DEFAULTS, AssessSettings, model_ref
from forewarn.models.training.intervals import Estimate, poisson_rate, wilson

SET_RATE = 1.0
ASSUMPTION = (
    "What moves a channel of a healthy machine is a regime that is measured (speed, load, ambient) and was seen while "
    "the baseline was learnt, noise that was there then, and wander that comes back within a sixth of the baseline. A "
    "change that stays and that no signal explains (another product, a drifting sensor) is a change, and told as one."
)
SETTLED_DAY = 90.0


def unexplained_product(row: dict[str, float], day: float) -> dict[str, float]:
    """From day 90 on a denser product: more power and current at the same load, which nobody measures."""
    return row | {n: row[n] * 1.10 for n in ("power", "current") if n in row} if day > SETTLED_DAY else row


def drifting_sensor(row: dict[str, float], day: float) -> dict[str, float]:
    """From day 90 on the bearing's thermometer gains a tenth of a kelvin a day."""
    return row | {"temperature_de": row["temperature_de"] + max(day - SETTLED_DAY, 0.0) * 0.1}


def unmeasured_load(row: dict[str, float], day: float) -> dict[str, float]:
    """Nobody tells the load; with the speed fixed it moves power, temperatures and flow all the same."""
    return {name: value for name, value in row.items() if name != "load"}


BROKEN: Mapping[str, Spoil] = {
    spoil.__name__: spoil for spoil in (unexplained_product, drifting_sensor, unmeasured_load)
}


def settings_of(rate: float) -> AssessSettings:
    """The product's defaults at a rate of false alarms per asset and year."""
    return replace(PRODUCT_DEFAULTS, detector=replace(PRODUCT_DEFAULTS.detector, false_alarms_per_year=rate))


def outcomes(title: str, cases: Sequence[Case], rate: float, workers: int, broken: str = "") -> list[Outcome]:
    """Replays all cases in so many processes."""
    found = []
    with ProcessPoolExecutor(workers) as pool:
        for outcome in pool.map(_one, cases, [rate] * len(cases), [broken] * len(cases)):
            found.append(outcome)
            if len(found) % 10 == 0 or len(found) == len(cases):
                say(f"{title}: {len(found)} of {len(cases)}, {sum(len(o.false_alarms) for o in found)} false alarms")
    return found


def _one(case: Case, rate: float, broken: str) -> Outcome:
    return replay(case, settings_of(rate), BROKEN.get(broken))


def told_rate(found: Sequence[Outcome]) -> dict[str, Any]:
    """Events per year with a verdict, with its 95 % Poisson interval."""
    events, years = sum(len(o.false_alarms) for o in found), sum(o.judged_years for o in found)
    rate = poisson_rate(events, years)
    return {"events": events, "judged_years": round(years, 2), "rate": rate.value, "interval": _ends(rate)}


def told_share(found: Sequence[Outcome]) -> dict[str, Any]:
    """Faults found, with the 95 % interval of the share."""
    hits = sum(o.found_day is not None for o in found)
    share = wilson(hits, len(found))
    return {
        "faults": len(found),
        "found": hits,
        "share": share.value,
        "interval": _ends(share),
        "early": sum(o.early for o in found),
        "cause_right": sum(o.cause_right for o in found),
        "median_share_of_pf_left": _middle(
            [(o.f_day - o.found_day) / (o.f_day - o.p_day) for o in found if o.found_day]
        ),
    }


def _ends(estimate: Estimate) -> list[float | None]:
    return [estimate.low, estimate.high]


def _middle(values: list[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


def by(found: Sequence[Outcome], key: str, told: Callable[[Sequence[Outcome]], dict[str, Any]]) -> dict[str, Any]:
    """One line for each regime, machine or mechanism."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in found:
        groups[getattr(outcome, key)].append(outcome)
    return {name: told(group) for name, group in sorted(groups.items())}


def main() -> None:
    """Run all parts and print the figures."""
    options = parser(__doc__)
    options.add_argument("--years", type=int, default=200, help="healthy asset-years (default 200)")
    options.add_argument("--faults", type=int, default=300, help="seeded faults (default 300)")
    options.add_argument("--broken", type=int, default=8, help="asset-years of each broken assumption (default 8)")
    options.add_argument("--rate", type=float, default=SET_RATE, help="set false alarms per asset-year (default 1)")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: cores)")
    asked = options.parse_args()
    healthy = outcomes("healthy", healthy_cases(asked.years, asked.seed), asked.rate, asked.workers)
    faults = outcomes("faults", fault_cases(asked.faults, asked.seed), asked.rate, asked.workers)
    broken = {
        name: outcomes(name, healthy_cases(asked.broken, asked.seed + 1_000), asked.rate, asked.workers, name)
        for name in BROKEN
    }
    rate, share = told_rate(healthy), told_share(faults)
    finish(
        {
            "set_rate_per_asset_year": asked.rate,
            "measured_rate_per_asset_year": rate["rate"],
            "measured_rate_interval": rate["interval"],
            "asset_years": asked.years,
            "judged_asset_years": rate["judged_years"],
            "false_alarms": rate["events"],
            "faults": share["faults"],
            "found_inside_pf_share": share["share"],
            "found_interval": share["interval"],
            "found_early": share["early"],
            "cause_right": share["cause_right"],
            "by_regime": by(healthy, "regime", told_rate),
            "by_machine": by(healthy, "machine", told_rate),
            "by_feature": dict(Counter(e.feature for o in healthy for e in o.false_alarms)),
            "by_mechanism": by(faults, "mechanism", told_share),
            "before_the_faults": told_rate(faults),
            "assumption": ASSUMPTION,
            "assumption_broken": {n: told_rate(o) | {"how": BROKEN[n].__doc__} for n, o in broken.items()},
            "runs": {
                "seed": asked.seed,
                "assessed_every_h": ASSESS_US / US_PER_HOUR,
                "order_open_days": WORKED_OFF_US / US_PER_DAY,
                "days_before_onset": DAYS_BEFORE_ONSET,
                "life_days": LIFE_DAYS,
                "model": model_ref(settings_of(asked.rate)).digest,
            },
        },
        asked.out,
    )


if __name__ == "__main__":
    main()
