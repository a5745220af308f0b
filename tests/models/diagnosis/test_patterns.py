"""The phases of a motor, and the check that separates: made-up changes, no detector."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from forewarn.core.faults import MECHANISMS, Fault
from forewarn.core.health import Hypothesis
from forewarn.core.labels import Finding
from forewarn.core.plant import Asset, Component
from forewarn.core.readings import SignalSpec
from forewarn.models.channels import Channel
from forewarn.models.detectors.baseline import RegimeTable
from forewarn.models.detectors.own_past import Judged
from forewarn.models.diagnosis.checks import SEPARATING, checks_for, next_check
from forewarn.models.diagnosis.learned import learn
from forewarn.models.diagnosis.ranking import diagnose, diagnosed
from forewarn.models.diagnosis.signatures import SIGNATURES
from forewarn.models.features.current import current_features
from forewarn.models.limits import limit_for_scalar
from tests.models.diagnosis.orders import label

PHASES = ("current_a", "current_b", "current_c")
MOTOR = Asset(
    "m", "motor", "pump", "s", "a",
    components=(Component("winding", "winding"), Component("bearing", "bearing"), Component("coupling", "coupling"),
                Component("rotor", "rotor")),
    signals=(*(SignalSpec("m", name, "current", "A", "t", component="winding") for name in PHASES),
             SignalSpec("m", "winding_temp", "temperature", "degC", "t", component="winding")),
)  # fmt: skip


def judged(name: str, over_limit: float) -> Judged:
    """A signal that has risen (or fallen) so many times its limit."""
    spec = MOTOR.signal(name)
    assert spec is not None
    usual = 100.0
    limit = limit_for_scalar(MOTOR, spec, usual)
    few = np.zeros(3)
    at = np.arange(3, dtype=np.int64)
    regime = RegimeTable(np.zeros((3, 0)))
    channel = Channel(name, spec, "", spec.unit, at, few + usual, regime, few, limit)
    direction = 1 if over_limit >= 0 or (1 in limit.directions and len(limit.directions) == 1) else -1
    bound = limit.smallest_change
    return Judged(channel, few, few, over_limit * direction, direction, True, usual + over_limit * bound, usual, bound)


def first_of(**changes: float) -> Hypothesis:
    return diagnose(MOTOR, [judged(name, over) for name, over in changes.items()])[0]


def test_all_phases_up_is_overload() -> None:
    first = first_of(current_a=2.0, current_b=2.1, current_c=1.9, winding_temp=1.5)
    assert first.fault == Fault("winding", "overload")
    assert first.probability > 0.8


@pytest.mark.parametrize("odd", PHASES)
@pytest.mark.parametrize("way", [2.0, -2.0])
def test_one_phase_away_from_the_others_is_phase_imbalance_whichever_it_is(odd: str, way: float) -> None:
    first = first_of(**{**dict.fromkeys(PHASES, 0.1), odd: way}, winding_temp=0.8)
    assert first.fault == Fault("winding", "phase_imbalance")
    assert any(e.feature == odd for e in first.evidence_for)


def test_a_hot_winding_at_the_usual_currents_is_its_cooling() -> None:
    assert first_of(**dict.fromkeys(PHASES, 0.1), winding_temp=2.0).fault == Fault("winding", "winding_overheating")


def blocks_of_current(broken: float, slip: float, seconds: float, seed: int = 0) -> dict[str, float]:
    """Features of one phase: supply at 49.98 Hz, harmonics, noise, and bars that break the line by so much."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, seconds, 1 / 2_000)
    line = np.sin(2 * np.pi * 49.98 * t) * (1 + broken * np.sin(2 * np.pi * 2 * slip * 49.98 * t))
    samples = 40 * (line + 0.03 * np.sin(2 * np.pi * 249.9 * t)) + 0.05 * rng.standard_normal(len(t))
    return current_features(samples.astype(np.float32), 2_000.0, 49.98 / 2 * (1 - slip))


@pytest.mark.parametrize("slip", [0.01, 0.02, 0.04])
def test_broken_bars_show_beside_the_supply_line_in_proportion_at_any_load(slip: float) -> None:
    healthy, one, more = (blocks_of_current(b, slip, 8.0)["slip_sidebands"] for b in (0.0, 0.02, 0.06))
    assert healthy < 0.1
    assert one == pytest.approx(1.0, rel=0.2)  # each side band carries half of the modulation
    assert more == pytest.approx(3.0, rel=0.2)


def test_side_bands_that_the_block_cannot_part_from_the_line_are_left_out() -> None:
    assert blocks_of_current(0.05, 0.02, 1.0) == {}  # 2 Hz away, lines 1 Hz apart
    assert blocks_of_current(0.05, 0.0, 8.0) == {}  # no load, no slip
    assert current_features(np.zeros(4_000, np.float32), 2_000.0, 24.5) == {}
    assert current_features(np.ones(4_000, np.float32), 2_000.0, None) == {}


def test_one_current_alone_says_nothing_of_imbalance() -> None:
    (weighed,) = [c for c in diagnosed(MOTOR, [judged("current_a", 3.0)]).candidates
                  if c.fault.mechanism == "phase_imbalance"]  # fmt: skip
    assert weighed.strengths["currents of the phases drift apart"] is None


def test_every_fault_that_was_weighed_is_kept_with_its_signs_also_the_improbable_ones() -> None:
    found = diagnosed(MOTOR, [judged(name, 2.0) for name in PHASES])
    kinds = {component.kind for component in MOTOR.components}
    possible = {m for m, how in MECHANISMS.items() if m in SIGNATURES and kinds & set(how.component_kinds)}
    assert {c.fault.mechanism for c in found.candidates} == possible
    assert len(found.candidates) > len(found.hypotheses)
    for candidate in found.candidates:
        terms = {term.text for term in SIGNATURES[candidate.fault.mechanism].terms}
        assert set(candidate.strengths) == terms


def test_closed_orders_turn_a_ranking_around() -> None:
    seen = [judged(name, 0.6) for name in PHASES] + [judged("winding_temp", 0.9)]
    before = diagnosed(MOTOR, seen)
    second = before.hypotheses[1].fault
    told = [label(i, before.candidates, Finding.NOT_FOUND, second) for i in range(12)]
    after = diagnose(MOTOR, seen, learn(told))
    assert after[0].fault == second != before.hypotheses[0].fault
    assert sum(h.probability for h in after) <= 1 + 1e-9


def test_the_first_check_separates_the_first_two() -> None:
    first, second = Fault("rotor", "imbalance"), Fault("coupling", "misalignment")
    checks = checks_for([(first, 0.6), (second, 0.3), (Fault("b", "looseness"), 0.1)])
    assert checks[0] == checks[1] == SEPARATING[frozenset(("imbalance", "misalignment"))]
    assert checks[2] == SEPARATING[frozenset(("imbalance", "looseness"))]
    assert checks_for([(first, 0.96), (second, 0.04)])[0] == MECHANISMS["imbalance"].next_check
    assert checks_for([]) == []


def test_the_check_does_not_depend_on_who_is_first_and_falls_back_to_the_own_one() -> None:
    for one, other in combinations(SIGNATURES, 2):
        a, b = Fault("x", one), Fault("y", other)
        if frozenset((one, other)) in SEPARATING:
            assert next_check(a, b) == next_check(b, a)
        else:
            assert next_check(a, b) == MECHANISMS[one].next_check


def test_the_table_of_checks_names_known_mechanisms_and_each_pair_once() -> None:
    assert {name for pair in SEPARATING for name in pair} <= set(MECHANISMS)
    assert all(len(pair) == 2 for pair in SEPARATING)
