"""The golden folders: one message each, and what becomes of it.

`payload.bin` is the message, `message.json` its topic and flags, `expected.json` the readings (series, at in us, value,
quality), the waveforms and the refusals (reason, detail, readings) that come of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from forewarn.core.readings import SignalSpec
from forewarn.core.units import Conversion
from forewarn.ingest.delivery import Frame
from forewarn.ingest.intake import Intake, Intaken

FOLDER = Path(__file__).resolve().parent.parent / "golden"
NOW_US = 1_795_392_000_000_000  # 2026-11-23T00:00:00Z

SIGNALS = (
    SignalSpec("p1", "temp", "temperature", "degC", "plain", conversion=Conversion(5 / 9, -160 / 9), low=-50, high=150),
    SignalSpec("p1", "bearing", "temperature", "degC", "several", field="temp"),
    SignalSpec("p1", "speed", "speed", "rpm", "several", field="rpm", role="speed"),
    SignalSpec("p1", "flow", "flow", "m^3/h", "scaled", conversion=Conversion(3600.0)),
    SignalSpec(
        *("p1", "acceleration", "acceleration", "m/s^2", "wave", "waveform"),
        conversion=Conversion(9.80665),
        low=-490.0,
        high=490.0,
    ),
    *(
        SignalSpec("p2", name, quantity, unit, "nested", field=field, time_field="state.at", time_unit="auto")
        for name, quantity, unit, field in (
            ("temp", "temperature", "degC", "state.reported.temp"),
            ("speed", "speed", "rpm", "sensors.1.n"),
            ("oil", "temperature", "degC", "oil.value"),
        )
    ),
    SignalSpec("p3", "temp", "temperature", "degC", "senml", field="urn:dev:p3:temp", format="senml"),
    SignalSpec(
        *("p3", "power", "power", "kW", "senml"), field="urn:dev:p3:power", format="senml", conversion=Conversion(1e-3)
    ),
    SignalSpec("p3", "run", "run_state", "state", "senml", role="run", field="urn:dev:p3:run", format="senml"),
    SignalSpec("p4", "temp", "temperature", "degC", "homie/5/p4/motor/temp", format="plain"),
    SignalSpec("p4", "run", "run_state", "state", "homie/5/p4/motor/run", role="run", format="plain"),
)
NUMBERS = tuple(range(11, 11 + len(SIGNALS)))


def cases(family: str) -> list[Path]:
    """The folders of a family."""
    return sorted(path for path in (FOLDER / family).iterdir() if path.is_dir())


def outcome(case: Path) -> dict[str, Any]:
    """What the code makes of a case, in the form of `expected.json`."""
    message = json.loads((case / "message.json").read_text())
    frame = Frame(NOW_US, message["flags"], "gateway", message["topic"], (case / "payload.bin").read_bytes())
    return written(Intake(SIGNALS, NUMBERS).take([frame]))


def written(taken: Intaken) -> dict[str, Any]:
    """Everything that was taken in, as plain values."""
    columns = (taken.readings.series, taken.readings.at, taken.readings.value, taken.readings.quality)
    return {
        "readings": [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)],
        "waveforms": [
            {
                "series": w.series,
                "at": w.at,
                "rate": w.sample_rate_hz,
                "quality": w.quality,
                "samples": w.samples.tolist(),
            }
            for w in taken.waveforms
        ],
        "refused": [[r.reason, r.detail, r.readings] for r in taken.refused],
    }


def example_of(root: Path, heading: str) -> bytes:
    """The first indented example under a heading of the reference."""
    section = (root / "docs/reference/payloads.md").read_text().split(f"## {heading}\n")[1]
    return section[section.index("\n    ") :].split("\n\n")[0].encode()
