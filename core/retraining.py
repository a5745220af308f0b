"""A model wants to be trained again: a task of its own, no work order. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetrainingTask:
    """One task: which model (a name of the registry, or "built-in"), for which class of machines, and why.

    It is open while `closed_at_us` is None; a newer version closes it (`closed_by`: "name:version") and so does a watch
    that finds nothing any more ("back to usual"). `seen_at_us` is when its reasons were last found.
    """

    id: int
    model: str
    asset_class: str
    opened_at_us: int
    seen_at_us: int
    reasons: tuple[str, ...]
    closed_at_us: int | None = None
    closed_by: str = ""

    @property
    def is_open(self) -> bool:
        """Does it still wait for somebody?"""
        return self.closed_at_us is None
