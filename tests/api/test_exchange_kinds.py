"""A server that is wired as a whole keeps every kind of table, and gives all of them out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forewarn.api.settings import Settings
from forewarn.api.wiring import main_parts
from forewarn.core.ports import Actor
from forewarn.core.stock import MoveReason, NewMove, PartCard
from forewarn.maintenance.exchange.table import KINDS
from forewarn.maintenance.exchange.write_csv import csv_of
from forewarn.pipeline.plant_file import load_plant
from tests.api.rooms import SMALL_PLANT, spall_advice

PAT = Actor("pat", "planner")


@pytest.mark.slow
def test_every_kind_is_there_and_goes_out_and_what_may_comes_in_unchanged(tmp_path: Path) -> None:
    shutil.copy(SMALL_PLANT, tmp_path / "plant.yaml")
    settings = Settings(state_dir=tmp_path / "state", plant=tmp_path / "plant.yaml")
    parts = main_parts(settings, load_plant(settings.plant))
    try:
        room = parts.room
        assert room.tables is not None
        assert room.stock is not None
        assert sorted(kind.name for kind in room.tables.kinds) == sorted(kind.name for kind in KINDS)
        room.stock.stock.save_card(PartCard("seal", price=2.5), PAT, 1)
        room.stock.stock.move(NewMove("seal", "@opening", "main", 4, MoveReason.OPENING, 1), PAT)
        room.orders.advise(spall_advice())
        rows = {}
        for kind in KINDS:
            found, records = room.tables.rows(kind.name)
            rows[kind.name] = len(records)
            if not kind.exported:
                counts = room.tables.preview(kind.name, csv_of(found, records)).counts
                assert counts == {"new": 0, "changed": 0, "same": len(records), "wrong": 0}
            else:
                assert csv_of(found, records).count(b"\r\n") >= len(records) + 1
        assert rows["assets"] == len(room.plant.assets)
        assert (rows["orders"], rows["moves"] >= 1, rows["figures"] > 5) == (1, True, True)
    finally:
        parts.close()
