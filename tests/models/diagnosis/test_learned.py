"""What closed orders teach: nothing without a label, each finding in its own direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.core.health import ModelRef
from forewarn.core.labels import Finding, Label
from forewarn.core.work import Verification
from forewarn.models.diagnosis.learned import (
    NOTHING_LEARNED,
    PRODUCT_DEFAULTS,
    LearnSettings,
    Task,
    learn,
    probabilities,
)
from forewarn.models.diagnosis.taught import left_out, what_taught
from tests.models.diagnosis.orders import CAVITATION, FAULTS, LEAK, WEAR, label, plant_life, weighed

ODDS = st.tuples(*[st.floats(-4.0, 4.0)] * 4)
SIGNS = st.tuples(*[st.floats(-1.0, 1.0)] * 4)
SHIFTS_ONLY = LearnSettings(enough=10**9)
AT_ONCE = LearnSettings(enough=0)


@st.composite
def histories(draw: st.DrawFn, most: int = 8) -> list[Label]:
    """A few finished orders of pumps and fans, each with any finding."""
    labels = []
    for i in range(draw(st.integers(0, most))):
        finding = draw(st.sampled_from(Finding))
        found = draw(st.sampled_from((None, *FAULTS)))
        candidates = weighed(draw(ODDS), draw(SIGNS))
        labels.append(label(i, candidates, finding, found, draw(st.sampled_from(("pump", "fan")))))
    return labels


def probability_of(fault_place: int, odds: tuple[float, ...], labels: list[Label], settings: LearnSettings) -> float:
    return probabilities(weighed(odds), "pump", learn(labels, settings))[FAULTS[fault_place]]


@given(ODDS)
def test_without_labels_it_is_exactly_the_physics(odds: tuple[float, ...]) -> None:
    found = probabilities(weighed(odds), "pump", learn([]))
    share = np.exp(np.array(odds) - max(odds))
    assert list(found.values()) == list(share / share.sum())
    model = ModelRef("physics", "1", "abc")
    assert learn([]).signed(model) is model


@settings(max_examples=40, deadline=None)
@given(histories(), ODDS, st.integers(0, 3), ODDS, st.sampled_from(("pump", "fan")))
def test_a_further_confirmed_fault_never_becomes_less_probable(
    labels: list[Label], odds: tuple[float, ...], place: int, asked: tuple[float, ...], asset_class: str
) -> None:
    more = [*labels, label(99, weighed(odds), Finding.CONFIRMED, FAULTS[place], asset_class)]
    before = probability_of(place, asked, labels, SHIFTS_ONLY)
    assert probability_of(place, asked, more, SHIFTS_ONLY) >= before - 1e-9


@settings(max_examples=40, deadline=None)
@given(histories(), ODDS, ODDS, st.sampled_from(("pump", "fan")))
def test_a_further_fault_that_was_not_found_never_becomes_more_probable(
    labels: list[Label], odds: tuple[float, ...], asked: tuple[float, ...], asset_class: str
) -> None:
    missed = label(99, weighed(odds), Finding.NOT_FOUND, None, asset_class)
    place = FAULTS.index(missed.fault)
    before = probability_of(place, asked, labels, SHIFTS_ONLY)
    assert probability_of(place, asked, [*labels, missed], SHIFTS_ONLY) <= before + 1e-9


@settings(max_examples=25, deadline=None)
@given(histories(), ODDS, SIGNS, st.integers(0, 3))
def test_also_with_corrected_signs_a_confirmed_fault_is_no_less_probable_on_the_same_evidence(
    labels: list[Label], odds: tuple[float, ...], signs: tuple[float, ...], place: int
) -> None:
    seen = weighed(odds, signs)
    more = [*labels, label(99, seen, Finding.CONFIRMED, FAULTS[place])]
    before = probabilities(seen, "pump", learn(labels, AT_ONCE))[FAULTS[place]]
    assert probabilities(seen, "pump", learn(more, AT_ONCE))[FAULTS[place]] >= before - 1e-9


@settings(max_examples=20, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_telling_does_not_matter(labels: list[Label], random: object) -> None:
    shuffled = list(labels)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert learn(shuffled, AT_ONCE) == learn(labels, AT_ONCE)


@settings(max_examples=6, deadline=None)
@given(histories(most=4))
def test_the_fit_is_where_a_slow_search_finds_no_lower_loss(labels: list[Label]) -> None:
    from scipy.optimize import minimize

    if not labels:
        return
    task = Task.of(labels, AT_ONCE)
    use, start = np.ones(len(labels)), np.zeros(len(task.keys))
    quick = task.solve(use, start)
    slow = minimize(task.loss, start, args=(use,), method="L-BFGS-B", options={"maxiter": 500})
    assert task.loss(quick, use) <= slow.fun + 1e-6


def test_a_partly_confirmed_fault_moves_less_than_a_confirmed_one() -> None:
    seen = weighed((1.0, 1.2, 0.0, 0.0))
    moved = {
        finding: probabilities(seen, "pump", learn([label(i, seen, finding, WEAR) for i in range(4)]))[WEAR]
        for finding in (Finding.CONFIRMED, Finding.PARTLY)
    }
    assert probabilities(seen, "pump")[WEAR] < moved[Finding.PARTLY] < moved[Finding.CONFIRMED]


def test_an_order_that_was_surer_teaches_more_when_nothing_is_found() -> None:
    sure, unsure = weighed((6.0, 0.0, 0.0, 0.0)), weighed((0.3, 0.0, 0.0, 0.0))
    asked = weighed((1.0, 1.0, 0.0, 0.0))
    after_sure = learn([label(1, sure, Finding.NOT_FOUND)])
    after_unsure = learn([label(1, unsure, Finding.NOT_FOUND)])
    assert probabilities(asked, "pump", after_sure)[WEAR] < probabilities(asked, "pump", after_unsure)[WEAR]


def test_a_class_learns_most_from_its_own_orders_and_something_from_those_of_others() -> None:
    seen = weighed((1.0, 0.0, 0.0, 0.0))
    learned = learn([label(i, seen, Finding.NOT_FOUND, LEAK, "pump") for i in range(5)])
    assert learned.factor("pump", "seal_leak") > learned.factor("fan", "seal_leak") > 1.0
    assert learned.factor("pump", "bearing_wear") < learned.factor("fan", "bearing_wear") < 1.0


def test_signs_are_left_alone_until_enough_orders_name_a_fault() -> None:
    labels = plant_life(PRODUCT_DEFAULTS.enough, 3)
    assert any(key[0] == "sign" for key in learn(labels).values)
    assert {key[0] for key in learn(labels[:-1]).values} == {"mechanism", "class"}


def test_orders_from_before_the_signs_were_kept_still_count() -> None:
    bare = [replace(label(i, weighed((2.0, 0, 0, 0)), Finding.NOT_FOUND, LEAK), candidates=()) for i in range(4)]
    assert learn(bare).factor("pump", "seal_leak") > 1.0 > learn(bare).factor("pump", "bearing_wear")
    untold = [replace(each, probability=None) for each in bare]
    assert learn(untold).factor("pump", "seal_leak") > 1.0


def test_labels_change_the_name_and_digest_of_the_model() -> None:
    model, seen = ModelRef("physics", "1", "abc"), weighed((1.0, 0.0, 0.0, 0.0))
    one, two = learn([label(1, seen)]).signed(model), learn([label(1, seen), label(2, seen)]).signed(model)
    assert one.name == two.name == "physics+orders"
    assert len({model.digest, one.digest, two.digest}) == 3


def test_where_physics_is_wrong_in_a_plant_each_repair_helps_with_the_next() -> None:
    told, later = plant_life(150, seed=5), plant_life(300, seed=6)
    losses = []
    for orders in (0, 15, 150):
        learned = learn(told[:orders])
        losses.append(np.mean([-np.log(probabilities(x.candidates, "pump", learned)[x.truth or WEAR]) for x in later]))
    assert losses[0] - 0.2 > losses[1] > losses[2]


def test_what_was_taught_is_said_with_an_interval_and_the_probabilities_are_honest() -> None:
    taught = what_taught(plant_life(120, seed=5))
    assert taught.physics is not None
    assert taught.with_labels is not None
    assert (taught.less_log_loss.low or 0.0) > 0.2
    assert (taught.more_right.low or 0.0) > 0.0
    assert abs(taught.with_labels.claimed - taught.with_labels.right) < 0.1
    assert abs(taught.physics.claimed - taught.physics.right) > 0.2  # sure of itself, and wrong in this plant
    assert "instead of" in taught.sentence
    assert "chance" not in taught.sentence
    assert {mechanism for _, mechanism, _ in taught.factors} == {f.mechanism for f in FAULTS}


def test_where_physics_is_right_labels_do_hardly_any_harm() -> None:
    gains = [what_taught(plant_life(60, seed, blind=False)).less_log_loss.value for seed in range(3)]
    assert np.mean([gain for gain in gains if gain is not None]) > -0.04


def test_an_order_has_no_say_in_what_is_said_of_itself() -> None:
    labels = plant_life(12, 7)
    others = learn(labels[:-1], SHIFTS_ONLY)
    (said,) = left_out(Task.of(labels, SHIFTS_ONLY), [11])
    told = probabilities(labels[-1].candidates, "pump", others)
    np.testing.assert_allclose(said, list(told.values()), atol=1e-6)


def test_findings_that_name_no_fault_are_counted_and_not_scored() -> None:
    taught = what_taught([label(1, weighed((1.0, 0, 0, 0)), Finding.NOT_FOUND)])
    assert (taught.labels, taught.not_found, taught.scored, taught.physics) == (1, 1, 0, None)
    assert "nothing can be scored" in taught.sentence
    assert NOTHING_LEARNED.factor("pump", CAVITATION.mechanism) == 1.0


@settings(max_examples=20, deadline=None)
@given(histories(), st.data())
def test_findings_whose_repair_failed_its_verification_are_as_if_they_had_not_been_told(
    labels: list[Label], data: st.DataObject
) -> None:
    failed = [data.draw(st.booleans()) for _ in labels]
    told = [
        replace(one, verification=Verification.FAILED) if bad else one for one, bad in zip(labels, failed, strict=True)
    ]
    stand = [one for one, bad in zip(labels, failed, strict=True) if not bad]
    assert learn(told, AT_ONCE) == learn(stand, AT_ONCE)
    assert what_taught(told) == what_taught(stand)
