"""A compiled model: its names, its data, and the numbers of the likelihood for given parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from math import lgamma, log, pi
from pathlib import Path
from typing import Any, cast

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.display import html_rows, in_short
from exonu.statistics.engine.flat import FREE, NORMAL, POISSON, BoolArray, Flat, FloatArray
from exonu.statistics.workspaces.flattening import INTERPOLATION as INTERPOLATION
from exonu.statistics.workspaces.flattening import Layout, compile_layout
from exonu.statistics.workspaces.workspace_reading import Reader

Parameters = Mapping[str, float] | Sequence[float] | FloatArray


def compile_workspace(
    workspace: Mapping[str, Any],
    measurement: str | None = None,
    poi_map: Mapping[str, str] | None = None,
    file: str | Path | None = None,
    interpolation: Mapping[str, str] | None = None,
) -> Model:
    """Compile an unmodified pyhf workspace.

    Args:
        workspace: the workspace's JSON (channels, observations, measurements).
        measurement: name of the measurement; not needed if there is one only.
        poi_map: normfactors tied to the parameter of interest, ``{"mu_sq": "mu**2"}``, for a
            quadratic signal.
        file: where the workspace came from, for error messages.
        interpolation: codes of HistFactory if not pyhf's defaults, e.g. ``{"normsys": "code1",
            "histosys": "code0"}``.

    Raises:
        InputError: what the engine does not support, or a fault of the workspace, by name.

    >>> from exonu.statistics import compile_workspace
    >>> mu = {"name": "mu", "type": "normfactor", "data": None}
    >>> signal = {"name": "signal", "data": [12.0, 11.0], "modifiers": [mu]}
    >>> background = {"name": "background", "data": [50.0, 52.0], "modifiers": []}
    >>> model = compile_workspace({
    ...     "channels": [{"name": "recoils", "samples": [signal, background]}],
    ...     "observations": [{"name": "recoils", "data": [51, 48]}],
    ...     "measurements": [{"name": "search", "config": {"poi": "mu", "parameters": []}}],
    ...     "version": "1.0.0",
    ... })
    >>> model.expected({"mu": 1.0})
    array([62., 63.])
    """
    if isinstance(workspace, str | Path):
        raise InputError(
            f"is the name of a file ({str(workspace)!r})",
            field="workspace",
            remedy="exonu.open_workspace compiles a file, exonu.limit sets its limit",
        )
    config = Reader(file).measurement(workspace, measurement)
    settings = list(config.get("parameters") or ())
    poi = str(config.get("poi") or "")
    return Model(compile_layout(workspace, settings, poi, workspace, poi_map, file, interpolation))


def compile_specification(
    specification: Mapping[str, Any], poi: str, interpolation: Mapping[str, str] | None = None
) -> Model:
    """Compile a pyhf model specification (channels and parameters, no observations), as
    `pyhf.Model.spec` holds it."""
    settings = list(specification.get("parameters") or ())
    return Model(compile_layout(specification, settings, poi, None, None, None, interpolation))


def require_model(model: Any) -> Model:
    """The model itself; a file's name or a workspace in its place is refused.

    Raises:
        InputError: naming the function that makes a model of it.
    """
    if isinstance(model, Model):
        return model
    if isinstance(model, str | Path):
        remedy = "exonu.open_workspace makes a model of a file, exonu.limit sets its limit"
    elif isinstance(model, Mapping):
        remedy = "exonu.compile_workspace makes a model of a workspace"
    else:
        remedy = "exonu.limit takes experiments, workspaces and files"
    raise InputError(f"is a {type(model).__name__}, not a Model", field="model", remedy=remedy)


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


class Model:
    """A HistFactory model ready to fit; made by `compile_workspace`.

    Parameters are given as a mapping (the rest at their initial values) or as an array (P,) in the
    order of `parameters`, which is pyhf's. Data are events per bin (B,), with the nominal auxiliary
    data, or (B + A,) with auxiliary data.

    pyhf's default upper bound of the parameter of interest (10) is a help for its minimiser, not a
    statement, and is lifted here; bounds given in the measurement are kept."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.parameters = layout.parameters
        self.poi = layout.poi
        self.poi_index = layout.parameters.index(layout.poi)
        self.tied = dict(layout.tied)
        self.interpolation = dict(layout.interpolation)
        self.channels = dict(layout.channels)
        self.samples = layout.samples
        self.init = layout.init
        self.fixed = layout.fixed
        self.flat = layout.flat
        if layout.default_poi_bounds:
            upper = layout.flat.upper.copy()
            upper[self.poi_index] = np.inf
            self.flat = layout.flat._replace(upper=upper)

    @cached_property
    def full(self) -> Flat:
        """The compiled model with every parameter dense, none profiled."""
        return self.layout.make_full()._replace(lower=self.flat.lower, upper=self.flat.upper)

    def __repr__(self) -> str:
        return (
            f"<model of {self.n_bins} bins in {_number(len(self.channels), 'channel')}, "
            f"{_number(len(self.parameters), 'parameter')}; parameter of interest {self.poi}>"
        )

    def _repr_html_(self) -> str:
        kinds = {FREE: "free", NORMAL: "Gaussian", POISSON: "Poisson"}
        constrained = [
            (name, f"{kinds[int(kind)]}, initially {in_short(value)}{', fixed' * bool(fixed)}")
            for name, kind, value, fixed in zip(
                self.parameters, self.flat.constraint, self.init, self.fixed, strict=True
            )
        ]
        return html_rows(repr(self).strip("<>"), constrained)

    def bounded(self, lower: FloatArray, upper: FloatArray) -> Model:
        """The same model with other bounds, (P,) each."""
        other = copy(self)
        other.__dict__.pop("full", None)
        other.flat = self.flat._replace(lower=lower, upper=upper)
        return other

    @property
    def n_bins(self) -> int:
        return int(self.flat.gamma.size)

    @property
    def observed(self) -> FloatArray:
        """Observed events, (B,)."""
        return self.layout.nominal_data[: self.n_bins]

    @property
    def auxiliary(self) -> FloatArray:
        """Auxiliary measurements of the constrained parameters, in their order, (A,)."""
        return self.layout.nominal_data[self.n_bins :]

    @cached_property
    def constrained(self) -> tuple[str, ...]:
        """Names of the parameters with an auxiliary measurement, in the order of `auxiliary`."""
        return tuple(
            n for n, kind in zip(self.parameters, self.flat.constraint, strict=True) if kind != FREE
        )

    def theta(self, parameters: Parameters | None = None) -> FloatArray:
        """All parameters as a new array (P,)."""
        if parameters is None:
            return self.init.copy()
        if isinstance(parameters, Mapping):
            theta = self.init.copy()
            for name, value in parameters.items():
                theta[self.index(name)] = value
            return theta
        theta = np.array(parameters, dtype=float)
        if theta.shape != self.init.shape:
            raise InputError(
                f"got {theta.size} parameters, the model has {self.init.size}", field="parameters"
            )
        return theta

    def index(self, name: str) -> int:
        """Index of a parameter by name."""
        try:
            return self.parameters.index(name)
        except ValueError:
            raise InputError(
                f"no parameter {name!r} in the model",
                field="parameters",
                remedy=f"e.g. {', '.join(self.parameters[:5])}",
            ) from None

    def data(self, data: Sequence[float] | FloatArray | None = None) -> FloatArray:
        """Events and auxiliary data as one array (B + A,); None for the observed ones."""
        if data is None:
            return self.layout.nominal_data
        full = np.ascontiguousarray(data, dtype=float)
        if full.shape == (self.n_bins,):
            full = np.concatenate([full, self.auxiliary])
        if full.shape != self.layout.nominal_data.shape:
            raise InputError(
                f"data of shape {full.shape}, expected ({self.n_bins},) or {self.layout.nominal_data.shape}",
                field="data",
            )
        if not np.isfinite(full).all() or full[: self.n_bins].min() < 0.0:
            raise InputError("data must be finite numbers of events >= 0", field="data")
        return full

    def expected(self, parameters: Parameters | None = None) -> FloatArray:
        """Expected events of each bin, (B,)."""
        return cast(FloatArray, self.expected_by_sample(parameters).sum(axis=0))

    def expected_by_sample(self, parameters: Parameters | None = None) -> FloatArray:
        """Expected events of each component (`samples`) and bin, (C, B)."""
        from exonu.statistics.engine.likelihood import expected_events

        return expected_events(self.flat, self.theta(parameters))

    def expected_data(self, parameters: Parameters | None = None) -> FloatArray:
        """Expected events and expected auxiliary data (B + A,): the Asimov data of these
        parameters."""
        theta = self.theta(parameters)
        kinds = self.flat.constraint
        mean = np.where(kinds == POISSON, theta * self.flat.width, theta)
        return np.concatenate([self.expected(theta), mean[kinds != FREE]])

    def nll(
        self, parameters: Parameters | None = None, data: Sequence[float] | FloatArray | None = None
    ) -> float:
        """-ln L with all constants, as pyhf: half of its ``twice_nll``. Infinite where the data are
        impossible."""
        from exonu.statistics.engine.likelihood import evaluate

        vector = self.data(data)
        size = self.flat.dense.size
        everything: BoolArray = np.ones(self.init.size, dtype=np.bool_)
        scratch = np.empty(size), np.empty((size, size))
        value = evaluate(self.flat, vector, self.theta(parameters), everything, *scratch, False)
        return float(value) + self.constant(vector)

    def constant(self, data: FloatArray) -> float:
        """What ℓ leaves out of -ln L: Σ N - N ln N + ln N! and the normalisation of the
        constraints."""
        kinds, m = self.flat.constraint, self.flat
        poisson = np.concatenate([data[: self.n_bins], data[m.measured[kinds == POISSON]]])
        total = sum(
            n - (n * log(n) if n > 0.0 else 0.0) + lgamma(n + 1.0) for n in poisson.tolist()
        )
        return float(
            total
            + np.log(m.width[kinds == NORMAL]).sum()
            + 0.5 * log(2 * pi) * np.count_nonzero(kinds == NORMAL)
        )
