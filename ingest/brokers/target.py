"""What a source is told about one broker, and how patient it is. Values only."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forewarn.core.errors import Rejected
from forewarn.ingest.delivery import BROKER_PREFIX

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Tls:
    """Encryption: `ca_file` None = the system's authorities; certificate and host name are always checked."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer. Raises Rejected `broker_tls` for a file that cannot be used, and names it."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.cert_file is not None:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:  # ssl.SSLError is one
            files = ", ".join(str(f) for f in (self.ca_file, self.cert_file, self.key_file) if f)
            raise Rejected("broker_tls", f"{files}: {error}") from error
        return context


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that a source waits: for an answer of the broker, between attempts, and before it calls a queue empty.

    `first_s` doubles up to `longest_s` with every failed attempt; `slow_s` is the least after a refusal that only a
    person can mend (password, take-over by another client); a connection counts as good after `stable_s`.
    """

    answer_s: float = 10.0
    first_s: float = 1.0
    longest_s: float = 60.0
    slow_s: float = 30.0
    stable_s: float = 30.0
    quiet_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """One broker: where it is, who we are there, and what we listen to.

    `client_id` names the session that the broker keeps for us: the same in every run, another in every process.
    `protocol`: "3.1.1", "5", or "auto": 3.1.1, and 5 where nothing else is taken. `group` makes all filters shared
    (`$share/GROUP/...`). At most `window` messages, `window_bytes` in all, wait for the disk; then reading stops.
    """

    name: str
    host: str
    client_id: str
    filters: Sequence[str]
    port: int = 1883
    protocol: str = AUTO
    group: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    keepalive_s: int = 60
    window: int = 1000
    window_bytes: int = 32 * 1024 * 1024
    maximum_packet_bytes: int = 1024 * 1024
    session_expiry_s: int = 14 * 86_400
    pace: Pace = Pace()

    @property
    def source(self) -> str:
        """What stands in `Frame.client`."""
        return f"{BROKER_PREFIX}{self.name}"

    @property
    def address(self) -> str:
        """For messages to people: `host:port`."""
        return f"{self.host}:{self.port}"

    @property
    def subscriptions(self) -> list[str]:
        """The filters as they are sent.

        >>> Target("hall", "10.0.0.5", "hall-0", ["plant/#"], group="hall").subscriptions
        ['$share/hall/plant/#']
        """
        return [f"$share/{self.group}/{f}" if self.group else f for f in self.filters]
