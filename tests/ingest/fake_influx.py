"""A FAKE of an InfluxDB server: it keeps lines or answers as told, and checks nothing but the path and the token."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class FakeInflux(HTTPServer):
    """Keeps the lines of every accepted write."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Answer)
        self.status, self.lines, self.paths = 204, list[str](), list[str]()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()


class Answer(BaseHTTPRequestHandler):
    server: FakeInflux

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        status = self.server.status if self.headers["Authorization"] == "Token secret" else 401
        if status == 204:
            self.server.lines += body.decode().split("\n")
            self.server.paths.append(self.path)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        body = b"" if self.path.startswith("/ping") else b'{"results":[{"statement_id":0}]}'
        self.send_response(204 if not body else 200)
        self.send_header("X-Influxdb-Version", "v2.7.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
