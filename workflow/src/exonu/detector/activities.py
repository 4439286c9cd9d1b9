"""Activities of the detector's materials and of the xenon:
`resources/detectors/xmass_like_activities.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.settings import Settings, merged, read_yaml


@cache
def _facts() -> Settings:
    return read_yaml(resource_path("detectors/xmass_like_activities.yaml"))


def activities(overrides: Mapping[str, Any] | None = None) -> Settings:
    """The tables of activities, with some numbers replaced.

    Args:
        overrides: e.g. ``{"components": {"seal": {"pocket": {"escape_fraction": 0.1}}}}``.

    Raises:
        InputError: a component or source that does not exist.

    >>> activities()["components"]["lxe"]["sources"]["Pb214"]["activity"]["value"]
    10.3
    """
    overrides = overrides or {}
    known = _facts()["components"]
    for name, content in overrides.get("components", {}).items():
        require_known(name, known, "components")
        for source in content.get("sources", {}):
            require_known(source, known[name]["sources"], f"components.{name}.sources")
    return merged(_facts(), overrides)


def require_known(name: str, known: Mapping[str, Any], field: str) -> None:
    if name not in known:
        raise InputError(f"has no {name!r}", field=field, remedy=f"known: {', '.join(known)}")
