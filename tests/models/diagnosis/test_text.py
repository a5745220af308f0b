"""Texts of work orders: shorthand, several things at once, and an honest "cannot tell"."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import NotReady, Rejected
from forewarn.core.faults import FAILURE_MODES, MECHANISMS
from forewarn.core.plant import Asset, Component
from forewarn.models.diagnosis.symptoms import PARTS, SYMPTOMS, WRONG, failure_modes, suggested_fault
from forewarn.models.diagnosis.text import TextReader, learn_text
from forewarn.models.diagnosis.wording import normalised, words_of

SYSTEMS = {"engine": "engine", "hydraulic": "hyd pump", "brakes": "brake calliper", "lights": "lamp"}


def made_up_orders(count: int, seed: int) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
    """Short texts that name no, one or two systems, in words that come in several spellings."""
    rng = np.random.default_rng(seed)
    texts, tags, assets = [], [], []
    for i in range(count):
        named = sorted(rng.choice(list(SYSTEMS), size=rng.choice([0, 1, 1, 1, 2]), replace=False))
        words = [SYSTEMS[s] if rng.random() < 0.8 else SYSTEMS[s].upper() + "s" for s in named]
        did = str(rng.choice(["replace", "repl.", "check", "repair leaking", "noise from"]))
        texts.append(" ".join([did, *words, str(rng.choice(["l/h", "rear", "today", ""]))]))
        tags.append(tuple(named))
        assets.append(f"m{i % 4}")
    return texts, tags, assets


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return learn_text(*made_up_orders(200, 1))


def test_a_new_text_is_read_tag_by_tag_also_in_combinations_that_nobody_taught(reader: TextReader) -> None:
    (both,) = reader.read(["engine and brake calliper worn"])
    assert set(both.told) == {"engine", "brakes"}
    (all_three,) = reader.read(["check engine, hyd pump, lamp"])
    assert set(all_three.told) == {"engine", "hydraulic", "lights"}


def test_what_names_nothing_cannot_be_told(reader: TextReader) -> None:
    for text in ("repair today", "", "xyzzy 4711", "\u6cb9\u6cf5"):
        (reading,) = reader.read([text])
        assert reading.told == ()
        assert len(reading.tags) == 4  # who must choose still finds the least improbable one


def test_a_misspelt_word_is_read_by_its_letters(reader: TextReader) -> None:
    assert reader.read(["engin nois"])[0].told == ("engine",)


def test_its_probabilities_are_those_of_texts_that_did_not_teach_it(reader: TextReader) -> None:
    texts, tags, _ = made_up_orders(300, 2)
    told = [(p, tag in truth) for r, truth in zip(reader.read(texts), tags, strict=True) for tag, p in r.tags]
    claimed, right = np.mean([p for p, _ in told]), np.mean([hit for _, hit in told])
    assert abs(claimed - right) < 0.03


def test_a_word_that_is_right_one_time_in_four_is_told_with_a_quarter_and_not_with_certainty() -> None:
    rng = np.random.default_rng(3)
    stops = rng.random(400) < 0.3
    texts = ["machine stops" if stop else f"replace hose {i % 7}" for i, stop in enumerate(stops)]
    tags = [("engine",) if stop and rng.random() < 0.25 else () for stop in stops]
    ((_, probability),) = learn_text(texts, tags).read(["machine stops"])[0].tags
    assert 0.15 < probability < 0.35


def test_the_same_texts_teach_the_same_reader(reader: TextReader) -> None:
    again = learn_text(*made_up_orders(200, 1))
    texts = made_up_orders(20, 3)[0]
    assert again.read(texts) == reader.read(texts)


def test_a_reader_learns_without_knowing_the_assets_and_reads_nothing_from_nothing() -> None:
    texts, tags, _ = made_up_orders(60, 4)
    assert learn_text(texts, tags).read([]) == []
    assert "engine" in learn_text(texts, tags).read(["engine stops"])[0].told


def test_too_few_texts_or_tags_are_not_ready_and_unequal_columns_are_refused() -> None:
    texts, tags, assets = made_up_orders(40, 5)
    with pytest.raises(NotReady, match="20"):
        learn_text(texts[:10], tags[:10])
    with pytest.raises(NotReady, match="0 tags"):
        learn_text(texts, [()] * 40)
    with pytest.raises(NotReady, match="nothing to learn"):
        learn_text(["?"] * 40, tags)
    with pytest.raises(Rejected, match="columns_differ"):
        learn_text(texts, tags[:-1], assets)


@given(st.text(max_size=80))
def test_any_text_has_plain_words_and_a_failure_mode(text: str) -> None:
    assert all(word.strip() == word and word for word in words_of(text))
    assert set(failure_modes(text)) <= set(FAILURE_MODES)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("REPL LH HYD CYL SHD0024", "replac left hydraulic cylinder"),
        ("c/o o/ring", "chang out o-ring"),
        ("broken/missing bolts 13/2/06", "broken miss bolt"),
        ("A/C U/S", "air conditioner not work"),
    ],
)
def test_shorthand_is_spelt_out_and_marks_of_machines_are_dropped(typed: str, plain: str) -> None:
    assert normalised(typed) == plain


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("oil leaking from pump", "ELU"), ("gland leak", "ELP"), ("valve bypassing", "INL"), ("mtr o/heating", "OHE"),
        ("eng wont start", "FTS"), ("machine shutting down", "UST"), ("pump noisy", "NOI"), ("fan vibrating", "VIB"),
        ("strainer blocked", "PLU"), ("temp sensor u/s", "AIR"), ("cracked weld", "STD"), ("low flow", "LOO"),
        ("500 hr service", "UNK"), ("", "UNK"),
    ],
)  # fmt: skip
def test_the_table_names_the_failure_mode_or_says_that_it_cannot(text: str, mode: str) -> None:
    assert failure_modes(text)[0] == mode


def test_a_fault_is_suggested_only_where_the_text_names_one_that_the_machine_can_have() -> None:
    kinds = {kind for mechanism in MECHANISMS.values() for kind in mechanism.component_kinds}
    everything = Asset("m", "m", "x", "s", "a", components=tuple(Component(k, k) for k in sorted(kinds)))
    assert str(suggested_fault("brg noisy, repl", everything)) == "bearing:bearing_wear"
    assert str(suggested_fault("coupling out of line", everything)) == "coupling:misalignment"
    assert suggested_fault("seal leaking and belt slipping", everything) is None  # two at once: ask
    assert suggested_fault("seal leaking", Asset("m", "m", "x", "s", "a")) is None


def test_the_tables_speak_of_known_modes_mechanisms_and_components() -> None:
    assert {symptom.mode for symptom in SYMPTOMS} <= set(FAILURE_MODES)
    assert set(WRONG) <= set(MECHANISMS)
    assert set(PARTS) <= {kind for mechanism in MECHANISMS.values() for kind in mechanism.component_kinds}
