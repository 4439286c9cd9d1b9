"""Signals in an experiment's bins: N(x) = x·I + x²·P, with x a power of the strength, nearly always
the square.

For the magnetic moment and the millicharge x = μ² or q², I is the whole signal and there is no P;
for the dark photon x = g², I is its interference with the weak interaction and P the pure term. A
millicharge whose interference is asked for has x = q. `exonu.catalogue` says so for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from exonu.catalogue import SEARCHED, AbsorbedFlux, Line
from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.interactions import Physics, Polynomial, RecoilSpectra
from exonu.interactions.absorption import absorbed_flux_rate, curve_rate, line_rate
from exonu.interactions.many_body import many_body_ratio
from exonu.interactions.nuclear_recoils import NuclearSpectra, nuclear_sources
from exonu.search.experiment.binned_spectrum import Experiment, Variations


@dataclass(frozen=True)
class Signal:
    """Expected counts of one hypothesis, by solar source, for unit x.

    Attributes:
        interaction, flavour, mass_MeV: the hypothesis; the mass is None where there is none.
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

    def times(self, factors: Array) -> Signal:
        """With the counts of each bin multiplied, shape (n_bins,)."""
        quadratic, other = self.quadratic, self.other_atomic
        return replace(
            self,
            linear=factors * self.linear,
            quadratic=None if quadratic is None else factors * quadratic,
            other_atomic=None if other is None else factors * other,
            linear_variations=_times(factors, self.linear_variations),
            quadratic_variations=_times(factors, self.quadratic_variations),
        )

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


def _times(factors: Array, variations: Variations) -> Variations:
    return {name: (factors * up, factors * down) for name, (up, down) in variations.items()}


def masses_MeV(block: Mapping[str, Any]) -> tuple[float, ...]:
    """The masses of an interaction's block of the settings, increasing, each once.

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
    masses = masses_MeV(block) if SEARCHED[interaction].has_mass else (None,)
    return [(flavour, mass) for flavour in block.get("flavours", ("all",)) for mass in masses]


def fold_signals(
    experiment: Experiment,
    physics: Physics,
    interaction: str,
    cases: Sequence[tuple[str, float | None]],
    *,
    other_atomic: str = "none",
    curve: Sequence[Sequence[float]] = (),
) -> list[Signal]:
    """All signals of one interaction in the bins of an experiment.

    Args:
        experiment: gives the response.
        physics: fluxes, oscillation, couplings and atomic effects.
        interaction: one that is searched for.
        cases: flavour and mass of each, from `hypotheses`.
        other_atomic: second atomic model of an interaction that has it, or `none`.
        curve: rows of the spectrum, of the interaction `spectrum`.
    """
    if not cases:  # a variant of an analysis that lists no single masses
        return []
    if not SEARCHED[interaction].by_neutrinos:
        return _without_neutrinos(experiment, physics, interaction, cases, curve)
    spectra = RecoilSpectra(experiment.response.true_energy_keV, physics)
    masses = [mass for _, mass in cases if mass is not None] or None
    found = spectra.polynomial(interaction, masses)
    places = range(len(cases)) if masses else [0] * len(cases)
    at = [(flavour, place) for (flavour, _), place in zip(cases, places, strict=True)]
    spread = _spread(experiment, physics, interaction)
    linear, linear_variations = _folded(experiment, found, at, spread)
    quadratic, quadratic_variations = _folded(experiment, found, at, spread, quadratic=True)
    others = [None] * len(cases)
    models = SEARCHED[interaction].atomic[1:]
    is_formula = physics.cross_section(interaction) is None  # a table has no other atomic model
    if is_formula and other_atomic in models and other_atomic != physics.atomic(interaction):
        other = spectra.polynomial(interaction, masses, atomic=other_atomic, interference=False)
        others, _ = _folded(experiment, other, at)
    signals = [
        Signal(
            interaction,
            flavour,
            mass,
            physics.source_names,
            linear[i],
            quadratic[i],
            other_atomic=others[i],
            power=found.power,
            linear_variations=linear_variations[i],
            quadratic_variations=quadratic_variations[i],
        )
        for i, (flavour, mass) in enumerate(cases)
    ]
    on_nuclei = _on_nuclei(experiment, physics, interaction, at, masses)
    return signals if on_nuclei is None else list(map(_added, signals, on_nuclei))


def _on_nuclei(
    experiment: Experiment,
    physics: Physics,
    interaction: str,
    at: Sequence[tuple[str, int]],
    masses: list[float] | None,
) -> list[Signal] | None:
    """What nuclear recoils add to each signal; None where the experiment does not see them or
    nothing is known of them."""
    if (channel := experiment.nuclear) is None:
        return None
    spectra = NuclearSpectra(channel.response.true_energy_keV, physics)
    found = spectra.polynomial(interaction, masses)
    if found is None:
        return None
    fold, matrices = channel.response.fold, channel.variations
    linear, linear_variations = _folded_by(fold, matrices, found, at)
    quadratic, quadratic_variations = _folded_by(fold, matrices, found, at, quadratic=True)
    return [
        Signal(
            interaction,
            state,
            None,
            spectra.source_names,
            linear[i],
            quadratic[i],
            power=found.power,
            linear_variations=linear_variations[i],
            quadratic_variations=quadratic_variations[i],
        )
        for i, (state, _) in enumerate(at)
    ]


def _added(signal: Signal, other: Signal) -> Signal:
    """The counts of electrons and nuclei together; a nuisance parameter of one leaves the other."""
    assert signal.power == other.power
    names = tuple(dict.fromkeys([*signal.sources, *other.sources]))
    places = [names.index(name) for name in signal.sources]
    more = [names.index(name) for name in other.sources]

    def together(one: Array | None, two: Array | None) -> Array | None:
        if one is None or two is None:
            assert one is two
            return None
        counts = np.zeros((len(names), one.shape[1]))
        counts[places] += one
        counts[more] += two
        return counts

    linear = together(signal.linear, other.linear)
    assert linear is not None
    on_nuclei = other.linear
    return replace(
        signal,
        sources=names,
        linear=linear,
        quadratic=together(signal.quadratic, other.quadratic),
        other_atomic=None
        if signal.other_atomic is None
        else together(signal.other_atomic, on_nuclei),
        linear_variations=_joined(
            (signal.linear, signal.linear_variations), (other.linear, other.linear_variations)
        ),
        quadratic_variations=_joined(
            (signal.quadratic, signal.quadratic_variations),
            (other.quadratic, other.quadratic_variations),
        ),
    )


def _joined(*parts: tuple[Array | None, Variations]) -> dict[str, tuple[Array, Array]]:
    """Sums over parts with each nuisance parameter up and down; of a part without it, as it is."""
    names = dict.fromkeys(name for _, variations in parts for name in variations)
    found: dict[str, tuple[Array, Array]] = {}
    for name in names:
        both = [
            variations.get(name, (np.sum(counts, axis=0),) * 2)
            for counts, variations in parts
            if counts is not None
        ]
        found[name] = (
            np.asarray(sum(up for up, _ in both)),
            np.asarray(sum(down for _, down in both)),
        )
    return found


def _spread(experiment: Experiment, physics: Physics, interaction: str) -> Array | None:
    """Relative uncertainty of the many-body ratio at the true energies, where it is applied: not to
    a table of the user's."""
    if physics.atomic(interaction) != "rrpa" or physics.cross_section(interaction) is not None:
        return None
    ratio, error = many_body_ratio(physics.target, experiment.response.true_energy_keV)
    return np.asarray(error / ratio)


def _of_many_bodies(
    experiment: Experiment, rate: Array, spread: Array | None
) -> dict[str, tuple[Array, Array]]:
    """A rate with the many-body ratio one standard deviation up and down: one nuisance parameter,
    `many_body`, of everything that it is applied to."""
    if spread is None:
        return {}
    fold = experiment.response.fold
    return {"many_body": (fold(rate * (1 + spread)), fold(rate * (1 - spread)))}


WITHOUT_FLUX = ("no_flux",)
"""The source of a signal that is not of neutrinos: its flux is not uncertain."""


def _without_neutrinos(
    experiment: Experiment,
    physics: Physics,
    interaction: str,
    cases: Sequence[tuple[str, float | None]],
    curve: Sequence[Sequence[float]],
) -> list[Signal]:
    """Lines of absorbed particles, or the spectrum of a file, with the response's variations."""
    one, response = SEARCHED[interaction], experiment.response
    if isinstance(one.formula, Line):
        masses = np.array([mass for _, mass in cases], dtype=np.float64)
        rates = line_rate(interaction, masses, physics)[:, None]
    elif isinstance(one.formula, AbsorbedFlux):
        rates = absorbed_flux_rate(interaction, response.true_energy_keV, physics)[None]
    else:
        if not len(curve):
            raise InputError(
                "is missing",
                field=f"interactions.{interaction}.file",
                remedy="name the CSV with the spectrum in the analysis's YAML",
            )
        rates = curve_rate(curve, response.true_energy_keV)[None]

    def seen(matrix: Array) -> Array:
        """Counts by such a matrix, shape (cases, bins); its far tails are zero up to rounding."""
        folding = replace(response, matrix=matrix)
        is_line = isinstance(one.formula, Line)
        counts = rates * folding.fold_lines(masses * 1e3) if is_line else folding.fold(rates)
        return np.maximum(counts, 0.0)

    counts = seen(response.matrix)
    variations = {
        name: (seen(up), seen(down)) for name, (up, down) in experiment.all_variations.items()
    }
    return [
        Signal(
            interaction,
            flavour,
            mass,
            WITHOUT_FLUX,
            counts[i][None],
            power=one.power,
            linear_variations=_of_case(variations, i),
        )
        for i, (flavour, mass) in enumerate(cases)
    ]


def _of_case(variations: Variations, i: int) -> Variations:
    """The variations of one hypothesis, from shapes (cases, bins)."""
    return {name: (up[i], down[i]) for name, (up, down) in variations.items()}


def _folded(
    experiment: Experiment,
    rates: Polynomial,
    cases: Sequence[tuple[str, int]],
    spread: Array | None = None,
    *,
    quadratic: bool = False,
) -> tuple[list[Any], list[Variations]]:
    """I, or P, of states and masses in the bins, shape (sources, bins) each, and their
    variations."""
    matrices = experiment.all_variations
    found = _folded_by(experiment.response.fold, matrices, rates, cases, quadratic=quadratic)
    if spread is not None and found[0][0] is not None:
        chosen = _chosen(rates, cases, quadratic)
        of_many = _of_many_bodies(experiment, np.asarray(chosen).sum(axis=1), spread)
        return found[0], [
            {**variations, **_of_case(of_many, i)} for i, variations in enumerate(found[1])
        ]
    return found


def _chosen(rates: Polynomial, cases: Sequence[tuple[str, int]], quadratic: bool) -> Array | None:
    """I, or P, of states and masses, shape (cases, sources, n); None where there is none."""
    by_state = {state: rates.of(state)[int(quadratic)] for state, _ in cases}
    if any(rate is None for rate in by_state.values()):
        return None
    return np.stack([np.asarray(by_state[state])[place] for state, place in cases])


def _folded_by(
    fold: Callable[[Array], Array],
    matrices: Variations,
    rates: Polynomial,
    cases: Sequence[tuple[str, int]],
    *,
    quadratic: bool = False,
) -> tuple[list[Any], list[Variations]]:
    """The same through one response and its variations."""
    chosen = _chosen(rates, cases, quadratic)
    if chosen is None:
        return [None] * len(cases), [{}] * len(cases)
    total = chosen.sum(axis=1)
    both = {name: (total @ up.T, total @ down.T) for name, (up, down) in matrices.items()}
    return list(fold(chosen)), [_of_case(both, i) for i in range(len(cases))]


@dataclass(frozen=True)
class SolarNeutrinos:
    """Counts of the Standard Model's solar neutrinos.

    Attributes:
        counts: by source, shape (n_sources, n_bins).
        sources: their names.
        variations: summed over the sources, with the response one standard deviation up and down.
    """

    counts: Array
    sources: tuple[str, ...] = ()
    variations: Variations = field(default_factory=dict)

    def times(self, factors: Array) -> SolarNeutrinos:
        """With the counts of each bin multiplied, shape (n_bins,)."""
        return replace(
            self, counts=factors * self.counts, variations=_times(factors, self.variations)
        )


def fold_solar_neutrinos(experiment: Experiment, physics: Physics) -> SolarNeutrinos:
    """The Standard Model's solar neutrinos (or those of the physics' source) in the bins of an
    experiment, coherent scattering on nuclei among them where it is seen."""
    rate = RecoilSpectra(experiment.response.true_energy_keV, physics).rate("weak")
    variations = experiment.fold_variations(rate.sum(axis=0)) | _of_many_bodies(
        experiment, rate.sum(axis=0), _spread(experiment, physics, "weak")
    )
    counts = experiment.response.fold(rate)
    if (channel := experiment.nuclear) is None:
        return SolarNeutrinos(counts, physics.source_names, variations)
    spectra = NuclearSpectra(channel.response.true_energy_keV, physics)
    recoils = spectra.weak().sum(axis=0)
    total = recoils.sum(axis=0)
    varied = {
        name: (total @ up.T, total @ down.T) for name, (up, down) in channel.variations.items()
    }
    electrons = Signal(
        "weak", "all", None, physics.source_names, counts, linear_variations=variations
    )
    nuclei = Signal(
        "weak",
        "all",
        None,
        spectra.source_names,
        channel.response.fold(recoils),
        linear_variations=varied,
    )
    both = _added(electrons, nuclei)
    return SolarNeutrinos(both.linear, both.sources, both.linear_variations)


def flux_uncertainties(physics: Physics) -> dict[str, float]:
    """Relative uncertainty of the flux of every source that a signal may have."""
    sources = [*physics.neutrino_sources, *nuclear_sources(physics)]
    return {one.name: one.relative_uncertainty for one in sources} | dict.fromkeys(
        WITHOUT_FLUX, 0.0
    )
