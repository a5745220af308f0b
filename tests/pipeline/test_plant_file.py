"""The plant file: what the small plant means, and every mistake told with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from forewarn.core.errors import Rejected
from forewarn.core.faults import Fault
from forewarn.core.plant import PartLine, Plant
from forewarn.core.units import CANONICAL_UNIT
from forewarn.ingest.topics import TopicTable
from forewarn.pipeline.plant_file import PlantFileError, load_plant, parse_plant, plant_json_schema
from forewarn.pipeline.plant_schema import KINDS
from forewarn.pipeline.plant_units import ALIASES, COUNTED, UnitError, resolve_unit

SMALL = Path(__file__).parent / "plants" / "small.yaml"


@pytest.fixture(scope="module")
def small() -> Plant:
    return load_plant(SMALL)


def complaints(text: str) -> list[str]:
    with pytest.raises(PlantFileError) as refused:
        parse_plant(text, "f")
    assert isinstance(refused.value, Rejected)
    assert str(refused.value) == "\n".join(refused.value.lines)
    return list(refused.value.lines)


def test_assets_take_from_their_template_and_extend_it(small: Plant) -> None:
    p101, p102 = small.asset("p101"), small.asset("p102")
    assert p101 is not None
    assert p102 is not None
    assert (p101.asset_class, p101.criticality, p101.nominal_rpm) == ("pump", "A", 1480)
    assert (p102.asset_class, p102.criticality, p102.site) == ("pump", "B", "riverside")
    assert {s.signal for s in p102.signals} - {s.signal for s in p101.signals} == {"suction_pressure"}
    moved = p102.signal("de_temperature")
    assert moved is not None
    assert (moved.topic, moved.max_rate_per_s, moved.component) == (
        "legacy/boilerhouse/p102/bearing",
        2.0,
        "de_bearing",
    )


def test_topics_are_made_from_the_place_of_the_signal(small: Plant) -> None:
    assert small.signals[0].topic == "pm/v1/riverside/boilerhouse/p101/de_acceleration"
    assert len(TopicTable(small.signals, range(len(small.signals)))) == 20  # three share the gateway's topic


def test_units_ranges_and_rates_become_canonical(small: Plant) -> None:
    signals = {spec.name: spec for spec in small.signals}
    winding, flow, shock = (signals[f"p101/{name}"] for name in ("winding_temperature", "flow", "de_acceleration"))
    assert (winding.quantity, winding.unit) == ("temperature", "degC")
    assert (winding.low, winding.high) == pytest.approx((-40.0, 204.4444444))
    assert (flow.unit, flow.high) == ("m^3/h", 300.0)
    assert (shock.quantity, shock.conversion.scale) == ("acceleration", 9.80665)
    assert signals["f201/velocity"].high == pytest.approx(101.6)
    fast = parse_plant(SMALL.read_text().replace("range: [-40, 400]", "range: [-40, 400], max_rate_per_s: 9"))
    assert fast.signals[3].max_rate_per_s == pytest.approx(5.0)


def test_one_repair_may_serve_several_mechanisms(small: Plant) -> None:
    asset = small.asset("p101")
    assert asset is not None
    plan = asset.plan_for(Fault("de_bearing", "ball_spall"))
    assert plan is not None
    assert (plan.failure_mode, plan.parts, plan.repair_hours) == ("VIB", (PartLine("brg-6205", 1),), 6.0)
    seal = asset.plan_for(Fault("seal", "seal_leak"))
    assert seal is not None
    assert seal.failure_mode == "ELP"
    bearing = asset.component("de_bearing")
    assert bearing is not None
    assert bearing.bearing is not None
    assert bearing.bearing.tones_hz(1797 / 60)["bpfo"] == pytest.approx(107.4, abs=0.05)


def test_an_asset_may_plan_a_fault_otherwise_than_its_template() -> None:
    text = (
        SMALL.read_text()
        + "  p103: {template: pump, area: a, faults: [{component: seal, mechanism: seal_leak, repair_hours: 99}]}\n"
    )
    asset = parse_plant(text).asset("p103")
    assert asset is not None
    assert [plan.repair_hours for plan in asset.faults if plan.fault.component == "seal"] == [99.0]
    assert len(asset.faults) == 10


def test_parts_carry_their_lead_times(small: Plant) -> None:
    part = small.part("brg-6205")
    assert part is not None
    assert (part.lead_p50_days, part.lead_p90_days, part.price, part.on_hand) == (5.0, 12.0, 18.5, 2)


BASE = """\
plant: P
sites:
  s: {timezone: UTC}
parts:
  seal: {lead_time_days: {typical: 1, late: 2}}
templates:
  pump:
    class: pump
    components:
      brg: {kind: bearing, bearing: {rolling_elements: 9, rolling_diameter_mm: 8, pitch_diameter_mm: 39}}
      seal: {kind: seal}
    signals:
      temp: {unit: degC, component: brg, period_s: 60, range: [-40, 150]}
    faults:
      - {component: seal, mechanism: seal_leak, parts: {seal: 1}}
assets:
  p1: {template: pump, area: a}
  p2: {template: pump, area: a}
"""


def test_the_base_of_the_broken_files_is_sound() -> None:
    assert [asset.id for asset in parse_plant(BASE).assets] == ["p1", "p2"]


def mistakes() -> list[tuple[str, str, list[str]]]:
    """(what is written, what stands there instead, what is said) of each paragraph of mistakes.txt."""
    paragraphs = (SMALL.parent / "mistakes.txt").read_text().split("\n\n")[1:]
    found = []
    for paragraph in paragraphs:
        lines = {sign: [line[2:] for line in paragraph.splitlines() if line[0] == sign] for sign in "-+!"}
        found.append((lines["-"][0], (lines["+"] or [""])[0], lines["!"]))
    return found


@pytest.mark.parametrize(("good", "bad", "said"), mistakes(), ids=lambda part: str(part)[:30])
def test_a_mistake_is_told_with_its_place_and_what_was_meant(good: str, bad: str, said: list[str]) -> None:
    assert good in BASE
    assert complaints(BASE.replace(good, bad, 1)) == [f"f:{line}" for line in said]


def test_an_empty_file_is_told() -> None:
    assert complaints("") == complaints("# only a comment") == ["f:1:1: the file is empty"]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = BASE.replace("unit: degC", "unit: degX").replace("UTC", "Utopia").replace("seal_leak", "leak")
    assert [line.split(": ")[0] for line in complaints(text)] == ["f:3:17", "f:13:20", "f:15:38"]


def test_a_mistake_in_a_template_of_many_assets_is_told_once() -> None:
    assert len(complaints(BASE.replace("unit: degC", "unit: degX"))) == 1


def test_a_mistake_in_a_template_that_nobody_uses_is_told_too() -> None:
    text = BASE.replace("template: pump, ", "class: pump, ").replace("unit: degC", "unit: degX")
    assert complaints(text) == ["f:13:20: templates.pump.signals.temp.unit: unknown unit 'degX' (did you mean degC?)"]


def test_a_scalar_and_a_waveform_cannot_share_a_topic() -> None:
    text = BASE.replace(
        "  p2: {", "  p2: {signals: {w: {unit: g, kind: waveform, topic: t}, x: {unit: g, topic: t, field: x}}, "
    )
    assert complaints(text) == [
        "f:18:78: assets.p2.signals.x.topic: topic 't' is shared with p2/w: a waveform needs its own"
    ]


def test_with_several_sites_each_asset_names_its_own() -> None:
    text = BASE.replace("  s: {timezone: UTC}", "  s: {timezone: UTC}\n  t: {}").replace("p2: {", "p2: {site: t, ")
    assert complaints(text) == ["f:18:3: assets.p1: `site` is missing, and the plant has several"]


def test_an_anchor_bomb_is_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    (line,) = complaints(bomb)
    assert re.search(r"aliases unfold to more than 50000 values$", line)


def test_honest_aliases_are_allowed() -> None:
    text = BASE.replace("{typical: 1, late: 2}", "&lead {typical: 1, late: 2}").replace(
        "templates:", "  brg: {lead_time_days: *lead}\ntemplates:"
    )
    assert [part.lead_p90_days for part in parse_plant(text).parts] == [2.0, 2.0]


def test_a_hundred_thousand_levels_are_refused_without_recursion() -> None:
    (line,) = complaints("[" * 100_000)
    assert "more than 20 levels" in line
    (line,) = complaints("".join(" " * n + "a:\n" for n in range(1000)))
    assert "more than 20 levels" in line


def test_a_file_that_is_too_large_or_not_text_is_refused(tmp_path: Path) -> None:
    large, foreign = tmp_path / "large.yaml", tmp_path / "foreign.yaml"
    large.write_text("# " + "x" * (5 * 1024 * 1024))
    foreign.write_bytes(b"plant: P\nsites: \xff\n")
    with pytest.raises(PlantFileError, match=r"large.yaml:1:1: the file is larger than 5 MiB"):
        load_plant(large)
    with pytest.raises(PlantFileError, match=r"foreign.yaml:2:1: not UTF-8"):
        load_plant(foreign)
    with pytest.raises(FileNotFoundError):
        load_plant(tmp_path / "none.yaml")


@given(
    st.text(max_size=80) | st.lists(st.sampled_from([*"{}[]:,-&*!|>'\"#%@`? \n", "a", "1", "a: ", "- "])).map("".join)
)
def test_no_text_does_anything_but_complain(text: str) -> None:
    with pytest.raises(PlantFileError):
        parse_plant(text)


@given(st.integers(0, 2500), st.integers(0, 12), st.text("{}[]:,-&*!'\"# \nano0", max_size=4))
def test_a_damaged_plant_file_is_read_or_complained_about(place: int, cut: int, put: str) -> None:
    text = SMALL.read_text()
    lines: tuple[str, ...] = ("it was read",)
    try:
        parse_plant(text[:place] + put + text[place + cut :])
    except PlantFileError as error:
        lines = error.lines
    assert lines


@pytest.mark.parametrize(
    ("unit", "quantity", "raw", "canonical"),
    [
        ("degC", None, 20.0, 20.0),
        ("degF", None, -40.0, -40.0),
        ("K", None, 273.15, 0.0),
        ("degF", "temperature_difference", 9.0, 5.0),
        ("K", "temperature_difference", 5.0, 5.0),
        ("delta_degF", None, 9.0, 5.0),
        ("in/s", None, 1.0, 25.4),
        ("g", None, 1.0, 9.80665),
        ("mg", None, 1000.0, 9.80665),
        ("mil", None, 1.0, 25.4),
        ("m", None, 2.0, 2.0),
        ("mm", "level", 2000.0, 2.0),
        ("mm", "displacement", 2.0, 2000.0),
        ("psi", None, 1.0, 0.0689475729316836),
        ("kPa", None, 100.0, 1.0),
        ("mbar", None, 1000.0, 1.0),
        ("L/min", None, 1000.0, 60.0),
        ("gpm", None, 1.0, 0.2271247),
        ("hp", None, 1.0, 0.7456999),
        ("W", None, 1500.0, 1.5),
        ("MJ", None, 3.6, 1.0),
        ("Nm", None, 7.0, 7.0),
        ("mA", None, 4.0, 0.004),
        ("Hz", "speed", 25.0, 1500.0),
        ("1/min", None, 1480.0, 1480.0),
        ("rad/s", "speed", 3.141592653589793, 30.0),
        ("%", None, 50.0, 50.0),
        ("1", "ratio", 0.5, 50.0),
        ("count", None, 3.0, 3.0),
        ("state", None, 1.0, 1.0),
        ("1", None, 3.0, 3.0),
    ],
)
def test_a_unit_is_converted_there_and_back(unit: str, quantity: str | None, raw: float, canonical: float) -> None:
    found, conversion = resolve_unit(unit, quantity)
    assert found == (quantity or found)
    assert conversion.apply(raw) == pytest.approx(canonical, rel=1e-6, abs=1e-9)
    assert (conversion.apply(raw) - conversion.offset) / conversion.scale == pytest.approx(raw)


@pytest.mark.parametrize(
    ("unit", "quantity"),
    [
        *(("dB", None), ("mm", None), ("gram", None), ("count", "ratio"), ("1/s^2", "speed"), ("Hz", "torque")),
        *(("degC", "level"), ("bar", "speed"), ("m", "temperature"), ("count", "speed"), ("C", None), ("", None)),
        *(("10**10**10", None), ("m^99999999", None), ("__import__('os')", None), ("m" * 100, None), ("kg/h", "flow")),
    ],
)
def test_a_unit_that_does_not_measure_the_quantity_is_refused(unit: str, quantity: str | None) -> None:
    with pytest.raises(UnitError):
        resolve_unit(unit, quantity)


@pytest.mark.parametrize("quantity", CANONICAL_UNIT)
def test_every_canonical_unit_measures_its_quantity_as_it_is(quantity: str) -> None:
    found, conversion = resolve_unit(CANONICAL_UNIT[quantity], quantity)
    assert (found, conversion.scale, conversion.offset) == (quantity, 1.0, 0.0)


def test_every_alias_leads_to_a_known_unit() -> None:
    quantities = [*CANONICAL_UNIT]
    for alias in ALIASES:
        known = [q for q in quantities if _measures(alias, q)]
        assert known, alias


def _measures(unit: str, quantity: str) -> bool:
    try:
        return bool(resolve_unit(unit, quantity))
    except UnitError:
        return False


def test_counted_quantities_are_canonical_too() -> None:
    assert all(CANONICAL_UNIT[quantity] in units for quantity, units in COUNTED.items())


def test_the_exported_schema_knows_every_key_and_word() -> None:
    schema = plant_json_schema()
    text = json.dumps(schema)
    assert schema["required"] == ["plant", "sites"]
    assert {"assets", "parts", "templates"} <= schema["properties"].keys()
    assert all(
        word in text
        for word in ('"class"', '"lead_time_days"', '"outer_race_spall"', '"vibration_velocity"', '"impeller"')
    )
    assert '"asset_class"' not in text


def test_the_example_of_the_reference_is_a_sound_plant(root: Path) -> None:
    text = (root / "docs/reference/plant-file.md").read_text()
    plant = parse_plant(text.split("```yaml\n")[1].split("```")[0])
    assert [asset.id for asset in plant.assets] == ["p101", "p102"]


def test_the_reference_names_every_key_and_word(root: Path) -> None:
    text = (root / "docs/reference/plant-file.md").read_text()
    keys = {key for model in plant_json_schema()["$defs"].values() for key in model["properties"]}
    assert [word for word in [*keys, *CANONICAL_UNIT, *KINDS] if not re.search(rf"\b{word}\b", text)] == []
