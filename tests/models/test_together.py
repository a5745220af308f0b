"""All channels at once: quiet while a machine is well, and told what pulls when the pattern changes."""

from __future__ import annotations

import numpy as np
import pytest

from forewarn.core.readings import Track
from forewarn.models.channels import Workshop
from forewarn.models.together import Together, look_together
from forewarn.models.tracks import regime_of
from tests.models.machines import PUMP, Life, growing, pump_tracks


def together(life: Life, seed: int = 0, rate: float = 1.0) -> Together | None:
    tracks: dict[str, Track] = pump_tracks(life, seed)
    regime = regime_of(PUMP, tracks)
    return look_together(Workshop(PUMP, tracks, regime).channels(), regime, rate)


@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_machine_is_no_alarm(seed: int) -> None:
    found = together(Life(900.0), seed)
    assert found is not None
    assert not found.alarm
    assert 0 <= found.score < 0.5
    assert sum(share for _, share in found.pulls) == pytest.approx(1.0)


def test_a_change_inside_every_limit_of_a_channel_is_seen_and_what_pulls_is_named() -> None:
    small = growing({"flow": -3.0, "pressure": -0.12}, 600.0, 1.0)
    step = Life(
        900.0, fault=lambda name, h: np.where(h > 600, small(name, np.full_like(h, 601.0)), 1.0 * (":" in name))
    )
    found = together(step)
    assert found is not None
    assert found.alarm
    assert found.pulls[0][0] == "pressure"


def test_a_fault_is_not_learnt_however_long_it_lasts() -> None:
    loud = {"vib:band_2000_4000", "vib:band_4000_8000"}
    lasting = Life(2_400.0, fault=lambda name, h: np.where((h > 400) & (name in loud), 2.0, 1.0 * (":" in name)))
    found = together(lasting)
    assert found is not None
    assert found.alarm


def test_a_short_past_is_no_answer() -> None:
    assert together(Life(80.0)) is None
