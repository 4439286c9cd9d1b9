"""The catalogue of interactions: what can be searched for, each declared once.

In: the modules of `declared`, one for each interaction or family. Out: `INTERACTIONS`, which
commands, settings, rules, tables, figures and pages read. Start with `declaration.Interaction`."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from exonu.catalogue.declaration import (
    FLAVOURS,
    STATES,
    UNITS,
    AbsorbedFlux,
    Form,
    Halo,
    Interaction,
    Line,
    MassiveForm,
    NuclearForm,
    NuclearShift,
    Nucleus,
    Recoil,
    Shift,
    Tabulated,
    braced,
    shifts_of_plane,
)

__all__ = [
    "FLAVOURS",
    "INTERACTIONS",
    "SEARCHED",
    "STATES",
    "UNITS",
    "AbsorbedFlux",
    "Form",
    "Halo",
    "Interaction",
    "Line",
    "MassiveForm",
    "NuclearForm",
    "NuclearShift",
    "Nucleus",
    "Recoil",
    "Shift",
    "Tabulated",
    "braced",
    "shifts_of_plane",
]


def _declared() -> list[Interaction]:
    """All of `DECLARED` in the modules below the folder; those with a sign in both directions."""
    found: list[Interaction] = []
    folder = Path(__file__).with_name("declared")
    for module in pkgutil.walk_packages([str(folder)], f"{__name__}.declared."):
        if module.ispkg:
            continue
        for one in importlib.import_module(module.name).DECLARED:
            found += [one, one.negative()] if one.signed else [one]
    return sorted(found, key=lambda one: (one.place, one.name.removesuffix("-negative")))


INTERACTIONS: dict[str, Interaction] = {one.name: one for one in _declared()}
"""Every interaction by its name, the weak interaction first."""
SEARCHED: dict[str, Interaction] = {
    name: one for name, one in INTERACTIONS.items() if one.formula is not None
}
"""Those that are searched for."""
