"""Standard solar models: the neutrino sources, their fluxes and spectra, read from
`resources/solar`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.tables import read_rows
from exonu.core.types import Array
from exonu.solar.oscillation import Oscillation, flavour_probabilities, mass_content
from exonu.solar.spectrum import BetaSpectrum, LineSpectrum, Spectrum

BERYLLIUM_LINES = ("double", "single")
"""Settings of `beryllium_line`: the physical pair of lines, or one line with the full flux."""


@dataclass(frozen=True)
class Source:
    """One source of solar neutrinos.

    Attributes:
        name: `pp`, `be7`, `pep`, `n13`, `o15` or `f17`.
        flux_per_cm2_s: flux at Earth, all flavours.
        relative_uncertainty: its 1σ relative uncertainty in the solar model.
        electron_density_mol_per_cm3: effective electron density where the neutrinos are made.
        spectrum: normalised energy spectrum.
    """

    name: str
    flux_per_cm2_s: float
    relative_uncertainty: float
    electron_density_mol_per_cm3: float
    spectrum: Spectrum
    is_antineutrino: ClassVar[bool] = False

    def flavours(self, energy_MeV: Array, parameters: Oscillation) -> Array:
        """Probabilities of ν_e, ν_μ, ν_τ at Earth, shape (3, *energy.shape)."""
        return flavour_probabilities(energy_MeV, self.electron_density_mol_per_cm3, parameters)

    def masses(self, energy_MeV: Array, parameters: Oscillation) -> Array:
        """Probabilities of ν_1, ν_2, ν_3 at Earth, shape (3, *energy.shape)."""
        return mass_content(energy_MeV, self.electron_density_mol_per_cm3, parameters)


@cache
def _flux_rows() -> list[dict[str, str]]:
    return read_rows(resource_path("solar/fluxes.csv"))


def solar_models() -> tuple[str, ...]:
    """Names of the solar models.

    >>> solar_models()
    ('SFII-GS98', 'B16-GS98', 'B16-AGSS09met')
    """
    return tuple(dict.fromkeys(row["model"] for row in _flux_rows()))


@cache
def solar_sources(model: str, beryllium_line: str = "double") -> tuple[Source, ...]:
    """The sources of a solar model, in the order pp, be7, pep, n13, o15, f17.

    Args:
        model: one of `solar_models()`.
        beryllium_line: `double` or `single`.

    Raises:
        InputError: if the model or the setting is unknown.

    >>> [(source.name, source.flux_per_cm2_s) for source in solar_sources("SFII-GS98")[:2]]
    [('pp', 59800000000.0), ('be7', 5000000000.0)]
    """
    if model not in solar_models():
        raise InputError(
            f"is not a solar model (got {model!r})",
            field="solar_model",
            remedy=f"choose one of {', '.join(solar_models())}",
        )
    if beryllium_line not in BERYLLIUM_LINES:
        raise InputError(
            f"must be double or single (got {beryllium_line!r})",
            field="beryllium_line",
            remedy="double is the physical pair of lines, single one line at 861.8 keV with the full flux",
        )
    flux = {row["source"]: row for row in _flux_rows() if row["model"] == model}
    return tuple(
        Source(
            name=row["source"],
            flux_per_cm2_s=float(flux[row["source"]]["flux_per_cm2_s"]),
            relative_uncertainty=float(flux[row["source"]]["relative_uncertainty"]),
            electron_density_mol_per_cm3=float(row["electron_density_mol_per_cm3"]),
            spectrum=_spectrum(row, beryllium_line),
        )
        for row in read_rows(resource_path("solar/sources.csv"))
    )


def _spectrum(source: dict[str, str], beryllium_line: str) -> Spectrum:
    if source["kind"] == "beta":
        return BetaSpectrum(float(source["endpoint_keV"]) / 1e3, float(source["daughter_charge"]))
    lines = [
        row
        for row in read_rows(resource_path("solar/lines.csv"))
        if row["source"] == source["source"] and row["scheme"] in ("all", beryllium_line)
    ]
    return LineSpectrum(
        tuple(float(line["energy_keV"]) / 1e3 for line in lines),
        tuple(float(line["fraction"]) for line in lines),
    )
