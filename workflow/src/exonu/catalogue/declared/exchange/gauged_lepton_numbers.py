"""Light gauge bosons of lepton numbers: the dark photon with other charges.

δ_f = g² Q_e Q_f/[2√2 G_F (M² + 2mT)], with Q = L_e − L_μ, L_e − L_τ or B − 3L_e (Coloma et al.,
arXiv:2202.10829, table 1), or the same charge of all leptons, and of all quarks where nuclei recoil. Nucleons have
no charge under L_e − L_μ and L_e − L_τ; what they get by mixing is left out. L_μ − L_τ has no charge for the
electron, which couples through loops of μ and τ: their vacuum polarisation, e²/(2π²) ∫ x(1 − x)
ln[m² + x(1 − x)2mT] dx each with the sign of its charge, gives Q_e → −(2α/3π) ln(m_τ/m_μ) for 2mT ≪
m_μ² (kinetic mixing of g/70; Amaral, Cerdeño, Foldenauer & Reid, arXiv:2006.11225)."""

from __future__ import annotations

from math import log, pi
from typing import TYPE_CHECKING

from exonu.catalogue.declaration import (
    COUPLING_ATOMIC,
    Interaction,
    MassGrid,
    NuclearShift,
    Parameter,
    Recoil,
    Shift,
    on_electrons,
)
from exonu.catalogue.declared.exchange import dark_photon

if TYPE_CHECKING:
    from exonu.core.types import Array

TAU_OVER_MUON = 16.8170  # m_τ/m_μ, CODATA 2018


def mixed(at: Recoil) -> Array:
    """δ for g = 1 and charge 1 of the neutrino, through kinetic mixing."""
    return -2 * at.alpha / (3 * pi) * log(TAU_OVER_MUON) * dark_photon.profile(at)


def _boson(
    name: str,
    symbol: str,
    latex: str,
    shift: Shift,
    reference: float,
    nuclear: NuclearShift | None = None,
) -> Interaction:
    return Interaction(
        name=name,
        title=f"{symbol} boson",
        quantity=f"coupling of a light {symbol} boson",
        parameter=Parameter(f"g_{name.replace('-', '_')}", "1", "g", rf"g_{{{latex}}}"),
        power=2,
        reference_strength=reference,
        source="arXiv:2006.11225" if shift.profile is mixed else "arXiv:2202.10829",
        formula=shift,
        nuclear=nuclear,
        atomic=COUPLING_ATOMIC,
        states=("all",),
        masses=MassGrid(1e-5, 100.0, 29, more=(1e-3, 10.0)),
        phrases=("gauge boson", "lepton number"),
        place=30,
    )


_DIRECT = dark_photon.profile
DECLARED = (
    _boson(
        "b-3le",
        "B−3Lₑ",
        "B-3L_e",
        Shift(on_electrons(-3, -3, (-3, 0, 0)), _DIRECT),
        5e-7,
        NuclearShift(-1 / 3, -1 / 3),
    ),
    _boson("le-lmu", "Lₑ−L_μ", r"L_e-L_\mu", Shift(on_electrons(1, 1, (1, -1, 0)), _DIRECT), 1e-6),
    _boson(
        "le-ltau", "Lₑ−L_τ", r"L_e-L_\tau", Shift(on_electrons(1, 1, (1, 0, -1)), _DIRECT), 1e-6
    ),
    _boson(
        "lmu-ltau",
        "L_μ−L_τ",
        r"L_\mu-L_\tau",
        Shift(on_electrons(1, 1, (0, 1, -1)), mixed),
        1e-5,
        NuclearShift(-1, 0),
    ),
    _boson(
        "vector",
        "vector",
        "V",
        Shift(on_electrons(1, 1, (1, 1, 1)), _DIRECT),
        1e-6,
        NuclearShift(3, 3),
    ),
)
