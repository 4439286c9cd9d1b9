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
from pathlib import Path
from typing import Any, NoReturn

from exonu.core.errors import InputError
from exonu.core.resources import schema_path
from exonu.core.settings import require_form

Json = dict[str, Any]

UNBOUNDED = (0.0, 1e4)
PYHF_RANGE = (-5.0, 5.0)
"""Of a constrained parameter, in standard deviations."""


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
    config = workspace["measurements"][0]["config"]
    settings = {setting["name"]: setting for setting in config["parameters"]}
    distributions, data = _channels(workspace)
    kinds = {
        (m["type"], m["name"])
        for c in workspace["channels"]
        for s in c["samples"]
        for m in s["modifiers"]
    }
    factors = sorted(name for kind, name in kinds if kind == "normfactor" and name not in poi_map)
    alphas = sorted({f"alpha_{name}" for kind, name in kinds if kind in ("normsys", "histosys")})
    ranges = {name: settings.get(name, {}).get("bounds", [UNBOUNDED])[0] for name in factors}
    ranges |= {
        name: settings.get(name.removeprefix("alpha_"), {}).get("bounds", [PYHF_RANGE])[0]
        for name in alphas
    }
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
                "parameters": [_point(name, settings.get(name, {})) for name in factors],
            },
        ],
    }


def _channels(workspace: Mapping[str, Any]) -> tuple[list[Json], list[Json]]:
    """A distribution and its data for every channel."""
    observed = {channel["name"]: channel["data"] for channel in workspace["observations"]}
    distributions: list[Json] = []
    data: list[Json] = []
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
    return distributions, data


def _point(name: str, setting: Mapping[str, Any]) -> Json:
    """Initial value of a parameter, and whether it is constant."""
    point: Json = {"name": name, "value": float(setting.get("inits", [1.0])[0])}
    return {**point, "const": True} if setting.get("fixed") else point


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


def from_hs3(
    document: Mapping[str, Any], file: str | Path | None = None
) -> tuple[Json, dict[str, str]]:
    """The pyhf workspace and the `poi_map` of an HS3 document that is a HistFactory model.

    What `to_hs3` writes comes back as it was, but for settings that HS3 does not have (bounds of
    constrained parameters are written as the domain's).

    Args:
        document: HS3 with one likelihood and one analysis, of `histfactory_dist` alone.
        file: where it came from, for messages.

    Raises:
        InputError: what a pyhf workspace cannot say, by name.

    >>> from exonu.statistics.examples import recoil_workspace
    >>> workspace = recoil_workspace(bins=3, backgrounds=1, nuisances=2)
    >>> again, ties = from_hs3(to_hs3(workspace, {}))
    >>> again["channels"] == workspace["channels"], ties
    (True, {})
    """
    require_form(document, schema_path("hs3.yaml"), "HS3" if file is None else file)
    reader = _Document(document, file)
    analysis, likelihood = reader.only("analyses"), reader.only("likelihoods")
    names, of_names = likelihood["distributions"], likelihood["data"]
    if len(names) != len(of_names):
        reader.refuse(
            f"names {len(names)} distributions and {len(of_names)} data",
            "likelihoods",
            "give each distribution its data",
        )
    distributions = {one["name"]: one for one in document["distributions"]}
    data = {one["name"]: one for one in document["data"]}
    for name in sorted(set(of_names) - data.keys()):
        reader.refuse("is in the likelihood, and not there", f"data, {name}", "add these data")
    channels = [reader.channel(distributions.get(name), name) for name in names]
    ties = reader.ties()
    [poi] = analysis["parameters_of_interest"]
    workspace = {
        "version": "1.0.0",
        "channels": channels,
        "observations": [
            {"name": name, "data": list(data[of_name]["contents"])}
            for name, of_name in zip(names, of_names, strict=True)
        ],
        "measurements": [
            {
                "name": str(analysis["name"]),
                "config": {"poi": str(poi), "parameters": reader.settings(channels, ties)},
            }
        ],
    }
    return workspace, ties


class _Document:
    """An HS3 document that is read; the file is only for the messages."""

    def __init__(self, document: Mapping[str, Any], file: str | Path | None) -> None:
        self.document, self.file = document, file

    def refuse(self, problem: str, field: str, remedy: str) -> NoReturn:
        raise InputError(problem, file=self.file, field=field, remedy=remedy)

    def only(self, key: str) -> Json:
        found = list(self.document.get(key) or ())
        if len(found) != 1:
            self.refuse(
                f"holds {len(found)} entries", key, "give a document with one likelihood and one analysis"
            )  # fmt: skip
        return dict(found[0])

    def channel(self, distribution: Mapping[str, Any] | None, name: str) -> Json:
        kind = None if distribution is None else distribution["type"]
        if distribution is None or kind != "histfactory_dist":
            self.refuse(
                f"is of type {kind!r}, which pyhf does not have",
                f"distributions, {name}",
                "only histfactory_dist can be converted",
            )
        samples = [self.sample(one, f"{name}, sample {one['name']}") for one in distribution["samples"]]  # fmt: skip
        return {"name": name, "samples": samples}

    def sample(self, sample: Mapping[str, Any], place: str) -> Json:
        modifiers = [self.modifier(one, sample, place) for one in sample.get("modifiers") or ()]
        return {
            "name": sample["name"],
            "data": list(sample["data"]["contents"]),
            "modifiers": modifiers,
        }

    def modifier(self, modifier: Mapping[str, Any], sample: Mapping[str, Any], place: str) -> Json:
        kind, name = modifier["type"], modifier["name"]
        data: Any = None
        if kind == "normfactor":
            name = modifier.get("parameter", name)
        elif kind == "normsys":
            data = {side: modifier["data"][side] for side in ("hi", "lo")}
        elif kind == "histosys":
            data = {f"{side}_data": list(modifier["data"][side]["contents"]) for side in ("hi", "lo")}  # fmt: skip
        elif kind == "staterror":
            if "errors" not in sample["data"]:
                self.refuse("has a staterror and no errors", f"{place}, data", "add `errors`")
            data = list(sample["data"]["errors"])
        else:
            self.refuse(
                f"cannot be converted from HS3 here (type {kind!r})",
                f"{place}, modifier {name}",
                "use normfactor, normsys, histosys or staterror",
            )
        return {"name": name, "type": kind, "data": data}

    def ties(self) -> dict[str, str]:
        """Functions `mu*mu`, as the `poi_map` says them."""
        found = {}
        for one in self.document.get("functions") or ():
            square = re.fullmatch(r"(\w+)\*(\w+)", str(one.get("expression")).replace(" ", ""))
            if square is None or square[1] != square[2]:
                self.refuse(
                    f"cannot be converted (expression {one.get('expression')!r})",
                    f"functions, {one['name']}",
                    "only the square of a parameter, as mu*mu, can be",
                )
            found[str(one["name"])] = f"{square[1]}**2"
        return found

    def settings(self, channels: list[Json], ties: Mapping[str, str]) -> list[Json]:
        """Bounds and initial values of the normfactors, and bounds of other parameters that differ
        from pyhf's; a parameter that is constant is fixed."""
        modifiers = [m for c in channels for s in c["samples"] for m in s["modifiers"]]
        factors = sorted({m["name"] for m in modifiers if m["type"] == "normfactor"} - set(ties))
        constrained = [m["name"] for m in modifiers if m["type"] in ("normsys", "histosys")]
        alphas = {f"alpha_{name}": name for name in constrained}
        axes = {
            axis["name"]: [float(axis["min"]), float(axis["max"])]
            for domain in self.document.get("domains") or ()
            for axis in domain["axes"]
        }
        values = {
            point["name"]: point
            for points in self.document.get("parameter_points") or ()
            for point in points["parameters"]
        }
        found: list[Json] = []
        for name in [*factors, *sorted(alphas)]:
            one: Json = {"name": alphas.get(name, name)}
            if name in factors:
                one["inits"] = [float(values.get(name, {}).get("value", 1.0))]
            if name in axes and (name in factors or axes[name] != [-5.0, 5.0]):
                one["bounds"] = [axes[name]]
            if values.get(name, {}).get("const"):
                one["fixed"] = True
            if len(one) > 1:
                found.append(one)
        return found + [{"name": name, "inits": [1.0], "fixed": True} for name in sorted(ties)]
