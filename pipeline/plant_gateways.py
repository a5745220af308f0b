"""Gateways of the plant file -> layers of signals: profile, device, and what the machine says itself on top."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath

from forewarn.pipeline.plant_layers import Layered, Report
from forewarn.pipeline.plant_schema import DeviceEntry, GatewayEntry, PlantFile, SignalEntry
from forewarn.pipeline.plant_units import did_you_mean
from forewarn.pipeline.plant_yaml import Path
from forewarn.pipeline.profiles import ProfileError, ProfileFile, find_profile

SignalsOfDevices = Mapping[str, Mapping[str, Layered[SignalEntry]]]
"""Asset -> signal -> its layers."""

FORBIDDEN_IN_DEVICE = "+#/\0"


def signals_of_devices(file: PlantFile, report: Report, folder: FilePath | None) -> SignalsOfDevices:
    """The signals that gateways bring to the assets of a plant file; `folder` holds profiles of the plant's own."""
    found: dict[str, dict[str, Layered[SignalEntry]]] = {}
    for id, gateway in file.gateways.items():
        path: Path = ("gateways", id)
        profile = _profile_of(gateway, path, report, folder)
        if profile is None:
            continue
        for name, device in gateway.devices.items():
            here: Path = (*path, "devices", name)
            if device.asset not in file.assets:
                hint = did_you_mean(device.asset, file.assets)
                report((*here, "asset"), f"unknown asset {device.asset!r}{hint}")
                continue
            mine = found.setdefault(device.asset, {})
            for signal, layers in _Device(gateway, profile, name, device, here, report).signals().items():
                if signal in mine:
                    report(here, f"{device.asset}/{signal} comes from another device too: give a `prefix`")
                mine[signal] = layers
    return found


def with_devices(
    said: dict[str, Layered[SignalEntry]], brought: Mapping[str, Layered[SignalEntry]]
) -> dict[str, Layered[SignalEntry]]:
    """Signals of a machine with those of its devices: what the asset says wins, what its template says gives way."""
    joined = dict(said)
    for id, layers in brought.items():
        own = said[id].layers if id in said else ()
        of_asset = [layer for layer in own if layer[1][0] == "assets"]
        joined[id] = Layered((*of_asset, *layers.layers, *own[len(of_asset) :]))
    return joined


def _profile_of(gateway: GatewayEntry, path: Path, report: Report, folder: FilePath | None) -> ProfileFile | None:
    try:
        return find_profile(gateway.profile, folder)
    except ProfileError as error:
        for line in error.lines:
            report((*path, "profile"), line)
    except LookupError as error:
        report((*path, "profile"), str(error.args[0]))
    return None


class _Device:
    """One device and the signals that come of it."""

    def __init__(
        self, gateway: GatewayEntry, profile: ProfileFile, name: str, device: DeviceEntry, path: Path, report: Report
    ) -> None:
        self._gateway, self._profile, self._name = gateway, profile, name
        self._device, self._path, self._report = device, path, report

    def signals(self) -> dict[str, Layered[SignalEntry]]:
        """Signal -> layers: topic and mounting, what the device changes, the profile."""
        if not self._name or any(sign in self._name for sign in FORBIDDEN_IN_DEVICE):
            self._report(self._path, f"{self._name!r} cannot stand in a topic: no +, # or /")
            return {}
        wanted = list(self._profile.features) if self._device.only is None else self._device.only
        names = [*wanted, *(name for name in self._device.signals if name not in wanted)]
        return {self._device.prefix + name: self._layers(name) for name in names if self._is_known(name)}

    def _is_known(self, name: str) -> bool:
        features, own = self._profile.features, self._device.signals.get(name)
        if name in features or (own is not None and "unit" in own.model_fields_set):
            return True
        key: Path = ("signals", name) if own is not None else ("only",)
        hint = did_you_mean(name, features)
        self._report((*self._path, *key), f"profile {self._profile.profile} has no feature {name!r}{hint}")
        return False

    def _layers(self, name: str) -> Layered[SignalEntry]:
        layers: list[tuple[SignalEntry, Path]] = []
        if name in self._device.signals:
            layers.append((self._device.signals[name], (*self._path, "signals", name)))
        if name in self._profile.features:
            layers.append((self._profile.signal(name), self._path))
        else:
            layers.append((SignalEntry.model_validate(self._profile.common()), self._path))
        return Layered(((self._placed(Layered(tuple(layers))), self._path), *layers))

    def _placed(self, entry: Layered[SignalEntry]) -> SignalEntry:
        """What only this device can say. A field that stands in the topic does not stand in the payload."""
        topic: str = entry.get("topic") or self._gateway.topic or self._profile.topic
        field: str = entry.get("field") or ""
        said: dict[str, object] = {"topic": topic.replace("{device}", self._name).replace("{field}", field)}
        if "{field}" in topic:
            said["field"] = None
        for key in ("component", "period_s"):
            if getattr(self._device, key) is not None and not entry.given(key):
                said[key] = getattr(self._device, key)
        return SignalEntry.model_validate({"source": self._profile.profile, **said})
