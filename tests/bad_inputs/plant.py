"""The plant that is sent bad inputs: a good signal beside those that are maltreated, each fault with one of its own."""

from __future__ import annotations

from tests.system.running import PLANT as SMALL_PLANT

PLANT = (
    SMALL_PLANT
    + """\
      exact: {topic: hall/press-1/exact, quantity: counter, unit: count}
      twice: {topic: hall/press-1/twice, quantity: counter, unit: count}
      same: {topic: hall/press-1/same, quantity: counter, unit: count}
      week: {topic: hall/press-1/week, unit: degC, range: [-40, 150]}
      numbered: {topic: hall/press-1/numbered, quantity: counter, unit: count}
      kept: {topic: hall/press-1/kept, quantity: counter, unit: count}
      cold: {topic: hall/press-1/cold, unit: degC, range: [-40, 150]}
      flat: {topic: hall/press-1/flat, unit: degC, period_s: 60}
      run: {topic: hall/press-1/status, unit: state, role: run}
  pump-1:
    name: Pump 1
    class: pump
    area: hall
    signals:
      outlet: {topic: hall/pump-1/outlet, unit: bar, period_s: 60}
      speed: {topic: hall/pump-1/speed, unit: rpm, role: speed, range: [0, 4000], period_s: 60}
  pump-2:
    name: Pump 2
    class: pump
    area: hall
    signals:
      speed: {topic: hall/pump-2/speed, unit: rpm, range: [0, 4000]}
"""
)

GOOD = "hall/press-1/pieces"
"""Topic of the signal on which the good readings are counted: their values are 0, 1, 2, ..."""
TEMP, VIB, OIL = "hall/press-1/temp", "hall/press-1/vib", "hall/press-1/oil"
