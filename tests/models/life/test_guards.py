"""Columns that know the answer are found by name, by how they count, and by what they alone can tell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forewarn.core.errors import Rejected
from forewarn.core.readings import Floats
from forewarn.models.life.contract import Life
from forewarn.models.life.guards import constant_columns, leaks, named_by_schedule, refuse_leaks
from tests.models.life.fleets import worn_fleet


def with_column(name: str, column: Callable[[Life], Floats]) -> list[Life]:
    return [
        Life(life.asset, life.age, (*life.names, name), np.column_stack([life.values, column(life)]), life.ended)
        for life in worn_fleet(8, seed=3)
    ]


@pytest.mark.parametrize(
    "name",
    [
        "days until next PM",
        "days_until_next_pm",
        "daysUntilService",
        "RUL",
        "time_to_failure",
        "hours left",
        "next overhaul",
        "due date",
        "scheduled_stop",
        "remaining cycles",
        "failureDate",
        "countdown",
    ],
)
def test_a_name_that_speaks_of_a_schedule_is_refused(name: str) -> None:
    assert named_by_schedule(name)


@pytest.mark.parametrize("name", ["oil temperature", "duty", "s21", "truly", "residue", "hours_run", "age", "leftover"])
def test_names_of_what_is_measured_pass(name: str) -> None:
    assert not named_by_schedule(name)


LEAKS: dict[str, Callable[[Life], Floats]] = {
    "countdown to the end": lambda life: life.age[-1] - life.age,
    "countdown that starts again": lambda life: 60 - life.age % 60,
    "share of the life": lambda life: life.age / life.age[-1],
    "bent remaining life": lambda life: np.sqrt(life.age[-1] - life.age),
    "remaining life with noise": lambda life: (
        life.age[-1] - life.age + 0.3 * np.random.default_rng(1).normal(size=len(life.age))
    ),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_a_column_under_a_harmless_name_that_knows_the_answer_is_refused(kind: str) -> None:
    lives = with_column("x17", LEAKS[kind])
    assert list(leaks(lives)) == ["x17"]
    with pytest.raises(Rejected) as refused:
        refuse_leaks(lives)
    assert refused.value.reason == "knows-the-answer"
    assert "x17" in refused.value.detail


@pytest.mark.parametrize(
    "column",
    [
        lambda life: life.age,
        lambda life: life.age % 60,
        lambda life: np.full(len(life.age), float(len(life.asset))),
        lambda life: np.full(len(life.age), np.nan),
    ],
    ids=["hour meter", "hours since service", "constant", "missing"],
)
def test_what_is_known_while_the_machine_runs_passes(column: Callable[[Life], Floats]) -> None:
    refuse_leaks(with_column("x17", column))


def test_signals_of_wear_pass() -> None:
    assert leaks(worn_fleet(8, seed=3)) == {}
    assert leaks([]) == {}


def test_columns_that_only_name_the_asset_are_told() -> None:
    assert constant_columns(with_column("site", lambda life: np.full(len(life.age), float(life.asset[2:])))) == (
        "site",
    )
