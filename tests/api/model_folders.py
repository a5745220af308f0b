"""A state folder with a past, as a system leaves it: stored series, orders, and the plant file."""

from __future__ import annotations

from pathlib import Path

from forewarn.api.settings import ClockSettings, Settings
from forewarn.api.wiring import keep_origin
from forewarn.api.wiring_ingest import raw_store
from forewarn.core.readings import Readings
from forewarn.ingest.store.packed import PackedStore
from forewarn.maintenance.orders.book import OrderBookSql
from forewarn.maintenance.records import open_records
from tests.pipeline.archives import Past, day, fleet

NOW_DAY = 90.0
PLANT = """plant: works
sites:
  works: {name: Works}
templates:
  pump:
    class: pump
    components:
      seal: {kind: seal}
    signals:
      temp: {unit: degC, component: seal, period_s: 3600}
      flow: {unit: m^3/h, component: seal, period_s: 3600}
assets:
"""


def state_folder(folder: Path, pumps: int = 4) -> Settings:
    """A folder whose plant clock stands at day 90: each pump has broken down once."""
    plant = folder / "plant.yaml"
    rows = "".join(f"  p{i}: {{name: p{i}, template: pump, area: hall}}\n" for i in range(1, pumps + 1))
    plant.write_text(PLANT + rows)
    clock = ClockSettings(origin_wall_us=0, origin_plant_us=day(NOW_DAY), rate=1e-9)  # stands still
    settings = Settings(state_dir=folder / "state", plant=plant, clock=clock)
    settings.state_dir.mkdir()
    records = open_records(settings.records_url)
    keep_origin(settings, records)
    past = fleet(pumps, orders=OrderBookSql(records))
    records.close()
    _store(past, settings)
    PackedStore(settings.derived_dir, journalled=False).close()
    return settings


def _store(past: Past, settings: Settings) -> None:
    store = raw_store(settings)
    store.assign(list(past.raw.names()))
    parts = [past.raw.read(number, 0, 2**62) for number in past.raw.names().values()]
    store.write(store.position + 1, Readings.joined(parts), [], [])
    store.close()
