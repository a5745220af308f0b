"""A machine's readings pass before `models.assess` as they came in, and its alarms are counted as events.

As in the product: the newest 120 days are known; an alarm opens an order; the order is worked off some days later, and
where nothing was wrong the baseline restarts there. An alarm while that order is open is the same event.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.alarm_machines import ORIGIN_US, ROWS_PER_WAVEFORM, SCALAR_US, Case, Recording, Spoil
from forewarn.core.clock import US_PER_DAY, US_PER_HOUR
from forewarn.core.health import AnomalyScore, Assessment, State
from forewarn.core.readings import Track
from forewarn.models.assess import AssessSettings, assess
from forewarn.models.detectors.own_past import Memory

KEPT_US, FORGET_US = 120 * US_PER_DAY, 15 * US_PER_DAY
"""As much history as the live road keeps, and forgets at once (`pipeline.history`)."""

WORKED_OFF_US = 3 * US_PER_DAY
"""From an alarm to the closed order that found nothing."""

ASSESS_US = ROWS_PER_WAVEFORM * SCALAR_US
"""Assessed whenever a waveform has come."""

CHUNK_US = 10 * US_PER_DAY
JUDGED = (State.NORMAL, State.ALERT, State.ALARM)


@dataclass(frozen=True, slots=True)
class Event:
    """An alarm where nothing was wrong: when, and what pulled most."""

    day: float
    feature: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case. `judged_years`: time with a verdict and without an open order, before any fault began.

    `found_day`: first moment inside [P, F) at which an alarm that began after the onset stood; None: none did. `early`:
    it had begun before P. `cause_right`: was the first name of the diagnosis the seeded one.
    """

    regime: str
    machine: str
    mechanism: str
    judged_years: float
    false_alarms: tuple[Event, ...]
    found_day: float | None = None
    early: bool = False
    cause_right: bool = False
    p_day: float = 0.0
    f_day: float = 0.0


def moments(case: Case, spoil: Spoil | None, settings: AssessSettings) -> Iterator[tuple[int, _Desk]]:
    """Every moment of assessment with the desk that has the readings up to it."""
    recording, desk, end_us = Recording(case, spoil), _Desk(case, settings), ORIGIN_US + round(case.days * US_PER_DAY)
    made_us = ORIGIN_US
    for now_us in range(ORIGIN_US + ASSESS_US, end_us, ASSESS_US):
        if now_us > made_us:
            made_us = min(made_us + CHUNK_US, end_us)
            desk.tracks = dict(recording.until(made_us))
        yield now_us, desk


class _Desk:
    """Where the orders of one machine lie."""

    def __init__(self, case: Case, settings: AssessSettings) -> None:
        self.case, self.settings = case, settings
        self.tracks: dict[str, Track] = {}
        self.opened_us: int | None = None
        self.baseline_from_us: int | None = None
        self._memory = Memory()

    def look(self, now_us: int) -> Assessment:
        """The product's judgement with what was known then."""
        from_us = (now_us - KEPT_US) // FORGET_US * FORGET_US
        known = {name: track.between(from_us, now_us + 1) for name, track in self.tracks.items()}
        return assess(self.case.asset, known, (), now_us, self.settings, self.baseline_from_us, self._memory)

    def close_when_worked_off(self, now_us: int) -> None:
        """Three days after an alarm its order is closed, and the baseline restarts."""
        if self.opened_us is not None and now_us - self.opened_us >= WORKED_OFF_US:
            self.opened_us, self.baseline_from_us = None, now_us


def replay(case: Case, settings: AssessSettings, spoil: Spoil | None = None) -> Outcome:
    """The whole life of a machine until its fault is found, or until its end."""
    episode = case.episode
    onset_us, p_us, f_us = (episode.onset_us, episode.p_us, episode.f_us) if episode else (2**62, 2**62, 2**62)
    judged, events, early_us, found = 0, [], 0, None
    for now_us, desk in moments(case, spoil, settings):
        desk.close_when_worked_off(now_us)
        seen = desk.look(now_us)
        alarm = seen.state is State.ALARM
        if now_us <= onset_us:
            judged += seen.state in JUDGED and desk.opened_us is None
            if alarm and desk.opened_us is None:
                desk.opened_us = now_us
                events.append(Event((now_us - ORIGIN_US) / US_PER_DAY, pulled_by(seen)))
        elif desk.opened_us is None:
            early_us = (early_us or now_us) if alarm else 0
            if alarm and p_us <= now_us < f_us:
                found = seen
                break
    return Outcome(
        case.regime,
        case.spec.id,
        episode.fault.mechanism if episode else "",
        judged * ASSESS_US / US_PER_HOUR / 8_766.0,
        tuple(events),
        found_day=(found.at_us - ORIGIN_US) / US_PER_DAY if found else None,
        early=found is not None and early_us < p_us,
        cause_right=bool(found and episode and found.diagnosis and found.diagnosis[0].fault == episode.fault),
        p_day=(p_us - ORIGIN_US) / US_PER_DAY if episode else 0.0,
        f_day=(f_us - ORIGIN_US) / US_PER_DAY if episode else 0.0,
    )


def pulled_by(assessment: Assessment) -> str:
    """The feature that pulls most."""
    scored = assessment.anomaly
    parts = scored.contributions if isinstance(scored, AnomalyScore) else ()
    return parts[0].feature if parts else ""
