"""Which sensors are blamed, and when nobody is."""

from __future__ import annotations

from pathlib import Path

import pytest

from forewarn.core.clock import US_PER_S
from forewarn.core.health import SENSOR_STATUS, DeviceStatus, SensorProblem, status_of
from forewarn.core.plant import Asset
from forewarn.core.readings import Quality, SignalSpec
from forewarn.core.units import CANONICAL_UNIT, MISTAKEN_UNITS
from forewarn.maintenance.records import Records
from forewarn.maintenance.sensor_event_book import SensorEventBook
from forewarn.pipeline.recent import RecentReadings
from forewarn.pipeline.sensor_events import SensorWatch
from forewarn.pipeline.sensor_units import unit_steps
from forewarn.pipeline.sensors import sensor_notices, sensor_problems

MINUTE_US = 60 * US_PER_S


def spec(signal: str, period_s: float | None = 60.0) -> SignalSpec:
    return SignalSpec("pump-1", signal, "temperature", "degC", f"t/{signal}", period_s=period_s, low=-40, high=150)


def recent(last_us: int, quality: Quality = Quality.GOOD, flagged: int = 0, n: int = 20) -> RecentReadings:
    flags = [0] * (n - flagged) + [int(quality)] * flagged
    return RecentReadings([last_us - (n - 1 - i) * MINUTE_US for i in range(n)], [50.0] * n, flags)


NOW = 1_000 * MINUTE_US


def test_good_readings_blame_nobody() -> None:
    assert sensor_problems([spec("a")], {"a": recent(NOW)}, NOW, 0) == ()


def test_a_value_flagged_stuck_by_the_newest_readings_is_a_stuck_sensor() -> None:
    (problem,) = sensor_problems([spec("a")], {"a": recent(NOW, Quality.STUCK, flagged=8)}, NOW, 0)
    assert (problem.signal, problem.kind) == ("a", "stuck")
    assert problem.since_us == NOW - 7 * MINUTE_US
    assert "degC" in problem.text


def test_a_sensor_that_recovered_is_not_blamed() -> None:
    old = recent(NOW, Quality.OUT_OF_RANGE, flagged=8)
    healed = RecentReadings(old.at, old.value, [*old.quality[:-3], 0, 0, 0])
    assert sensor_problems([spec("a")], {"a": healed}, NOW, 0) == ()


def test_one_spike_is_not_a_sensor_problem() -> None:
    assert sensor_problems([spec("a")], {"a": recent(NOW, Quality.JUMP, flagged=1)}, NOW, 0) == ()


def test_one_silent_sensor_among_speaking_ones_is_blamed() -> None:
    heard = {"a": recent(NOW - 60 * MINUTE_US), "b": recent(NOW)}
    (problem,) = sensor_problems([spec("a"), spec("b")], heard, NOW, 0)
    assert (problem.signal, problem.kind) == ("a", "silent")


def test_silence_shorter_than_the_road_is_long_blames_nobody() -> None:
    heard = {"a": recent(NOW - 60 * MINUTE_US), "b": recent(NOW)}
    assert sensor_problems([spec("a"), spec("b")], heard, NOW, road_delay_us=120 * MINUTE_US) == ()


def test_when_every_sensor_is_silent_no_sensor_is_blamed() -> None:
    heard = {"a": recent(NOW - 60 * MINUTE_US), "b": recent(NOW - 60 * MINUTE_US)}
    assert sensor_problems([spec("a"), spec("b")], heard, NOW, 0) == ()


def test_an_irregular_signal_is_never_silent() -> None:
    heard = {"a": recent(NOW - 600 * MINUTE_US), "b": recent(NOW)}
    assert sensor_problems([spec("a", period_s=None), spec("b")], heard, NOW, 0) == ()


def test_a_signal_that_never_spoke_is_not_blamed() -> None:
    assert sensor_problems([spec("a"), spec("b")], {"b": recent(NOW)}, NOW, 0) == ()


def heard(values: list[float], period_us: int = MINUTE_US, last_us: int = NOW) -> RecentReadings:
    n = len(values)
    return RecentReadings([last_us - (n - 1 - i) * period_us for i in range(n)], values, [0] * n)


def of(signal: str, quantity: str, role: str = "measurement") -> SignalSpec:
    unit = CANONICAL_UNIT[quantity]
    return SignalSpec("pump-1", signal, quantity, unit, f"t/{signal}", role=role, period_s=60.0)


SPEED, STEADY = of("speed", "speed", "speed"), [1480.0 + i % 3 for i in range(20)]
PAIRS = [(quantity, unit) for quantity, units in MISTAKEN_UNITS.items() for unit in units if quantity != "speed"]


def stepped(old: float, new: float, n: int = 20, after: int = 5) -> list[float]:
    return [(new if i >= n - after else old) * (1 + 0.004 * (i % 3)) for i in range(n)]


@pytest.mark.parametrize(("quantity", "unit"), PAIRS)
@pytest.mark.parametrize("back", [False, True])
def test_a_leap_by_the_factor_between_two_units_is_a_suspect_unit(quantity: str, unit: str, back: bool) -> None:
    conversion = MISTAKEN_UNITS[quantity][unit]
    old = 47.0
    new = conversion.apply(old) if back else conversion.invert(old)
    found = unit_steps([of("x", quantity), SPEED], {"x": heard(stepped(old, new)), "speed": heard(STEADY)})
    assert list(found) == ["x"]
    assert found["x"].since_us == NOW - 4 * MINUTE_US


def test_a_machine_that_was_started_has_no_suspect_unit() -> None:
    pressure, started = of("p", "pressure"), stepped(0.5, 0.5 * 14.5038)
    assert unit_steps([pressure, SPEED], {"p": heard(started), "speed": heard(stepped(5.0, 1480.0))}) == {}
    assert unit_steps([pressure], {"p": heard(started)}) == {}  # nobody witnesses that it was not started
    temp = of("t", "temperature")
    assert unit_steps([pressure, temp], {"p": heard(started), "t": heard([40.0] * 20)}) == {}


def test_a_machine_that_was_loaded_at_the_same_speed_has_no_suspect_unit() -> None:
    pressure, flow = of("p", "pressure"), of("q", "flow")
    recent = {"p": heard(stepped(0.5, 0.5 * 14.5038)), "speed": heard(STEADY), "q": heard(stepped(10.0, 80.0))}
    assert unit_steps([pressure, SPEED, flow], recent) == {}
    assert list(unit_steps([pressure, SPEED, flow], {**recent, "q": heard([80.0] * 20)})) == ["p"]


def test_three_signals_that_leap_by_a_factor_each_witness_for_one_another() -> None:
    axes = [of(axis, "vibration_velocity") for axis in "xyz"]
    leaps = {axis: heard(stepped(2.0 + i, (2.0 + i) / 25.4)) for i, axis in enumerate("xyz")}
    assert sorted(unit_steps(axes, leaps)) == ["x", "y", "z"]
    assert unit_steps(axes[:2], {"x": leaps["x"], "y": leaps["y"]}) == {}


@pytest.mark.parametrize("factor", [1.5, 3.0, 6.0, 20.0])
def test_a_leap_by_any_other_factor_is_the_process(factor: float) -> None:
    recent = {"p": heard(stepped(2.0, 2.0 * factor)), "speed": heard(STEADY)}
    assert unit_steps([of("p", "pressure"), SPEED], recent) == {}


def test_a_slow_rise_over_the_factor_is_no_change_of_unit() -> None:
    rise = [20.0 + 48.0 * i / 19 for i in range(20)]  # 20 degC is 68 degF
    recent = {"t": heard(rise), "speed": heard(STEADY)}
    assert unit_steps([of("t", "temperature"), SPEED], recent) == {}


def test_a_pause_far_longer_than_the_period_is_a_gap() -> None:
    times = [NOW - m * MINUTE_US for m in (40, 39, 38, 8, 7, 6, 5, 4, 3, 2, 1, 0)]
    recent = RecentReadings(times, [1.0] * 12, [0] * 12)
    (notice,) = sensor_notices([spec("a")], {"a": recent}, NOW, 0)
    assert (notice.kind, notice.since_us, notice.status) == (
        "gap", NOW - 38 * MINUTE_US, DeviceStatus.MAINTENANCE_REQUIRED,
    )  # fmt: skip
    assert "29 readings" in notice.text
    assert sensor_notices([spec("a", period_s=None)], {"a": recent}, NOW, 0) == ()
    assert sensor_notices([spec("a", period_s=400.0)], {"a": recent}, NOW, 0) == ()


def test_times_that_have_not_come_yet_are_a_wrong_clock() -> None:
    ahead = {"a": recent(NOW + 5 * MINUTE_US)}
    (notice,) = sensor_notices([spec("a")], ahead, NOW, 0)
    assert (notice.kind, "300 s ahead" in notice.text) == ("clock", True)
    assert sensor_notices([spec("a")], ahead, NOW, road_delay_us=5 * MINUTE_US) == ()


def test_every_kind_of_problem_has_a_status_and_the_gravest_counts() -> None:
    problems = [SensorProblem("a", kind, 0, "") for kind in SENSOR_STATUS]
    assert {problem.status for problem in problems} == set(DeviceStatus) - {DeviceStatus.GOOD}
    assert status_of(problems) is DeviceStatus.FAILURE
    assert status_of(problems[-2:]) is DeviceStatus.MAINTENANCE_REQUIRED
    assert status_of([]) is DeviceStatus.GOOD


def leaping_pump() -> tuple[Asset, dict[str, RecentReadings]]:
    asset = Asset("pump-1", "Pump", "pump", "s", "a", signals=(of("p", "pressure"), SPEED))
    return asset, {"p": heard(stepped(5.0, 72.519)), "speed": heard(STEADY)}


@pytest.fixture
def records(any_records: Records) -> Records:
    return any_records


def test_a_suspect_unit_stays_one_until_it_is_mended_also_across_a_restart(records: Records) -> None:
    asset, recent = leaping_pump()
    book = SensorEventBook(records)
    (problem,) = SensorWatch(book).look(asset, recent, NOW)
    assert (problem.kind, problem.status) == ("unit_suspect", DeviceStatus.FUNCTION_CHECK)
    assert "psi" in problem.text
    later = {**recent, "p": heard([72.6] * 24)}  # the step has left the newest readings
    watch = SensorWatch(book)
    assert [p.kind for p in watch.look(asset, later, NOW)] == ["unit_suspect"]
    assert len(book.events()) == 1
    assert watch.look(asset, {**recent, "p": heard([5.05] * 24)}, NOW + MINUTE_US) == ()
    assert [e.until_us for e in book.events()] == [NOW + MINUTE_US]
    assert SensorWatch(book).look(asset, later, NOW) == ()


def test_notices_become_events_and_leave_the_models_their_signal(records: Records) -> None:
    book, signals = SensorEventBook(records), (spec("a"), spec("b"))
    times = [NOW - m * MINUTE_US for m in (60, 59, 2, 1, 0)]
    heard_of = {"a": RecentReadings(times, [1.0] * 5, [0] * 5), "b": recent(NOW)}
    asset = Asset("pump-1", "Pump", "pump", "s", "a", signals=signals)
    assert SensorWatch(book).look(asset, heard_of, NOW) == ()
    assert [(e.signal, e.kind, e.until_us) for e in book.events()] == [("a", "gap", None)]


def test_when_nothing_is_heard_of_a_machine_its_events_stay_as_they_are(records: Records) -> None:
    book = SensorEventBook(records)
    asset = Asset("pump-1", "Pump", "pump", "s", "a", signals=(spec("a"), spec("b")))
    watch = SensorWatch(book)
    watch.look(asset, {"a": recent(NOW - 60 * MINUTE_US), "b": recent(NOW)}, NOW)
    assert [e.kind for e in book.events(open_only=True)] == ["silent"]
    watch.look(asset, {"a": recent(NOW - 60 * MINUTE_US), "b": recent(NOW)}, NOW + 60 * MINUTE_US)
    assert [e.kind for e in book.events(open_only=True)] == ["silent"]


def test_the_reference_names_every_kind_with_its_status(root: Path) -> None:
    text = (root / "docs/reference/sensor-states.md").read_text()
    rows = {line.split("|")[1].strip(" `"): line for line in text.splitlines() if line.startswith("| `")}
    assert {kind: f"`{status}`" in rows[kind] for kind, status in SENSOR_STATUS.items()} == dict.fromkeys(rows, True)
