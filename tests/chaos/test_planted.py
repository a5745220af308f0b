"""The planted bugs still fit the tree, and the harness sees one of them: the part of `sh run chaos` for every day."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.planted import PATCHES, PLANTED, check_patch, hunt
from tests.chaos.scenario import Bench
from tests.chaos.table import BY_NAME


@pytest.mark.parametrize("name", [bug.name for bug in PLANTED])
def test_a_planted_bug_still_applies_to_the_sources(name: str, program: Callable[[str], str]) -> None:
    program("git")
    assert check_patch(name) == "", f"regenerate tests/chaos/planted/{name}.patch"


def test_every_patch_is_in_the_table_and_names_a_scenario() -> None:
    assert {bug.name for bug in PLANTED} == {file.stem for file in PATCHES.glob("*.patch")}
    assert {bug.scenario for bug in PLANTED} <= set(BY_NAME)


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("name", ["poison", "mosquitto", "stops"])
def test_a_scenario_has_nothing_against_the_sources_as_they_are(
    name: str, tmp_path: Path, program: Callable[[str], str]
) -> None:
    program("mosquitto")
    found = BY_NAME[name].run(Bench(tmp_path, seed=1, name=name, brief=True))
    assert found.troubles() == []
    assert found.books["acked"] > 1000


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("name", ["ack-before-commit", "no-fencing"])
def test_the_harness_catches_a_planted_bug(name: str, tmp_path: Path, program: Callable[[str], str]) -> None:
    program("strace")
    (bug,) = [bug for bug in PLANTED if bug.name == name]
    answer = hunt(bug, BY_NAME[bug.scenario], tmp_path, seed=1)
    assert answer["caught"], answer
