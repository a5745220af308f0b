"""TLS at the front door: certificates that may be renewed while clients are connected, and the names of clients.

The files are looked at before every handshake. When one has changed, the next client gets the new ones and those
that are connected notice nothing; while they cannot be read (a key without its certificate yet) the old ones stay.
Sessions are not resumed: a certificate that was revoked or whose authority was taken out ends with its connection.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from forewarn.core.errors import Rejected

Identity = Literal["common_name", "dns"]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. With `client_ca`, a client may show a certificate of that authority and then needs no password."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    revoked: Path | None = None  # the authority's revocation list
    require_client_certificate: bool = False
    identity: Identity = "common_name"  # which name of the certificate is the user


class TlsContexts:
    """The server's context, of the files as they are now. `on_trouble(detail)` hears why new ones were not taken."""

    def __init__(self, files: TlsFiles, on_trouble: Callable[[str], None]) -> None:
        self._files, self._on_trouble = files, on_trouble
        self._marks = _marks(files)
        try:
            self._context = server_context(files)
        except (OSError, ValueError) as error:
            raise Rejected("tls", f"mqtt.tls cannot be used: {error}") from error

    def current(self) -> ssl.SSLContext:
        """For the next handshake."""
        marks = _marks(self._files)
        if marks != self._marks:
            try:
                self._context, self._marks = server_context(self._files), marks
            except (OSError, ValueError) as error:
                self._on_trouble(str(error))
        return self._context


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 or newer with these files; `OSError` or `ValueError` when they cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    # an encrypted key would make OpenSSL ask at the terminal
    context.load_cert_chain(files.certificate, files.key, password="")
    if files.client_ca is not None:
        context.load_verify_locations(files.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED if files.require_client_certificate else ssl.CERT_OPTIONAL
    if files.revoked is not None:
        context.load_verify_locations(files.revoked)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def certified_name(certificate: Mapping[str, object], identity: Identity) -> str:
    """The user that a verified certificate names, "" when it names none. `certificate` as `SSLSocket.getpeercert`.

    >>> shown = {"subject": ((("commonName", "press"),),), "subjectAltName": (("DNS", "press.hall"),)}
    >>> certified_name(shown, "common_name"), certified_name(shown, "dns")
    ('press', 'press.hall')
    """
    if identity == "dns":
        pairs = certificate.get("subjectAltName", ())
    else:
        subject = certificate.get("subject", ())
        pairs = [pair for part in subject for pair in part] if isinstance(subject, Sequence) else ()
    wanted = "DNS" if identity == "dns" else "commonName"
    assert isinstance(pairs, Sequence)
    return next((str(value) for kind, value in pairs if kind == wanted), "")


def _marks(files: TlsFiles) -> list[tuple[int, int, int] | None]:
    """What tells that a file was replaced or written again."""
    found: list[tuple[int, int, int] | None] = []
    for path in (files.certificate, files.key, files.client_ca, files.revoked):
        try:
            stat = path.stat() if path is not None else None
        except OSError:
            stat = None
        found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat is not None else None)
    return found
