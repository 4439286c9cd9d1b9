"""From a signal strength to the physical parameter, apart from what builds workspaces: pages need
no more of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def meaning_file(workspace_file: str | Path) -> Path:
    """The page beside a workspace that says what its parameters mean: ``<name>.poi_map.yaml``."""
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
