"""The fit of the 57Co lines against pseudo-experiments and closed forms."""

import diagnostics_files as lab
import numpy as np
import pandas as pd
import pytest

from exonu.core.errors import InputError
from exonu.core.files import read_json
from exonu.events.diagnostics.calibration_check import (
    Calibrated,
    Peak,
    calibration_check,
    energy_scale,
    expected_counts,
    fit_peak,
    lines_keV,
    vertex_of,
)

RATIO = lines_keV()[1] / lines_keV()[0]
EDGES = 121 * np.linspace(0.85, 1.3, 61)


def source(
    n=4000,
    seed=1,
    mean=121.0,
    sigma=4.7,
    share=0.11,
    shift=(0.0, 0.0, 0.0),
    weight=1.0,
    truth=False,
):
    """Reconstructed events of the source."""
    rng = np.random.default_rng(seed)
    second = rng.random(n) < share
    energy = np.where(second, RATIO * mean, mean) + np.where(
        second, np.sqrt(RATIO), 1
    ) * sigma * rng.normal(0, 1, n)
    found = np.array(shift) + rng.normal(0, 1.2, (n, 3))
    made = {"energy_keVee": energy, "weight": np.full(n, weight)}
    made |= {f"{axis}_pe_cm": found[:, place] for place, axis in enumerate("xyz")}
    return made | ({f"true_{axis}_cm": np.zeros(n) for axis in "xyz"} if truth else {})


def peak(mean, error, sigma=4.0):
    return Peak(1000.0, mean, error, sigma, 0.1, 0.1, 0.01, 50.0, 56)


def test_expected_counts_add_up_and_share_the_lines():
    counts = expected_counts(np.array([0.0, 130.0, 300.0]), np.array([1000.0, 122.0, 0.5, 0.2]))
    np.testing.assert_allclose(counts, [800, 200], rtol=1e-9)


def test_fit_finds_what_was_put_in():
    truth = np.array([1e6, 121.0, 4.7, 0.11])
    found = fit_peak(expected_counts(EDGES, truth), EDGES)
    assert found.mean_keVee == pytest.approx(121.0, abs=1e-3)
    assert found.sigma_keVee == pytest.approx(4.7, abs=1e-3)
    assert found.second_share == pytest.approx(0.11, abs=1e-4)
    assert found.chi2 < 1e-2


def test_errors_are_the_spread_of_pseudo_experiments():
    rng = np.random.default_rng(3)
    expected = expected_counts(EDGES, np.array([3000.0, 121.0, 4.7, 0.11]))
    fits = [fit_peak(rng.poisson(expected), EDGES) for _ in range(150)]
    for name, true in (("mean", 121.0), ("sigma", 4.7)):
        pulls = [
            (getattr(fit, f"{name}_keVee") - true) / getattr(fit, f"{name}_error_keVee")
            for fit in fits
        ]
        assert np.mean(pulls) == pytest.approx(0, abs=0.3)
        assert np.std(pulls) == pytest.approx(1, abs=0.2)
    assert np.mean([fit.chi2 / fit.degrees for fit in fits]) == pytest.approx(1, abs=0.25)


def test_a_common_weight_changes_nothing_but_the_number():
    counts = expected_counts(EDGES, np.array([3000.0, 121.0, 4.7, 0.11])).round()
    plain, weighted = fit_peak(counts, EDGES), fit_peak(2880 * counts, EDGES, weight=2880.0)
    assert weighted.mean_keVee == pytest.approx(plain.mean_keVee, rel=1e-9)
    assert weighted.mean_error_keVee == pytest.approx(plain.mean_error_keVee, rel=1e-6)


def test_energy_scale_of_one_run():
    scale = energy_scale([peak(121.0, 0.3)], peak(121.0, 0.3), peak(110.0, 0.4))
    assert scale["difference"] == pytest.approx(0.1)
    assert scale["error"] == pytest.approx(1.1 * np.hypot(0.3 / 121, 0.4 / 110))
    assert scale["run_spread"] == 0
    assert scale["uncertainty"] == pytest.approx(np.hypot(0.1, scale["error"]))


def test_spread_of_the_runs_beyond_their_errors():
    runs = [peak(100.0, 1.0), peak(104.0, 1.0)]  # variance 8, of which 1 is statistical
    scale = energy_scale(runs, peak(102.0, 0.7), peak(102.0, 0.1))
    assert scale["run_spread"] == pytest.approx(np.sqrt(7) / 102)
    assert (
        energy_scale([peak(102.0, 1.0), peak(102.1, 1.0)], peak(102.0, 0.7), peak(102.0, 0.1))[
            "run_spread"
        ]
        == 0
    )


def test_vertex_of_events_in_the_peak_only():
    energy = np.where(np.arange(2000) % 2 == 0, 121.0, 90.0)
    vertex = np.where(
        energy[:, None] > 100,
        np.random.default_rng(1).normal([1.0, 0, -2.0], [1, 2, 3], (2000, 3)),
        50.0,
    )
    found = vertex_of(Calibrated(energy, vertex, np.ones(2000)), peak(121.0, 0.1), np.zeros(3))
    for place, (bias, spread) in enumerate(((1, 1), (0, 2), (-2, 3))):
        assert abs(found["bias_cm"][place] - bias) < 4 * found["bias_error_cm"][place]
        assert abs(found["spread_cm"][place] - spread) < 4 * found["spread_error_cm"][place]
    assert found["bias_error_cm"][0] == pytest.approx(np.sqrt(np.pi / 2 / 1000), rel=0.1)


SETTINGS = {
    "name": "Toy", "is_simulated": False,
    "sources": [
        {"kind": "data", "run": 8}, {"kind": "data", "run": 9},
        {"kind": "simulation", "sample": "s", "component": "co57"},
    ],
}  # fmt: skip


def files(folder):
    columns = [
        source(2000, 1, shift=(0, 0, 0.5)),
        source(2000, 2),
        source(6000, 3, 122.2, weight=3.0, truth=True),
    ]
    return [lab.write(folder / f"{number}.root", one) for number, one in enumerate(columns)]


def test_the_whole_check(tmp_path):
    calibration_check(SETTINGS, files(tmp_path), tmp_path / "c.json", tmp_path / "c.csv")
    record, table = read_json(tmp_path / "c.json"), pd.read_csv(tmp_path / "c.csv")
    assert list(record["runs"]) == ["8", "9"]
    scale = record["energy_scale"]
    assert abs(scale["difference"] - (121 / 122.2 - 1)) < 4 * scale["error"]
    assert record["data"]["resolution"] == pytest.approx(4.7 / 121, rel=0.1)
    assert record["data"]["bias_cm"][2] == pytest.approx(0.25, abs=0.1)
    energy = table[table["quantity"] == "energy_keVee"]
    assert energy["simulation"].sum() == pytest.approx(energy["data"].sum(), rel=1e-6)
    assert energy["fit_data"].sum() == pytest.approx(energy["data"].sum(), rel=1e-6)
    assert set(table["quantity"]) == {"energy_keVee", "x_cm", "y_cm", "z_cm"}


def test_too_few_events(tmp_path):
    made = files(tmp_path)
    lab.write(made[1], source(40))
    with pytest.raises(
        InputError,
        match="run 9: has 40 reconstructed events, and the fit of the 122 keV line needs 100",
    ):
        calibration_check(SETTINGS, made, tmp_path / "c.json", tmp_path / "c.csv")
    with pytest.raises(InputError, match="files: are 2 for 3 runs and samples"):
        calibration_check(SETTINGS, made[:2], tmp_path / "c.json", tmp_path / "c.csv")
