"""Machines that came with a table, and fields of machines that a table changed: how they join the plant file.

A changed field counts as long as the plant file says what it said when the table came in (`was`): whoever edits the
file afterwards has the last word. A machine of a table that the file names by now is the file's.
"""

from __future__ import annotations

from collections.abc import Mapping

from forewarn.core.plant import Asset, Plant
from forewarn.pipeline.plant_schema import AssetEntry, MachineEntry, PlantFile

FIELDS = (
    "name", "asset_class", "site", "area", "criticality", "power_kw", "nominal_rpm", "operating_hours_per_day",
    "support", "downtime_cost_per_h",
)  # fmt: skip
"""What a table says of a machine, as `core.plant.Asset` calls it; `template` comes on top for a new one."""

Said = str | float | None


def add_imported(
    file: PlantFile,
    plant: Plant,
    id: str,
    machine: AssetEntry | None,
    changed: AssetEntry | None,
    was: Mapping[str, Said],
) -> None:
    """Put what a table said of one machine into a plant file. `plant` is what the file alone describes."""
    known = plant.asset(id)
    if known is None:
        if machine is not None:
            file.assets[id] = machine.model_copy(deep=True)
        return
    for field in changed.model_fields_set if changed is not None else ():
        if field in was and said(known, field) == was[field]:
            setattr(file.assets[id], field, getattr(changed, field))


def said(asset: Asset, field: str) -> Said:
    """What a plant says of a machine."""
    value: Said = getattr(asset, field)
    return value


def inherited(file: PlantFile, template: str | None, id: str) -> dict[str, Said]:
    """What a new machine says where a table says nothing: as its template does, else as usual."""
    layer: MachineEntry = file.templates.get(template or "", MachineEntry())
    sites = list(file.sites)
    told: dict[str, Said] = {field: getattr(layer, field) for field in FIELDS if field in MachineEntry.model_fields}
    told |= {"name": id, "site": sites[0] if len(sites) == 1 else None, "area": None}
    return told
