"""One socket of the front door: carries out what its session asks for, and minds the clock."""

from __future__ import annotations

import asyncio
import socket
from enum import IntFlag
from typing import TYPE_CHECKING

from forewarn.ingest.door.codes import Reason
from forewarn.ingest.door.pace import Pace
from forewarn.ingest.door.session import Ending, Session, Turn
from forewarn.ingest.door.tls import certified_name

if TYPE_CHECKING:
    from forewarn.ingest.door.front_door import FrontDoor

KEEP_ALIVE_FACTOR = 1.5  # MQTT section 3.1.2.10
TCP_IDLE_S, TCP_PROBES_S, TCP_PROBES = 60, 10, 6  # finds dead peers that promised no keep-alive
LINGER_S = 2.0
_CLOSED_AT_ONCE = frozenset((Reason.SUCCESS, Reason.SERVER_SHUTTING_DOWN, Reason.KEEP_ALIVE_TIMEOUT))


class Hold(IntFlag):
    """Why a connection is not being read."""

    NONE = 0
    PRESSURE = 1  # too much waits for the disk
    UNREAD = 2  # the client does not read its own acknowledgements
    CHECKING = 4  # its password is being checked
    STOPPING = 8
    PACE = 16  # it owes time for what it sent too fast


_OURS = Hold.PRESSURE | Hold.PACE  # while these last a client cannot be heard, and is not called silent


class Connection(asyncio.Protocol):
    """Bytes between one transport and one `Session`; a sink for acknowledgements (`AckSink`)."""

    def __init__(self, door: FrontDoor) -> None:
        self.session = Session(door.limits, door.rights)
        self.principal = ""
        self.is_closed = False
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._hold = Hold.NONE
        self._heard_at_s = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._ending: Ending | None = None
        self._reads = False
        self._pace: Pace | None = None
        self._pace_timer: asyncio.TimerHandle | None = None
        self._begun: int | None = None  # a packet, and since when
        self._begun_at_s = 0.0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer arrived; it has `connect_timeout_s` to say who it is."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not self._door.arrived(self):
            self._ending = Ending(Reason.SERVER_BUSY, "too many connections")
            transport.abort()
            return
        # asyncio starts to read after this call; before Python 3.11.4 it would undo a pause that was set here
        self._loop.call_soon(self._reading_started)
        _watch_for_dead_peers(transport.get_extra_info("socket"))
        self._timer = self._loop.call_later(self._door.settings.connect_timeout_s, self._connect_timed_out)

    def data_received(self, data: bytes) -> None:
        """Feed the session and carry out its turn."""
        self._heard_at_s = self._loop.time()
        self._door.counters.bytes += len(data)
        if self._ending is None:
            turn = self.session.receive(data, self._door.now_us())
            self._carry_out(turn)
            if self._pace is not None:
                self._pay(self._pace.take(len(turn.frames) + len(turn.turned_away), len(data), self._heard_at_s))

    def pause_writing(self) -> None:
        """The client does not take what we send: do not take more from it."""
        self._set_hold(Hold.UNREAD, True)

    def resume_writing(self) -> None:
        """It reads again."""
        self._set_hold(Hold.UNREAD, False)

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is gone."""
        self.is_closed = True
        for timer in (self._timer, self._pace_timer):
            if timer is not None:
                timer.cancel()
        if self._ending is None:
            self._release(keeps_will=False)
        self._door.left(self)

    # for GroupCommit

    def acknowledge(self, acks: bytes, messages: int) -> None:
        """The frames behind `acks` are durable."""
        self.session.acknowledged(messages)
        self._door.counters.in_flight -= messages
        if acks:
            self.write(acks)

    # for FrontDoor

    @property
    def address(self) -> str:
        """Where the peer comes from."""
        return address_of(self._transport) if self._transport is not None else ""

    @property
    def certified_name(self) -> str | None:
        """The name in the certificate that the peer has shown and that was verified; None without one."""
        shown = self._transport.get_extra_info("peercert") if self._transport is not None else None
        files = self._door.settings.tls
        return certified_name(shown, files.identity) if shown and files is not None else None

    def cut(self) -> None:
        """End it without a word: it has not said who it is, and others want in."""
        self._door.refused("", "stranger_cut")
        self._close(Ending(Reason.SERVER_BUSY, "too many connections without a CONNECT"))
        if self._transport is not None:
            self._transport.abort()

    def check_progress(self, now_s: float) -> None:
        """End a connection whose packet has begun and does not come to its end."""
        begun = self.session.packet_begun
        if begun is None or begun != self._begun or self._hold or self._ending is not None:
            self._begun, self._begun_at_s = begun, now_s
        elif now_s - self._begun_at_s >= self._door.settings.packet_timeout_s:
            self._door.refused(self._name(), "packet_timeout")
            self.end(Reason.IMPLEMENTATION_SPECIFIC_ERROR, "a packet was begun and not completed in time")

    @property
    def unsent_bytes(self) -> int:
        """Bytes that the client has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def takes(self, packet_bytes: int) -> bool:
        """Whether the client said that it accepts packets of this size."""
        connect = self.session.connect
        return connect is None or not connect.maximum_packet_bytes or packet_bytes <= connect.maximum_packet_bytes

    def write(self, data: bytes) -> None:
        """Send, unless the connection is ending."""
        if self._transport is not None and self._ending is None:
            self._transport.write(data)

    def admit(self, client: str, principal: str, assigned: bool, pace: Pace | None) -> None:
        """CONNECT is accepted."""
        self.principal, self._pace = principal, pace
        if self._timer is not None:
            self._timer.cancel()
        turn = self.session.admit(client, principal, assigned, self._door.now_us())
        self._watch_keep_alive()
        self._carry_out(turn)

    def refuse(self, reason: Reason, detail: str) -> None:
        """CONNECT is refused."""
        self._door.refused(self._name(), f"connect_{reason.slug}", detail=detail)
        self._close(self.session.refuse(reason, detail))

    def end(self, reason: Reason, detail: str) -> None:
        """The server ends the connection; one that is ending already is cut."""
        if self._ending is not None and self._transport is not None:
            self._transport.abort()
        self._close(self.session.end(reason, detail) if self.session.is_open else Ending(reason, detail))

    def set_pressure(self, pressed: bool) -> None:
        """Stop reading, or go on, because of the journal."""
        self._set_hold(Hold.PRESSURE, pressed)

    def set_checking(self, checking: bool) -> None:
        """Stop reading, or go on, because of the password check. It has its time: the client has said who it is."""
        if checking and self._timer is not None:
            self._timer.cancel()
        self._set_hold(Hold.CHECKING, checking)

    def stop_reading(self) -> None:
        """For good: the server stops."""
        self._set_hold(Hold.STOPPING, True)

    # inside

    def _carry_out(self, turn: Turn) -> None:
        door = self._door
        if turn.frames or turn.acks:
            door.counters.messages += len(turn.frames)
            door.counters.in_flight += turn.acknowledged
            size_bytes = self.session.consumed_bytes
            door.commit.submit(turn.frames, self, b"".join(turn.acks), turn.acknowledged, size_bytes)
        if turn.reply:
            self.write(b"".join(turn.reply))
        for change in turn.subscriptions:
            door.subscription_changed(self, change)
        for away in turn.turned_away:
            door.turned_away(self._name(), away, stranger=not self.session.is_open)
        if turn.ending is not None:
            self._close(turn.ending)
        elif turn.connect is not None:
            door.decide(self, turn.connect)

    def _pay(self, debt_s: float) -> None:
        """Do not read for so long. Nothing else may set the timer meanwhile: nothing is read."""
        if debt_s > 0.0 and self._ending is None:
            self._door.counters.paced += 1
            self._door.log.warning("paced", "paced", client=self._name(), not_read_s=round(debt_s, 3))
            self._set_hold(Hold.PACE, True)
            self._pace_timer = self._loop.call_later(debt_s, self._set_hold, Hold.PACE, False)

    def _name(self) -> str:
        connect = self.session.connect
        return self.session.client or (connect.client_id if connect is not None else "")

    def _close(self, ending: Ending) -> None:
        """Last words, then the end: acknowledgements that are still to come are not sent any more."""
        if self._ending is not None or self._transport is None:
            return
        self._transport.write(ending.last_words)
        self._ending = ending
        self._release(keeps_will=ending.orderly or ending.reason is Reason.SERVER_SHUTTING_DOWN)
        if ending.reason is not Reason.SUCCESS:
            client, detail = self._name(), ending.detail
            self._door.log.warning("connection_ended", f"ended_{ending.reason.slug}", client=client, detail=detail)
        if ending.reason in _CLOSED_AT_ONCE and not self.unsent_bytes:
            self._transport.close()
        else:
            self._linger(self._transport)

    def _release(self, keeps_will: bool) -> None:
        """For everybody else the client is gone now. Without a goodbye its will is due: at once, so that it stands
        before whatever the same device says after it has reconnected."""
        will = None if keeps_will else self.session.will_frame(self._door.now_us())
        if will is not None:
            self._door.commit.submit_silently(will)
        self._door.released(self)

    def _linger(self, transport: asyncio.Transport) -> None:
        """Close our half and throw away what still comes: a plain close in the middle of the client's sending would
        reset the connection, and the reason that we just gave would be lost with it."""
        self._loop.call_later(LINGER_S, transport.abort)
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()

    def _reading_started(self) -> None:
        self._reads = True
        if self._hold and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def _set_hold(self, why: Hold, on: bool) -> None:
        before, self._hold = self._hold, self._hold | why if on else self._hold & ~why
        if self._transport is None or self._transport.is_closing() or bool(before) == bool(self._hold):
            return
        if not self._reads:
            return
        if self._hold:
            self._transport.pause_reading()
        else:
            self._heard_at_s = self._loop.time()  # it could not be heard while we did not listen
            self._transport.resume_reading()

    def _connect_timed_out(self) -> None:
        self._door.refused(self._name(), "connect_timeout")
        self._close(Ending(Reason.KEEP_ALIVE_TIMEOUT, "no CONNECT in time"))

    def _watch_keep_alive(self) -> None:
        """One timer per connection, set anew only when it fires: a message costs no timer."""
        allowed_s = self.session.keep_alive_s * KEEP_ALIVE_FACTOR
        if not allowed_s or self._ending is not None:
            return
        now_s = self._loop.time()
        if self._hold & _OURS:
            self._heard_at_s = now_s  # our fault, not the client's
        left_s = self._heard_at_s + allowed_s - now_s
        if left_s <= 0:
            self._door.refused(self._name(), Reason.KEEP_ALIVE_TIMEOUT.slug)
            self.end(Reason.KEEP_ALIVE_TIMEOUT, f"nothing was heard for {allowed_s:g} s")
        else:
            self._timer = self._loop.call_later(left_s, self._watch_keep_alive)


def address_of(transport: asyncio.BaseTransport) -> str:
    """The peer's IP address, "" when it is gone already."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if peer else ""


def _watch_for_dead_peers(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, TCP_IDLE_S)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, TCP_PROBES_S)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, TCP_PROBES)
