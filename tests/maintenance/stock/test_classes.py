"""ABC, XYZ and VED of parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.core.errors import Rejected
from forewarn.maintenance.stock.classes import abc, classify
from forewarn.maintenance.stock.needs import Need, Source


def slow_abc(values: list[float]) -> list[str]:
    """One by one from the dearest on, as it is done on paper."""
    left, seen, found = sum(values), 0.0, ["C"] * len(values)
    for row in sorted(range(len(values)), key=lambda i: (-values[i], i)):
        share = seen / left if left else 1.0
        if values[row] > 0:
            found[row] = "A" if share < 0.8 - 1e-12 else "B" if share < 0.95 - 1e-12 else "C"
        seen += values[row]
    return found


@given(st.lists(st.integers(0, 1000).map(float), max_size=40))
def test_abc_is_what_adding_up_on_paper_gives(values: list[float]) -> None:
    assert abc(np.array(values)) == slow_abc(values)


def test_how_evenly_a_part_is_asked_for_gives_its_second_letter() -> None:
    issued = np.array(
        [[2.0] * 12, [1, 9] * 6, [0, 0, 4] * 4, [0, 0, 1, 0, 0, 9, 0, 0, 1, 0, 0, 9], [0] * 12], dtype=float
    )
    names = ["smooth", "erratic", "intermittent", "lumpy", "none"]
    found = {one.part: one for one in classify(names, issued, np.ones(5), {})}
    assert [found[name].xyz for name in names] == ["X", "Y", "Y", "Z", "Z"]
    assert np.isinf(found["none"].adi)
    assert found["erratic"].yearly_value == 60.0


def test_the_machine_that_stops_the_plant_makes_a_part_vital() -> None:
    def need(asset: str, criticality: str) -> Need:
        return Need("seal", Source.FAULT, "seal:seal_leak", asset, criticality, 1)

    needs = {"a": [need("p9", "C"), need("p1", "A")], "b": [need("p2", "B")], "c": [need("p3", "C")]}
    found = {one.part: one for one in classify(list("abcd"), np.ones((4, 12)), np.ones(4), needs)}
    assert [found[part].ved.value for part in "abcd"] == ["V", "E", "D", "D"]
    assert found["a"].why == "fault plan seal:seal_leak of p1"
    assert found["d"].why == "no asset needs it"


def test_pieces_that_came_back_are_not_counted_as_used() -> None:
    [one] = classify(["a"], np.array([[5.0, -5.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]), np.array([10.0]), {})
    assert one.yearly_value == 10.0


@pytest.mark.parametrize("issued", [np.ones((1, 0)), np.ones((2, 3)), np.ones(3)])
def test_tables_that_do_not_fit_the_parts_are_refused(issued: np.ndarray) -> None:
    with pytest.raises(Rejected, match="1 parts want"):
        classify(["a"], issued, np.ones(1), {})
    with pytest.raises(Rejected, match="shares rise"):
        abc(np.ones(3), 0.9, 0.8)
