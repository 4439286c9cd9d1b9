"""What the catalogue adds to the schemas of the configuration, where they have `x-catalogue`."""

from __future__ import annotations

import copy
from typing import Any

from exonu.catalogue import INTERACTIONS, SEARCHED, Interaction, Tabulated

Schema = dict[str, Any]


def complete(schema: Schema) -> Schema:
    """A schema with the catalogue's choices in the places that ask for them.

    `x-catalogue: blocks` beside `properties` becomes a block of settings for each interaction that
    is searched for, after the model `$defs/interaction`; `atomic` its treatments of bound
    electrons; in an `enum`, `interactions` stands for names, `states` for who interacts,
    `hypotheses` for those that can be injected, `treatments` for all treatments.

    Args:
        schema: as read; it is not changed.
    """
    completed: Schema = _filled(copy.deepcopy(schema), schema.get("$defs", {}).get("interaction"))
    return completed


def _filled(part: Any, model: Schema | None) -> Any:
    if isinstance(part, list):
        return [_filled(one, model) for one in part]
    if not isinstance(part, dict):
        return part
    part = {key: _filled(value, model) for key, value in part.items()}
    wanted = part.pop("x-catalogue", None)
    if wanted == "blocks":
        assert model is not None
        part["properties"] = {name: _block(one, model) for name, one in SEARCHED.items()}
        del part["additionalProperties"]
        part["additionalProperties"] = False
    elif wanted == "atomic":
        part["properties"] = {
            name: {
                "description": f"{one.quantity[0].upper()}{one.quantity[1:]}.",
                "enum": list(one.atomic),
                "default": one.atomic[0],
            }
            for name, one in INTERACTIONS.items()
            if name == one.settings_name
        }
        part["additionalProperties"] = False
    elif wanted is not None:
        part["enum"] = [*part.get("enum", ()), *_CHOICES[wanted]]
    return part


_CHOICES = {
    "interactions": list(SEARCHED),
    "states": list(dict.fromkeys(state for one in SEARCHED.values() for state in one.states)),
    "hypotheses": [
        f"{name}_{state}"
        for name, one in SEARCHED.items()
        if one.is_linear and not one.has_mass
        for state in one.states
    ],
    "treatments": list(dict.fromkeys(name for one in INTERACTIONS.values() for name in one.atomic)),
}


def _block(one: Interaction, model: Schema) -> Schema:
    """The settings of one interaction: those of the model that apply, with its own defaults."""
    block = copy.deepcopy(model)
    block["description"] = f"{one.quantity[0].upper()}{one.quantity[1:]} ({one.source})."
    parts = block["properties"]
    if len(one.states) == 1:
        del parts["flavours"]
    else:
        parts["flavours"]["items"] = {"enum": list(one.states)}
        parts["flavours"]["default"] = list(one.states)
    if isinstance(one.formula, Tabulated):
        block["required"] = ["file"]
    else:
        del parts["file"], parts["rows"]
    if one.masses is None:
        del parts["masses_MeV"], parts["more_masses_MeV"]
    else:
        parts["more_masses_MeV"]["default"] = list(one.masses.more)
        for name in ("minimum", "maximum", "number"):
            parts["masses_MeV"]["properties"][name]["default"] = getattr(one.masses, name)
    return block
