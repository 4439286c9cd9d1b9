"""pyhf workspaces as HS3 JSON (the HEP Statistics Serialization Standard), which ROOT reads.

pyhf                         HS3, as ROOT 6.40 imports it
normfactor                   parameter of the same name; tied (`mu_sq: mu**2`): a function of it
normsys, histosys            parameter alpha_<name>, standard normal constraint; ROOT interpolates
them with its
                             codes 4 of FlexibleInterpVar (pyhf code4) and PiecewiseInterpolation
                             (code4p)
staterror <name>             parameters gamma_<name>_<bin>, normal constraint (ROOT's own default is
Poisson)
events in a bin              an axis of unit bins: ROOT's densities are events per unit of the axis,
                             so that they are events per bin, and the logarithms of the widths
                             vanish
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from exonu.core.errors import InputError

Json = dict[str, Any]

UNBOUNDED = (0.0, 1e4)


def root_name(parameter: str) -> str:
    """A parameter of `gamma_name` where pyhf numbers it (`name[3]`, from 0); the same otherwise.

    >>> root_name("mc[3]"), root_name("mu")
    ('gamma_mc_3', 'mu')
    """
    return re.sub(r"^(.*)\[(\d+)\]$", r"gamma_\1_\2", parameter)


def to_hs3(workspace: Mapping[str, Any], poi_map: Mapping[str, str]) -> Json:
    """HS3 of a pyhf workspace with normfactor, normsys, histosys and staterror.

    Args:
        workspace: pyhf's JSON with one measurement.
        poi_map: normfactors that are functions, ``{"mu_sq": "mu**2"}``.

    Raises:
        InputError: a modifier that this converter does not know, or several staterror names in a
            channel.

    >>> from exonu.statistics.examples import recoil_workspace
    >>> document = to_hs3(recoil_workspace(bins=3, backgrounds=1, nuisances=2), {})
    >>> [axis["name"] for axis in document["domains"][0]["axes"]]
    ['mu', 'alpha_rate_1', 'alpha_shape_0']
    """
    observed = {channel["name"]: channel["data"] for channel in workspace["observations"]}
    config = workspace["measurements"][0]["config"]
    settings = {setting["name"]: setting for setting in config["parameters"]}
    distributions, data = [], []
    for channel in workspace["channels"]:
        name, counts = channel["name"], observed[channel["name"]]
        axes = [{"name": f"bin_{name}", "nbins": len(counts), "min": 0, "max": len(counts)}]
        modifiers = [modifier for sample in channel["samples"] for modifier in sample["modifiers"]]
        if len({modifier["name"] for modifier in modifiers if modifier["type"] == "staterror"}) > 1:
            raise InputError(
                "has several staterror names; this converter takes one", field=f"channel {name}"
            )
        samples = [_sample(sample, len(counts)) for sample in channel["samples"]]
        # ROOT reads these from the channel only: it would take a Poisson constraint otherwise.
        statistics = {"constraint_type": "Gauss", "relThreshold": 0.0}
        distributions.append(
            {
                "name": name,
                "type": "histfactory_dist",
                "axes": axes,
                "staterror": statistics,
                "samples": samples,
            }
        )
        data.append(
            {"name": f"observed_{name}", "type": "binned", "axes": axes, "contents": counts}
        )
    kinds = {
        (m["type"], m["name"])
        for c in workspace["channels"]
        for s in c["samples"]
        for m in s["modifiers"]
    }
    factors = sorted(name for kind, name in kinds if kind == "normfactor" and name not in poi_map)
    alphas = sorted({f"alpha_{name}" for kind, name in kinds if kind in ("normsys", "histosys")})
    ranges = {name: settings.get(name, {}).get("bounds", [UNBOUNDED])[0] for name in factors}
    ranges |= dict.fromkeys(alphas, (-5.0, 5.0))
    functions = [
        {
            "name": name,
            "type": "generic_function",
            "expression": re.sub(r"^(\w+)\*\*2$", r"\1*\1", expression),
        }
        for name, expression in poi_map.items()
    ]
    return {
        "metadata": {"hs3_version": "0.2"},
        "distributions": distributions,
        "functions": functions,
        "data": data,
        "likelihoods": [
            {
                "name": "likelihood",
                "distributions": [distribution["name"] for distribution in distributions],
                "data": [one["name"] for one in data],
            }
        ],
        "analyses": [
            {
                "name": "analysis",
                "likelihood": "likelihood",
                "parameters_of_interest": [config["poi"]],
                "domains": ["default_domain"],
                "init": "default_values",
            }
        ],
        "domains": [
            {
                "name": "default_domain",
                "type": "product_domain",
                "axes": [
                    {"name": name, "min": low, "max": high} for name, (low, high) in ranges.items()
                ],
            }
        ],
        "parameter_points": [
            {
                "name": "default_values",
                "parameters": [{"name": name, "value": 1.0} for name in factors],
            },
        ],
    }


def _sample(sample: Mapping[str, Any], bins: int) -> Json:
    data: Json = {"contents": sample["data"]}
    modifiers = []
    for modifier in sample["modifiers"]:
        name, kind, values = modifier["name"], modifier["type"], modifier["data"]
        common = {"name": name, "type": kind}
        if kind == "normfactor":
            modifiers.append({**common, "parameter": name})
        elif kind == "normsys":
            modifiers.append({**common, "parameter": f"alpha_{name}", "data": values})
        elif kind == "histosys":
            variations = {
                "hi": {"contents": values["hi_data"]},
                "lo": {"contents": values["lo_data"]},
            }
            modifiers.append({**common, "parameter": f"alpha_{name}", "data": variations})
        elif kind == "staterror":
            data["errors"] = values
            names = [root_name(f"{name}[{b}]") for b in range(bins)]
            modifiers.append({**common, "parameters": names})
        else:
            raise InputError(
                f"cannot be converted to HS3 here (type {kind!r})",
                field=f"sample {sample['name']}, modifier {name}",
                remedy="use normfactor, normsys, histosys or staterror",
            )
    return {"name": sample["name"], "data": data, "modifiers": modifiers}
