"""Read and check a pyhf workspace: everything that the engine cannot take is refused here, by
name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from exonu.core.errors import InputError

Json = Mapping[str, Any]

# pyhf registers parameters type by type, in this order (pyhf.modifiers.histfactory_set).
MODIFIER_TYPES = (
    "histosys",
    "lumi",
    "normfactor",
    "normsys",
    "shapefactor",
    "shapesys",
    "staterror",
)


class Reader:
    """Checks of one workspace; the file is only for the messages.

    Args:
        file: name of the file the workspace came from.
        signal: the parameter of interest and the normfactors tied to it (``poi_map``), if there are
            any: a sample that they scale may have negative bins (an interference term).
    """

    def __init__(self, file: str | Path | None, signal: Iterable[str] = ()) -> None:
        self.file = file
        self.signal = frozenset(signal)

    def refuse(self, problem: str, field: str, remedy: str | None = None) -> NoReturn:
        raise InputError(
            problem,
            file=self.file,
            field=field,
            remedy=remedy or "fix it, or make the workspace again",
        )

    def numbers(self, values: Any, field: str, length: int | None = None) -> list[float]:
        """A list of finite numbers, of the given length."""
        if not isinstance(values, Sequence) or isinstance(values, str) or not len(values):
            self.refuse("must be a list of numbers", field)
        if not (set(map(type, values)) <= {int, float} and all(map(_is_finite, values))):
            for place, value in enumerate(values):
                if (
                    isinstance(value, bool)
                    or not isinstance(value, (int, float))
                    or not _is_finite(value)
                ):
                    self.refuse(
                        f"bin {place} is not a finite number (got {repr(value)[:40]})", field
                    )
        if length is not None and len(values) != length:
            self.refuse(f"has {len(values)} bins, but the channel has {length}", field)
        return list(map(float, values))

    def channels(self, spec: Json) -> list[Json]:
        """The channels in pyhf's order (by name), checked."""
        channels = list(spec.get("channels") or ())
        if not channels:
            self.refuse("the workspace has no channels", "channels")
        self.unique([channel["name"] for channel in channels], "channels")
        for channel in channels:
            self.channel(channel)
        return sorted(channels, key=lambda channel: str(channel["name"]))

    def unique(self, names: list[str], field: str) -> None:
        for name in sorted(set(names)):
            if names.count(name) > 1:
                self.refuse(f"the name {name!r} occurs twice", field, "rename one of them")

    def channel(self, channel: Json) -> None:
        name = f"channel {channel['name']}"
        samples = list(channel.get("samples") or ())
        if not samples:
            self.refuse("has no samples", name, "remove the channel or give it a sample")
        if not samples[0].get("data"):
            self.refuse("has no bins", name, "remove the channel or give it bins")
        self.unique([sample["name"] for sample in samples], name)
        bins = len(samples[0]["data"])
        for sample in samples:
            self.sample(sample, bins, f"{name}, sample {sample['name']}")

    def sample(self, sample: Json, bins: int, field: str) -> None:
        data = self.numbers(sample["data"], f"{field}, data", bins)
        modifiers = list(sample.get("modifiers") or ())
        names = {modifier["name"] for modifier in modifiers if modifier["type"] == "normfactor"}
        interference = bool(names & self.signal)
        for b, value in enumerate(data):
            if value < 0.0 and not interference:
                self.refuse(
                    f"bin {b} has a negative yield ({value:g})",
                    f"{field}, data",
                    "only a signal sample of a workspace with a poi_map may have negative bins",
                )
        seen = set()
        for modifier in modifiers:
            kind, name = modifier["type"], modifier["name"]
            place = f"{field}, modifier {name}"
            if kind not in MODIFIER_TYPES:
                self.refuse(
                    f"modifier type {kind!r} is not supported",
                    place,
                    f"use one of {', '.join(MODIFIER_TYPES)}",
                )
            if (kind, name) in seen:
                self.refuse(
                    f"the same {kind} occurs twice",
                    place,
                    "pyhf would use one of them and say nothing",
                )
            seen.add((kind, name))
            self.modifier(modifier, data, bins, place)

    def modifier(self, modifier: Json, nominal: list[float], bins: int, field: str) -> None:
        kind, data = modifier["type"], modifier.get("data")
        if kind == "histosys":
            self.numbers(data["lo_data"], f"{field}, lo_data", bins)  # type: ignore[index]
            self.numbers(data["hi_data"], f"{field}, hi_data", bins)  # type: ignore[index]
        elif kind == "normsys":
            for side in ("lo", "hi"):
                factor = data[side]  # type: ignore[index]
                if not (isinstance(factor, (int, float)) and _is_finite(factor) and factor > 0.0):
                    self.refuse(f"{side} must be a factor > 0 (got {factor!r})", field)
        elif kind in ("shapesys", "staterror"):
            errors = self.numbers(data, field, bins)
            if min(errors) < 0.0:
                self.refuse("has a negative uncertainty", field)
            if min(nominal) < 0.0:
                self.refuse(
                    f"a {kind} on a sample with negative bins",
                    field,
                    "pyhf would freeze it and say nothing",
                )

    def observations(self, workspace: Json, channels: list[Json]) -> list[float]:
        """Observed events of all bins, in the order of the channels."""
        given = list(workspace.get("observations") or ())
        self.unique([observation["name"] for observation in given], "observations")
        by_name = {observation["name"]: observation["data"] for observation in given}
        out: list[float] = []
        for channel in channels:
            name = channel["name"]
            if name not in by_name:
                self.refuse(f"no observation for channel {name!r}", "observations")
            counts = self.numbers(
                by_name[name], f"observations, {name}", len(channel["samples"][0]["data"])
            )
            if min(counts) < 0.0:
                self.refuse("negative number of events", f"observations, {name}")
            out += counts
        return out

    def measurement(self, workspace: Json, name: str | None) -> Json:
        """The measurement of that name, or the only one."""
        measurements = list(workspace.get("measurements") or ())
        names = [measurement["name"] for measurement in measurements]
        if not measurements:
            self.refuse("the workspace has no measurement", "measurements")
        if name is None:
            if len(names) > 1:
                self.refuse(
                    f"several measurements ({', '.join(names)})",
                    "measurements",
                    "name the one to use, on the command line with --measurement",
                )
            name = names[0]
        if name not in names:
            self.refuse(
                f"no measurement {name!r}", "measurements", f"choose one of {', '.join(names)}"
            )
        config: Json = measurements[names.index(name)]["config"]
        return config

    def ties(
        self, poi: str, poi_map: Mapping[str, str] | None, normfactors: set[str]
    ) -> dict[str, str]:
        """The normfactors that are the square of another, each with that one: of the parameter of
        interest (``{"mu_sq": "mu**2"}``), or of a strength of one channel alone."""
        poi_map, ties = poi_map or {}, {}
        for name, expression in poi_map.items():
            if name not in normfactors:
                self.refuse(f"no normfactor {name!r} in the workspace", "poi_map")
            square_of = re.fullmatch(r"(\w+)\*\*2", re.sub(r"\s", "", str(expression)))
            if square_of is None or square_of[1] not in normfactors - set(poi_map):
                self.refuse(f"cannot tie {name} to {expression!r}", "poi_map", f'write "{poi}**2"')
            ties[name] = square_of[1]
        square = f"{poi}_sq"
        if square in normfactors and square not in poi_map:
            self.refuse(
                f"the workspace has the quadratic signal {square}, but no poi_map",
                f"normfactor {square}",
                f'give poi_map={{"{square}": "{poi}**2"}}: without it a limit would be silently wrong',
            )
        return ties


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond floating point
        return False
