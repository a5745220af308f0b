"""Formats and detections of signals: what the plant file takes, and what it tells of a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from forewarn.core.plant import Asset
from forewarn.core.readings import SignalSpec
from forewarn.models.limits import limit_for_scalar
from forewarn.pipeline.plant_detection import WORDS, split_unit
from forewarn.pipeline.plant_file import PlantFileError, parse_plant

BASE = """\
plant: P
sites: {s: {}}
assets:
  p1:
    class: pump
    area: a
    signals:
"""


def signals(*lines: str) -> dict[str, SignalSpec]:
    text = BASE + "".join(f"      {line}\n" for line in lines)
    return {spec.signal: spec for spec in parse_plant(text, "f").signals}


def complaints(*lines: str) -> list[str]:
    with pytest.raises(PlantFileError) as refused:
        signals(*lines)
    return [line.removeprefix("f:") for line in refused.value.lines]


def test_a_signal_says_in_which_format_its_topic_speaks() -> None:
    found = signals(
        "a: {unit: degC, topic: t/a, field: data.temp, time_field: data.time, time_unit: s}",
        "b: {unit: degC, topic: t/b, format: senml, field: 'urn:dev:mac:1:temp'}",
        "c: {unit: degC, topic: homie/5/dev/node/temp, format: plain}",
        "d: {unit: degC, topic: spBv1.0/works/edge-1/pump-7, format: sparkplug, field: Bearing/Temperature}",
        "e: {unit: g, kind: waveform, format: chunked, template: treon-stream, topic: t/e, field: axial}",
        "f: {unit: g, kind: waveform, format: chunked, template: treon-stream, topic: t/e, field: radial}",
    )
    assert [spec.format for spec in found.values()] == ["json", "senml", "plain", "sparkplug", "chunked", "chunked"]
    assert (found["a"].field, found["a"].time_field, found["a"].time_unit) == ("data.temp", "data.time", "s")
    assert found["e"].template == "treon-stream"


def test_a_topic_may_say_that_only_texts_are_times() -> None:
    assert signals("a: {unit: degC, topic: t/a, field: data.temp, time_unit: iso}")["a"].time_unit == "iso"


def mistakes() -> list[tuple[list[str], list[str]]]:
    """(signals, what is said) of each paragraph of signal_mistakes.txt."""
    paragraphs = (Path(__file__).parent / "plants" / "signal_mistakes.txt").read_text().split("\n\n")[1:]
    read = [{sign: [line[2:] for line in part.splitlines() if line[0] == sign] for sign in "+!"} for part in paragraphs]
    return [(part["+"], part["!"]) for part in read]


@pytest.mark.parametrize(("lines", "said"), mistakes(), ids=lambda part: str(part)[:40])
def test_a_mistake_is_told_with_its_place(lines: list[str], said: list[str]) -> None:
    assert complaints(*lines) == said


@pytest.mark.parametrize(
    ("unit", "detection", "canonical"),
    [
        ("mm/s pk", "peak", 1.0),
        ("in/s peak", "peak", 25.4),
        ("ips-pk", "peak", 25.4),
        ("g pk-pk", "peak_to_peak", 9.80665),
        ("mil pk-pk", "peak_to_peak", 25.4),
        ("um p-p", "peak_to_peak", 1.0),
        ("mm/s rms", "rms", 1.0),
        ("mm/s RMS", "rms", 1.0),
        ("g (rms)", "rms", 9.80665),
        ("in/s derived peak", "derived_peak", 25.4),
        ("A rms", "rms", 1.0),
        ("mm/s", "rms", 1.0),
        ("g", "rms", 9.80665),
        ("um", None, 1.0),
        ("degC", None, 1.0),
    ],
)
def test_the_unit_may_tell_the_detection_and_only_the_unit_is_converted(
    unit: str, detection: str | None, canonical: float
) -> None:
    found = signals(f"a: {{unit: {unit}}}")["a"]
    assert found.detection == detection
    assert found.conversion.apply(1.0) == pytest.approx(canonical)


def test_a_stated_detection_may_repeat_what_the_unit_says_and_wins_over_the_habit() -> None:
    assert signals("a: {unit: mm/s pk, detection: peak}")["a"].detection == "peak"
    assert signals("a: {unit: mm/s, detection: peak}")["a"].detection == "peak"
    assert signals("a: {unit: g, kind: waveform}")["a"].detection is None


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("sign", [" ", "-", "_", "  "])
def test_every_word_of_detection_is_cut_from_every_unit(word: str, sign: str) -> None:
    assert split_unit(f"in/s{sign}{word.upper()}") == ("in/s", WORDS[word])


@pytest.mark.parametrize("unit", ["rms", "pk", "mm/s", "delta_degC", "rpm", "1/s", "%", "", "kg-pk2", "mm/spk"])
def test_a_unit_without_a_word_of_detection_stays_whole(unit: str) -> None:
    assert split_unit(unit) == (unit, None)


def test_the_zones_of_iso_20816_are_for_rms_alone() -> None:
    asset = Asset("p1", "Pump", "pump", "s", "a", power_kw=15.0)
    limits = {
        unit: limit_for_scalar(asset, signals(f"a: {{unit: {unit}}}")["a"], 1.0).failure_change
        for unit in ("mm/s", "mm/s rms", "mm/s pk", "mm/s pk-pk", "mm/s derived peak")
    }
    assert limits["mm/s"] == limits["mm/s rms"] == pytest.approx(1.504, abs=1e-3)  # log of 4.5 mm/s, zone C/D
    for unit in ("mm/s pk", "mm/s pk-pk", "mm/s derived peak"):
        assert limits[unit] == pytest.approx(2.303, abs=1e-3)  # ten times its own past


def test_what_a_sensor_says_of_itself_and_what_counts_up_is_never_scored() -> None:
    from forewarn.models.channels import scored
    from forewarn.models.tracks import roles_of

    found = signals(
        "battery: {unit: '%', role: device}", "hours: {unit: h}", "energy: {unit: kWh}", "temp: {unit: degC}"
    )
    asset = Asset("p1", "Pump", "pump", "s", "a", signals=tuple(found.values()))
    assert [spec.signal for spec in asset.signals if scored(asset, spec)] == ["temp"]
    assert roles_of(asset) == {}
    assert (found["hours"].quantity, found["hours"].unit) == ("operating_time", "h")


def test_chunks_of_several_axes_share_a_topic_and_name_a_template_that_is_there(tmp_path: Path) -> None:
    signals = "\n".join(
        f"      v{axis}: {{unit: g, kind: waveform, format: chunked, template: TEMPLATE, topic: t/v, field: '{axis}'}}"
        for axis in ("x", "y")
    )
    text = f"plant: P\nsites: {{s: {{}}}}\nassets:\n  a:\n    class: pump\n    area: h\n    signals:\n{signals}\n"
    plant = parse_plant(text.replace("TEMPLATE", "forewarn"))
    assert [spec.field for spec in plant.signals] == ["x", "y"]
    with pytest.raises(PlantFileError, match=r"template: .*'mine'"):
        parse_plant(text.replace("TEMPLATE", "mine"), folder=tmp_path)
    (tmp_path / "chunk_templates.yaml").write_text("mine: {id: m, index: i, total: n, samples: '{field}', rate_hz: 1}")
    assert len(parse_plant(text.replace("TEMPLATE", "mine"), folder=tmp_path).signals) == 2
