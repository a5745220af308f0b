"""From `forewarn.toml` to the front door: what is refused when the settings are read, and what is safe unsaid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from pydantic import ValidationError

from forewarn.api.door_settings import FROM_ONE_ADDRESS, MqttSettings, argon2_verifier, front_door_settings
from forewarn.ingest.door.rights import Rights

TLS = {"certificate": "c.pem", "key": "k.pem"}

HASHED = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("oil")


def rights(**given: Any) -> Rights:
    return front_door_settings(MqttSettings(**given)).rights


def test_without_users_everything_is_open_because_only_loopback_can_ask() -> None:
    assert rights().may_publish("any", "any", "plant/press/oil")


@pytest.mark.parametrize("given", [{"users": {"press": HASHED}}, {"tls": {**TLS, "client_ca": "ca.pem"}}])
def test_users_and_certificates_have_their_own_subtree_where_nothing_is_said(given: dict[str, Any]) -> None:
    unsaid = rights(**given)
    assert unsaid.may_publish("press", "any", "press/oil")
    assert not unsaid.may_publish("press", "any", "pump/oil")


def test_rules_are_taken_by_user_and_else_the_default() -> None:
    rule = {"publish": ["hall/{client}/#"], "client_ids": ["{user}-*"]}
    said = rights(users={"gw": HASHED}, acl={"default": {"publish": ["shared/#"]}, "users": {"gw": rule}})
    assert said.may_publish("gw", "gw-1", "hall/gw-1/oil")
    assert not said.may_publish("gw", "gw-1", "shared/oil")
    assert said.may_publish("press", "p", "shared/oil")
    assert said.may_be_called("gw", "gw-1")
    assert not said.may_be_called("gw", "press")


@pytest.mark.parametrize("name", ["#", "+", "a/b", "../x", "", "forewarn", "spBv1.0", "$SYS"])
@pytest.mark.parametrize("place", ["users", "acl"])
def test_a_user_that_could_be_more_than_a_name_is_refused_at_provisioning(name: str, place: str) -> None:
    given: dict[str, Any] = {"users": {name: HASHED}} if place == "users" else {"acl": {"users": {name: {}}}}
    with pytest.raises(ValidationError, match="user "):
        MqttSettings(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"acl": {"default": {"publish": ["a/#/b"]}}},
        {"acl": {"default": {"publish": ["{device}/#"]}}},
        {"acl": {"default": {"subscribe": ["#"]}}},
        {"tls": {"certificate": "c.pem"}},
        {"tls": {"client_ca": "ca.pem"}},
        {"tls": {**TLS, "require_client_certificate": True}},
        {"tls": {**TLS, "identity": "serial"}},
        {"messages_per_s": 0},
        {"users": {"press": "oil"}},
    ],
)
def test_settings_that_contradict_themselves_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MqttSettings(**given)


def test_one_address_has_its_share_where_the_door_can_be_reached_from_outside() -> None:
    assert front_door_settings(MqttSettings()).connections_per_address is None
    outside = MqttSettings(host="0.0.0.0", users={"press": HASHED})
    assert front_door_settings(outside).connections_per_address == FROM_ONE_ADDRESS
    said = outside.model_copy(update={"connections_per_address": 7})
    assert front_door_settings(said).connections_per_address == 7


def test_tls_files_reach_the_door() -> None:
    files = front_door_settings(MqttSettings.model_validate({"tls": {**TLS, "client_ca": "ca.pem"}})).tls
    assert files is not None
    assert (files.certificate, files.client_ca, files.identity) == (Path("c.pem"), Path("ca.pem"), "common_name")
    assert front_door_settings(MqttSettings()).tls is None


def test_a_password_that_was_right_once_is_known_again_and_a_wrong_one_never(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_checks: list[bytes] = []
    verify_slowly = PasswordHasher.verify

    def counting(hasher: PasswordHasher, hashed: str, password: bytes) -> bool:
        slow_checks.append(password)
        return verify_slowly(hasher, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    verify = argon2_verifier(HASHED)
    assert [verify(given) for given in (b"water", b"oil", b"oil", b"water", b"")] == [False, True, True, False, False]
    assert slow_checks == [b"water", b"oil", b"water", b""]
