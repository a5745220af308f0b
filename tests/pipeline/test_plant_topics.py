"""Topics by template: the levels of a unified namespace, words of the plant's own, and what is told of a mistake."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.plant import Plant
from forewarn.ingest.delivery import Frame
from forewarn.ingest.intake import Intake
from forewarn.pipeline.plant_file import PlantFileError, load_plant, parse_plant
from forewarn.pipeline.plant_topics import GIVEN, filled_in
from tests.conftest import ROOT

EXAMPLE = ROOT / "tests" / "pipeline" / "plants" / "unified_namespace.yaml"
HOWTO = (ROOT / "docs" / "howto" / "unified-namespace.md").read_text()
SENT_US = 1_795_392_000_000_000
BASE = """\
plant: P
topic: "acme/{site}/{area}/{line}/{asset}/{signal}"
sites: {s: {}}
templates:
  pump: {class: pump, words: {line: line-1}, signals: {temp: {unit: degC}}}
assets:
  p1: {template: pump, area: a}
  p2: {template: pump, area: a, words: {line: line-2}}
"""


@pytest.fixture(scope="module")
def plant() -> Plant:
    return load_plant(EXAMPLE)


def topics(text: str) -> dict[str, str]:
    return {spec.name: spec.topic for spec in parse_plant(text, "f").signals}


def complaints(text: str) -> list[str]:
    with pytest.raises(PlantFileError) as refused:
        parse_plant(text, "f")
    return [line.removeprefix("f:") for line in refused.value.lines]


def test_the_tree_of_a_plant_is_written_down_once(plant: Plant) -> None:
    found = {spec.name: spec.topic for spec in plant.signals}
    assert found["filler-1/oil_temperature"] == "acme/lyon/filling/line-3/cell-1/filler-1/oil_temperature"
    assert found["filler-2/vibration"] == "acme/lyon/filling/line-3/cell-2/filler-2/vibration"
    assert found["chiller-1/current"] == "things/chl-0815/shadow"
    assert found["chiller-1/discharge_pressure"] == "opc/lyon/line-3/chiller-1"


def test_the_example_in_the_manual_is_the_one_that_is_tested() -> None:
    assert HOWTO.split("```yaml\n")[1].split("```")[0] == EXAMPLE.read_text()


@pytest.mark.parametrize(
    ("message", "signals", "expected"),
    [
        (0, ["filler-1/oil_temperature"], [61.5]),
        (1, ["chiller-1/suction_temperature", "chiller-1/current"], [5.0, 12.5]),
        (2, ["chiller-1/discharge_pressure"], [8.2]),
    ],
)
def test_each_message_of_the_manual_is_read_as_it_says(
    plant: Plant, message: int, signals: list[str], expected: list[float]
) -> None:
    sent = re.findall(r"```json\n(.*?)\n```", HOWTO, re.DOTALL)[message]
    specs = {spec.name: spec for spec in plant.signals}
    taken = intake_of(plant).take([Frame(SENT_US + 1_000_000, 1, "gw", specs[signals[0]].topic, sent.encode())])
    rows = [list(specs).index(name) for name in signals]
    assert taken.refused == []
    assert taken.readings.series.tolist() == rows
    assert taken.readings.value.tolist() == pytest.approx(expected)
    assert set(taken.readings.at.tolist()) == {SENT_US}


def intake_of(plant: Plant) -> Intake:
    return Intake(plant.signals, list(range(len(plant.signals))))


def test_a_value_object_in_another_unit_is_refused(plant: Plant) -> None:
    topic = next(spec.topic for spec in plant.signals if spec.name == "filler-1/oil_temperature")
    body = b'{"value": 142.7, "unit": "degF", "timestamp": "2026-11-23T00:00:00Z"}'
    (refusal,) = intake_of(plant).take([Frame(SENT_US, 1, "gw", topic, body)]).refused
    assert refusal.reason == "unit_mismatch"


def test_what_a_machine_says_wins_over_its_template_and_a_signals_own_topic_over_both() -> None:
    own = BASE.replace("p2: {template: pump,", "p2: {template: pump, signals: {temp: {topic: 'x/{plant}/{line}'}},")
    assert topics(BASE) == {"p1/temp": "acme/s/a/line-1/p1/temp", "p2/temp": "acme/s/a/line-2/p2/temp"}
    assert topics(own)["p2/temp"] == "x/P/line-2"


def test_a_word_may_stand_for_several_levels() -> None:
    assert topics(BASE.replace("line-2", "hall 2/line-2"))["p2/temp"] == "acme/s/a/hall 2/line-2/p2/temp"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "{line}",
            "{lin}",
            "2:8: topic: unknown word {lin} in topic 'acme/{site}/{area}/{lin}/{asset}/{signal}' (did you mean line?)"
            ": a word of your own stands under `words` of the machine",
        ),
        (
            "words: {line: line-1}, ",
            "",
            "7:3: assets.p1: topic 'acme/{site}/{area}/{line}/{asset}/{signal}' asks for {line}: give it under `words`",
        ),
        (
            "{line: line-2}",
            "{area: b}",
            "8:47: assets.p2.words.area: {area} is filled in by itself: choose another name",
        ),
        (
            "line: line-2",
            "line: a/+",
            "8:47: assets.p2.words.line: 'a/+' is not made of 1 to 200 signs that a topic may have: no +, # or braces",
        ),
        ("line: line-2", "Line: a", "8:41: assets.p2.words.Line: an id has 1 to 64 of a-z, 0-9, _ and -"),
        ("line: line-2", "line: 7", "8:47: assets.p2.words.line: a text is expected, not 7"),
        (
            "acme/{site}",
            "spBv1.0/{site}",
            "2:8: topic: topics below spBv1.0/ carry Sparkplug: write `format: sparkplug`",
        ),
        ("{line}", "{line", "2:8: topic: a brace of topic 'acme/s/a/{line/p1/temp' stands alone"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(old: str, new: str, said: str) -> None:
    assert said in complaints(BASE.replace(old, new))


def test_a_template_that_nobody_uses_may_leave_words_to_its_machines() -> None:
    spare = BASE.replace("templates:\n", "templates:\n  fan: {class: fan, signals: {t: {unit: degC}}}\n")
    assert len(topics(spare)) == 2


@given(st.dictionaries(st.sampled_from([*GIVEN, "line", "cell"]), st.from_regex(r"[a-z0-9-]{1,9}", fullmatch=True)))
def test_words_are_filled_in_once_and_what_is_missing_is_named(words: dict[str, str]) -> None:
    template = "/".join(f"{{{word}}}" for word in [*GIVEN, "line", "cell"])
    topic, missing = filled_in(template, words)
    assert topic == "/".join(words.get(word, f"{{{word}}}") for word in [*GIVEN, "line", "cell"])
    assert set(missing) == {*GIVEN, "line", "cell"} - set(words)


def test_without_a_template_the_topic_is_what_it_always_was() -> None:
    lines = [line for line in BASE.splitlines(keepends=True) if not line.startswith("topic")]
    assert topics("".join(lines))["p1/temp"] == "pm/v1/s/a/p1/temp"
