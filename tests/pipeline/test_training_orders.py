"""What finished orders teach is kept as a version with its digest, or refused with the reason."""

from __future__ import annotations

import pytest

from forewarn.core.errors import Rejected
from forewarn.core.work import Json, OrderKind
from forewarn.models.diagnosis.learned import Learned
from forewarn.models.registry.files import dumps
from forewarn.pipeline.training import Contender, Trained, TrainRequest, compare, evaluate, train
from forewarn.pipeline.training_set import SetRequest
from tests.pipeline.archives import Past, day


def past(findings: str) -> Past:
    """One finished order for each letter, on machines in turn: c confirmed, n not found."""
    made = Past(("p1", "p2", "p3"))
    for i, finding in enumerate(findings):
        told = {"c": "confirmed", "n": "not_found"}[finding]
        made.order(f"p{i % 3 + 1}", 10 + 10 * i, 11 + 10 * i, OrderKind.CONDITION, told)
    return made


def trained(made: Past, task: str = "diagnosis", until: float = 300.0) -> Trained:
    kind = {"diagnosis": "findings", "text": "tags"}[task]
    return train(made.archive, TrainRequest("fleet", task, kind, SetRequest("", day(until))), day(until))


def test_findings_become_a_version_with_figures_of_orders_that_were_left_out() -> None:
    done = trained(past("ccncnncc"))
    assert isinstance(done.model, Learned)
    assert (done.card.rows, done.card.assets, done.card.metrics["labels"]) == (8, 3, 8)
    assert dumps(done.model)


def test_findings_that_were_told_later_teach_nothing_and_change_no_digest() -> None:
    few, more = past("ccncnncc"), past("ccncnnccnnnn")
    assert trained(few, until=91).card.data_digest == trained(more, until=91).card.data_digest
    assert trained(few).card.data_digest != trained(more).card.data_digest


@pytest.mark.parametrize(
    ("findings", "task", "told"),
    [
        ("ccn", "diagnosis", "3 findings were told: at least 5"),
        ("ccccccc", "diagnosis", "only one class"),
        ("ccncnn", "text", "no order has a text"),
    ],
)
def test_orders_that_must_not_teach_are_refused(findings: str, task: str, told: str) -> None:
    with pytest.raises(Rejected, match=told):
        trained(past(findings), task)


def test_versions_of_orders_have_their_figures_on_the_card() -> None:
    made = past("ccncnncc")
    one = Contender(trained(made).card, lambda card: None)
    assert evaluate(made.archive, one, day(300)).held_out == "orders"
    with pytest.raises(Rejected, match="figures on the card"):
        compare(made.archive, one, one, day(300))


def test_texts_are_read_for_the_failure_mode_and_judged_on_machines_that_were_left_out() -> None:
    made = Past(tuple(f"p{i}" for i in range(1, 9)))
    words = {"ELP": "oil leaks from the seal, replaced gasket", "VIB": "bearing noisy and rough, bearing replaced"}
    for i in range(40):
        mode = ("ELP", "VIB")[i % 2]
        told: Json = {"text": f"{words[mode]} {i}", "failure_mode_found": mode}
        made.order(f"p{i % 8 + 1}", 10 + 10 * i, 11 + 10 * i, OrderKind.CONDITION, "confirmed", told=told)
    done = trained(made, "text", 600)
    assert done.card.schema.names == ("text",)
    assert done.card.metrics["macro_f1"] > 0.9
    assert dumps(done.model)
