"""Training is reproducible, leaves an honest card, and comparisons ask both versions the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forewarn.core.errors import Rejected
from forewarn.core.model_cards import ModelCard, card_bytes
from forewarn.models.detectors.calibration import Calibrated
from forewarn.models.training.drift import reference_from_json
from forewarn.pipeline.training import Contender, TrainRequest, compare, data_of, evaluate, train
from forewarn.pipeline.training_set import Archive, SetRequest, training_set
from tests.pipeline.archives import Past, day, fleet


@pytest.fixture(scope="module")
def past() -> Past:
    return fleet(4)


def request(kind: str = "principal_components", until: float = 90.0) -> TrainRequest:
    return TrainRequest("pumps", "detector", kind, SetRequest("pump", day(until)))


def contender(archive: Archive, kind: str = "principal_components", until: float = 90.0) -> Contender:
    done = train(archive, request(kind, until), day(until))
    return Contender(replace(done.card, version=1), lambda card: done.model)


def never(card: ModelCard) -> object:
    raise AssertionError("the model itself is not needed here")


def test_the_same_data_give_the_same_card_and_answers(past: Past) -> None:
    one, other = (train(past.archive, request(), day(90)) for _ in range(2))
    assert card_bytes(one.card) == card_bytes(other.card)
    found = training_set(past.archive, SetRequest("pump", day(90)))
    window = found.window(found.lives[0])
    assert isinstance(one.model, Calibrated)
    assert isinstance(other.model, Calibrated)
    assert one.model.score(window).tolist() == other.model.score(window).tolist()


def test_the_card_says_what_taught_it_and_how_good_it_is(past: Past) -> None:
    card = train(past.archive, request(), day(90)).card
    assert card.data_digest == training_set(past.archive, SetRequest("pump", day(90))).digest
    assert card.metrics["found_share"] == 1.0
    assert (card.assets, card.schema.names, card.schema.units) == (4, ("flow", "temp"), ("m^3/h", "degC"))
    assert reference_from_json(card.extra["reference"]["temp"]).count > 60  # type: ignore[index]
    assert "4 machines of class pump" in card.limits


def test_a_card_makes_its_own_data_again(past: Past) -> None:
    card = train(past.archive, request(until=70.0), day(70)).card
    again = training_set(past.archive, data_of(card, day(70)))
    assert again.digest == card.data_digest


def test_what_must_not_teach_publishes_nothing(past: Past) -> None:
    with pytest.raises(Rejected, match="at least 30 are needed"):
        train(past.archive, request(until=1.0), day(1))


def test_a_version_compared_with_itself_shows_no_difference(past: Past) -> None:
    one = contender(past.archive)
    found = compare(past.archive, one, one, day(90))
    assert (found.difference.value, found.better) == (0.0, "")


def test_both_recipes_are_asked_about_the_same_lives_where_nothing_came_later(past: Past) -> None:
    found = compare(past.archive, contender(past.archive), contender(past.archive, "limits"), day(90))
    assert found.a.metrics["ends"] == found.b.metrics["ends"] == 4
    assert found.difference.count == 4


def test_what_came_after_both_trainings_decides_where_there_is_enough(past: Past) -> None:
    early = contender(past.archive, until=40.0)
    found = evaluate(past.archive, early, day(90))
    assert found.held_out == "later"
    assert found.metrics["ends"] == 3  # the first pump had failed on day 36


def test_versions_of_other_tasks_or_classes_are_not_compared(past: Past) -> None:
    one = contender(past.archive)
    other = Contender(replace(one.card, task="life"), never)
    with pytest.raises(Rejected, match="same task"):
        compare(past.archive, one, other, day(90))


def test_a_column_that_is_gone_from_the_plant_is_named(past: Past) -> None:
    one = contender(past.archive)
    bare = Past(past.assets)
    for id in past.assets:
        at = np.arange(day(0), day(90), 7_200_000_000).tolist()
        bare.write(f"{id}/temp", at, [50.0] * len(at))
    with pytest.raises(Rejected, match="flow of pumps 1 is not stored any more"):
        evaluate(bare.archive, one, day(90))


def test_a_life_needs_ends_before_it_is_judged_by_what_came_later(past: Past) -> None:
    card = replace(contender(past.archive).card, task="life")
    found = evaluate(past.archive, Contender(card, never), day(90))
    assert found.held_out == "machines"
    assert "3 are needed" in found.reasons[0]
