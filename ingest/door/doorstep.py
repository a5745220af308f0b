"""A TCP connection of the TLS port until its handshake is done; then a `Connection` takes over.

The handshake is done here and not by `create_server`, because a peer has to be counted before it, and because each
one gets the certificates as they are now.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from forewarn.ingest.door.connection import LINGER_S, Connection, address_of

if TYPE_CHECKING:
    from forewarn.ingest.door.front_door import FrontDoor


class Doorstep(asyncio.Protocol):
    """Collects what comes between the end of the handshake and the moment when `Connection` takes over."""

    def __init__(self, door: FrontDoor, context: ssl.SSLContext) -> None:
        self._door, self._context = door, context
        self._early = bytearray()
        self._is_lost = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer arrived. It is counted, and its handshake begins."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._door.knocked(self, address_of(transport)):
            self._door.spawn(self._shake_hands(transport))
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Already decrypted."""
        self._early += data

    def connection_lost(self, error: Exception | None) -> None:
        """Gone right after the handshake."""
        self._is_lost = True

    def cut(self) -> None:
        """End it without a word: it takes its time, and others want in."""
        self._door.refused("", "stranger_cut")
        if self._transport is not None:
            self._transport.abort()

    async def _shake_hands(self, plain: asyncio.Transport) -> None:
        loop, timeout_s = asyncio.get_running_loop(), self._door.settings.connect_timeout_s
        try:
            transport = await loop.start_tls(
                plain,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=timeout_s,
                ssl_shutdown_timeout=LINGER_S,
            )
        except OSError as error:  # ssl.SSLError, and a handshake that takes too long
            self._door.refused("", "tls_handshake", detail=str(error))
            return
        finally:
            self._door.stepped_off(self)
        if transport is not None and not self._is_lost:
            connection = Connection(self._door)
            transport.set_protocol(connection)
            connection.connection_made(transport)
            if self._early:
                connection.data_received(bytes(self._early))
