"""Units of published exposures and rates: a closed list, and each as its factor.

A year has 365.25 days, as in the rates (`exonu.interactions`)."""

from __future__ import annotations

from exonu.core.constants import days_per_year
from exonu.core.errors import InputError

_MASS_TONNE = {"kg": 1e-3, "t": 1.0, "tonne": 1.0}
_TIME_YEAR = {"d": 1 / days_per_year, "day": 1 / days_per_year, "y": 1.0, "yr": 1.0, "year": 1.0}
EXPOSURES = {
    f"{mass} {time}": tonne * year
    for mass, tonne in _MASS_TONNE.items()
    for time, year in _TIME_YEAR.items()
}
"""Units of an exposure in tonne·year, by name: mass and time with a blank between."""
_ENERGY_KEV = {"keV": 1.0, "eV": 1e-3, "MeV": 1e3}
_SIGNS = str.maketrans({"·": " ", "*": " ", "-": " ", "×": " "})


def tonne_years(unit: str) -> float | None:
    """One of a unit of exposure in tonne·year; None if it is none.

    >>> round(1e6 * tonne_years("kg day"), 4), tonne_years("t·y"), tonne_years("kg/day")
    (2.7379, 1.0, None)
    """
    words = " ".join(unit.translate(_SIGNS).split())
    return EXPOSURES.get(words, EXPOSURES.get(words.removesuffix("s")))


def events_per_tonne_year_keV(unit: str) -> float | None:
    """One of a unit of differential rates in events/(tonne year keV); None if it is none.

    >>> events_per_tonne_year_keV("1/(t y keV)"), events_per_tonne_year_keV("events/(kg day keV)")
    (1.0, 365250.0)
    >>> events_per_tonne_year_keV("events/(keV tonne year)"), events_per_tonne_year_keV("events/keV")
    (1.0, None)
    """
    words = unit.translate(_SIGNS).replace("(", " ").replace(")", " ")
    head, slash, below = words.partition("/")
    if not slash or head.split() not in (["1"], ["events"], ["counts"]):
        return None
    parts = below.replace("/", " ").split()
    energies = [part for part in parts if part in _ENERGY_KEV]
    exposure = tonne_years(" ".join(part for part in parts if part not in _ENERGY_KEV))
    if len(energies) != 1 or exposure is None:
        return None
    return 1 / exposure / _ENERGY_KEV[energies[0]]


def refused_exposure(unit: str, field: str, file: object) -> InputError:
    """What is said of a unit that is none of exposures."""
    return InputError(
        f"is not a unit of an exposure ({unit!r})",
        file=str(file),
        field=field,
        remedy="write kg day, t day, kg year or t year",
    )


def refused_rate(unit: str, field: str, file: object) -> InputError:
    """What is said of a unit that is none of counts or rates."""
    return InputError(
        f"is not a unit of counts or of a rate ({unit!r})",
        file=str(file),
        field=field,
        remedy="write counts, events/(t y keV) or events/(kg day keV)",
    )
