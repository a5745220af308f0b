"""Machines that come with a table: checked as the plant file is, kept beside it, and its author has the last word."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from forewarn.core.errors import Conflict, Rejected
from forewarn.core.plant import Plant
from forewarn.core.ports import Actor
from forewarn.maintenance.exchange.desk import Applied, Exchange
from forewarn.maintenance.exchange.write_csv import csv_of
from forewarn.maintenance.exchange.write_xlsx import xlsx_of
from forewarn.maintenance.records import Records, open_records
from forewarn.pipeline.adopted import adopt, load_plant_with_adopted
from forewarn.pipeline.exchange import AssetsSource, PlantFiles

SMALL = Path(__file__).parent / "plants" / "small.yaml"
PAT = Actor("pat", "planner")
TABLE = (
    "id,name,criticality,class,area,Power (W),template\n"
    "p101,First pump,C,,,,\n"
    "f202,New fan,,fan,cooling,5500,\n"
    "p103,,,,hall,,pump\n"
)


class House:
    """A plant file, its overlay, and the tables over them."""

    def __init__(self, folder: Path, records: Records) -> None:
        self.plant, self.overlay, self.told = folder / "plant.yaml", folder / "adopted.yaml", list[Plant]()
        shutil.copy(SMALL, self.plant)
        self.exchange = Exchange(
            records, {"assets": AssetsSource(PlantFiles(self.plant, self.overlay, self.told.append))}
        )

    def take(self, text: str, good_rows: bool = False) -> Applied:
        token = self.exchange.preview("assets", text.encode()).token
        return self.exchange.apply("assets", text.encode(), token, PAT, 1, "assets.csv", good_rows)

    def loaded(self) -> Plant:
        return load_plant_with_adopted(self.plant, self.overlay)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    records = open_records(f"sqlite:///{tmp_path}/records.db")
    yield House(tmp_path, records)
    records.close()


def test_new_machines_and_changed_fields_are_in_the_plant_at_once_and_the_file_is_not_touched(house: House) -> None:
    assert house.take(TABLE).written == 3
    plant = house.loaded()
    first, fan, pump = (plant.asset(id) for id in ("p101", "f202", "p103"))
    assert first is not None
    assert fan is not None
    assert pump is not None
    assert (first.name, first.criticality, first.power_kw) == ("First pump", "C", 15.0)
    assert (fan.asset_class, fan.area, fan.power_kw) == ("fan", "cooling", 5.5)
    assert (pump.asset_class, pump.nominal_rpm) == ("pump", 1480.0)
    assert pump.components != ()
    assert house.told == [plant]
    assert house.plant.read_bytes() == SMALL.read_bytes()


def test_the_same_table_and_what_went_out_change_nothing(house: House) -> None:
    house.take(TABLE)
    kind, kept = house.exchange.rows("assets")
    for data in (TABLE.encode(), csv_of(kind, kept), xlsx_of(kind, kept)):
        counts = house.exchange.preview("assets", data).counts
        assert (counts["new"], counts["changed"], counts["wrong"]) == (0, 0, 0)


def test_what_the_plant_file_would_refuse_is_refused_with_row_and_column(house: House) -> None:
    table = "id,class,area,site,template\nP 1,fan,x,,\na1,fan,,,\na2,fan,x,nowhere,\na3,fan,x,,nothing\na4,,x,,\n"
    found = house.exchange.preview("assets", table.encode())
    assert [(issue.row, issue.column) for issue in found.errors] == [
        (2, "id"), (3, "area"), (4, "site"), (5, "template"), (6, "class"),
    ]  # fmt: skip
    assert "write p-1" in found.errors[0].text
    with pytest.raises(Rejected, match="row 2, column id"):
        house.take(table)
    assert not house.overlay.exists()


def test_the_good_rows_of_a_table_go_in_without_the_others(house: House) -> None:
    done = house.take("id,class,area,template\na1,fan,hall,\na2,fan,,\na3,,hall,nothing\n", good_rows=True)
    assert (done.written, done.left_out) == (1, 2)
    assert house.loaded().asset("a1") is not None


def test_undone_the_plant_is_as_it_was(house: House) -> None:
    before = house.loaded()
    done = house.take(TABLE)
    house.exchange.undo(done.id or 0, PAT, 2)
    assert house.loaded() == before
    assert house.told[-1] == before


def test_a_machine_with_adopted_signals_is_not_taken_out(house: House) -> None:
    done = house.take(TABLE)
    entry: dict[str, object] = {"topic": "plant/f202/env", "field": "t", "quantity": "temperature", "unit": "degC"}
    adopt(house.plant, house.overlay, "f202", "temp", entry)
    with pytest.raises(Conflict, match="give them up first"):
        house.exchange.undo(done.id or 0, PAT, 2)
    fan = house.loaded().asset("f202")
    assert fan is not None
    assert fan.signal("temp") is not None


def test_who_changes_the_plant_file_afterwards_has_the_last_word(house: House) -> None:
    house.take(TABLE)
    text = house.plant.read_text()
    assert "Feed pump 1" in text
    house.plant.write_text(text.replace("Feed pump 1", "Boiler feed pump 1"))
    pump = house.loaded().asset("p101")
    assert pump is not None
    assert (pump.name, pump.criticality) == ("Boiler feed pump 1", "C")


def test_a_change_back_to_what_the_file_says_leaves_no_trace_in_the_overlay(house: House) -> None:
    house.take("id,criticality\np101,C\n")
    house.take("id,criticality\np101,A\n")
    assert "p101" not in house.overlay.read_text()


def test_an_empty_cell_says_nothing_and_a_template_is_changed_where_it_was_given(house: House) -> None:
    empty = house.exchange.preview("assets", b"id,name,power_kw\np101,,\n")
    assert empty.counts["same"] == 1
    moved = house.exchange.preview("assets", b"id,template\nf201,pump\n")
    assert [issue.fix for issue in moved.errors] == ["change it in the plant file"]


def test_when_the_records_fail_the_overlay_is_put_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.take("id,criticality\np101,C\n")
    before = house.overlay.read_bytes()

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("forewarn.maintenance.exchange.desk.post", full)
    with pytest.raises(OSError, match="disk full"):
        house.take(TABLE)
    assert house.overlay.read_bytes() == before
