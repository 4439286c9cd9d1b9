"""The dipole portal: a transition moment d turns a neutrino into a heavy sterile one of mass M.

With d in μ_B,

    dσ/dT = (πα²/m²) d² [1/T − 1/E + M²(T − 2E − m)/(4E²Tm) + M⁴(T − m)/(8E²T²m²)]

(Shoemaker, Tsai & Wyenberg, arXiv:2007.05513, equation 7; Brdar et al., arXiv:2007.15563). The
neutrino needs more energy, E_min = ½[T + √(T² + 2mT)](1 + M²/2mT)."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING, Any

from exonu.catalogue.declaration import Interaction, MassGrid, MassiveForm, Parameter, Recoil

if TYPE_CHECKING:
    from exonu.core.types import Array


def coefficients(at: Recoil) -> tuple[Any, Any, Any]:
    """dσ/dT of a transition moment of 1 μ_B."""
    m, t, mass2 = at.electron, at.energy, at.mass**2
    scale = pi * (at.alpha * at.hbar_c / m) ** 2
    inverse = -1 - mass2 / (2 * m * t)
    squared = mass2 * (t - m) / (4 * m * t) * (1 + mass2 / (2 * m * t))
    return scale / t + 0 * mass2, scale * inverse, scale * squared


def minimum_energy(at: Recoil) -> Array:
    """Lowest energy of the neutrino."""
    m, t = at.electron, at.energy
    return (t + (t * (t + 2 * m)) ** 0.5) / 2 * (1 + at.mass**2 / (2 * m * t))


DECLARED = (
    Interaction(
        name="sterile-dipole",
        title="sterile dipole portal",
        quantity="transition moment to a sterile neutrino",
        parameter=Parameter("d_N", "mu_B", "d_N", "d_N"),
        power=2,
        reference_strength=1e-11,
        source="Shoemaker, Tsai & Wyenberg, arXiv:2007.05513",
        formula=MassiveForm(coefficients, minimum_energy),
        masses=MassGrid(1e-3, 0.3, 21, more=(0.01, 0.1)),
        phrases=("sterile neutrino", "neutrino magnetic moment"),
        place=24,
    ),
)
