"""Small inputs of figures: a spectrum, limits, published limits."""

import numpy as np
import pandas as pd

from exonu.report.numbers.figure_records import Heading, SignalCounts, SpectrumCounts
from exonu.search.limit_rows import COLUMNS, EXPECTED

PARAMETERS = {
    "magnetic-moment": ("mu_nu", "mu_B"),
    "millicharge": ("q_nu", "e"),
    "dark-photon": ("g_BL", "1"),
}


def make_heading(**changes):
    known = {
        "name": "Toy",
        "reference": "arXiv:0000.00000",
        "exposure_tonne_year": 1.5,
        "is_simulated": False,
        "blinded": False,
    }
    return Heading(**(known | changes))


def make_counts(
    observed=(3, 0, 7, 5), background=(2.0, 3.0, 4.0, 5.0), strength=2e-12, gap=0.0, **heading
):
    """A spectrum of bins of 1 keV, with a gap of so many keV below the last, two backgrounds and
    one signal."""
    background = np.array(background)
    low = np.arange(background.size, dtype=float) + 1
    low[-1] += gap
    counts = None if strength is None else np.linspace(2.0, 0.1, background.size)
    signal = SignalCounts("millicharge", "all", None, "q_nu", "e", strength, counts)
    backgrounds = {"krypton": 0.75 * background, "xenon": 0.25 * background}
    observed = np.array(observed, dtype=float)
    return SpectrumCounts(
        make_heading(**heading), low, low + 1, observed, backgrounds, 0.1 * background, (signal,)
    )


def make_limits(
    cases=(("millicharge", "all", None),),
    observed=1.0,
    expected=(0.5, 0.7, 1.0, 1.4, 2.0),
    scale=1e-12,
):
    """Rows of `limits.csv`: (interaction, flavour, mass) with observed and expected limits times a
    scale."""
    rows = []
    for interaction, flavour, mass in cases:
        parameter, unit = PARAMETERS[interaction]
        row = dict.fromkeys(COLUMNS) | {
            "analysis": "toy",
            "interaction": interaction,
            "flavour": flavour,
            "mass_MeV": np.nan if mass is None else mass,
            "parameter": parameter,
            "unit": unit,
            "method": "asymptotic",
            "confidence_level": 0.9,
            "observed": observed * scale,
        }
        rows.append(
            row | {name: value * scale for name, value in zip(EXPECTED, expected, strict=True)}
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def make_projected(limits, days="711", factor=0.5, without_mc=0.4, alone=0.25):
    """Limits with rows of a projection: expected limits times a factor, and smaller ones with less
    uncertainty."""
    parts = [limits]
    sizes = {"": factor, "-no-mc": without_mc, "-stat": alone}
    for ending, size in sizes.items():
        method = f"asymptotic-{days}d{ending}"
        expected = {name: limits[name] * size for name in EXPECTED}
        parts.append(limits.assign(method=method, observed=np.nan, **expected))
    return pd.concat(parts, ignore_index=True)


def make_published():
    """Limits of others, one of them unconfirmed."""
    rows = [
        ("Reactor", "magnetic-moment", "e", None, 3e-11, "mu_B", "read"),
        ("Reactor", "millicharge", "e", None, 2e-12, "e", "read"),
        ("Rumour", "millicharge", "all", None, 1e-12, "e", "unconfirmed"),
        ("Other", "dark-photon", "all", 1e-3, 1e-6, "1", "read"),
    ]
    columns = ["experiment", "quantity", "flavour", "mass_MeV", "value", "unit", "status"]
    return pd.DataFrame(rows, columns=columns).assign(reference="a paper", note="")
