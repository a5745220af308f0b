"""Which sensors are blamed, and when nobody is."""

from forewarn.core.clock import US_PER_S
from forewarn.core.readings import Quality, SignalSpec
from forewarn.pipeline.sensors import RecentReadings, sensor_problems

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
