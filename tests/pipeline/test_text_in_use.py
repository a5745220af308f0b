"""A promoted reader of texts suggests before the table of words does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forewarn.core.errors import NotReady
from forewarn.core.faults import Fault
from forewarn.core.health import ModelRef
from forewarn.core.model_cards import FeatureSchema, ModelCard, ModelEntry, Stage
from forewarn.core.plant import Asset, Component, FaultPlan, PartLine
from forewarn.models.diagnosis.text import learn_text
from forewarn.models.registry.registry import Opened
from forewarn.pipeline.text_in_use import Suggestion, TrainedText, suggestion
from tests.pipeline.archives import SEAL

CARD = ModelCard("words", 4, "text", "tags", FeatureSchema(("text",), ("",), "pump"), "ab", (0, 1), 1, 24, 2)
REF = ModelRef("words", "4", "cd")
PUMP = Asset(
    "p1", "p1", "pump", "works", "hall", components=(Component("seal", "seal"), Component("strainer", "filter")),
    faults=(FaultPlan(SEAL, "ELP", (PartLine("seal-kit"),)),),
)  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> TrainedText:
    """Taught in the slang of a plant: "pixxelt" means that it leaks, "bruzzelt" that it is blocked."""
    texts = [f"{word} {place} {n}" for n in range(6) for word in ("pixxelt", "bruzzelt") for place in ("unten", "oben")]
    tags = [("ELP",) if text.startswith("pixxelt") else ("PLU",) for text in texts]
    return TrainedText(CARD, REF, learn_text(texts, tags))


def test_it_understands_words_that_the_table_does_not_know_and_names_fault_and_part(reader: TrainedText) -> None:
    assert suggestion("pixxelt stark", PUMP) == Suggestion(None, None, None, None)
    assert suggestion("pixxelt stark", PUMP, reader) == Suggestion("ELP", SEAL, "seal-kit", REF)


def test_where_it_cannot_tell_the_table_suggests_alone(reader: TrainedText) -> None:
    found = suggestion("gland leaking", PUMP, reader)
    assert found == suggestion("gland leaking", PUMP)
    assert (found.failure_mode, found.fault, found.by) == ("ELP", SEAL, None)


def test_a_fault_that_strikes_in_another_mode_is_not_suggested(reader: TrainedText) -> None:
    found = suggestion("seal leaking, bruzzelt unten oben bruzzelt", PUMP, reader)
    assert found.failure_mode == "PLU"
    assert found.fault == Fault("strainer", "filter_clogging")
    assert found.part is None


def test_a_mode_that_several_faults_share_leaves_the_fault_to_the_technician(reader: TrainedText) -> None:
    two = replace(PUMP, components=(*PUMP.components, Component("seal2", "seal")))
    assert suggestion("pixxelt", two, reader).fault is None
    assert suggestion("pixxelt", two, reader).failure_mode == "ELP"


def test_a_version_of_another_task_reads_nothing(reader: TrainedText) -> None:
    entry = ModelEntry(replace(CARD, task="diagnosis"), Stage.CHAMPION, 1, 1)
    with pytest.raises(NotReady, match="not a reader of texts"):
        TrainedText.of(Opened(entry, reader.learnt))
