"""Fifty technicians and ten pieces."""

from __future__ import annotations

import pytest

from tests.maintenance.stock.last_pieces import judged, race


@pytest.mark.slow
def test_fifty_technicians_take_the_last_ten_pieces_and_exactly_ten_succeed(any_url: str) -> None:
    answers = race(any_url, rounds=1)
    assert not any(judged(any_url, 1, answers).values()), judged(any_url, 1, answers)
