"""An MQTT server that only counts: it acknowledges publishes of one fixed size without looking at them.

It shows how fast the publisher alone can be, which is the ceiling of every comparison made with it.
"""

from __future__ import annotations

import socket
import threading

CONNACK = b"\x20\x02\x00\x00"
_IDS = 65_535
_ACKS = b"".join(b"\x40\x02" + (i + 1).to_bytes(2, "big") for i in range(_IDS))


def start_null_sink(packet_bytes: int) -> int:
    """Serve one client on a free port of 127.0.0.1 in a thread; a PUBLISH is `packet_bytes` long. Answers the port."""
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(server, packet_bytes), daemon=True).start()
    port: int = server.getsockname()[1]
    return port


def _serve(server: socket.socket, packet_bytes: int) -> None:
    peer, _ = server.accept()
    with server, peer:
        peer.recv(4096)  # CONNECT
        peer.sendall(CONNACK)
        received = acked = 0
        while data := peer.recv(1 << 20):
            received += len(data)
            complete = received // packet_bytes
            while acked < complete:
                first = acked % _IDS
                count = min(complete - acked, _IDS - first)
                peer.sendall(_ACKS[4 * first : 4 * (first + count)])
                acked += count
