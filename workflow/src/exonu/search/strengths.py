"""From a signal strength to the physical parameter, apart from what builds workspaces: pages need
no more of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


_WHOLE: dict[str, tuple[type, ...]] = {
    "interaction": (str,),
    "flavour": (str,),
    "mass_MeV": (int, float, type(None)),
    "parameter": (str,),
    "unit": (str,),
    "reference_strength": (int, float),
    "power": (int, float),
    "meaning_of_mu": (str,),
    "blinded": (bool,),
    "is_simulated": (bool,),
}
"""What `build_workspace` writes into each page, and of which types."""
_OPTIONAL: dict[str, tuple[type, ...]] = {
    **{"notes": (list,), "pruned": (dict,)},
    **{"experiment": (str,), "physics": (dict,)},
}
_TYPES = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    type(None): "empty",
    list: "a list",
    dict: "a mapping",
}


def require_whole(meaning: Mapping[str, Any], file: Path) -> None:
    """Refuse a page that lacks something of what `build_workspace` writes into each.

    Raises:
        InputError: naming the sidecar file of the workspace `file`.
    """
    raise_all(_page_faults(meaning, meaning_file(file)))


def _page_faults(meaning: Mapping[str, Any], file: Path) -> Iterator[InputError]:
    remedy = "make the workspaces again with snakemake"
    for name, types in (_WHOLE | _OPTIONAL).items():
        value = meaning.get(name)
        if name not in meaning:
            if name in _WHOLE:
                yield InputError("is missing", file=file, field=name, remedy=remedy)
        elif not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            wanted = " or ".join(_TYPES[one] for one in types if one in _TYPES)
            yield InputError(
                f"must be {wanted} (got {value!r})", file=file, field=name, remedy=remedy
            )
