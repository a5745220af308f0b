"""Teeth, vanes and the foundation: what the plant file says of them reaches the machine and its features."""

from __future__ import annotations

import pytest

from forewarn.core.plant import Plant
from forewarn.pipeline.plant_file import PlantFileError, parse_plant

PUMP = """
plant: Works
sites: {s: {}}
assets:
  p1:
    class: pump
    area: hall
    support: flexible
    components:
      shaft: {kind: rotor, gear_teeth: 23}
      wheel: {kind: impeller, vanes: 6}
    signals:
      flow: {unit: m^3/h}
"""


def test_teeth_vanes_and_support_come_from_the_file() -> None:
    asset = parse_plant(PUMP).assets[0]
    assert (asset.support, asset.only("gear_teeth"), asset.only("vanes")) == ("flexible", 23, 6)


def test_two_wheels_with_other_vanes_leave_the_vane_pass_open() -> None:
    more = PUMP.replace("    signals:", "      second: {kind: fan_wheel, vanes: 9}\n    signals:")
    assert parse_plant(more).assets[0].only("vanes") is None


def test_a_machine_that_says_nothing_stands_rigid_and_counts_nothing() -> None:
    plain: Plant = parse_plant(PUMP.replace("    support: flexible\n", "").replace(", vanes: 6", ""))
    assert (plain.assets[0].support, plain.assets[0].only("vanes")) == ("rigid", None)


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("kind: rotor, gear_teeth: 23", "kind: seal, gear_teeth: 23", "gear_teeth belongs to rotor, not to seal"),
        ("kind: impeller, vanes", "kind: rotor, vanes", "vanes belongs to impeller or fan_wheel, not to rotor"),
        ("gear_teeth: 23", "gear_teeth: 1", "gear_teeth"),
        ("support: flexible", "support: soft", "support"),
    ],
)
def test_what_cannot_be_counted_there_is_told(good: str, bad: str, said: str) -> None:
    with pytest.raises(PlantFileError, match=said):
        parse_plant(PUMP.replace(good, bad))
