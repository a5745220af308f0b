"""Routes of the outbox: what waits for its receiver, what is dead and why, and sending it again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from forewarn.api.auth import Caller
from forewarn.api.schemas import Model
from forewarn.api.state import Room
from forewarn.core.errors import Rejected
from forewarn.maintenance.outbox import Message

router = APIRouter(prefix="/api/outbox")
Number = Annotated[int, Path(ge=1, lt=2**62)]


class MessageOut(Model):
    """A message on its way. `retry_at` (wall time) is null for one that was not tried yet or is dead."""

    number: int
    key: str
    kind: str
    subject: str
    created_at: datetime
    attempts: int
    retry_at: datetime | None
    dead_at: datetime | None
    error: str


class OutboxOut(Model):
    """How many messages wait and how many are dead; the oldest that wait, or the newest that are dead. Without a
    receiver (`webhook.url`) nothing waits."""

    receiver: bool
    waiting: int
    dead: int
    messages: list[MessageOut]


@router.get("")
def get_outbox(
    room: Room, _: Caller, dead: bool = False, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> OutboxOut:
    """What waits for the receiver, oldest first, or with `dead` what is not tried any more, newest first."""
    if room.outbox is None:
        return OutboxOut(receiver=False, waiting=0, dead=0, messages=[])
    waiting, gone = room.outbox.counted()
    messages = [_out(message) for message in room.outbox.messages(dead, limit)]
    return OutboxOut(receiver=room.outbox.has_receiver, waiting=waiting, dead=gone, messages=messages)


@router.post("/{number}/resend")
def post_resend(number: Number, room: Room, caller: Caller) -> OutboxOut:
    """Try a dead message again from the beginning. 404 when it is not dead."""
    if room.outbox is None:
        raise HTTPException(404, f"There is no dead message {number}")
    try:
        room.outbox.send_again(number, caller, room.now_us())
    except Rejected as error:
        raise HTTPException(404, error.detail) from error
    return get_outbox(room, caller, dead=True)


def _out(message: Message) -> MessageOut:
    from forewarn.api.views import moment

    return MessageOut(
        number=message.id,
        key=message.key,
        kind=message.kind,
        subject=message.subject,
        created_at=moment(message.created_at_us),
        attempts=message.attempts,
        retry_at=None if message.retry_at_us is None else moment(message.retry_at_us),
        dead_at=None if message.dead_at_us is None else moment(message.dead_at_us),
        error=message.error,
    )
