"""Signals in an experiment's bins: N(x) = x·I + x²·P, with x a power of the strength, nearly always
the square.

For the magnetic moment and the millicharge x = μ² or q², I is the whole signal and there is no P;
for the dark photon x = g², I is its interference with the weak interaction and P the pure term. A
millicharge whose interference is asked for has x = q."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exonu.core.types import Array
from exonu.interactions import Physics, RecoilSpectra
from exonu.search.experiment.binned_spectrum import Experiment, Variations


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
        other_atomic: the signal with the second atomic model, shape (n_sources, n_bins); None where
            there is none.
        power: x = strength**power.
        linear_variations, quadratic_variations: I and P, summed over the sources, with the response
            one standard deviation up and down, shapes (n_bins,). The response is linear, so I and P
            vary each on its own.
    """

    interaction: str
    flavour: str
    mass_MeV: float | None
    sources: tuple[str, ...]
    linear: Array
    quadratic: Array | None = None
    other_atomic: Array | None = None
    power: int = 2
    linear_variations: Variations = field(default_factory=dict)
    quadratic_variations: Variations = field(default_factory=dict)

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
        linear_variations, quadratic_variations = (
            experiment.fold_variations(rate.sum(axis=1)) for rate in (interference, pure)
        )
        return [
            Signal(
                interaction,
                "all",
                mass,
                physics.sources,
                linear[i],
                quadratic[i],
                linear_variations=_of_mass(linear_variations, i),
                quadratic_variations=_of_mass(quadratic_variations, i),
            )
            for i, mass in enumerate(masses)
        ]
    if interaction == "magnetic-moment":
        return [_magnetic_moment(spectra, experiment, flavour) for flavour, _ in cases]
    return [_millicharge(spectra, experiment, flavour, other_atomic) for flavour, _ in cases]


def _of_mass(variations: Variations, i: int) -> dict[str, tuple[Array, Array]]:
    return {name: (up[i], down[i]) for name, (up, down) in variations.items()}


def _magnetic_moment(spectra: RecoilSpectra, experiment: Experiment, flavour: str) -> Signal:
    rate = spectra.rate("magnetic-moment", flavour=flavour)
    return Signal(
        "magnetic-moment",
        flavour,
        None,
        spectra.physics.sources,
        experiment.response.fold(rate),
        linear_variations=experiment.fold_variations(rate.sum(axis=0)),
    )


def _millicharge(
    spectra: RecoilSpectra, experiment: Experiment, flavour: str, other_atomic: str
) -> Signal:
    physics, fold = spectra.physics, experiment.response.fold
    pure = spectra.rate("millicharge", flavour=flavour, part="pure")
    of_pure = experiment.fold_variations(pure.sum(axis=0))
    other = None
    if other_atomic not in ("none", physics.atomic("millicharge")):
        other = fold(spectra.rate("millicharge", flavour=flavour, part="pure", atomic=other_atomic))
    names = ("millicharge", flavour, None, physics.sources)
    if not physics.millicharge_weak_interference:
        return Signal(*names, fold(pure), other_atomic=other, linear_variations=of_pure)
    interference = spectra.rate("millicharge", flavour=flavour, part="interference")
    return Signal(
        *names,
        linear=fold(interference),
        quadratic=fold(pure),
        other_atomic=other,
        power=1,
        linear_variations=experiment.fold_variations(interference.sum(axis=0)),
        quadratic_variations=of_pure,
    )


@dataclass(frozen=True)
class SolarNeutrinos:
    """Counts of the Standard Model's solar neutrinos.

    Attributes:
        counts: by source, shape (n_sources, n_bins).
        variations: summed over the sources, with the response one standard deviation up and down.
    """

    counts: Array
    variations: Variations = field(default_factory=dict)


def fold_solar_neutrinos(experiment: Experiment, physics: Physics) -> SolarNeutrinos:
    """The Standard Model's solar neutrinos in the bins of an experiment."""
    rate = RecoilSpectra(experiment.response.true_energy_keV, physics).rate("weak")
    return SolarNeutrinos(
        experiment.response.fold(rate), experiment.fold_variations(rate.sum(axis=0))
    )
