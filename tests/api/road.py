"""The real intake and replay behind the API, without the process around them."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import msgspec

from forewarn.api.ingest_control import Entry
from forewarn.api.readings import ReadingDesk
from forewarn.api.telemetry import TelemetryDesk
from forewarn.core.errors import Retriable
from forewarn.core.plant import Plant
from forewarn.ingest.delivery import Frame
from forewarn.ingest.imports import frames_by_hand
from forewarn.ingest.intake import Intake
from forewarn.ingest.quality import RETENTION_US
from forewarn.ingest.replay import Wanted, choose
from forewarn.ingest.sparkplug.host import HostRules, SparkplugHost
from forewarn.maintenance.entry_book import EntryBook
from forewarn.pipeline.adopted import load_plant_with_adopted
from tests.api.rooms import SMALL_PLANT, TestRoom
from tests.maintenance.samples import NOW_US


class Road:
    """Intake and store as they are joined in the ingest process, asked as over its control socket."""

    def __init__(self, made: TestRoom, folder: Path) -> None:
        self.room, self.store = made.room, made.raw
        self.plant_file, self.overlay = folder / "plant.yaml", folder / "adopted.yaml"
        shutil.copy(SMALL_PLANT, self.plant_file)
        made.room.telemetry = TelemetryDesk(self.plant_file, self.overlay, folder / "brokers.json", self, self.use)
        made.room.readings = ReadingDesk(made.room.reader, EntryBook(made.records), self, RETENTION_US)
        self.ask("reload")

    def use(self, plant: Plant) -> None:
        self.room.plant = plant

    def ask(self, command: str, timeout_s: float = 30.0, **arguments: object) -> object:
        if command == "reload":
            signals = load_plant_with_adopted(self.plant_file, self.overlay).signals
            numbers = self.store.assign([spec.name for spec in signals])
            self.intake = Intake(signals, numbers, desks=[partial(SparkplugHost, rules=HostRules())])
            self.intake.restore(self.store.memory())
            return {}
        if command == "enter":
            entry = msgspec.convert(arguments, type=Entry)
            self.take(*frames_by_hand(entry.readings, entry.by, NOW_US + 1))
            return {"readings": len(entry.readings)}
        if command == "status":
            raise Retriable("no process, no figures")
        chosen = choose(self.store, Wanted(**arguments), NOW_US + 1)  # type: ignore[arg-type]
        self.take(*chosen.frames)
        return {"asked": len(chosen.frames), "payload_cut": [], "missing": [], "go_on_before": chosen.go_on_before}

    def take(self, *frames: Frame) -> None:
        taken = self.intake.take(frames)
        self.store.write(self.store.position + 1, taken.readings, taken.waveforms, taken.refused, taken.notes)

    def send(self, topic: str, payload: bytes, at_us: int = NOW_US) -> None:
        self.take(Frame(at_us, 1, "gw", topic, payload))

    def values(self, signal: str) -> list[float]:
        return [float(v) for v in self.store.read(self.store.names()[f"p101/{signal}"], 0, 2**62).value]
