"""Who can do what and when: technicians, skills with levels, absences, contractors. Values only; no clock, no files.

Times are UTC microseconds, intervals half-open. Levels run from 1 (under guidance) over 2 (alone), 3 (also when it goes
wrong) to 4 (teaches it).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from forewarn.core.errors import Rejected
from forewarn.core.shifts import ShiftPlan, without

LEVELS = (1, 2, 3, 4)
EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class SkillNeed:
    """A skill that a job asks for, at a level or above: at least one of the crew has it. Level 1 to 4.

    >>> SkillNeed("mechanical", 2)
    SkillNeed(skill='mechanical', level=2)
    """

    skill: str
    level: int = 1

    def __post_init__(self) -> None:
        if not self.skill.strip():
            raise Rejected("skill", "a skill has a name, such as mechanical or electrical")
        if self.level not in LEVELS:
            raise Rejected("skill_level", f"{self.skill}: level {self.level} is not one of 1, 2, 3, 4")


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is not there in [from_us, to_us): holiday, illness, training."""

    from_us: int
    to_us: int
    reason: str = ""

    def __post_init__(self) -> None:
        if self.to_us <= self.from_us:
            raise Rejected("absence", f"an absence ends after it begins: {self.from_us} to {self.to_us}")


@dataclass(frozen=True, slots=True)
class Contractor:
    """Somebody of another company. Works until `until_us` (None: no end), only on kinds of orders in `may_do`.

    `may_do` holds order kinds (`corrective`, `preventive`, ...) or "*" for all of them.
    """

    company: str
    until_us: int | None = None
    may_do: frozenset[str] = frozenset({EVERYTHING})

    def may(self, kind: str) -> bool:
        """Is work of this kind in the contract?"""
        return EVERYTHING in self.may_do or kind in self.may_do


@dataclass(frozen=True, slots=True)
class Technician:
    """One who does the work. `skills` maps a skill to a level; `rate_per_h` is money per hour, 0 or above.

    `shifts` is when the person works (its zone and holidays included); `place` where the person starts (`area` of a
    plant or a finer name).
    """

    id: str
    name: str
    skills: dict[str, int]
    shifts: ShiftPlan
    place: str = ""
    rate_per_h: float = 0.0
    absences: tuple[Absence, ...] = ()
    contractor: Contractor | None = None
    active: bool = True
    place_xy: tuple[float, float] | None = field(default=None)

    def __post_init__(self) -> None:
        if not self.id.strip() or not self.name.strip():
            raise Rejected("technician", "a technician has an id and a name")
        for skill, level in self.skills.items():
            SkillNeed(skill, level)
        if not self.rate_per_h >= 0:
            raise Rejected("rate", f"{self.id}: a rate per hour is 0 or above, not {self.rate_per_h}")

    def has(self, need: SkillNeed) -> bool:
        """Has the person this skill at this level or above?"""
        return self.skills.get(need.skill, 0) >= need.level

    def windows(self, from_us: int, to_us: int) -> list[tuple[int, int]]:
        """When the person works in [from_us, to_us): shifts less absences, and before the end of a contract."""
        if not self.active or to_us <= from_us:
            return []
        end_us = to_us
        if self.contractor is not None and self.contractor.until_us is not None:
            end_us = min(end_us, self.contractor.until_us)
        days = (to_us - from_us) // 86_400_000_000 + 2
        planned = [(start, min(stop, end_us)) for start, stop in self.shifts.windows(from_us, days) if start < end_us]
        return without(planned, sorted((a.from_us, a.to_us) for a in self.absences))


def missing_skills(needs: Iterable[SkillNeed], crew: Iterable[Technician]) -> list[SkillNeed]:
    """Needs that nobody of a crew meets.

    >>> missing_skills([SkillNeed("electrical", 2)], [])
    [SkillNeed(skill='electrical', level=2)]
    """
    people = list(crew)
    return [need for need in needs if not any(person.has(need) for person in people)]
