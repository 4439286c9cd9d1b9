"""Signals in an experiment's bins: N(x) = x·I + x²·P, with x a power of the strength, nearly always the square.

For the magnetic moment and the millicharge x = μ² or q², I is the whole signal and there is no P; for the dark photon
x = g², I is its interference with the weak interaction and P the pure term. A millicharge whose interference is asked
for has x = q.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.interactions import Physics, RecoilSpectra
from exonu.templates.experiment import Experiment

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parameter:
    """The physical parameter of an interaction and its unit, as `limits.csv` names them."""

    name: str
    unit: str


PARAMETERS = {
    "magnetic-moment": Parameter("mu_nu", "mu_B"),
    "millicharge": Parameter("q_nu", "e"),
    "dark-photon": Parameter("g_BL", "1"),
}


@dataclass(frozen=True)
class Signal:
    """Expected counts of one hypothesis, by solar source, for unit x.

    Attributes:
        interaction, flavour, mass_MeV: the hypothesis; the mass is None except for the dark photon.
        sources: names of the solar sources.
        linear: I, counts for x = 1, shape (n_sources, n_bins).
        quadratic: P, counts for x = 1, shape (n_sources, n_bins); None where there is none.
        other_atomic: the signal with the second atomic model, shape (n_sources, n_bins); None where there is none.
        power: x = strength**power.
    """

    interaction: str
    flavour: str
    mass_MeV: float | None
    sources: tuple[str, ...]
    linear: Array
    quadratic: Array | None = None
    other_atomic: Array | None = None
    power: int = 2

    @property
    def name(self) -> str:
        """Unique name, see `hypothesis_name`."""
        return hypothesis_name(self.interaction, self.flavour, self.mass_MeV)

    def counts(self, strength: float) -> Array:
        """Counts at a strength of the physical parameter, shape (n_bins,)."""
        x = strength**self.power
        total: Array = x * self.linear.sum(axis=0)
        return total if self.quadratic is None else total + x**2 * self.quadratic.sum(axis=0)

    def strength_for(self, total: float) -> float:
        """The strength at which the signal has `total` counts in all bins."""
        linear = float(self.linear.sum())
        if self.quadratic is None:
            return float((total / linear) ** (1 / self.power))
        pure = float(self.quadratic.sum())
        x = (-linear + np.sqrt(linear**2 + 4 * pure * total)) / (2 * pure)
        return float(x ** (1 / self.power))


def masses_MeV(block: Mapping[str, Any]) -> tuple[float, ...]:
    """The mediator masses of a dark-photon block of the settings, increasing, each once.

    >>> masses_MeV({"masses_MeV": {"minimum": 0.01, "maximum": 1, "number": 3}, "more_masses_MeV": [10, 0.1]})
    (0.01, 0.1, 1.0, 10.0)
    """
    grid = block["masses_MeV"]
    even = np.geomspace(grid["minimum"], grid["maximum"], grid["number"])
    return tuple(sorted({float(f"{mass:.4g}") for mass in [*even, *block["more_masses_MeV"]]}))


def hypothesis_name(interaction: str, flavour: str, mass_MeV: float | None = None) -> str:
    """Name of a hypothesis, used for files.

    >>> hypothesis_name("dark-photon", "all", 1e-3)
    'dark-photon_all_0.001MeV'
    """
    mass = "" if mass_MeV is None else f"_{mass_MeV:.6g}MeV"
    return f"{interaction}_{flavour}{mass}"


def hypotheses(interaction: str, block: Mapping[str, Any]) -> list[tuple[str, float | None]]:
    """Flavour and mass of every hypothesis of an interaction's block of the settings."""
    if interaction == "dark-photon":
        return [("all", mass) for mass in masses_MeV(block)]
    return [(flavour, None) for flavour in block["flavours"]]


def fold_signals(
    experiment: Experiment,
    physics: Physics,
    interaction: str,
    cases: Sequence[tuple[str, float | None]],
    *,
    other_atomic: str = "none",
) -> list[Signal]:
    """All signals of one interaction in the bins of an experiment.

    Args:
        experiment: gives the response.
        physics: fluxes, oscillation, couplings and atomic effects.
        interaction: `magnetic-moment`, `millicharge` or `dark-photon`.
        cases: flavour and mass of each, from `hypotheses`.
        other_atomic: second atomic model of the millicharge, or `none`.
    """
    spectra = RecoilSpectra(experiment.response.true_energy_keV, physics)
    fold = experiment.response.fold
    if interaction == "dark-photon":
        masses = [mass for _, mass in cases if mass is not None]
        interference, pure = spectra.dark_photon(masses)
        linear, quadratic = fold(interference), fold(pure)
        return [
            Signal(interaction, "all", mass, physics.sources, linear[i], quadratic[i]) for i, mass in enumerate(masses)
        ]
    if interaction == "magnetic-moment":
        return [
            Signal(interaction, flavour, None, physics.sources, fold(spectra.rate(interaction, flavour=flavour)))
            for flavour, _ in cases
        ]
    return [_millicharge(spectra, fold, flavour, other_atomic) for flavour, _ in cases]


def _millicharge(spectra: RecoilSpectra, fold: Callable[[Array], Array], flavour: str, other_atomic: str) -> Signal:
    physics = spectra.physics
    pure = fold(spectra.rate("millicharge", flavour=flavour, part="pure"))
    other = None
    if other_atomic not in ("none", physics.atomic("millicharge")):
        other = fold(spectra.rate("millicharge", flavour=flavour, part="pure", atomic=other_atomic))
    signal = Signal("millicharge", flavour, None, physics.sources, pure, other_atomic=other)
    if not physics.millicharge_weak_interference:
        return signal
    interference = fold(spectra.rate("millicharge", flavour=flavour, part="interference"))
    return replace(signal, linear=interference, quadratic=pure, power=1)


def fold_solar_neutrinos(experiment: Experiment, physics: Physics) -> Array:
    """Counts of Standard Model solar neutrinos by source, shape (n_sources, n_bins)."""
    spectra = RecoilSpectra(experiment.response.true_energy_keV, physics)
    return experiment.response.fold(spectra.rate("weak"))
