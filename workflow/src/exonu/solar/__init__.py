"""Solar neutrinos: fluxes, energy spectra and flavour at Earth."""

from exonu.catalogue import FLAVOURS
from exonu.solar.models import BERYLLIUM_LINES, Source, solar_models, solar_sources
from exonu.solar.oscillation import (
    Oscillation,
    flavour_probabilities,
    mass_content,
    oscillation,
    oscillation_sets,
)
from exonu.solar.spectrum import BetaSpectrum, LineSpectrum, Spectrum

__all__ = [
    "BERYLLIUM_LINES",
    "FLAVOURS",
    "BetaSpectrum",
    "LineSpectrum",
    "Oscillation",
    "Source",
    "Spectrum",
    "flavour_probabilities",
    "mass_content",
    "oscillation",
    "oscillation_sets",
    "solar_models",
    "solar_sources",
]
