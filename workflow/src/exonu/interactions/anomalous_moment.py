"""What a dark photon would add to the muon's anomalous magnetic moment.

At one loop a vector boson of mass M and coupling g to the muon adds

    Δa_μ = (g²/8π²) F(M),    F(M) = ∫₀¹ 2 m_μ² z(1 − z)² / [m_μ²(1 − z)² + M² z] dz,

with F → 1 for M ≪ m_μ and F → 2m_μ²/3M² for M ≫ m_μ (Leveille, NPB 137, 63 (1978); Pospelov, PRD
80, 095002 (2009), equation 6, with e²ε² → g²; both references from memory, not checked in the
source: the formula is that of our specification, and its limits are tested)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from exonu.core import constants
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.types import Array

DEFAULT_SET = "2020"
MUON_MASS_MEV: float = constants.value("muon mass energy equivalent in MeV")


@dataclass(frozen=True)
class AnomalousMoment:
    """Measured minus predicted anomalous magnetic moment Δa_μ, its uncertainty, where both are
    from, how surely, and the year that names the set."""

    difference: float
    uncertainty: float
    source: str
    status: str = ""
    year: str = ""


def anomalous_moment(name: str) -> AnomalousMoment:
    """A set of `resources/muon/anomalous_moment.csv`.

    Raises:
        InputError: if there is no such set.

    >>> anomalous_moment("2020").difference
    2.61e-09
    """
    sets = pd.read_csv(
        resource_path("muon/anomalous_moment.csv"), comment="#", dtype={"set": str}
    ).set_index("set")
    if name not in sets.index:
        raise InputError(
            f"must be one of {', '.join(sets.index)} (got {name!r})",
            field="plots.muon_anomalous_moment",
            remedy="resources/muon/SOURCES.md says what they are",
        )
    row = sets.loc[name].to_dict()
    numbers = float(row["difference"]), float(row["uncertainty"])
    return AnomalousMoment(*numbers, str(row["source"]), str(row["status"]), name)


def loop_function(mass_MeV: ArrayLike) -> Array:
    """F(M) of the module's formula, to a relative 1e-12.

    Args:
        mass_MeV: masses ≥ 0, shape (n,) or a number.

    Returns:
        Shape (n,) or ().

    >>> loop_function([0.0, 1e-3]).round(4)
    array([1., 1.])
    """
    ratio = (np.asarray(mass_MeV, dtype=np.float64)[..., None] / MUON_MASS_MEV) ** 2
    u, z, weight = _nodes()
    return np.asarray((weight * 2 * z * u**2 / (u**2 + ratio * z)).sum(axis=-1), dtype=np.float64)


@cache
def _nodes() -> tuple[Array, Array, Array]:
    """u = 1 − z, z, and weights: Gauss–Legendre panels in ln u below u = ½, in ln z above.

    A light mediator bends the integrand at u = M/m_μ, a heavy one at z = m_μ²/M², however small
    these are; in the logarithm they do so over a width of about 1."""
    x, w = np.polynomial.legendre.leggauss(16)
    edges = np.linspace(-40.0, np.log(0.5), 41)  # e⁻⁴⁰ is below a float's precision
    half = np.diff(edges)[:, None] / 2
    near = np.exp(edges[:-1, None] + half * (1 + x)).ravel()
    weight = (half * w).ravel() * near
    return (
        np.concatenate([near, 1 - near]),
        np.concatenate([1 - near, near]),
        np.concatenate([weight, weight]),
    )


def coupling_band(
    mass_MeV: ArrayLike, moment: AnomalousMoment, sigmas: float = 2.0
) -> tuple[Array, Array]:
    """Couplings g between which a dark photon explains Δa_μ within so many standard deviations.

    Args:
        mass_MeV: masses, shape (n,).
        moment: Δa_μ.
        sigmas: half the band's width.

    Returns:
        Lower and upper g, shape (n,) each; the lower one is 0 where no dark photon is allowed too.

    >>> low, high = coupling_band([1e-3], anomalous_moment("2020"))
    >>> float(low[0].round(6)), float(high[0].round(6))
    (0.000285, 0.000575)
    """
    scale = 8 * np.pi**2 / loop_function(mass_MeV)
    low, high = (moment.difference + sign * sigmas * moment.uncertainty for sign in (-1, 1))
    return np.sqrt(scale * max(low, 0.0)), np.sqrt(scale * max(high, 0.0))
