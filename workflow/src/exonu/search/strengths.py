"""From a signal strength to the physical parameter, apart from what builds workspaces: pages need
no more of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exonu.core.errors import InputError, raise_all


def meaning_file(workspace_file: str | Path) -> Path:
    """The sidecar file of a workspace that says what its parameters mean: ``<name>.poi_map.yaml``."""
    workspace_file = Path(workspace_file)
    return workspace_file.with_name(f"{workspace_file.stem}.poi_map.yaml")


def strength(mu: float | None, meaning: Mapping[str, Any]) -> float | None:
    """The physical parameter of a signal strength μ = (strength / reference)**power; None stays
    None.

    >>> strength(4.0, {"reference_strength": 1e-11, "power": 2})
    2e-11
    """
    return (
        None if mu is None else float(meaning["reference_strength"] * mu ** (1 / meaning["power"]))
    )


_WHOLE = (
    "interaction", "flavour", "mass_MeV", "parameter", "unit", "reference_strength", "power", "blinded", "is_simulated",
)  # fmt: skip


def require_whole(meaning: Mapping[str, Any], file: Path) -> None:
    """Refuse a page that lacks something of what `build_workspace` writes into each.

    Raises:
        InputError: naming the sidecar file of the workspace `file`.
    """
    raise_all(
        InputError(
            "is missing",
            file=meaning_file(file),
            field=name,
            remedy="make the workspaces again with snakemake",
        )
        for name in _WHOLE
        if name not in meaning
    )
    mass = meaning["mass_MeV"]
    if mass is not None and not isinstance(mass, int | float):
        raise InputError(
            f"must be a number or empty (got {mass!r})",
            file=meaning_file(file),
            field="mass_MeV",
            remedy="make the workspaces again with snakemake",
        )
