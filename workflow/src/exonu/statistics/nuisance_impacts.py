"""What a fit is made of: pulls, impacts, correlations and likelihood scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.engine.flat import FREE, POISSON, BoolArray, FloatArray
from exonu.statistics.fitting import FitResult, Minimum, fit, minimise
from exonu.statistics.workspaces.compiled_model import Model


def constraint_widths(model: Model) -> FloatArray:
    """Pre-fit error of each parameter, (P,): σ of a normal constraint, 1/√τ of a Poisson one, 0
    without constraint."""
    m = model.flat
    width = np.where(m.constraint == POISSON, 1.0 / np.sqrt(m.width), m.width)
    return np.where((m.constraint == FREE) | model.fixed, 0.0, width)


def constraint_centres(model: Model, data: FloatArray) -> FloatArray:
    """What the auxiliary measurements say of each parameter, (P,); the initial value without
    constraint."""
    m, centre = model.flat, model.init.copy()
    where = m.constraint != FREE
    measured = data[m.measured[where]]
    centre[where] = np.where(m.constraint[where] == POISSON, measured / m.width[where], measured)
    return centre


@dataclass(frozen=True)
class Pull:
    """A constrained parameter after the fit: (value - measured)/σ and error/σ, with σ of its
    constraint."""

    name: str
    value: float
    error: float
    pull: float
    constraint: float


def pulls(result: FitResult) -> list[Pull]:
    """Pulls and constraints of all constrained parameters that are not fixed.

    >>> from exonu.statistics import fit
    >>> from exonu.statistics.examples import two_bins
    >>> [f"{p.name} {p.pull:+.2f} {p.constraint:.2f}" for p in pulls(fit(two_bins()))]
    ['uncertainty[0] +0.05 0.98', 'uncertainty[1] -0.28 0.80']
    """
    width = constraint_widths(result.model)
    centre = constraint_centres(result.model, result.data)
    errors = np.sqrt(np.diag(result.covariance))
    return [
        Pull(
            name,
            float(result.parameters[i]),
            float(errors[i]),
            float((result.parameters[i] - centre[i]) / width[i]),
            float(errors[i] / width[i]),
        )
        for i, name in enumerate(result.names)
        if width[i] > 0.0 and not result.held[i]
    ]


@dataclass(frozen=True)
class Impact:
    """Change of the best-fit μ when a parameter is held one error down or up from its best fit.

    Post-fit errors are those of the fit; pre-fit errors those of the constraint (NaN for a free
    parameter)."""

    name: str
    post_down: float
    post_up: float
    pre_down: float
    pre_up: float

    @property
    def size(self) -> float:
        """The larger of the post-fit impacts."""
        return max(abs(self.post_down), abs(self.post_up))


@dataclass(frozen=True)
class Impacts:
    """Impacts of the parameters, largest first, and of groups of them.

    A group's impact is √(σ² - σ_held²): the part of the error of μ that goes away when the group is
    held. ``converged`` is False if any of the fits failed; its impact is then NaN."""

    mu_hat: float
    mu_error: float
    parameters: tuple[Impact, ...]
    groups: Mapping[str, float]
    converged: bool


def impacts(
    model: Model,
    data: Sequence[float] | FloatArray | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    allow_negative: bool = False,
) -> Impacts:
    """Impacts of all scalar nuisance parameters on μ, and of groups; bin-wise parameters (MC
    statistics) form groups.

    Args:
        model, data: as for `fit`.
        groups: modifier names by group; by default each bin-wise modifier is one and
            ``systematics`` is all others.
        allow_negative: lift the lower bound of μ, which hides the impacts where the best fit sits
            on it.
    """
    i = model.poi_index
    if allow_negative:
        lower = model.flat.lower.copy()
        lower[i] = -np.inf
        model = model.bounded(lower, model.flat.upper)
    result = fit(model, data)
    errors, width = np.sqrt(np.diag(result.covariance)), constraint_widths(model)
    converged = result.converged

    def shifted(p: int, distance: float) -> float:
        nonlocal converged
        if (
            np.isnan(distance) or not result.minimum.converged
        ):  # no minimum to go from: the fits would end the same way
            return float("nan")
        start, held = result.parameters.copy(), result.held.copy()
        # The linear response of the others is where the fit ends if the likelihood is a parabola.
        # One at its bound has no variance, and the others start from where they are.
        variance = result.covariance[p, p]
        if variance != 0.0:
            start[~held] += (result.covariance[p] / variance * distance)[~held]
        start[p], held[p] = result.parameters[p] + distance, True
        found = minimise(
            model, result.data, np.clip(start, model.flat.lower, model.flat.upper), held
        )
        converged &= found.converged
        return float(found.theta[i] - result.parameters[i]) if found.converged else float("nan")

    scalars = [
        group[0] for name, group in model.layout.groups.items() if len(group) == 1 and group[0] != i
    ]
    found = []
    for p in scalars:
        if result.held[p]:
            continue
        pre = float(width[p]) if width[p] > 0.0 else float("nan")
        post = float(errors[p])
        found.append(
            Impact(model.parameters[p], *(shifted(p, step) for step in (-post, post, -pre, pre)))
        )
    found.sort(key=lambda impact: -impact.size)
    if groups is None:
        groups = {name: [name] for name, group in model.layout.groups.items() if len(group) > 1}
        systematics = [model.parameters[p] for p in scalars]
        groups |= {"systematics": systematics} if systematics else {}
    return Impacts(
        float(result.parameters[i]),
        float(errors[i]),
        tuple(found),
        {name: _group_impact(result, members) for name, members in groups.items()},
        bool(converged),
    )


def _group_impact(result: FitResult, members: Sequence[str]) -> float:
    """√(σ² - σ_held²) of μ: with the covariance V, that is √(V_μG V_GG⁻¹ V_Gμ)."""
    model, i = result.model, result.model.poi_index
    chosen: list[int] = []
    for name in members:
        if name not in model.layout.groups:
            raise InputError(f"no modifier {name!r} in the model", field="groups")
        chosen += [p for p in model.layout.groups[name] if result.covariance[p, p] != 0.0]
    if i in chosen:
        raise InputError(
            f"a group contains the parameter of interest {model.poi!r}", field="groups"
        )
    shared, own = result.covariance[i, chosen], result.covariance[np.ix_(chosen, chosen)]
    if not np.isfinite(own).all():
        return float("nan")
    return float(np.sqrt(max(float(shared @ np.linalg.solve(own, shared)), 0.0))) if chosen else 0.0


def correlation_table(
    result: FitResult, threshold: float = 0.0
) -> tuple[tuple[str, ...], FloatArray]:
    """Names and correlations of the free parameters that correlate with another by at least
    ``threshold``."""
    free = np.flatnonzero(~result.held)
    matrix = result.correlation[np.ix_(free, free)]
    off = np.abs(matrix - np.diag(np.diag(matrix)))
    keep = np.flatnonzero(off.max(axis=0, initial=0.0) >= threshold)
    return tuple(result.names[free[k]] for k in keep), matrix[np.ix_(keep, keep)]


@dataclass(frozen=True)
class Scan:
    """-2 Δ ln L of one or two parameters, profiled over the others.

    values has one array per parameter; twice_delta_nll has their shape (N,) or (N, M) and is NaN
    where a fit failed."""

    names: tuple[str, ...]
    values: tuple[FloatArray, ...]
    twice_delta_nll: FloatArray
    best: FitResult
    failed: int


def _range(result: FitResult, p: int, points: int, sigmas: float = 3.0) -> FloatArray:
    m, value = result.model.flat, float(result.parameters[p])
    error = float(np.sqrt(result.covariance[p, p]))
    if not (np.isfinite(error) and error > 0.0):
        raise InputError(
            f"no error to scan {result.names[p]!r} with",
            field="values",
            remedy="give the values to scan, or free it",
        )
    low, high = max(value - sigmas * error, m.lower[p]), min(value + sigmas * error, m.upper[p])
    return np.linspace(low, high, points)


def scan_1d(
    model: Model,
    name: str,
    values: Sequence[float] | FloatArray | None = None,
    data: Sequence[float] | FloatArray | None = None,
    points: int = 41,
) -> Scan:
    """Profile likelihood in one parameter; by default ±3 errors around its best fit, within its
    bounds."""
    result, p = fit(model, data), model.index(name)
    grid = np.asarray(values, dtype=float) if values is not None else _range(result, p, points)
    held = result.held | (np.arange(result.held.size) == p)
    rows = _sweep(model, result, held, [(p, grid)])
    failed = int(np.count_nonzero(np.isnan(rows)))
    return Scan((name,), (grid,), rows, result, failed)


def scan_2d(
    model: Model,
    first: str,
    second: str,
    values: tuple[Sequence[float] | FloatArray, Sequence[float] | FloatArray] | None = None,
    data: Sequence[float] | FloatArray | None = None,
    points: int = 25,
) -> Scan:
    """Profile likelihood in two parameters, (N, M)."""
    result, p, q = fit(model, data), model.index(first), model.index(second)
    if p == q:
        raise InputError(f"needs two different parameters (got {first!r} twice)", field="second")
    if values is None:
        grids = _range(result, p, points), _range(result, q, points)
    else:
        grids = np.asarray(values[0], dtype=float), np.asarray(values[1], dtype=float)
    held = result.held.copy()
    held[[p, q]] = True
    surface = np.array(
        [
            _sweep(model, result, held, [(p, np.full(grids[1].size, x)), (q, grids[1])])
            for x in grids[0]
        ]
    )
    return Scan((first, second), grids, surface, result, int(np.count_nonzero(np.isnan(surface))))


def _sweep(
    model: Model, result: FitResult, held: BoolArray, path: list[tuple[int, FloatArray]]
) -> FloatArray:
    """-2 Δ ln L along a path, from its point nearest to the best fit outwards, each fit started
    from its neighbour."""
    distance = sum(np.abs(values - result.parameters[p]) for p, values in path)
    centre = int(np.argmin(distance))
    out = np.empty(path[0][1].size)
    for order in (range(centre, out.size), range(centre - 1, -1, -1)):
        theta = result.parameters
        for k in order:
            start = theta.copy()
            for p, values in path:
                start[p] = values[k]
            found: Minimum = minimise(model, result.data, start, held)
            if found.converged:
                theta = found.theta
            impossible = not np.isfinite(found.value)
            out[k] = (
                2.0 * (found.value - result.minimum.value)
                if found.converged or impossible
                else np.nan
            )
    return out
