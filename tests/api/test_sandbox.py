"""A simulated works lives through the product's own stores and scorer, and leaves a state folder like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from forewarn.api.sandbox import live
from forewarn.core.clock import US_PER_DAY
from forewarn.core.errors import Rejected
from forewarn.simulators.works import LIFE_DAYS, Works


def test_the_same_seed_tells_the_same_readings_however_the_span_is_cut() -> None:
    whole = [(t.asset, t.at_us, t.row) for t in Works(3, 0).readings(0, US_PER_DAY)]
    works = Works(3, 0)
    parts = [t for start in (0, 1, 2) for t in works.readings(start * US_PER_DAY // 3, (start + 1) * US_PER_DAY // 3)]
    assert [(t.asset, t.at_us, t.row) for t in parts] == whole


def test_a_repair_of_the_right_component_ends_the_fault_and_draws_the_next() -> None:
    works = Works(1, 0)
    asset = "pump-01"
    episode = works.truths[asset].episode
    assert episode is not None
    late_us = episode.f_us - 1
    assert works.fault_of(asset, late_us) == episode.fault
    assert not works.repair(asset, "nothing", late_us)
    assert works.repair(asset, episode.fault.component, late_us)
    following = works.truths[asset].episode
    assert following is not None
    assert following.onset_us > late_us
    assert following.f_us - following.onset_us <= LIFE_DAYS[1] * US_PER_DAY + 1


@pytest.mark.parametrize(("days", "reason"), [(5.0, "too_short"), (30.0, "folder_not_empty")])
def test_what_cannot_become_a_sandbox_is_refused(tmp_path: Path, days: float, reason: str) -> None:
    (tmp_path / "something").touch()
    with pytest.raises(Rejected) as refused:
        live(tmp_path, days)
    assert refused.value.reason == reason
