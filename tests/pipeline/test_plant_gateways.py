"""Gateways of the plant file and their profiles: what becomes of a device, and what is told of a mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forewarn.core.plant import Plant
from forewarn.core.readings import SignalSpec
from forewarn.ingest.formats.table import FORMATS
from forewarn.ingest.topics import TopicTable
from forewarn.pipeline.plant_file import PlantFileError, load_plant, parse_plant
from forewarn.pipeline.profiles import ProfileError, find_profile, load_profile, parse_profile, shipped_profiles

PAYLOADS = sorted((Path(__file__).parent / "plants" / "payloads").glob("*.json"))
ARRIVED_US = 1_795_392_001_000_000

BASE = """\
plant: P
sites: {s: {}}
gateways:
  g:
    profile: ncd-vibration-v3
    devices:
      "41:AB": {asset: p1, component: brg, prefix: de_, only: [x_velocity, temperature], period_s: 600}
templates:
  pump: {class: pump, components: {brg: {kind: bearing}}, signals: {de_temperature: {unit: degF, stuck_after_s: 5}}}
assets:
  p1: {template: pump, area: a}
  p2: {template: pump, area: a}
"""


def signals_of(text: str, asset: str = "p1", folder: Path | None = None) -> dict[str, SignalSpec]:
    found = parse_plant(text, "f", folder).asset(asset)
    assert found is not None
    return {spec.signal: spec for spec in found.signals}


def complaints(text: str, folder: Path | None = None) -> list[str]:
    with pytest.raises(PlantFileError) as refused:
        parse_plant(text, "f", folder)
    return [line.removeprefix("f:") for line in refused.value.lines]


def test_a_device_brings_the_features_of_its_profile_to_its_machine() -> None:
    found = signals_of(BASE)
    assert sorted(found) == ["de_temperature", "de_x_velocity"]
    velocity = found["de_x_velocity"]
    assert (velocity.topic, velocity.field, velocity.time_field) == (
        "ncd/41:AB", "sensor_data.x_velocity_mm_sec", "received",
    )  # fmt: skip
    assert (velocity.quantity, velocity.detection, velocity.component) == ("vibration_velocity", "rms", "brg")
    assert (velocity.period_s, velocity.source, velocity.high) == (600.0, "ncd-vibration-v3", 655.35)


def test_what_the_machine_says_wins_and_what_its_template_says_gives_way() -> None:
    assert signals_of(BASE)["de_temperature"].high == 327.67
    assert signals_of(BASE)["de_temperature"].stuck_after_s == 5.0
    own = BASE.replace("p1: {template: pump, area: a}", "p1: {template: pump, area: a, signals: {de_temperature: "
                       "{range: [0, 70]}}}")  # fmt: skip
    assert signals_of(own)["de_temperature"].high == 70.0


def test_a_device_may_change_a_feature_and_add_a_signal() -> None:
    text = BASE.replace(
        "period_s: 600}",
        "signals: {temperature: {range: [-20, 120]}, odr: {unit: '1', field: sensor_data.odr_hz}}}",
    )
    found = signals_of(text)
    assert (found["de_temperature"].low, found["de_temperature"].high) == (-20.0, 120.0)
    assert (found["de_odr"].field, found["de_odr"].time_field) == ("sensor_data.odr_hz", "received")


def test_the_topic_of_a_gateway_is_the_plants_choice() -> None:
    text = BASE.replace("    devices:", '    topic: "{site}/hall/{device}/up"\n    devices:')
    assert signals_of(text)["de_x_velocity"].topic == "s/hall/41:AB/up"


def test_a_profile_of_the_plants_own_lies_beside_the_plant_file(tmp_path: Path, root: Path) -> None:
    how_to = (root / "docs/howto/add-a-gateway-profile.md").read_text()
    (tmp_path / "ours.yaml").write_text(how_to.split("```yaml\n")[1].split("```")[0])
    text = BASE.replace("ncd-vibration-v3", "ours.yaml").replace("only: [x_velocity, temperature], period_s: 600, ", "")
    (tmp_path / "plant.yaml").write_text(
        text.replace("only: [x_velocity, temperature], period_s: 600", "only: [shock]")
    )
    plant = load_plant(tmp_path / "plant.yaml")
    (shock, temperature) = (plant.signals[1], plant.signals[0])
    assert (shock.signal, shock.detection, shock.time_unit, shock.topic) == ("de_shock", "peak", "s", "acme/41:AB/data")
    assert temperature.signal == "de_temperature"


def mistakes() -> list[tuple[str, str, list[str]]]:
    """(what is written, what stands there instead, what is said) of each paragraph of gateway_mistakes.txt."""
    paragraphs = (Path(__file__).parent / "plants" / "gateway_mistakes.txt").read_text().split("\n\n")[1:]
    read = [
        {sign: [line[2:] for line in part.splitlines() if line[0] == sign] for sign in "-+!"} for part in paragraphs
    ]
    return [(part["-"][0], part["+"][0], part["!"]) for part in read]


@pytest.mark.parametrize(("good", "bad", "said"), mistakes(), ids=lambda part: str(part)[:30])
def test_a_mistake_is_told_with_its_place(good: str, bad: str, said: list[str]) -> None:
    assert good in BASE
    assert complaints(BASE.replace(good, bad, 1)) == said


def test_two_devices_may_not_bring_the_same_signal() -> None:
    text = BASE.replace("templates:", '      "41:AC": {asset: p1, prefix: de_, only: [temperature]}\ntemplates:')
    assert complaints(text) == [
        "8:7: gateways.g.devices.41:AC: p1/de_temperature comes from another device too: give a `prefix`"
    ]


GOOD_PROFILE = """\
profile: acme
vendor: Acme
sources: [{title: manual}]
topic: "acme/{device}"
features:
  velocity: {field: v, unit: mm/s rms}
"""


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("mm/s rms", "mm/z rms", "6:30: features.velocity.unit: unknown unit 'mm/z' (did you mean mm/s?)"),
        ("rms}", "rms, detection: peak}", "6:30: features.velocity.unit: peak is not what the unit says: rms"),
        ("field: v", "feld: v", "6:3: features.velocity: `field` is missing"),
        ("{device}", "device", "4:8: topic: {device} does not stand in the topic: all devices would share it"),
        ("rms}", "rms, assumed: true}", "1:1: a feature is assumed: say what and why under `assumed`"),
        ("sources: [{title: manual}]\n", "", "1:1: `sources` is missing"),
        ("vendor: Acme", "vendor: no", "2:9: vendor: `no` is a truth value to YAML: write true or false, or put quotes "
         "around the text"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_profile_is_told_with_its_place(good: str, bad: str, said: str) -> None:
    with pytest.raises(ProfileError) as refused:
        parse_profile(GOOD_PROFILE.replace(good, bad, 1), "acme.yaml")
    assert f"acme.yaml:{said}" in refused.value.lines


def test_mistakes_of_a_profile_stand_where_the_plant_file_names_it(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text(GOOD_PROFILE.replace("mm/s", "mm/z"))
    (line,) = complaints(BASE.replace("ncd-vibration-v3", "acme.yaml"), tmp_path)
    assert line.startswith("5:14: gateways.g.profile: acme.yaml:6:30: features.velocity.unit: unknown unit 'mm/z'")
    assert complaints(BASE.replace("ncd-vibration-v3", "none.yaml"), tmp_path) == [
        "5:14: gateways.g.profile: 'none.yaml' cannot be read beside the plant file: No such file or directory"
    ]
    (tmp_path / "latin.yaml").write_bytes(b"profile: x\nvendor: \xe9\n")
    with pytest.raises(ProfileError, match=r"latin.yaml:2:1: not UTF-8"):
        load_profile(tmp_path / "latin.yaml")


@pytest.mark.parametrize("name", shipped_profiles())
def test_a_profile_that_ships_is_sound_and_says_where_it_comes_from(name: str) -> None:
    profile = find_profile(name, None)
    assert profile.profile == name
    assert all(source.url for source in profile.sources)
    guessed = [id for id, feature in profile.features.items() if feature.assumed]
    assert not guessed or profile.assumed


@pytest.mark.parametrize("name", shipped_profiles())
def test_a_profile_that_ships_has_a_payload_to_be_tested_with(name: str) -> None:
    assert name in [file.stem for file in PAYLOADS]


def plant_of(golden: dict[str, Any], profile: str) -> Plant:
    device = f"{golden['device']!r}: {{asset: p1, signals: {golden.get('signals', '{}')}}}"
    gateway = f"gateways: {{g: {{profile: {profile}, devices: {{{device}}}}}}}"
    return parse_plant(f"plant: P\nsites: {{s: {{}}}}\n{gateway}\nassets: {{p1: {{class: pump, area: a}}}}\n")


@pytest.mark.parametrize("file", PAYLOADS, ids=lambda file: str(file.stem))
def test_a_real_payload_becomes_the_readings_that_the_profile_promises(file: Path) -> None:
    golden = json.loads(file.read_text())
    plant = plant_of(golden, file.stem)
    binding = TopicTable(plant.signals, range(len(plant.signals))).binding(golden["topic"])
    decoded = FORMATS[binding.kind](json.dumps(golden["payload"]).encode(), binding, ARRIVED_US, ARRIVED_US)
    specs = [plant.signals[row] for row in decoded.rows]
    readings = {s.signal: s.conversion.apply(raw) for s, raw in zip(specs, decoded.value, strict=True)}
    assert readings == pytest.approx(golden["readings"], rel=1e-5)
    assert set(decoded.at) == {golden["at_us"]}
    assert {reason for reason, _ in decoded.refused} <= {"unknown_field"}  # numbers that the profile leaves out


def test_the_example_of_the_how_to_is_a_sound_plant(root: Path) -> None:
    text = (root / "docs/howto/connect-a-gateway.md").read_text()
    plant = parse_plant(text.split("```yaml\n")[1].split("```")[0])
    assert [spec.signal for spec in plant.signals] == [
        "de_x_velocity", "de_y_velocity", "de_z_velocity", "de_temperature", "nde_x_velocity", "nde_temperature",
    ]  # fmt: skip
    assert [spec.high for spec in plant.signals if spec.signal == "nde_temperature"] == [120.0]
