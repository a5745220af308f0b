"""Settings of the MQTT front door, and the door's own form of them. Passwords are kept as Argon2 hashes only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from forewarn.ingest.door.front_door import FrontDoorSettings, is_loopback
from forewarn.ingest.door.logins import Verifier
from forewarn.ingest.door.patterns import check_pattern
from forewarn.ingest.door.rights import EVERYTHING, OWN_SUBTREE, STATUS_LEVELS, Rule, RuleBook, user_objection
from forewarn.ingest.door.tls import TlsFiles

T = TypeVar("T")
FROM_ONE_ADDRESS = 256
"""Connections from one address, where the door can be reached from outside and nothing else is said."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AclRule(_Strict):
    """Topics that may be published (`+`, `#`, `{user}`, `{client}`), and client ids (exact, or up to a final `*`)."""

    publish: list[str] = []
    client_ids: list[str] = ["*"]

    @field_validator("publish")
    @classmethod
    def _patterns(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            check_pattern(pattern)
        return patterns

    def rule(self) -> Rule:
        """As the door has it."""
        return Rule(tuple(self.publish), tuple(self.client_ids))


class AclSettings(_Strict):
    """Rules by user, and the one for everybody else; without it a user has its own subtree."""

    default: AclRule | None = None
    users: dict[str, AclRule] = {}

    @field_validator("users")
    @classmethod
    def _names(cls, users: dict[str, AclRule]) -> dict[str, AclRule]:
        return _with_good_names(users)


class TlsSettings(_Strict):
    """PEM files of the server, and of the authority whose clients need no password."""

    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    revoked: Path | None = None
    require_client_certificate: bool = False
    identity: Literal["common_name", "dns"] = "common_name"

    @model_validator(mode="after")
    def _whole(self) -> TlsSettings:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key come together")
        if self.certificate is None and (self.client_ca or self.revoked or self.require_client_certificate):
            raise ValueError("client certificates need a certificate and a key of the server")
        if self.client_ca is None and (self.revoked or self.require_client_certificate):
            raise ValueError("client certificates need client_ca")
        return self

    def files(self) -> TlsFiles | None:
        """As the door has it; None = no TLS."""
        if self.certificate is None or self.key is None:
            return None
        return TlsFiles(
            self.certificate, self.key, self.client_ca, self.revoked, self.require_client_certificate, self.identity
        )


class MqttSettings(_Strict):
    """The front door. `users`: name -> Argon2 hash (`forewarn hash-password`); none = anonymous, loopback only."""

    host: str = "127.0.0.1"
    port: int = Field(1883, ge=0, le=65535)
    maximum_packet_bytes: int = Field(1024 * 1024, ge=1024)
    receive_maximum: int = Field(1000, ge=1, le=65535)
    users: dict[str, str] = {}
    tls: TlsSettings = TlsSettings()
    acl: AclSettings = AclSettings()
    status_levels: list[str] = sorted(STATUS_LEVELS)
    max_connections: int = Field(4000, ge=1)
    connections_per_address: int | None = Field(None, ge=1)
    messages_per_s: float | None = Field(None, gt=0)
    bytes_per_s: float | None = Field(None, gt=0)
    packet_timeout_s: float = Field(30.0, gt=0)
    keep_alive_cap_s: int = Field(600, ge=1, le=65535)

    @field_validator("users")
    @classmethod
    def _logins(cls, users: dict[str, str]) -> dict[str, str]:
        for name, hashed in users.items():
            _check_hash(name, hashed)
        return _with_good_names(users)


def front_door_settings(mqtt: MqttSettings) -> FrontDoorSettings:
    """What the front door is told."""
    return FrontDoorSettings(
        host=mqtt.host,
        port=mqtt.port,
        maximum_packet_bytes=mqtt.maximum_packet_bytes,
        receive_maximum=mqtt.receive_maximum,
        keep_alive_cap_s=mqtt.keep_alive_cap_s,
        max_connections=mqtt.max_connections,
        connections_per_address=mqtt.connections_per_address or (None if is_loopback(mqtt.host) else FROM_ONE_ADDRESS),
        packet_timeout_s=mqtt.packet_timeout_s,
        messages_per_s=mqtt.messages_per_s,
        bytes_per_s=mqtt.bytes_per_s,
        users={name: argon2_verifier(hashed) for name, hashed in mqtt.users.items()} or None,
        tls=mqtt.tls.files(),
        rights=rights_of(mqtt),
        status_levels=frozenset(level.casefold() for level in mqtt.status_levels),
    )


def rights_of(mqtt: MqttSettings) -> RuleBook:
    """The rules. Where nothing is said, users and holders of certificates have their own subtree; without either
    everything is open, because then the door listens on loopback only."""
    acl = mqtt.acl
    unsaid = OWN_SUBTREE if mqtt.users or mqtt.tls.client_ca else EVERYTHING
    default = acl.default.rule() if acl.default is not None else unsaid
    return RuleBook(default, {name: rule.rule() for name, rule in acl.users.items()})


def argon2_verifier(hashed: str) -> Verifier:
    """Checks passwords against an Argon2 hash. One that was right is known again at once, by a keyed digest that
    lives as long as the process: a plant that reconnects after a restart of its switch does not wait for Argon2."""
    from argon2 import PasswordHasher
    from argon2.exceptions import Argon2Error

    key = secrets.token_bytes(32)
    known = b""

    def verify(password: bytes) -> bool:
        nonlocal known
        digest = hmac.digest(key, password, hashlib.sha256)
        if hmac.compare_digest(digest, known):
            return True
        try:
            right = PasswordHasher().verify(hashed, password)
        except Argon2Error:
            return False
        known = digest
        return right

    return verify


def _check_hash(name: str, hashed: str) -> None:
    from argon2 import extract_parameters
    from argon2.exceptions import InvalidHashError

    try:
        extract_parameters(hashed)
    except InvalidHashError:
        raise ValueError(f"user {name!r}: not an Argon2 hash (forewarn hash-password makes one)") from None


def _with_good_names(users: dict[str, T]) -> dict[str, T]:
    for name in users:
        if objection := user_objection(name):
            raise ValueError(f"user {name!r}: {objection}")
    return users
