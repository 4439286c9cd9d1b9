"""A nuclear reactor: antineutrinos of the four fissile nuclides, by Huber and Mueller, and below 2
MeV by Vogel and Engel.

Per fission of nuclide k, S_k(E) = exp(Σ_i α_ki E^(i−1)) between 2 and 8 MeV (Huber, PRC 84, 024617
(2011), for ²³⁵U, ²³⁹Pu and ²⁴¹Pu; Mueller et al., PRC 83, 054615 (2011), for ²³⁸U). It was fitted
there alone: below stands the table of Vogel & Engel, PRD 39, 3378 (1989), and the antineutrinos of
the two β decays after each neutron capture on ²³⁸U. The flux at a distance L is
P/(4πL² Σ_k f_k Q_k) Σ_k f_k S_k."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, ClassVar

import numpy as np

from exonu.core import constants
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.tables import read_rows
from exonu.core.types import Array
from exonu.solar import Oscillation
from exonu.sources.neutrino_source import PiecewiseSpectrum

NUCLIDES = ("U235", "U238", "Pu239", "Pu241")
LOW_ENERGY = ("vogel-engel", "vogel-engel-no-capture", "none")
_JOIN_MEV, _HIGHEST_MEV = 2.0, 8.0


@dataclass(frozen=True)
class Reactor:
    """A reactor and how far away it is.

    Attributes:
        power_GW: thermal power.
        distance_m: from the core to the detector.
        duty: share of the live time in which it runs at that power.
        fission_fractions: of ²³⁵U, ²³⁸U, ²³⁹Pu, ²⁴¹Pu.
        low_energy: what stands below 2 MeV: `vogel-engel`, the same without neutron capture on
            ²³⁸U, or nothing.
        relative_uncertainty: of the flux.

    Raises:
        InputError: if a number makes no reactor.

    >>> f"{reactor_source(Reactor(power_GW=3.0, distance_m=13.9)).flux_per_cm2_s:.1e}"
    '2.6e+13'
    """

    power_GW: float
    distance_m: float
    duty: float = 1.0
    fission_fractions: tuple[float, ...] = field(default_factory=lambda: typical_fractions())
    low_energy: str = "vogel-engel"
    relative_uncertainty: float = 0.03

    def __post_init__(self) -> None:
        for name, low, high in (
            ("power_GW", 0.0, 100.0),
            ("distance_m", 0.0, 1e6),
            ("duty", 0.0, 1.0),
        ):
            if not low < getattr(self, name) <= high:
                raise InputError(
                    f"must lie above {low:g} and be ≤ {high:g} (got {getattr(self, name):g})",
                    field=f"reactor.{name}",
                )
        if abs(sum(self.fission_fractions) - 1) > 0.01 or min(self.fission_fractions) < 0:
            raise InputError(
                f"must be ≥ 0 and add up to 1 (got {sum(self.fission_fractions):g})",
                field="reactor.fission_fractions",
                remedy=f"give those of {', '.join(NUCLIDES)}",
            )

    @classmethod
    def from_settings(cls, block: Mapping[str, Any]) -> Reactor:
        """From the block `physics.reactor` of an analysis."""
        return cls(
            float(block["power_GW"]),
            float(block["distance_m"]),
            float(block["duty"]),
            tuple(float(block["fission_fractions"][name]) for name in NUCLIDES),
            str(block["low_energy"]),
            float(block["uncertainty"]),
        )

    def to_settings(self) -> dict[str, Any]:
        """The inverse of `from_settings`."""
        return {
            "power_GW": self.power_GW,
            "distance_m": self.distance_m,
            "duty": self.duty,
            "fission_fractions": dict(zip(NUCLIDES, self.fission_fractions, strict=True)),
            "low_energy": self.low_energy,
            "uncertainty": self.relative_uncertainty,
        }


def typical_fractions() -> tuple[float, ...]:
    """Fission fractions of a power reactor in mid-cycle, in the order of `NUCLIDES`."""
    return tuple(_table("fission_fraction").values())


@cache
def _table(quantity: str) -> dict[str, float]:
    rows = read_rows(resource_path("reactor/nuclides.csv"))
    return {row["nuclide"]: float(row[quantity]) for row in rows}


@cache
def _polynomials() -> dict[str, Array]:
    rows = read_rows(resource_path("reactor/huber_mueller.csv"))
    return {row["nuclide"]: np.array([float(row[f"a{i}"]) for i in range(1, 7)]) for row in rows}


def antineutrinos_per_fission(nuclide: str, energy_MeV: Array) -> Array:
    """S_k(E) by Huber and Mueller, per MeV and fission; the fit holds from 2 to 8 MeV.

    >>> antineutrinos_per_fission("U235", np.array([2.0, 4.0])).round(3)
    array([1.321, 0.292])
    """
    return np.asarray(np.exp(np.polynomial.polynomial.polyval(energy_MeV, _polynomials()[nuclide])))


def _per_fission(reactor: Reactor) -> tuple[Array, Array]:
    """Energies and antineutrinos per MeV and fission of the reactor's mixture."""
    high = np.linspace(_JOIN_MEV, _HIGHEST_MEV, 121)
    shares = dict(zip(NUCLIDES, reactor.fission_fractions, strict=True))
    above = sum(share * antineutrinos_per_fission(name, high) for name, share in shares.items())
    if reactor.low_energy == "none":
        return high, np.asarray(above)
    rows = read_rows(resource_path("reactor/vogel_engel.csv"))
    low = np.array([float(row["energy_MeV"]) for row in rows])
    below = sum(
        share * np.array([float(row[name]) for row in rows]) for name, share in shares.items()
    )
    energy = np.concatenate([[0.0], low, high])
    density = np.concatenate([[0.0], np.asarray(below), np.asarray(above)])
    if reactor.low_energy == "vogel-engel":
        return _with_capture(energy, density)
    return energy, density


def _with_capture(energy: Array, density: Array) -> tuple[Array, Array]:
    """With the two β decays ²³⁹U → ²³⁹Np → ²³⁹Pu of each neutron capture on ²³⁸U, as allowed
    spectra without Coulomb correction [assumed], to the endpoints of their strongest branches."""
    rows = read_rows(resource_path("reactor/neutron_capture.csv"))
    grid = np.union1d(energy, np.linspace(0.0, 1.3, 131))
    steps = energy[1:][np.diff(energy) == 0]
    grid = np.sort(np.concatenate([grid, steps]))
    total = np.interp(grid, energy, density)
    for step in steps:  # interp gives the later value at both
        first = int(np.searchsorted(grid, step, side="left"))
        total[first] = density[int(np.searchsorted(energy, step, side="left"))]
    for row in rows:
        endpoint, per_fission = float(row["endpoint_MeV"]), float(row["per_fission"])
        kinetic = np.clip(endpoint - grid, 0.0, None)
        mass = constants.value("electron mass energy equivalent in MeV")
        shape = grid**2 * (kinetic + mass) * np.sqrt(kinetic * (kinetic + 2 * mass))
        total = total + per_fission * shape / np.trapezoid(shape, grid)
    return grid, total


@dataclass(frozen=True)
class ReactorSource:
    """The reactor as a `NeutrinoSource`: electron antineutrinos, before they oscillate."""

    reactor: Reactor
    name: str = "reactor"
    is_antineutrino: ClassVar[bool] = True

    @cached_property
    def spectrum(self) -> PiecewiseSpectrum:
        """Normalised energy spectrum."""
        energy, density = _per_fission(self.reactor)
        return PiecewiseSpectrum(tuple(energy.tolist()), tuple(density.tolist()))

    @property
    def flux_per_cm2_s(self) -> float:
        """Flux averaged over the live time."""
        reactor, energies = self.reactor, _table("energy_per_fission_MeV")
        per_fission_MeV = sum(
            share * energies[name]
            for name, share in zip(NUCLIDES, reactor.fission_fractions, strict=True)
        )
        fissions = reactor.power_GW * 1e9 / (per_fission_MeV * 1e6 * constants.e)
        area_cm2 = 4 * np.pi * (reactor.distance_m * 100) ** 2
        return float(reactor.duty * fissions * self.spectrum.integral / area_cm2)

    @property
    def relative_uncertainty(self) -> float:
        """That of the reactor."""
        return self.reactor.relative_uncertainty

    def flavours(self, energy_MeV: Array, parameters: Oscillation) -> Array:
        """Electron antineutrinos alone: a detector so near sees no oscillation."""
        one, none = np.ones_like(energy_MeV), np.zeros_like(energy_MeV)
        return np.stack([one, none, none])

    def masses(self, energy_MeV: Array, parameters: Oscillation) -> Array:
        """|U_ei|²."""
        shares = parameters.mixing_squared()[0]
        return np.stack([np.full_like(energy_MeV, share) for share in shares])


def reactor_source(reactor: Reactor) -> ReactorSource:
    """The source of a reactor."""
    return ReactorSource(reactor)
