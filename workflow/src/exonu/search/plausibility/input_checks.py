"""Notes on a search before its fit: units, exposure, efficiency, resolution, backgrounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exonu.interactions import Physics, maximum_recoil_MeV
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.plausibility.registry import Checks, threshold
from exonu.search.signals import SolarNeutrinos
from exonu.search.workspace import LARGEST_VARIATION, bound_of_fall, largest_fall


@dataclass(frozen=True)
class SearchInputs:
    """What a search starts from.

    Attributes:
        experiment: in the bins of the fit.
        physics: fluxes and couplings.
        solar: the Standard Model's solar neutrinos in these bins.
    """

    experiment: Experiment
    physics: Physics
    solar: SolarNeutrinos


INPUTS: Checks[SearchInputs] = Checks()


@INPUTS
def solar_above_background(search: SearchInputs) -> Iterator[str]:
    """Solar neutrinos that no background could contain."""
    experiment = search.experiment
    if not experiment.includes_solar_neutrinos:
        return
    solar, background = search.solar.counts.sum(axis=0), experiment.background
    above = solar > threshold("solar_over_background") * background
    if above.any():
        worst = int(np.argmax(np.where(above, solar - background, -np.inf)))
        yield (
            "the backgrounds are declared to contain the Standard Model's solar neutrinos, but these are "
            f"more than all background in {bins_in_words(experiment, above)}: in "
            f"{bin_in_words(experiment, worst)} {solar[worst]:.3g} events of {background[worst]:.3g}; "
            "check exposure, units and backgrounds_include_solar_neutrinos"
        )


@INPUTS
def resolution_above_energy(search: SearchInputs) -> Iterator[str]:
    """A resolution worse than 100 %."""
    experiment = search.experiment
    if experiment.resolution_keV is None:
        return
    middle = (experiment.low_keV + experiment.high_keV) / 2
    sigma = experiment.resolution_keV(middle)
    worse = sigma > middle
    if worse.any():
        at = int(np.argmax(sigma / middle))
        yield (
            f"the energy resolution is worse than 100 % in {bins_in_words(experiment, worse)}: "
            f"σ = {sigma[at]:.3g} keV at {middle[at]:.3g} keV; check its units and its form"
        )


@INPUTS
def resolution_below_the_fano_limit(search: SearchInputs) -> Iterator[str]:
    """A resolution better than the fluctuations of ionisation allow."""
    experiment = search.experiment
    if experiment.resolution_keV is None or experiment.target != "xenon":
        return
    middle = (experiment.low_keV + experiment.high_keV) / 2
    sigma, limit = experiment.resolution_keV(middle), threshold("fano_sqrt_keV") * np.sqrt(middle)
    better = sigma < limit
    if better.any():
        at = int(np.argmin(sigma / limit))
        yield (
            f"the energy resolution is better than the Fano limit of liquid xenon in "
            f"{bins_in_words(experiment, better)}: σ = {sigma[at]:.3g} keV at {middle[at]:.3g} keV, where ionisation "
            f"alone fluctuates by {limit[at]:.2g} keV; check its units and its form"
        )


@INPUTS
def efficiency_breaks(search: SearchInputs) -> Iterator[str]:
    """A point of the efficiency far below both of its neighbours, as a lost digit makes it.

    One counted from simulated events has statistical errors, which the fit knows.
    """
    if search.experiment.is_from_events:
        return
    table = search.experiment.efficiency
    before, point, after = table.efficiency[:-2], table.efficiency[1:-1], table.efficiency[2:]
    factor = threshold("efficiency_break")
    off = factor * point < np.minimum(before, after)
    for place in np.flatnonzero(off) + 1:
        near = " and ".join(f"{table.efficiency[place + step]:g}" for step in (-1, 1))
        yield (
            f"the efficiency is {table.efficiency[place]:g} at {table.energy_keV[place]:g} keV, and {near} "
            "on both sides: is a digit missing?"
        )


@INPUTS
def uncertainties_too_small(search: SearchInputs) -> Iterator[str]:
    """A normalisation that nobody knows so well."""
    least = threshold("smallest_uncertainty")
    known = {
        f"of the background {one.name}": one.uncertainty for one in search.experiment.backgrounds
    }
    known["of the efficiency"] = search.experiment.efficiency_uncertainty or None
    for name, uncertainty in known.items():
        if uncertainty is not None and uncertainty < least:
            yield f"the relative uncertainty {name} is {uncertainty:.2g}; 0.05 means 5 %, is it so small?"


@INPUTS
def covariance_near_nothing(search: SearchInputs) -> Iterator[str]:
    """One standard deviation of a covariance that takes half of all that is expected in a bin."""
    experiment = search.experiment
    expected = experiment.background
    if not experiment.includes_solar_neutrinos:
        expected = expected + search.solar.counts.sum(axis=0)
    for background in experiment.backgrounds:
        for name, shift in background.shifts.items():
            fall = largest_fall(shift, expected)
            if fall > LARGEST_VARIATION:
                yield (
                    f"one standard deviation of {name} takes {fall:.0%} of the expected events of a bin: its "
                    f"parameter ends at ±{bound_of_fall(fall):.2g}, before there are none, and its errors are "
                    "smaller than those of the covariance; merge bins, or give the covariance of more events"
                )


@INPUTS
def bins_above_the_endpoint(search: SearchInputs) -> Iterator[str]:
    """Energies that no solar neutrino of the chosen sources gives an electron."""
    if search.experiment.observable is not None:
        return
    highest = highest_recoil_keV(search.physics)
    above = search.experiment.low_keV >= highest
    if above.any():
        yield (
            f"{bins_in_words(search.experiment, above)} {'lies' if above.sum() == 1 else 'lie'} above "
            f"{highest:.4g} keV, the highest recoil by the sources {', '.join(search.physics.sources)}: "
            "there is no signal"
        )


@INPUTS
def gaps_between_bins(search: SearchInputs) -> Iterator[str]:
    """Energies that no bin covers: a row may have been lost."""
    low, high = search.experiment.low_keV, search.experiment.high_keV
    gaps = np.flatnonzero(low[1:] > high[:-1] * (1 + 1e-9))
    if gaps.size:
        first = gaps[0]
        yield (
            f"the bins leave {gaps.size} gap{'s' if gaps.size > 1 else ''}, "
            f"{high[first]:g}–{low[first + 1]:g} {search.experiment.unit}"
            f"{' first' if gaps.size > 1 else ''}: is a row missing?"
        )


@INPUTS
def energies_in_other_units(search: SearchInputs) -> Iterator[str]:
    """Bins of thousands of keV, which are those of a spectrum in eV."""
    if search.experiment.observable is not None:
        return
    highest = float(search.experiment.high_keV.max())
    if highest > threshold("largest_energy_keV"):
        yield (
            f"the spectrum reaches {highest:.4g} keV, and recoils by solar neutrinos end at "
            f"{highest_recoil_keV(search.physics):.4g} keV; are the energies in eV?"
        )


@INPUTS
def exposure_beyond_scale(search: SearchInputs) -> Iterator[str]:
    """An exposure that nobody has, in either direction."""
    exposure = search.experiment.exposure_tonne_year
    least, most = (threshold(f"{end}_exposure_tonne_year") for end in ("smallest", "largest"))
    if not least <= exposure <= most:
        yield (
            f"the exposure is {exposure:.4g} tonne·year, and liquid xenon has had {least:g} to {most:g}; is it in kg·d "
            f"({exposure / 365250:.3g} tonne·year then)?"
        )


@INPUTS
def efficiency_says_nothing(search: SearchInputs) -> Iterator[str]:
    """An efficiency of 0, or of 1, wherever there are data."""
    experiment = search.experiment
    of = (experiment.low_keV, experiment.high_keV)
    if experiment.observable is not None:
        of = (experiment.efficiency.energy_keV, experiment.efficiency.energy_keV)  # true energies
    energies = np.linspace(of[0].min(), of[1].max(), 1001)
    seen = experiment.efficiency(energies)
    if np.all(seen == 0):
        yield "the efficiency is 0 at every energy of the spectrum: nothing would be seen"
    elif np.all(seen == 1):
        yield "the efficiency is 1 at every energy of the spectrum: has it been left out?"


def highest_recoil_keV(physics: Physics) -> float:
    """The highest recoil of an electron by the chosen solar sources.

    >>> round(highest_recoil_keV(Physics(sources=("pp",))))
    264
    """
    ends = [one.spectrum.endpoint_MeV for one in physics.neutrino_sources]
    return float(maximum_recoil_MeV(max(ends)) * 1e3)


def bin_in_words(experiment: Experiment, number: int) -> str:
    """One bin by its energies."""
    return f"{experiment.low_keV[number]:g}–{experiment.high_keV[number]:g} {experiment.unit}"


def bins_in_words(experiment: Experiment, chosen: NDArray[np.bool_]) -> str:
    """Some bins by their number and energies."""
    places = np.flatnonzero(chosen)
    if places.size == 1:
        return f"the bin {bin_in_words(experiment, int(places[0]))}"
    first, last = experiment.low_keV[places[0]], experiment.high_keV[places[-1]]
    ends = f"{first:g} and {last:g} {experiment.unit}"
    return f"{places.size} of {experiment.low_keV.size} bins between {ends}"
