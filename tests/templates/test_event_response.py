"""The response from simulated recoils: exact where the detector is perfect, and right where it is
not."""

import numpy as np
import pytest
from toy_analysis import SIGNAL_KEV

from exonu.detector import Efficiency, build_response
from exonu.interactions import RecoilSpectra, breakpoints_keV
from exonu.templates.signal_response import EventResponse, SimulatedRecoils

EDGES = np.arange(2.0, 202.0, 2.0)
MASS_KG, DAYS = 832.0, 365.25
EXPOSURE = MASS_KG * 1e-3


def recoils(n, smeared, seed=3, efficiency=None):
    """Recoils flat in the logarithm of their energy, in equal steps of it."""
    rng = np.random.default_rng(seed)
    low, high = SIGNAL_KEV
    true = low * (high / low) ** ((np.arange(n) + 0.5) / n)
    energy = true + smeared * np.sqrt(true) * rng.normal(size=n)
    kept = (
        np.ones(n) if efficiency is None else (rng.uniform(size=n) < efficiency(true)).astype(float)
    )
    return SimulatedRecoils(true, energy, true * np.log(high / low) / n, kept)


def response(sample, **keys):
    keys = {
        "liquid_mass_kg": MASS_KG,
        "live_days": DAYS,
        "smoothing": 0.1,
        "breakpoints_keV": breakpoints_keV(),
        **keys,
    }
    return EventResponse.of(sample, EDGES, **keys)


@pytest.mark.parametrize("power", [0.0, -1.0, -2.0])
def test_a_perfect_detector_integrates_the_rate(power):
    sample = recoils(20_000, smeared=0.0)
    made = response(sample)
    counts = made.matrix(sample) @ made.true_energy_keV**power
    integral = np.log(EDGES) if power == -1 else EDGES ** (power + 1) / (power + 1)
    np.testing.assert_allclose(counts, EXPOSURE * np.diff(integral), rtol=2e-3)


def test_a_gaussian_detector_agrees_with_the_closed_form():
    """Each bin within the scatter of the sample's own events; no bin in favour of either."""
    seen = Efficiency(np.array([0.0, 5.0, 30.0]), np.array([0.1, 0.4, 0.6]), of_true_energy=True)
    exact = build_response(
        EDGES[:-1],
        EDGES[1:],
        exposure_tonne_year=EXPOSURE,
        resolution_keV=lambda energy: 0.4 * np.sqrt(energy),
        efficiency=seen,
        true_minimum_keV=SIGNAL_KEV[0],
        breakpoints_keV=breakpoints_keV(),
    )
    sample = recoils(60_000, smeared=0.4, efficiency=seen)
    made = response(sample)
    rates = [
        RecoilSpectra(one.true_energy_keV).rate("magnetic-moment", strength=1e-10).sum(0)
        for one in (made, exact)
    ]
    found, expected = made.matrix(sample) @ rates[0], exact.fold(rates[1])
    # 60,000 events over 6.3 e-foldings: some 1,000 × efficiency in the ±10 % around an energy
    pulls = (found / expected - 1) / np.sqrt(1 / (0.15 * 60_000 / np.log(520) * seen(EDGES[:-1])))
    assert np.abs(pulls).max() < 4
    assert abs(found.sum() / expected.sum() - 1) < 0.01


def test_all_of_a_volume_counts_whatever_part_was_simulated():
    """A sample of a third of the liquid has weights for a third of the rate: it makes a third of
    the counts."""
    sample = recoils(5000, smeared=0.0)
    part = SimulatedRecoils(
        sample.true_energy_keV, sample.energy_keVee, sample.weight_per_day / 3, sample.fraction
    )
    made = response(sample)
    np.testing.assert_allclose(made.matrix(part), made.matrix(sample) / 3)


def test_energy_scale_moves_a_line():
    """A rate at one energy, seen two per cent higher, is where energies two per cent higher would
    be."""
    sample = recoils(20_000, smeared=0.2)
    made = response(sample)
    line = np.exp(-(((made.true_energy_keV - 100) / 2) ** 2) / 2)
    middle = (EDGES[1:] + EDGES[:-1]) / 2
    means = [
        (middle * counts).sum() / counts.sum()
        for counts in (made.matrix(one) @ line for one in (sample, sample.rescaled(1.02)))
    ]
    assert means[1] / means[0] == pytest.approx(1.02, abs=2e-3)


def test_steps_of_the_rate_and_edges_of_bins_end_panels():
    sample = recoils(2000, smeared=0.0)
    made = response(sample)
    inside = [
        edge for edge in [*breakpoints_keV(), *EDGES] if SIGNAL_KEV[0] * 1.01 < edge < SIGNAL_KEV[1]
    ]
    for edge in (
        inside
    ):  # Gauss nodes lie inside panels: as many weights add up to the edge as nodes lie below it
        below = made.true_energy_keV < edge
        start = sample.true_energy_keV[0] / 1.1
        assert start + made.weights_keV[below].sum() == pytest.approx(edge, rel=1e-9)


def test_table_of_efficiency_and_resolution():
    seen = Efficiency(np.array([0.0, 1.0]), np.array([0.5, 0.5]), of_true_energy=True)
    sample = recoils(60_000, smeared=0.4, efficiency=seen)
    table = response(sample).table(sample, np.array([10.0, 100.0]), 1.0)
    np.testing.assert_allclose(table["efficiency"], 0.5, atol=4 * table["efficiency_error"].max())
    np.testing.assert_allclose(table["mean_energy_keVee"], [10, 100], rtol=0.02)
    np.testing.assert_allclose(table["sigma_keVee"], 0.4 * np.sqrt([10, 100]), rtol=0.1)
    assert np.all((table["efficiency_error"] > 0.005) & (table["efficiency_error"] < 0.05))


def test_statistical_errors_are_the_scatter_of_repeated_samples():
    """Counts of a rate that falls as 1/T, of samples of 1,000 recoils at random energies."""
    counts, errors = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        low, high = SIGNAL_KEV
        true = low * (high / low) ** rng.uniform(size=1000)
        energy = true + 0.4 * np.sqrt(true) * rng.normal(size=1000)
        kept = (rng.uniform(size=1000) < 0.6).astype(float)
        sample = SimulatedRecoils(true, energy, true * np.log(high / low) / 1000, kept)
        made = response(sample)
        counts.append(made.matrix(sample) @ (1 / made.true_energy_keV))
        errors.append(made.relative_errors(sample))
    inside = slice(2, 90)
    scatter = np.std(counts, axis=0) / np.mean(counts, axis=0)
    assert np.mean(scatter[inside] / np.mean(errors, axis=0)[inside]) == pytest.approx(1, abs=0.08)


def test_of_many_events_a_part_tells_the_error(monkeypatch):
    sample = recoils(4000, smeared=0.4)
    made = response(sample)
    whole = made.relative_errors(sample)
    monkeypatch.setattr("exonu.templates.signal_response.MOST_ROWS", 999)
    np.testing.assert_allclose(made.relative_errors(sample)[5:90], whole[5:90], rtol=0.3)
    assert np.mean(made.relative_errors(sample)[5:90] / whole[5:90]) == pytest.approx(1, abs=0.03)
