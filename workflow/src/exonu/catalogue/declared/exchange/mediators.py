"""Scalar, pseudoscalar, axial and tensor mediators of mass M with one coupling, g² = g_ν g_e.

An axial vector shifts the couplings, δ_L = −δ_R = g²/[2√2 G_F (M² + 2mT)]. The others flip the
helicity and add incoherently. With D = M² + 2mT, for one helicity of the neutrino,

    scalar        g⁴ mT(2m + T)/(8πE²D²)
    pseudoscalar  g⁴ mT²/(8πE²D²)
    tensor        g⁴ (m/πD²) [1 + 2(1 − T/E) + (1 − T/E)² − mT/E²]

(Cerdeño et al., arXiv:1604.01025; the tensor of L = g²/D (ν̄σ_μν P_L ν)(ē σ^μν e), summed over all μ
and ν: papers that count each pair once, or normalise otherwise, have another factor). The tests
trace all matrix elements anew.

On a nucleus of mass M the scalar has g⁴ Q² MT(2M + T)/(8πE²D²), D with M, if its coupling to all quarks
is g too. Of the others a nucleus sees its spin alone, and they are left out there."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING, Any

from exonu.catalogue.declaration import (
    COUPLING_ATOMIC,
    Form,
    Interaction,
    MassGrid,
    NuclearForm,
    Nucleus,
    Parameter,
    Recoil,
    Shift,
    on_electrons,
)
from exonu.catalogue.declared.exchange import dark_photon

if TYPE_CHECKING:
    from exonu.core.types import Array


def propagator_squared(at: Recoil) -> Array:
    """1/D²."""
    return 1 / (at.mass**2 + 2 * at.electron * at.energy) ** 2


def scalar(at: Recoil) -> tuple[Any, Any, Any]:
    """dσ/dT D² of a scalar with g = 1."""
    m, t = at.electron, at.energy
    return 0.0, 0.0, at.hbar_c**2 * m * t * (2 * m + t) / (8 * pi)


def nuclear_propagator_squared(at: Nucleus) -> Array:
    """1/D² of a nucleus."""
    return 1 / (at.mass**2 + 2 * at.nucleus * at.energy) ** 2


def scalar_on_nuclei(at: Nucleus) -> tuple[Any, Any, Any]:
    """dσ/dT D² of a scalar with g = 1."""
    m, t = at.nucleus, at.energy
    return 0.0, 0.0, at.hbar_c**2 * at.scalar_charge**2 * m * t * (2 * m + t) / (8 * pi)


def pseudoscalar(at: Recoil) -> tuple[Any, Any, Any]:
    """dσ/dT D² of a pseudoscalar with g = 1."""
    return 0.0, 0.0, at.hbar_c**2 * at.electron * at.energy**2 / (8 * pi)


def tensor(at: Recoil) -> tuple[Any, Any, Any]:
    """dσ/dT D² of a tensor with g = 1."""
    m, t = at.electron, at.energy
    scale = at.hbar_c**2 * m / pi
    return 4 * scale, -4 * scale * t, scale * (t**2 - m * t)


def _mediator(
    kind: str, formula: Form | Shift, reference: float, nuclear: NuclearForm | None = None
) -> Interaction:
    return Interaction(
        name=f"{kind}-mediator",
        title=f"{kind} mediator",
        quantity=f"coupling of a {kind} mediator",
        parameter=Parameter(f"g_{kind}", "1", f"g_{kind[0].upper()}", f"g_{kind[0].upper()}"),
        power=2 if isinstance(formula, Shift) else 4,
        reference_strength=reference,
        source="arXiv:1604.01025" if kind != "tensor" else "traced in tests/interactions",
        formula=formula,
        nuclear=nuclear,
        atomic=COUPLING_ATOMIC if isinstance(formula, Shift) else COUPLING_ATOMIC[:2],
        states=("all",),
        masses=MassGrid(1e-5, 100.0, 29, more=(1e-3, 10.0)),
        phrases=(f"{kind} mediator",),
        place=40,
    )


DECLARED = (
    _mediator("axial", Shift(on_electrons(1, -1, (1, 1, 1)), dark_photon.profile), 1e-6),
    _mediator("pseudoscalar", Form(pseudoscalar, propagator_squared), 1e-5),
    _mediator(
        "scalar",
        Form(scalar, propagator_squared),
        1e-6,
        NuclearForm(scalar_on_nuclei, nuclear_propagator_squared),
    ),
    _mediator("tensor", Form(tensor, propagator_squared), 1e-6),
)
