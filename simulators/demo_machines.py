"""The twelve machines of the demo plant as built. What its engineers write of them stands in `demo_plant.yaml`."""

from __future__ import annotations

from forewarn.core.plant import BearingGeometry
from forewarn.simulators.effects import HealthyVelocity
from forewarn.simulators.machines import MachineSpec

# rolling elements, their diameter, pitch diameter (mm): deep-groove ball bearings, dimensions as published by makers
BALL_6205 = BearingGeometry(9, 7.94, 39.04)
BALL_6309 = BearingGeometry(8, 17.46, 72.5)
BALL_6312 = BearingGeometry(8, 22.23, 95.0)
BALL_6314 = BearingGeometry(8, 25.4, 110.0)


def _pump(
    number: int, rpm: float, power_kw: float, bar: float, m3_h: float, wire: tuple[tuple[str, str], ...] = ()
) -> MachineSpec:
    bearing = BALL_6312 if power_kw > 40 else BALL_6309
    return MachineSpec(
        id=f"pump-{number:02d}", kind="pump", area="water", power_kw=power_kw, rpm=rpm, bearing=bearing,
        velocity=HealthyVelocity(0.75, 0.30, 0.70 + 0.05 * number), mesh_order=6.0,
        resonance_hz=3100.0 + 130.0 * number, background=1.1 + 0.1 * number, winding_rise_k=52.0, bearing_rise_k=24.0,
        variable_speed=number % 2 == 0, pressure_bar=bar, flow_m3_h=m3_h, wire_units=wire,
    )  # fmt: skip


def _fan(
    number: int, rpm: float, power_kw: float, m3_h: float, belt: float | None, wire: tuple[tuple[str, str], ...]
) -> MachineSpec:
    return MachineSpec(
        id=f"fan-{number:02d}", kind="fan", area="air", power_kw=power_kw, rpm=rpm, bearing=BALL_6309,
        velocity=HealthyVelocity(0.95, 0.25, 0.75), mesh_order=9.0, resonance_hz=2700.0 + 240.0 * number,
        background=0.7 + 0.1 * number, winding_rise_k=46.0, bearing_rise_k=20.0, variable_speed=belt is None,
        flow_m3_h=m3_h, filter_dp_bar=0.0016 + 0.0002 * number, belt_ratio=belt, wire_units=wire,
    )  # fmt: skip


def _conveyor(number: int, power_kw: float) -> MachineSpec:
    return MachineSpec(
        id=f"conveyor-{number:02d}", kind="conveyor", area="line", power_kw=power_kw, rpm=1455.0, bearing=BALL_6205,
        velocity=HealthyVelocity(0.55, 0.35, 0.80), mesh_order=17.0, resonance_hz=3900.0 + 250.0 * number,
        background=1.6, winding_rise_k=44.0, bearing_rise_k=22.0, pattern="two_shift",
    )  # fmt: skip


_COMPRESSOR = MachineSpec(
    id="compressor-01", kind="compressor", area="air", power_kw=75.0, rpm=2970.0, bearing=BALL_6314,
    velocity=HealthyVelocity(0.80, 0.45, 1.0), mesh_order=4.0, resonance_hz=2600.0, background=2.2,
    winding_rise_k=58.0, bearing_rise_k=32.0, pressure_bar=7.6, flow_m3_h=720.0, filter_dp_bar=0.012,
)  # fmt: skip

_BLOWER = MachineSpec(
    id="blower-01", kind="blower", area="air", power_kw=45.0, rpm=2960.0, bearing=BALL_6312,
    velocity=HealthyVelocity(0.85, 0.35, 0.90), mesh_order=3.0, resonance_hz=2900.0, background=1.8,
    winding_rise_k=50.0, bearing_rise_k=30.0, variable_speed=True, pressure_bar=0.65, flow_m3_h=1600.0,
    filter_dp_bar=0.0035,
)  # fmt: skip

DEMO_MACHINES: tuple[MachineSpec, ...] = (
    _pump(1, 1482.0, 30.0, 4.2, 110.0),
    _pump(2, 1485.0, 45.0, 5.5, 150.0),
    _pump(3, 2955.0, 22.0, 6.8, 60.0, (("pressure", "psi"), ("temperature_de", "degF"))),
    _pump(4, 1485.0, 55.0, 5.1, 210.0),
    _pump(5, 1480.0, 18.5, 3.6, 80.0),
    _fan(1, 1475.0, 22.0, 24000.0, None, (("vib_de", "g"),)),
    _fan(2, 1465.0, 30.0, 38000.0, 0.72, (("velocity_rms", "in/s"),)),
    _fan(3, 1475.0, 18.5, 19000.0, None, (("temperature_winding", "degF"),)),
    _COMPRESSOR,
    _BLOWER,
    _conveyor(1, 15.0),
    _conveyor(2, 18.5),
)
