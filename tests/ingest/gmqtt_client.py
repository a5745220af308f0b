"""gmqtt behind the same few verbs as paho in these tests: a client with protocol code of its own, on asyncio."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import gmqtt

T = TypeVar("T")


class GmqttClient:
    """Runs gmqtt on a loop of its own thread; every verb waits for its end."""

    def __init__(self, version: int, client_id: str, will: tuple[str, bytes] | None = None) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.has_received = threading.Event()
        self._version = version
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = self._call(self._make(client_id, will))

    async def _make(self, client_id: str, will: tuple[str, bytes] | None) -> Any:
        message = gmqtt.Message(will[0], will[1], qos=1) if will else None
        client = gmqtt.Client(client_id, will_message=message)
        client.set_config({"reconnect_retries": 0})
        client.on_message = self._on_message
        return client

    def _on_message(self, client: object, topic: str, payload: bytes, qos: int, properties: object) -> int:
        self.received.append((topic, payload))
        self.has_received.set()
        return 0

    def connect(
        self, port: int, user: str | None = None, password: str | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """Raises what gmqtt raises when it is refused."""
        if user is not None:
            self._client.set_auth_credentials(user, password)
        self._call(self._client.connect("127.0.0.1", port, ssl=tls or False, version=self._version))

    def publish(self, topic: str, payloads: list[bytes], qos: int) -> None:
        """Returns when all are acknowledged."""

        async def publish() -> None:
            for payload in payloads:
                self._client.publish(topic, payload, qos=qos)
            await self._client._persistent_storage.wait_empty()

        self._call(publish())

    def subscribe(self, topic: str) -> None:
        """Asks; messages arrive in `received`."""

        async def subscribe() -> None:
            self._client.subscribe(topic, qos=1)

        self._call(subscribe())

    def vanish(self) -> None:
        """Cut the connection without a goodbye."""

        async def vanish() -> None:
            self._client._connection._transport.abort()

        self._call(vanish())

    def close(self) -> None:
        """Say goodbye and end the thread."""

        async def close() -> None:
            if self._client.is_connected:
                await self._client.disconnect()
            await asyncio.sleep(0.02)  # its transport closes one turn later
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        self._call(close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60.0)
