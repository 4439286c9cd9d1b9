"""What the charge radius by XENONnT SR0 becomes with another χ², other electrons, couplings, flavours…

    python docs/charge_radius_variants.py > table.md

A fit of one radius, of both signs at once, to the released spectrum; printed is the table of
docs/interactions.md, which tests/docs/test_interactions_page.py makes anew. Nothing here is
tuned: each row changes what it says and nothing else, but for the last ones, which name all."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import chi2 as chi_squared

from exonu.core.resources import resource_path
from exonu.core.tables import read_rows
from exonu.core.types import Array
from exonu.interactions import Physics, RecoilSpectra
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.signals import fold_signals

SR0 = resource_path("published/xenonnt-sr0/experiment.yaml")
RADII = np.linspace(-2e-30, 2e-30, 2001)
FLAVOURS = ("e", "mu")
TWO_OF_90 = float(chi_squared.ppf(0.9, 1))
"""Δχ² of a two-sided 90 % interval, 2.71."""
ONE_OF_90 = float(chi_squared.ppf(0.8, 1))
"""Δχ² of a one-sided 90 % limit, 1.64."""
STANDARD_MODEL = {"e": -0.83e-32, "mu": -0.48e-32}
"""⟨r²⟩ in cm² of the Standard Model (Bernabéu et al., hep-ph/0210055)."""


def published() -> dict[tuple[str, str], float]:
    """Ends of arXiv:2208.02144 in cm², by flavour and sign."""
    rows = read_rows(resource_path("limits/limits.csv"))
    signs = {"charge-radius": "+", "charge-radius-negative": "-"}
    return {
        (row["flavour"], signs[row["quantity"]]): float(row["value"])
        for row in rows
        if row["experiment"] == "XENONnT SR0" and row["quantity"] in signs
    }


@dataclass(frozen=True)
class Fit:
    """One way to fit.

    Attributes:
        couplings, electrons, sources: of the cross-section and the Sun.
        shares: P_e and P_μ instead of those of the oscillation.
        statistic: `poisson` (−2 ln of the ratio to a perfect fit), or Gaussian with errors `√n`,
            `√b`, or `Poisson's` (half the central 68 % interval).
        background, flux: relative error of the normalisation of B0, of all neutrinos.
        level: Δχ².
        from_zero: Δχ² above ⟨r²⟩ = 0 instead of the minimum.
        others_free: the radius of ν_μ is fitted along with that of ν_e, and the other way round.
        bins: the first of those that are fitted, and where they end.
        edit: what is changed in the experiment's YAML, old and new text.
        scale, offset: what is printed is scale·⟨r²⟩ + offset of the Standard Model's.
    """

    couplings: str = "radiative"
    electrons: str = "stepping"
    sources: tuple[str, ...] = Physics().sources
    shares: tuple[float, float] | None = None
    statistic: str = "poisson"
    background: float = 0.0
    flux: float = 0.0
    level: float = TWO_OF_90
    from_zero: bool = False
    others_free: bool = False
    bins: tuple[int, int] = (0, 29)
    edit: tuple[str, str] | None = None
    scale: float = 1.0
    offset: float = 0.0


@cache
def experiment(edit: tuple[str, str] | None) -> Experiment:
    """XENONnT SR0, or a copy of it with an edited YAML."""
    if edit is None:
        return read_experiment(SR0)
    with tempfile.TemporaryDirectory() as folder:
        for file in Path(SR0).parent.iterdir():
            text = file.read_text(encoding="utf-8")
            if file.name == Path(SR0).name:
                assert edit[0] in text
                text = text.replace(*edit)
            (Path(folder) / file.name).write_text(text, encoding="utf-8")
        found = read_experiment(Path(folder) / Path(SR0).name)
        _ = found.response
        return found


@cache
def signals(fit: Fit) -> tuple[dict[str, tuple[Array, Array]], Array]:
    """I and P by flavour for 1 cm², and the weak counts, in the bins of the spectrum."""
    treatments = (("charge-radius", fit.electrons), ("weak", fit.electrons))
    physics = Physics(couplings=fit.couplings, sources=fit.sources, treatments=treatments)
    one = experiment(fit.edit)
    made = fold_signals(one, physics, "charge-radius", [(f, None) for f in FLAVOURS])
    spectra = RecoilSpectra(one.response.true_energy_keV, physics)
    factors = [1.0, 1.0]
    if fit.shares is not None:  # relative to those of pp neutrinos, which nearly all are
        from exonu.solar import flavour_probabilities, oscillation

        pp = flavour_probabilities(0.3, 60.6, oscillation(physics.oscillation))
        factors = [share / float(now) for share, now in zip(fit.shares, pp[:2], strict=True)]
    parts = {}
    for signal, flavour, factor in zip(made, FLAVOURS, factors, strict=True):
        assert signal.quadratic is not None
        parts[flavour] = (factor * signal.linear.sum(0), factor * signal.quadratic.sum(0))
    return parts, one.response.fold(spectra.rate("weak").sum(axis=0))


def statistic(fit: Fit, signal: Array, weak: Array) -> Array:
    """χ² of signals of shape (..., bins), at the best value of the normalisation."""
    one = experiment(fit.edit)
    assert one.observed is not None
    b, n, s, w = (a[..., slice(*fit.bins)] for a in (one.background, one.observed, signal, weak))
    pull = fit.background or fit.flux
    direction = np.broadcast_to(b, s.shape) if fit.background else w + s
    errors = _errors(fit.statistic, n, b)

    def model(beta: Array) -> Array:
        return np.maximum(b + s + beta[..., None] * direction, 1e-9)

    beta = np.zeros(s.shape[:-1])
    for _ in range(30 if pull else 0):  # Newton
        mu = model(beta)
        if errors is None:
            slope = np.sum(direction * (1 - n / mu), axis=-1)
            curvature = np.sum(direction**2 * n / mu**2, axis=-1)
        else:
            slope = np.sum(direction * (mu - n) / errors**2, axis=-1)
            curvature = np.sum(direction**2 / errors**2, axis=-1)
        beta = beta - (slope + beta / pull**2) / (curvature + 1 / pull**2)
    mu, penalty = model(beta), (beta / pull) ** 2 if pull else 0.0
    if errors is None:
        found = 2 * np.sum(mu - n + n * np.log(n / mu), axis=-1)
    else:
        found = np.sum(((mu - n) / errors) ** 2, axis=-1)
    return np.asarray(found + penalty)


def _errors(name: str, n: Array, b: Array) -> Array | None:
    if name == "poisson":
        return None
    if name == "√n":
        return np.sqrt(n)
    if name == "√b":
        return np.sqrt(b)
    assert name == "Poisson's"
    tail = (1 - float(chi_squared.cdf(1, 1))) / 2
    low = chi_squared.ppf(tail, 2 * n) / 2
    return np.asarray((chi_squared.ppf(1 - tail, 2 * n + 2) / 2 - low) / 2)


def interval(fit: Fit, flavour: str) -> tuple[float, float]:
    """The two ends in cm²."""
    parts, weak = signals(replace(fit, statistic="poisson", background=0.0, flux=0.0))
    linear, quadratic = parts[flavour]
    signal = RADII[:, None] * linear + RADII[:, None] ** 2 * quadratic
    if fit.others_free:
        other, other_squared = parts[FLAVOURS[1 - FLAVOURS.index(flavour)]]
        tried = np.linspace(-1.5e-30, 1.5e-30, 61)[:, None]
        added = tried * other + tried**2 * other_squared
        chi = np.min([statistic(fit, signal + one, weak) for one in added], axis=0)
    else:
        chi = statistic(fit, signal, weak)
    least = chi[len(RADII) // 2] if fit.from_zero else chi.min()
    over = chi - least - fit.level
    inside = np.flatnonzero(over <= 0)
    first, last = int(inside[0]), int(inside[-1])
    ends = [
        float(np.interp(0, [over[i], over[o]], [RADII[i], RADII[o]]))
        for i, o in ((first, first - 1), (last, last + 1))
    ]
    moved = fit.offset * STANDARD_MODEL[flavour]
    return fit.scale * ends[0] + moved, fit.scale * ends[1] + moved


BASE = Fit()
LIKE_THE_PAPER = Fit(couplings="tree-0.2386", electrons="free")
"""Cross-section of reinterpretations: tree-level couplings, 54 free electrons."""
VARIANTS: dict[str, Fit] = {
    "Poisson, known background, Δχ² = 2.71 (base)": BASE,
    "background ±6 %": replace(BASE, background=0.06),
    "background free": replace(BASE, background=100.0),
    "neutrino flux ±7 %": replace(BASE, flux=0.07),
    "54 free electrons": replace(BASE, electrons="free"),
    "couplings at tree level, s² = 0.2386": replace(BASE, couplings="tree-0.2386"),
    "couplings at tree level, s² = 0.2312": replace(BASE, couplings="tree-0.2312"),
    "P<sub>e</sub> = 0.55, P<sub>μ</sub> = P<sub>τ</sub>": replace(BASE, shares=(0.55, 0.225)),
    "P<sub>e</sub> = 0.56, θ<sub>23</sub> = 49°": replace(BASE, shares=(0.56, 0.19)),
    "pp neutrinos alone": replace(BASE, sources=("pp",)),
    "one-sided, Δχ² = 1.64": replace(BASE, level=ONE_OF_90),
    "Δχ² above ⟨r²⟩ = 0": replace(BASE, from_zero=True),
    "the other radius free": replace(BASE, others_free=True),
    "⟨r²⟩ with the Standard Model's": replace(BASE, offset=1.0),
    "half the definition": replace(BASE, scale=2.0),
    "fit to 10 keV": replace(BASE, bins=(0, 9)),
    "fit to 15 keV": replace(BASE, bins=(0, 14)),
    "fit from 2 keV": replace(BASE, bins=(1, 29)),
    "efficiency of the true energy": replace(
        BASE, edit=("argument: reconstructed-energy", "argument: true-energy")
    ),
    "resolution 1.5 times as wide": replace(BASE, edit=("a: 0.310", "a: 0.465")),
    "Gaussian, σ = √b": replace(BASE, statistic="√b"),
    "Gaussian, σ of Poisson's central 68 %": replace(BASE, statistic="Poisson's"),
    "Gaussian, σ = √n": replace(BASE, statistic="√n"),
    "σ = √n, background ±6 %": replace(BASE, statistic="√n", background=0.06),
    "free electrons, tree level": LIKE_THE_PAPER,
    "the same, σ = √n": replace(LIKE_THE_PAPER, statistic="√n"),
    **{
        f"the same, σ = √n, background ±{percent} %": replace(
            LIKE_THE_PAPER, statistic="√n", background=percent / 100
        )
        for percent in (5, 6, 7)
    },
}


def table(variants: Mapping[str, Fit] = VARIANTS) -> list[dict[str, str]]:
    """Rows of the table: ends in 1e-32 cm² and their ratios to the published ones."""
    want, rows = published(), []
    for name, fit in variants.items():
        row = {"variant": name}
        for flavour, symbol in zip(FLAVOURS, ("e", "μ"), strict=True):
            low, high = interval(fit, flavour)
            row[f"ν<sub>{symbol}</sub>"] = f"{low * 1e32:.1f} to {high * 1e32:.1f}"
            ratios = (-low / want[flavour, "-"], high / want[flavour, "+"])
            row[f"ratios {symbol}"] = " ".join(f"{ratio:.2f}" for ratio in ratios)
        rows.append(row)
    return rows


if __name__ == "__main__":
    rows = table()
    print("| " + " | ".join(rows[0]) + " |")
    print("|---" * len(rows[0]) + "|")
    for row in rows:
        print("| " + " | ".join(row.values()) + " |")
