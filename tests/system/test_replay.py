"""`forewarn replay` with a recorded bearing: its waveforms through MQTT, and an order from them before it failed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BEARING, LIFE_S, SPEED = "Bearing3_1", 5150.0, 200
NOT_BEFORE_SHARE_OF_LIFE = 0.4
REPLAY = [sys.executable, "-P", "-m", "forewarn.api", "replay", "pronostia"]


@pytest.mark.slow
@pytest.mark.data
def test_a_recorded_bearing_gets_its_order_late_in_life_and_before_the_end(
    data_dir: Callable[[str], Path],
) -> None:
    pytest.importorskip("pyarrow")
    asked = ["--data", str(data_dir("pronostia")), "--bearing", BEARING, "--speed", str(SPEED), "--json"]
    ended = subprocess.run([*REPLAY, *asked], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert (told["bearing"], told["life_s"]) == (BEARING, LIFE_S)
    assert told["order_opened"] is True
    assert NOT_BEFORE_SHARE_OF_LIFE * LIFE_S < told["opened_at_s"] < LIFE_S
    assert told["lead_s"] == pytest.approx(LIFE_S - told["opened_at_s"])
    assert told["failure_mode"] == "VIB"
    assert len(told["orders"]) == 1
    parts = ("readings_stored", "duplicates", "conflicts", "quarantined")
    assert told["readings_acked"] == sum(told[part] for part in parts) > LIFE_S / 10
    assert told["conflicts"] == told["quarantined"] == 0
    assert told["runs"][0]["assessments"] > 100


def test_a_recording_that_is_not_there_is_named_beside_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "Bearing9_9.parquet").touch()
    asked = ["--data", str(tmp_path), "--bearing", BEARING]
    ended = subprocess.run([*REPLAY, *asked], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"no {BEARING}.parquet" in ended.stderr
    assert "Bearing9_9" in ended.stderr
