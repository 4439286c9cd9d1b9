"""Interactions of a notebook or script: added to the catalogue of this process, and all names."""

from __future__ import annotations

from exonu.catalogue import INTERACTIONS, SEARCHED
from exonu.catalogue.declaration import Interaction
from exonu.core.errors import InputError


def declare_interaction(one: Interaction) -> None:
    """Add an interaction to the catalogue of this process: rates and limits then know its name.

    A module in `exonu/catalogue/declared` adds it for good, to commands and workflow too; see
    docs/howto/interaction.md.

    Raises:
        InputError: if another interaction has its name.
    """
    new = [one, one.negative()] if one.signed else [one]
    for declared in new:
        if INTERACTIONS.get(declared.name, declared) != declared:
            raise InputError("is the name of another interaction", field=f"name {declared.name}")
    for declared in new:
        INTERACTIONS[declared.name] = declared
        if declared.formula is not None:
            SEARCHED[declared.name] = declared


def interaction_names() -> tuple[str, ...]:
    """Names of the interactions that can be searched for, as `limit` takes them.

    >>> interaction_names()[:3]
    ('magnetic-moment', 'millicharge', 'dark-photon')
    """
    return tuple(SEARCHED)
