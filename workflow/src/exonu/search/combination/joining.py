"""Workspaces of several experiments joined into one pyhf workspace.

A workspace chooses its own unit of μ, the reference strength of its sidecar file. Two that are
put together as they are would share a parameter `mu` that means two things, and give a wrong limit
without a warning. Here every signal is first brought to one common reference strength. Channels
are named after their experiments; parameters of the physics (fluxes, survival, atomic models) are
shared by their names, since they mean the same in every detector; all others get the experiment's
name in front."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError, raise_all
from exonu.core.types import Json
from exonu.search.signals import Signal
from exonu.search.workspace import Workspace

SIGNAL = ("mu", "mu_sq")
SHARED = ("flux_*", "survival_*", "atomic_*")
"""Names of the parameters that mean the same in every detector; `combination.shared` of an
analysis."""
SHAREABLE = ("normsys", "histosys", "normfactor")
_SAME = ("interaction", "flavour", "mass_MeV", "parameter", "unit", "power", "poi_map")


@dataclass(frozen=True)
class Part:
    """An experiment's workspace of one hypothesis.

    Attributes:
        experiment: the experiment's name; its channel and parameters are called after it.
        spec: pyhf's JSON.
        meaning: its sidecar file.
        file: where it came from, for messages.
    """

    experiment: str
    spec: Json
    meaning: Mapping[str, Any]
    file: str | Path | None = None

    @property
    def channel(self) -> str:
        """The experiment's name as a channel of pyhf and ROOT may have it.

        >>> Part("XENON1T SR1", {}, {}).channel
        'XENON1T_SR1'
        """
        return re.sub(r"\W+", "_", self.experiment, flags=re.ASCII).strip("_")


def join(parts: Sequence[Part], shared: Sequence[str] = SHARED) -> Workspace:
    """One workspace of several experiments; the order of the parts does not matter.

    Args:
        parts: the workspaces of one hypothesis, one for each experiment.
        shared: patterns (`flux_*`) of the names of parameters that all experiments share.

    Returns:
        A workspace with one channel per experiment (several if an experiment has several), and the
        page that says what its μ means; `experiments` in it names the channels of each experiment
        and `shared` the experiments of each shared parameter.

    Raises:
        InputError: one experiment, or one twice; workspaces of different hypotheses; a shared
            parameter that is not one number.
    """
    raise_all(_faults(parts))
    parts = sorted(parts, key=lambda part: part.channel)
    reference = common_reference(parts)
    users = _users_of_shared(parts, shared)
    raise_all(_shared_faults(parts, users))
    joined = [_renamed(with_reference(part, reference), users) for part in parts]
    channels = [channel for part in joined for channel in part.spec["channels"]]
    settings = [one for part in joined for one in _settings(part)]
    name = str(parts[0].spec["measurements"][0]["name"])
    spec = {
        "version": "1.0.0",
        "channels": channels,
        "observations": [one for part in joined for one in part.spec["observations"]],
        "measurements": [
            {"name": name, "config": {"poi": "mu", "parameters": _merged_settings(settings)}}
        ],
    }
    return Workspace(name, spec, _joined_meaning(joined, reference, users))


def _faults(parts: Sequence[Part]) -> Iterator[InputError]:
    if len(parts) < 2:
        yield InputError(
            f"a combination needs two experiments or more (got {len(parts)})",
            file=parts[0].file if parts else None,
            remedy="give another one",
        )
    known: dict[str, Part] = {}
    for part in parts:
        if part.channel in known:
            yield InputError(
                f"is the experiment {part.experiment!r} again, beside {known[part.channel].file}",
                file=part.file,
                remedy="give each experiment once, or another `name` to one of them",
            )
        known[part.channel] = part
        if "reference_strength" not in part.meaning:
            yield InputError(
                "has no reference_strength in its sidecar file, and its μ no unit",
                file=part.file,
                field="reference_strength",
                remedy="combine workspaces of exonu",
            )
        first = parts[0].meaning
        for key in _SAME:
            if part.meaning.get(key) != first.get(key):
                yield InputError(
                    f"is {part.meaning.get(key)!r}, and {first.get(key)!r} in {parts[0].file}",
                    file=part.file,
                    field=key,
                    remedy="combine workspaces of one hypothesis",
                )
    yield from _physics_faults([part for part in parts if "physics" in part.meaning])


def _physics_faults(parts: Sequence[Part]) -> Iterator[InputError]:
    """A flux or an atomic model that is another one must not share its parameter."""
    for part in parts[1:]:
        own, first = part.meaning["physics"], parts[0].meaning["physics"]
        for key in sorted(own.keys() | first.keys()):
            if own.get(key) != first.get(key):
                yield InputError(
                    f"is {own.get(key)!r}, and {first.get(key)!r} in {parts[0].file}",
                    file=part.file,
                    field=f"physics.{key}",
                    remedy="combine experiments with the same physics",
                )


def common_reference(parts: Sequence[Part]) -> float:
    """Strength of μ = 1 for all: there all signals together are about the fluctuation of all
    backgrounds, rounded to one digit. It does not depend on the references of the parts."""
    background, linear, quadratic = 0.0, 0.0, 0.0
    for part in parts:
        x = float(part.meaning["reference_strength"]) ** part.meaning["power"]
        for _, sample in _samples(part.spec):
            total = float(sum(sample["data"]))
            if _has(sample, "mu_sq"):
                quadratic += total / x**2
            elif _has(sample, "mu"):
                linear += total / x
            else:
                background += total
    meaning = parts[0].meaning
    signal = Signal(
        meaning["interaction"],
        meaning["flavour"],
        meaning["mass_MeV"],
        (),
        np.array([[linear]]),
        np.array([[quadratic]]) if meaning["poi_map"] else None,
        power=meaning["power"],
    )
    return float(f"{signal.strength_for(math.sqrt(max(background, 1.0))):.0e}")


def with_reference(part: Part, reference: float) -> Part:
    """The same with another strength of μ = 1: the signal's counts and their variations scale."""
    ratio = (reference / float(part.meaning["reference_strength"])) ** part.meaning["power"]

    def scaled(sample: Json) -> Json:
        power = 2 if _has(sample, "mu_sq") else 1 if _has(sample, "mu") else 0
        factor = ratio**power
        return sample if factor == 1.0 else _scaled_sample(sample, factor)

    channels = [
        {**channel, "samples": [scaled(sample) for sample in channel["samples"]]}
        for channel in part.spec["channels"]
    ]
    meaning = {**part.meaning, "reference_strength": reference}
    return Part(part.experiment, {**part.spec, "channels": channels}, meaning, part.file)


def _scaled_sample(sample: Json, factor: float) -> Json:
    modifiers = []
    for modifier in sample["modifiers"]:
        data = modifier["data"]
        if modifier["type"] == "histosys":
            data = {key: _times(factor, counts) for key, counts in data.items()}
        elif modifier["type"] in ("staterror", "shapesys"):
            data = _times(factor, data)
        modifiers.append({**modifier, "data": data})
    return {**sample, "data": _times(factor, sample["data"]), "modifiers": modifiers}


def _users_of_shared(parts: Sequence[Part], shared: Sequence[str]) -> dict[str, list[str]]:
    """The shared parameters, each with the experiments that it acts in."""
    users: dict[str, list[str]] = {}
    for part in parts:
        for name in sorted({one["name"] for _, s in _samples(part.spec) for one in s["modifiers"]}):
            if name not in SIGNAL and any(fnmatchcase(name, pattern) for pattern in shared):
                users.setdefault(name, []).append(part.channel)
    return dict(sorted(users.items()))


def _renamed(part: Part, shared: Mapping[str, Any]) -> Part:
    """Channels and parameters under the experiment's name, but for those that are shared."""

    def name(parameter: str) -> str:
        common = parameter in SIGNAL or parameter in shared
        return parameter if common else f"{part.channel}_{parameter}"

    def renamed(sample: Json) -> Json:
        modifiers = [{**one, "name": name(one["name"])} for one in sample["modifiers"]]
        return {**sample, "modifiers": modifiers}

    several = len(part.spec["channels"]) > 1
    channels = {
        one["name"]: f"{part.channel}_{one['name']}" if several else part.channel
        for one in part.spec["channels"]
    }
    [measurement] = part.spec["measurements"]
    settings = [{**one, "name": name(one["name"])} for one in measurement["config"]["parameters"]]
    spec = {
        **part.spec,
        "channels": [
            {
                "name": channels[one["name"]],
                "samples": [renamed(sample) for sample in one["samples"]],
            }
            for one in part.spec["channels"]
        ],
        "observations": [
            {**one, "name": channels[one["name"]]} for one in part.spec["observations"]
        ],
        "measurements": [{**measurement, "config": {"poi": "mu", "parameters": settings}}],
    }
    return Part(part.experiment, spec, part.meaning, part.file)


def _shared_faults(parts: Sequence[Part], shared: Mapping[str, Any]) -> Iterator[InputError]:
    """A parameter with one value per bin belongs to the bins of one experiment."""
    for part in parts:
        for modifier in (one for _, sample in _samples(part.spec) for one in sample["modifiers"]):
            if modifier["name"] in shared and modifier["type"] not in SHAREABLE:
                yield InputError(
                    f"is a {modifier['type']}, which has a value per bin, and cannot be shared",
                    file=part.file,
                    field=modifier["name"],
                    remedy="take it out of the shared parameters",
                )


def _settings(part: Part) -> list[Json]:
    [measurement] = part.spec["measurements"]
    return list(measurement["config"]["parameters"])


def _merged_settings(settings: Sequence[Json]) -> list[Json]:
    """One entry per parameter; bounds of a shared one are those that all experiments allow."""
    merged: dict[str, Json] = {}
    for one in settings:
        known = merged.setdefault(one["name"], dict(one))
        if "bounds" in known and "bounds" in one:
            [[low, high]], [[other_low, other_high]] = known["bounds"], one["bounds"]
            known["bounds"] = [[max(low, other_low), min(high, other_high)]]
        else:
            known.update({key: value for key, value in one.items() if key not in known})
    return list(merged.values())


def _joined_meaning(
    parts: Sequence[Part], reference: float, users: Mapping[str, list[str]]
) -> Json:
    first = parts[0].meaning
    return {
        **{key: first[key] for key in ("interaction", "flavour", "mass_MeV", "parameter", "unit")},
        "reference_strength": reference,
        "meaning_of_mu": first["meaning_of_mu"],
        "power": first["power"],
        "poi_map": dict(first["poi_map"]),
        "pruned": {
            f"{part.channel}_{name}": effect
            for part in parts
            for name, effect in part.meaning.get("pruned", {}).items()
        },
        "blinded": any(part.meaning["blinded"] for part in parts),
        "is_simulated": any(part.meaning["is_simulated"] for part in parts),
        "notes": [
            f"{part.experiment}: {note}"
            for part in parts
            for note in (*_unknown_physics(part), *part.meaning.get("notes", ()))
        ],
        "physics": next(
            (part.meaning["physics"] for part in parts if "physics" in part.meaning), {}
        ),
        "experiments": {
            part.channel: {
                "name": part.experiment,
                "channels": [channel["name"] for channel in part.spec["channels"]],
                "is_simulated": bool(part.meaning["is_simulated"]),
            }
            for part in parts
        },
        "shared": {name: list(channels) for name, channels in users.items()},
    }


def _unknown_physics(part: Part) -> Iterator[str]:
    if "physics" not in part.meaning:
        yield (
            "its workspace does not say by which fluxes and atomic model it was made: shared parameters "
            "may mean something else in it"
        )


def parameter_rows(spec: Json, meaning: Mapping[str, Any]) -> list[Json]:
    """Every parameter of a joined workspace but the signal's, with the experiments that it acts in
    and whether they share it: rows of `limits/parameters.csv`."""
    channels = {
        channel: key for key, one in meaning["experiments"].items() for channel in one["channels"]
    }
    found: dict[str, Json] = {}
    for channel, sample in _samples(spec):
        for modifier in sample["modifiers"]:
            if modifier["name"] in SIGNAL:
                continue
            row = found.setdefault(
                modifier["name"], {"types": set(), "experiments": set(), "samples": set()}
            )
            row["types"].add(modifier["type"])
            row["experiments"].add(channels[channel])
            row["samples"].add(sample["name"])
    return [
        {
            "parameter": name,
            "shared": len(meaning["shared"].get(name, ())) > 1,
            **{key: ";".join(sorted(values)) for key, values in row.items()},
        }
        for name, row in sorted(found.items())
    ]


def _samples(spec: Json) -> Iterator[tuple[str, Json]]:
    for channel in spec["channels"]:
        for sample in channel["samples"]:
            yield channel["name"], sample


def _has(sample: Json, name: str) -> bool:
    return any(modifier["name"] == name for modifier in sample["modifiers"])


def _times(factor: float, counts: Sequence[float]) -> list[float]:
    return [factor * count for count in counts]
