"""What a stateful format promises. Most formats are pure functions of one message; a desk remembers between messages.

A desk's decisions depend on the frames alone, in the order of the journal, and on what it remembers: read again after a
crash, the same frames give the same readings. It has no clock: time is the `received_at_us` of the frames, and when it
waits for a moment with nothing arriving, the journal gets a tick frame (`TICK_TOPIC`) for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from forewarn.ingest.delivery import Frame
from forewarn.ingest.formats.result import Decoded

TICK_TOPIC = "$forewarn/tick"
"""Topic of the frames that only carry the time. Clients cannot publish to `$` topics."""


class Command(NamedTuple):
    """Something to publish towards the senders, on a topic of `ingest.own_topics` and nowhere else."""

    topic: str
    payload: bytes
    retain: bool = False


class Taken(NamedTuple):
    """Readings that became known, with the frame on whose account they stand (its QoS flags, its time of arrival).

    `place` is the topic under which the plant file names what the message holds; "" = the frame's own.
    """

    frame: Frame
    decoded: Decoded
    place: str = ""


class Desk(Protocol):
    """One stateful format. Every message is accounted for once: by what it decodes to, or by a refusal later.

    `kinds` are the `Binding.kind`s whose topics it serves, `prefix` the topics that it claims whether the plant file
    names them or not ("" = none), for instance "spBv1.0/". Made from the plant's `TopicTable`.
    """

    kinds: frozenset[str]
    prefix: str

    def take(self, frame: Frame, now_us: int) -> Sequence[Taken]:
        """What this message makes known: its own readings, those of messages that waited for it, or nothing yet.

        Raises `core.errors.Rejected` for a message that cannot be read as a whole; it counts one reading then.
        """
        ...

    def read_again(self, frame: Frame, now_us: int) -> Taken:
        """What a message out of the quarantine holds by what is known today. It moves nothing, and asks for nothing.

        Raises Rejected for one that tells nothing without the messages around it.
        """
        ...

    def due(self, now_us: int) -> Sequence[Taken]:
        """What need not wait any longer; refusals stand in `Decoded.refused`. Called in the order of the journal."""
        ...

    @property
    def wakes_at_us(self) -> int | None:
        """Plant time at which `due` has something to do; None when nothing waits."""
        ...

    def commands(self) -> list[Command]:
        """What is to be published since the last call. Lost in a crash: a desk repeats what was not answered."""
        ...

    def changed(self) -> Mapping[str, bytes | None]:
        """Rows to remember that changed since the last call (None = forget). Keys begin with the desk's own prefix."""
        ...

    def restore(self, memory: Mapping[str, bytes]) -> None:
        """Go on from remembered rows; rows of others are passed over."""
        ...
