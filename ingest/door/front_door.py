"""The front door: an MQTT 3.1.1 and 5 listener whose PUBACK leaves only after the journal's fsync.

It is not a broker. Devices publish with QoS 0 or 1; what they send goes to the journal, not to one another. Clients
may subscribe to the exact topics on which the product itself publishes, with QoS 0 and a retained last value. Session
Present is always 0: no state is kept for a client that went away. A publisher repeats what was not acknowledged after
it has reconnected, and the identity of a reading removes the duplicates.

Reading stops (and TCP pushes back to the device) while too much waits for the disk, while the client does not read
its own acknowledgements, while it owes time for what it sent too fast, and while its password is being checked.
Nothing is dropped to make room.

In use:

    door = FrontDoor(FrontDoorSettings(port=0), GroupCommit(journal), now_us)
    port = await door.start()
    door.publish("forewarn/orders/open", b"3", retain=True)
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field

import structlog

from forewarn.core.errors import Rejected
from forewarn.ingest.commit import GroupCommit
from forewarn.ingest.door.admission import connect_objection
from forewarn.ingest.door.answers import encode_publish
from forewarn.ingest.door.codes import Reason
from forewarn.ingest.door.connection import Connection
from forewarn.ingest.door.crowd import Crowd, Guest
from forewarn.ingest.door.doorstep import Doorstep
from forewarn.ingest.door.guards import DoorCounters, RateLimitedLog, TakeOverGuard
from forewarn.ingest.door.logins import Logins, Verifier
from forewarn.ingest.door.pace import Paces
from forewarn.ingest.door.packets import Connect
from forewarn.ingest.door.rights import STATUS_LEVELS, Rights, RuleBook, user_objection
from forewarn.ingest.door.session import SessionLimits, TurnedAway
from forewarn.ingest.door.subscriptions import SubscriptionChange
from forewarn.ingest.door.tls import TlsContexts, TlsFiles
from forewarn.ingest.own_topics import is_ours

RETAINED_MAXIMUM = 10_000
SLOW_SUBSCRIBER_BYTES = 1024 * 1024
_WAITING_ROOM = 64  # connections beyond `max_connections` that may wait for their refusal


@dataclass(frozen=True)
class FrontDoorSettings:
    """How the front door listens.

    `users` None lets everybody in; beyond loopback addresses that needs client certificates.
    """

    host: str = "127.0.0.1"
    port: int = 1883  # 0 = any free port
    maximum_packet_bytes: int = 1024 * 1024
    receive_maximum: int = 1000  # unacknowledged messages per MQTT 5 client
    connect_timeout_s: float = 5.0
    keep_alive_cap_s: int = 600  # longest keep-alive granted to MQTT 5 clients
    max_connections: int = 4000
    connections_per_address: int | None = None
    strangers_maximum: int = 500  # connections that have not sent their CONNECT; then the oldest goes,
    strangers_patience_s: float = 2.5  # when it has waited so long
    packet_timeout_s: float = 30.0  # a packet that has begun must be complete
    messages_per_s: float | None = None  # per client
    bytes_per_s: float | None = None  # per client
    users: Mapping[str, Verifier] | None = None  # user name -> is this the password? May take its time (argon2).
    tls: TlsFiles | None = None
    rights: Rights = field(default_factory=RuleBook)  # who may publish where, under which client id
    status_levels: frozenset[str] = STATUS_LEVELS  # last levels of the topics that a will may go to
    topic_alias_maximum: int = 32  # topic aliases per MQTT 5 client
    stop_timeout_s: float = 10.0  # how long `stop` waits for the last acknowledgements

    def limits(self) -> SessionLimits:
        """The part that a session enforces."""
        return SessionLimits(
            self.maximum_packet_bytes, self.receive_maximum, self.keep_alive_cap_s, self.topic_alias_maximum
        )


class FrontDoor:
    """Listens for devices and hands what they publish to the group commit.

    `now_us` is plant time (UTC, microseconds). `on_refused(client, topic, reason, size_bytes)` is called for every
    message that was turned away unstored. All methods belong to the thread of the event loop.
    """

    def __init__(
        self,
        settings: FrontDoorSettings,
        commit: GroupCommit,
        now_us: Callable[[], int],
        on_refused: Callable[[str, str | None, str, int], None] | None = None,
    ) -> None:
        self.settings, self.commit, self.now_us = settings, commit, now_us
        self.limits, self.rights = settings.limits(), settings.rights
        self.counters = DoorCounters()
        self.log = RateLimitedLog(structlog.get_logger("forewarn.ingest.front_door"))
        self._on_refused = on_refused
        self._server: asyncio.Server | None = None
        self._sockets: set[Connection] = set()
        self._clients: dict[str, Connection] = {}
        self._crowd = Crowd(
            settings.max_connections + _WAITING_ROOM,
            settings.connections_per_address,
            settings.strangers_maximum,
            settings.strangers_patience_s,
        )
        self._paces = Paces(settings.messages_per_s, settings.bytes_per_s)
        self._take_overs = TakeOverGuard()
        self._retained: dict[str, bytes] = {}
        self._subscribers: dict[str, set[Connection]] = {}
        self._logins = Logins(settings.users or {})
        self._tls = TlsContexts(settings.tls, self._tls_trouble) if settings.tls is not None else None
        self._sweeper: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pressed = False
        self._empty = asyncio.Event()  # nobody is connected
        self._empty.set()
        commit.watch(self._set_pressure, self._shut_for_ever)

    async def start(self) -> int:
        """Listen and return the port. `Rejected` when strangers could reach it without a password."""
        settings = self.settings
        certified = settings.tls is not None and settings.tls.require_client_certificate
        if settings.users is None and not certified and not is_loopback(settings.host):
            detail = f"{settings.host} can be reached from outside: name users, require certificates, or use 127.0.0.1"
            raise Rejected("anonymous_not_allowed", detail)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._greet, settings.host, settings.port, backlog=512)
        self._sweep()
        port: int = self._server.sockets[0].getsockname()[1]
        self.log.info("front_door_open", host=settings.host, port=port, tls=settings.tls is not None)
        return port

    async def stop(self) -> None:
        """Let nobody in, acknowledge what becomes durable within `stop_timeout_s`, say goodbye, close."""
        if self._server is not None:
            self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in self._sockets:
            connection.stop_reading()
        with contextlib.suppress(TimeoutError):  # a full journal: what is not acknowledged will be sent again
            await asyncio.wait_for(self.commit.drain(), self.settings.stop_timeout_s)
        for connection in tuple(self._sockets):
            connection.end(Reason.SERVER_SHUTTING_DOWN, "the server is shutting down")
        for task in tuple(self._tasks):
            task.cancel()
        with contextlib.suppress(TimeoutError):  # peers that do not read their goodbye are cut off by their own timer
            await asyncio.wait_for(self._empty.wait(), self.settings.stop_timeout_s)
        self._logins.close()
        self.log.info("front_door_closed", **self.counters.as_dict())

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Send to the subscribers of `topic` (one of ours) with QoS 0; `retain` keeps it for later ones.

        An empty retained payload forgets the value. A subscriber that does not read misses messages, not we.
        Raises `Rejected` for topics that are not ours.
        """
        if not is_ours(topic):
            raise Rejected("topic_not_ours", f"the product does not publish on {topic!r} (ingest/own_topics.py)")
        if retain and payload:
            if len(self._retained) >= RETAINED_MAXIMUM and topic not in self._retained:
                raise Rejected("too_many_retained", f"{RETAINED_MAXIMUM} topics have a retained value already")
            self._retained[topic] = payload
        elif retain:
            self._retained.pop(topic, None)
        for connection in tuple(self._subscribers.get(topic, ())):
            self._send(connection, topic, payload, retain=False)

    def change_rights(self, rights: Rights) -> None:
        """Ask `rights` from now on, also for topics that are in use. Who is connected stays connected."""
        self.rights = rights
        for connection in self._sockets:
            connection.session.change_rights(rights)

    # Arrivals and slow ones

    def _greet(self) -> asyncio.Protocol:
        return Connection(self) if self._tls is None else Doorstep(self, self._tls.current())

    def knocked(self, guest: Guest, address: str) -> bool:
        """A socket opened. False when there is no room for it."""
        refusal: str | None = "journal_failed"
        if self.commit.failure is None:
            refusal = self._crowd.enter(guest, address, asyncio.get_running_loop().time())
        if refusal is not None:
            self.refused("", refusal)
        return refusal is None

    def stepped_off(self, guest: Guest) -> None:
        """A socket that `knocked` let in is gone, or goes on as a connection."""
        self._crowd.leave(guest)

    def _sweep(self) -> None:
        """One timer for all: packets that have begun and do not come to their end."""
        loop = asyncio.get_running_loop()
        for connection in tuple(self._sockets):
            connection.check_progress(loop.time())
        self._sweeper = loop.call_later(self.settings.packet_timeout_s / 4, self._sweep)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run it; `stop` cancels what is left."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tls_trouble(self, detail: str) -> None:
        self.log.warning("tls_files_not_taken", "tls_files_not_taken", detail=detail)

    # For Connection: sockets

    def arrived(self, connection: Connection) -> bool:
        """Somebody may speak MQTT. False when there is no room."""
        if not self.knocked(connection, connection.address):
            return False
        self._sockets.add(connection)
        self._empty.clear()
        self.counters.connections += 1
        if self._pressed:
            connection.set_pressure(True)
        return True

    def left(self, connection: Connection) -> None:
        """A socket closed, for whatever reason."""
        self._crowd.leave(connection)
        self._sockets.discard(connection)
        if not self._sockets:
            self._empty.set()

    def released(self, connection: Connection) -> None:
        """The client behind a connection is gone, even if its socket is not closed yet: its name is free."""
        client = connection.session.client
        if self._clients.get(client) is connection:
            del self._clients[client]
        for topic in connection.session.subscriptions:
            self._forget_subscriber(topic, connection)

    def refused(self, client: str, reason: str, **fields: object) -> None:
        """Count and log a connection or a subscription that was not granted, or a message that was turned away."""
        self.counters.count_refusal(reason)
        self.log.warning("refused", reason, client=client, **fields)

    def turned_away(self, client: str, away: TurnedAway, stranger: bool) -> None:
        """A message was not taken. Only what a client that was let in sent is worth a quarantine row."""
        self.refused(client, away.reason, topic=away.topic, size_bytes=away.size_bytes)
        if self._on_refused is not None and not stranger:
            self._on_refused(client, away.topic, away.reason, away.size_bytes)

    # For Connection: CONNECT

    def decide(self, connection: Connection, connect: Connect) -> None:
        """Let the client in or refuse it; at once where no password has to be checked."""
        self._crowd.introduced(connection)
        certified = connection.certified_name
        if certified is not None:
            self._decide_by_certificate(connection, connect, certified)
        elif self.settings.users is None:
            self._admit(connection, connect, principal="")
        elif connect.user is None or connect.password is None:
            connection.refuse(Reason.NOT_AUTHORIZED, "a user name and a password are needed")
        else:
            connection.set_checking(True)
            self.spawn(self._check_password(connection, connect, connect.user, connect.password))

    def _decide_by_certificate(self, connection: Connection, connect: Connect, name: str) -> None:
        """A verified certificate is the login; a user name beside it may only say the same."""
        if objection := user_objection(name):
            connection.refuse(Reason.NOT_AUTHORIZED, f"the certificate names {name[:200]!r}: {objection}")
        elif connect.user not in (None, name):
            connection.refuse(Reason.BAD_USER_NAME_OR_PASSWORD, "the user name is not that of the certificate")
        else:
            self._admit(connection, connect, principal=name)

    async def _check_password(self, connection: Connection, connect: Connect, user: str, password: bytes) -> None:
        try:
            right = await self._logins.is_right(user, password, lambda: not connection.is_closed)
        except Exception as error:
            self.log.warning("password_check_failed", "password_check_failed", user=user, error=str(error))
            connection.refuse(Reason.SERVER_UNAVAILABLE, "the password cannot be checked now")
            return
        if connection.is_closed:
            return
        if not right:
            connection.refuse(Reason.BAD_USER_NAME_OR_PASSWORD, "wrong user name or password")
            return
        connection.set_checking(False)
        self._admit(connection, connect, principal=user)

    def _admit(self, connection: Connection, connect: Connect, principal: str) -> None:
        """The client is who it says. Is there room, and is its name free?"""
        client = connect.client_id or f"auto-{secrets.token_hex(8)}"
        who = principal or client
        older = self._clients.get(client)
        objection = connect_objection(who, client, connect.will, self.rights, self.settings.status_levels)
        if objection is not None:
            connection.refuse(*objection)
        elif older is None and len(self._clients) >= self.settings.max_connections:
            connection.refuse(Reason.SERVER_BUSY, f"{self.settings.max_connections} clients are connected")
        elif older is not None and older.principal != who:
            connection.refuse(Reason.CLIENT_IDENTIFIER_NOT_VALID, "the client id is in use by another user")
        elif not self._take_overs.allows(client, asyncio.get_running_loop().time(), is_take_over=older is not None):
            connection.refuse(Reason.BANNED, "two clients fight for one client id; give each its own")
        else:
            if older is not None:
                self.counters.take_overs += 1
                self.log.warning("taken_over", "taken_over", client=client)
                older.end(Reason.SESSION_TAKEN_OVER, "another client connected with the same client id")
            self._clients[client] = connection
            pace = self._paces.of(client, asyncio.get_running_loop().time())
            connection.admit(client, who, assigned=not connect.client_id, pace=pace)

    # For Connection: subscriptions

    def subscription_changed(self, connection: Connection, change: SubscriptionChange) -> None:
        """Remember the subscriber and send it the last value, or forget it."""
        topic = change.topic
        if change.refusal is not None:
            self.refused(connection.session.client, change.refusal, topic=topic)
        elif change.subscribed:
            self._subscribers.setdefault(topic, set()).add(connection)
            if change.send_retained and topic in self._retained:
                self._send(connection, topic, self._retained[topic], retain=True)
        else:
            self._forget_subscriber(topic, connection)

    def _forget_subscriber(self, topic: str, connection: Connection) -> None:
        subscribers = self._subscribers.get(topic, set())
        subscribers.discard(connection)
        if not subscribers:
            self._subscribers.pop(topic, None)

    def _send(self, connection: Connection, topic: str, payload: bytes, retain: bool) -> None:
        packet = encode_publish(connection.session.version, topic.encode(), payload, retain=retain)
        if connection.unsent_bytes > SLOW_SUBSCRIBER_BYTES or not connection.takes(len(packet)):
            self.counters.unsent += 1
        else:
            connection.write(packet)

    # For GroupCommit

    def _set_pressure(self, pressed: bool) -> None:
        self._pressed = pressed
        for connection in tuple(self._sockets):
            connection.set_pressure(pressed)

    def _shut_for_ever(self, error: BaseException) -> None:
        """The journal failed: whoever is connected must not believe that anything goes on."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._sockets):
            connection.end(Reason.SERVER_SHUTTING_DOWN, "the journal cannot be written")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address. A name may lead anywhere."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
