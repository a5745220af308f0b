"""What running on costs, from the stores: which past it is set against, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.errors import NotReady
from forewarn.core.faults import Fault
from forewarn.core.plant import Asset
from forewarn.core.readings import Floats, Readings
from forewarn.core.work import Advice, Decision, Json, OrderKind, WorkOrder
from forewarn.ingest.store.memory import MemoryStore
from forewarn.maintenance.orders.book_memory import MemoryOrderBook
from forewarn.pipeline.energy import EnergyUse, energy_of, has_meter
from tests.models.machines import ORIGIN_US, scalar

DAYS = 40
NOW_US = ORIGIN_US + DAYS * US_PER_DAY
PUMP = Asset(
    "p", "pump", "pump", "s", "a", nominal_rpm=1_480.0,
    signals=(scalar("power", "power", "kW"), scalar("flow", "flow", "m^3/h"),
             scalar("speed", "speed", "rpm", role="speed"), scalar("temp", "temperature", "degC")),
)  # fmt: skip


def extra_kw(hours: Floats, from_day: float, kw: float) -> Floats:
    return np.asarray(kw * (hours >= from_day * 24), np.float64)


def stored(loss: Floats | None = None, days: int = DAYS, running_h: float = 24.0) -> MemoryStore:
    """Half-hourly readings of a pump up to now; it runs the first hours of each day; `loss` is in kW, by reading."""
    rng, hours = np.random.default_rng(3), clock(days)
    at = NOW_US - days * US_PER_DAY + (hours * US_PER_HOUR).astype(np.int64)
    flow, on = 100 + 30 * np.sin(hours / 9.0), hours % 24 < running_h
    power = 12 + 0.2 * flow + 0.2 * rng.standard_normal(len(hours)) + (0.0 if loss is None else loss)
    columns = {"power": power * on, "flow": flow * on, "speed": 1_480.0 * on, "temp": 50 + 0 * hours}
    store = MemoryStore()
    for name, column in columns.items():
        (number,) = store.assign([f"p/{name}"])
        readings = Readings.of([number] * len(at), at.tolist(), column.tolist())
        store.write(store.position + 1, readings, [], [])
    return store


def clock(days: int = DAYS) -> Floats:
    """Hours since the first reading."""
    return np.arange(0, days * 24, 0.5)


def order(day: float, kind: OrderKind = OrderKind.CONDITION) -> WorkOrder:
    """An open one, opened so many days after the first reading."""
    at_us = round(ORIGIN_US + day * US_PER_DAY)
    given = Advice("p", Fault("impeller", "imbalance"), "VIB", kind, Decision.OPEN, "", 3, "", at_us, {})
    found = MemoryOrderBook().advise(given).order
    assert found is not None
    assert found.created_at_us == at_us
    return found


def asked(store: MemoryStore, *orders: WorkOrder, latest: Json | None = None, asset: Asset = PUMP) -> EnergyUse:
    return energy_of(asset, store, orders, latest, NOW_US, 0.25)


def test_a_loss_is_found_in_what_is_stored_and_priced() -> None:
    use = asked(stored(extra_kw(clock(), 38, 3.0)))
    assert use.running.extra_kwh_per_day.middle == pytest.approx(72, rel=0.08)
    assert use.running.cost_per_day.middle == pytest.approx(0.25 * use.running.extra_kwh_per_day.middle)
    assert use.running.sure
    assert use.output is not None
    assert use.output.signal == "flow"
    assert use.running.to_us - use.running.from_us == US_PER_DAY
    assert NOW_US - use.running.to_us <= US_PER_HOUR


def test_the_past_ends_where_the_oldest_open_order_of_the_machine_was_opened() -> None:
    store = stored(extra_kw(clock(), 10, 3.0))  # the wear is older than half of what is stored
    assert asked(store).running.extra_kwh_per_day.middle < 50
    use = asked(store, order(12), order(10))
    assert use.baseline_until_us == ORIGIN_US + 10 * US_PER_DAY
    assert use.running.extra_kwh_per_day.middle == pytest.approx(72, rel=0.08)


def test_an_order_of_yesterday_does_not_let_weeks_of_wear_into_the_past() -> None:
    store = stored(extra_kw(clock(), 22, 3.0))
    assert asked(store, order(39)).running.extra_kwh_per_day.middle == pytest.approx(72, rel=0.08)


def test_an_order_for_a_sensor_does_not_move_the_past() -> None:
    store = stored()
    assert asked(store, order(10, OrderKind.INSTRUMENT)) == asked(store)


def test_the_past_begins_at_the_last_repair() -> None:
    store = stored(-extra_kw(clock(), 20, 3.0))  # what was repaired on day 20 had cost 3 kW
    latest: Json = {"span_us": [ORIGIN_US + 20 * US_PER_DAY, NOW_US], "sensor_problems": []}
    assert asked(store).running.extra_kwh_per_day.high < -50
    use = asked(store, latest=latest)
    assert abs(use.baseline_from_us - ORIGIN_US - 20 * US_PER_DAY) <= US_PER_HOUR
    assert abs(use.running.extra_kwh_per_day.middle) < 5


def test_a_machine_that_runs_a_few_hours_a_day_is_judged_by_its_newest_week() -> None:
    loss = extra_kw(clock(90), 80, 3.0)
    use = asked(stored(loss, days=90, running_h=6.0))
    assert use.running.to_us - use.running.from_us == 7 * US_PER_DAY
    assert use.running.extra_kw.middle == pytest.approx(3.0, abs=0.4)
    assert use.running.hours_per_day == pytest.approx(5, abs=1.5)


def test_a_meter_that_is_not_believed_prices_nothing() -> None:
    doubt = {"signal": "power", "kind": "stuck", "since_us": NOW_US, "text": ""}
    with pytest.raises(NotReady, match="can be believed"):
        asked(stored(), latest={"span_us": None, "sensor_problems": [doubt]})


def test_without_readings_with_a_short_past_or_after_a_week_of_standing_it_says_why() -> None:
    with pytest.raises(NotReady, match="no readings of its power"):
        asked(MemoryStore())
    with pytest.raises(NotReady, match="4 are needed"):
        asked(stored(days=5))
    with pytest.raises(NotReady, match="not run in the last week"):
        energy_of(PUMP, stored(), (), None, NOW_US + 8 * US_PER_DAY)


def test_without_a_flow_there_is_no_use_per_output() -> None:
    asset = replace(PUMP, signals=tuple(s for s in PUMP.signals if s.signal != "flow"))
    use = asked(stored(), asset=asset)
    assert (use.output, use.running.per_output) == (None, None)


def test_a_meter_is_a_signal_of_power_or_energy() -> None:
    assert has_meter(PUMP)
    assert has_meter(replace(PUMP, signals=(scalar("kwh", "energy", "kWh"),)))
    assert not has_meter(replace(PUMP, signals=PUMP.signals[1:]))
