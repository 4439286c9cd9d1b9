"""The parameters of a workspace, in pyhf's order, with pyhf's defaults and the measurement's own
settings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from exonu.statistics.engine.flat import FREE, NORMAL, POISSON
from exonu.statistics.workspaces.workspace_reading import MODIFIER_TYPES, Json, Reader


@dataclass
class ParameterSet:
    """The parameters of one modifier name: one, or one per bin.

    init, lower, upper, fixed, width (σ or τ) and measured (auxiliary data) have one entry per
    parameter."""

    name: str
    scalar: bool
    constraint: int
    init: list[float]
    lower: list[float]
    upper: list[float]
    fixed: list[bool]
    width: list[float]
    measured: list[float]
    default_bounds: bool = True

    @property
    def names(self) -> list[str]:
        return [self.name] if self.scalar else [f"{self.name}[{i}]" for i in range(len(self.init))]


def _scalar(name: str, kind: str) -> ParameterSet:
    if kind in ("histosys", "normsys"):
        return ParameterSet(name, True, NORMAL, [0.0], [-5.0], [5.0], [False], [1.0], [0.0])
    if kind == "lumi":
        return ParameterSet(name, True, NORMAL, [], [], [], [False], [], [])
    return ParameterSet(name, True, FREE, [1.0], [0.0], [10.0], [False], [1.0], [0.0])


def _per_bin(
    name: str, constraint: int, widths: list[float], fixed: list[bool], lower: float
) -> ParameterSet:
    n, ones = len(widths), [1.0] * len(widths)
    measured = widths if constraint == POISSON else ones
    return ParameterSet(
        name, False, constraint, ones[:], [lower] * n, [10.0] * n, fixed, widths, measured[:]
    )


def _shapesys(name: str, nominal: list[float], errors: list[float]) -> ParameterSet:
    """τ = (yield / uncertainty)²; bins where one of them is zero are fixed, with τ = 1, as in
    pyhf."""
    valid = [n > 0.0 and e > 0.0 for n, e in zip(nominal, errors, strict=True)]
    tau = [n * n / (e * e) if ok else 1.0 for n, e, ok in zip(nominal, errors, valid, strict=True)]
    return _per_bin(name, POISSON, tau, [not ok for ok in valid], 1e-10)


def _staterror(reader: Reader, name: str, channels: list[Json]) -> tuple[ParameterSet, list[str]]:
    """σ of each bin: the errors of all samples that carry it in quadrature over their summed yield;
    zero is fixed."""
    coverage: dict[str, list[str]] = {}
    sigmas: list[float] = []
    covered: list[str] = []
    for channel in channels:
        carriers = [
            (s, m)
            for s in channel["samples"]
            for m in s["modifiers"]
            if _key(m) == ("staterror", name)
        ]
        if not carriers:
            continue
        covered.append(channel["name"])
        for sample, _ in carriers:
            coverage.setdefault(sample["name"], []).append(channel["name"])
        for b in range(len(carriers[0][0]["data"])):
            total = sum(float(sample["data"][b]) for sample, _ in carriers)
            errors = math.hypot(*(float(m["data"][b]) for _, m in carriers))
            sigmas.append(errors / total if total > 0.0 else 0.0)
    for sample, where in coverage.items():
        if where != covered:
            reader.refuse(
                f"sample {sample} has it in {', '.join(where)}, others in {', '.join(covered)}",
                f"staterror {name}",
                "give each channel its own staterror",
            )
    fixed = [sigma == 0.0 for sigma in sigmas]
    widths = [sigma if sigma > 0.0 else 1.0 for sigma in sigmas]
    return _per_bin(name, NORMAL, widths, fixed, 1e-10), covered


def _key(modifier: Json) -> tuple[str, str]:
    return modifier["type"], modifier["name"]


def collect(reader: Reader, channels: list[Json], settings: list[Json]) -> dict[str, ParameterSet]:
    """All parameter sets by name, in pyhf's order: by modifier type, channel, sample and modifier
    name."""
    sets: dict[str, ParameterSet] = {}
    kinds: dict[str, str] = {}
    for kind in MODIFIER_TYPES:
        names = sorted(
            {
                m["name"]
                for c in channels
                for s in c["samples"]
                for m in s["modifiers"]
                if m["type"] == kind
            }
        )
        if kind == "staterror":
            for name in names:
                _claim(reader, kinds, name, kind)
                sets[name] = _staterror(reader, name, channels)[0]
            continue
        for channel in channels:
            for sample in sorted(channel["samples"], key=lambda s: str(s["name"])):
                for modifier in sorted(
                    (m for m in sample["modifiers"] if m["type"] == kind),
                    key=lambda m: str(m["name"]),
                ):
                    name = modifier["name"]
                    known = kinds.get(name) == kind
                    if known and kind == "shapesys":
                        reader.refuse(
                            "is on two samples", f"shapesys {name}", "give each its own name"
                        )
                    if (
                        known
                        and kind == "shapefactor"
                        and len(sets[name].init) != len(sample["data"])
                    ):
                        reader.refuse(
                            "is shared by channels with different numbers of bins",
                            f"shapefactor {name}",
                        )
                    if known or (kind == "normsys" and kinds.get(name) == "histosys"):
                        continue
                    _claim(reader, kinds, name, kind)
                    if kind == "shapesys":
                        sets[name] = _shapesys(
                            name, [float(x) for x in sample["data"]], modifier["data"]
                        )
                    elif kind == "shapefactor":
                        n = len(sample["data"])
                        sets[name] = _per_bin(name, FREE, [1.0] * n, [False] * n, 0.0)
                    else:
                        sets[name] = _scalar(name, kind)
    if not sets:
        reader.refuse("the model has no parameters", "channels")
    _configure(reader, sets, settings)
    for name, parameter_set in sets.items():
        if not parameter_set.measured or not parameter_set.init or not parameter_set.width:
            reader.refuse(
                "needs inits, bounds, auxdata and sigmas",
                f"measurements, parameter {name}",
                "give them in the measurement's parameters",
            )
    return sets


def _claim(reader: Reader, kinds: dict[str, str], name: str, kind: str) -> None:
    if name in kinds:
        reader.refuse(
            f"is both a {kinds[name]} and a {kind}", f"modifier {name}", "rename one of them"
        )
    kinds[name] = kind


def _configure(reader: Reader, sets: dict[str, ParameterSet], settings: list[Json]) -> None:
    """Apply the measurement's own inits, bounds, fixed, auxdata, sigmas and factors."""
    reader.unique([setting["name"] for setting in settings], "measurements, parameters")
    for setting in settings:
        parameters = sets.get(setting["name"])
        if parameters is None:
            continue  # pyhf ignores it too: pruned workspaces carry such entries
        field = f"measurements, parameter {parameters.name}"
        n = len(parameters.init) or 1

        def values(
            key: str, setting: Json = setting, n: int = n, field: str = field
        ) -> list[Any] | None:
            given = setting.get(key)
            if given is not None and len(given) != n:
                reader.refuse(f"{key} has {len(given)} values, expected {n}", field)
            return given

        if (inits := values("inits")) is not None:
            parameters.init = [float(x) for x in inits]
        if (bounds := values("bounds")) is not None:
            if any(not isinstance(pair, list) or len(pair) != 2 for pair in bounds):
                reader.refuse("bounds are not pairs of a lower and an upper end", field)
            parameters.lower = [float(low) for low, _ in bounds]
            parameters.upper = [float(high) for _, high in bounds]
            parameters.default_bounds = False
        if "fixed" in setting:
            parameters.fixed = [bool(setting["fixed"])] * n
        width_key = {NORMAL: "sigmas", POISSON: "factors"}.get(parameters.constraint)
        for key in ("auxdata", "sigmas", "factors"):
            if key in setting and (width_key is None or key not in ("auxdata", width_key)):
                reader.refuse(f"does not take {key}", field)
        if width_key and (widths := values(width_key)) is not None:
            parameters.width = [float(x) for x in widths]
        if (auxdata := values("auxdata")) is not None:
            parameters.measured = [float(x) for x in auxdata]
        for low, high, start in zip(
            parameters.lower, parameters.upper, parameters.init, strict=False
        ):
            if not low <= start <= high:
                reader.refuse(
                    f"initial value {start:g} is outside of its bounds [{low:g}, {high:g}]", field
                )
