"""The closure: its test statistic in closed form and by toys, and small sets of window events end
to end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import reconstruction_events as lab

from exonu.core.errors import InputError
from exonu.detector.model import Detector
from exonu.events.reconstruction.chain import EventReconstruction
from exonu.events.selection.cuts import Selection
from exonu.templates.dead_pmt import closure_windows
from exonu.templates.dead_pmt.closure import closure_of, compare
from exonu.templates.dead_pmt.closure_windows import ClosureSettings, Windows, make_windows
from exonu.templates.dead_pmt.correction import CorrectionSettings
from exonu.templates.dead_pmt.probes import ProbeMaker, Probes, ProbeSettings

OTHER = {"optics": {"copper_albedo": 0.9, "rayleigh_cm": 100}}
CUTS = [{"name": "fiducial-volume", "keep": "r_pe_cm < 20", "status": "published"}]
SETTINGS = {
    "cuts": CUTS,
    "file": "events.yaml",
    "dead_pmt": {"edges_keV": [2, 12]},
    "closure": {
        "events_per_bin": 60,
        "probes_per_bin": 60,
        "edges_keV": [3, 6, 12],
        "detector": OTHER,
    },
    "dead_pmts": [30, 100, 333, 500],
    "variables": {"early_window_ns": 20},
    "seed": 1,
}
EDGES = CorrectionSettings(edges_keV=(2, 4, 6))


def probes(*bins: tuple[float, int, int]) -> Probes:
    """Probes at (energy, how many, how many of them leaked)."""
    energy = np.repeat([float(e) for e, _, _ in bins], [n for _, n, _ in bins])
    leaked = np.concatenate([np.arange(n) < k for _, n, k in bins])
    return Probes(energy, leaked, np.ones(len(energy)), np.zeros(len(energy), dtype=np.int64))


def test_the_truth_of_twice_the_leakage_is_met_after_correction_only() -> None:
    living = {"data": probes((3, 10**6, 20_000)), "simulation": probes((3, 10**6, 10_000))}
    dead = {"data": probes((3, 5000, 100)), "simulation": probes((3, 5000, 50))}
    found = compare(living, dead, EDGES)
    assert found.compared.tolist() == [True, False]
    assert found.corrected.expected[0] == pytest.approx(100)
    assert found.corrected.chi2 == pytest.approx(0)
    # the difference of two Poisson numbers with a common mean of 75
    assert found.uncorrected.chi2 == pytest.approx(50**2 / 150)
    summary = found.summary()
    assert summary["bins"] == 1
    assert not summary["uncorrected_agrees"]
    table = found.table()
    assert table["truth"].tolist() == [100, 0]
    assert table["factor"][0] == pytest.approx(2)


def test_the_error_of_the_correction_counts() -> None:
    """σ² = cλ(1 + c) + (σ_c λ)², here with c = 1 and σ_c² = 1/N + 1/N."""
    living = {name: probes((3, 10**6, 100)) for name in ("data", "simulation")}
    dead = {"data": probes((3, 5000, 60)), "simulation": probes((3, 5000, 40))}
    found = compare(living, dead, EDGES)
    sigma_c = found.correction.factor_up[0] - 1
    assert found.corrected.error[0] ** 2 == pytest.approx(50 * 2 + (50 * sigma_c) ** 2)


@pytest.mark.slow
def test_where_correction_is_right_99_percent_of_toys_are_in_the_range() -> None:
    random, inside, n = np.random.default_rng(1), 0, 300
    energies = (3, 5, 7, 9)
    settings = CorrectionSettings(edges_keV=(2, 4, 6, 8, 10))
    leak = {
        "data": np.array([0.02, 0.02, 0.01, 0.004]),
        "simulation": np.array([0.01, 0.008, 0.007, 0.003]),
    }
    for _ in range(n):
        living, dead = (
            {
                name: probes(*zip(energies, [trials] * 4, random.binomial(trials, p), strict=True))
                for name, p in leak.items()
            }
            for trials in (15_000, 5000)
        )
        inside += compare(living, dead, settings).summary()["corrected_agrees"]
    assert 0.97 <= inside / n <= 1


@pytest.fixture(scope="module")
def windows() -> Windows:
    maker = ProbeMaker(
        EventReconstruction.of(lab.small_map(), lab.detector()),
        Selection.from_settings(CUTS),
        ProbeSettings(),
        20.0,
    )
    settings = ClosureSettings.from_settings(SETTINGS["closure"])
    return Windows(
        maker, lab.detector(), lab.dead_channels(*SETTINGS["dead_pmts"]), settings, seed=1
    )


def test_events_are_on_the_windows_that_are_asked_for(windows: Windows) -> None:
    for on_dead in (True, False):
        channel, deposits = windows._deposits(5, on_dead=on_dead, number=0)
        assert len(deposits) == 2 * 60
        assert np.all(np.isin(channel, SETTINGS["dead_pmts"]) == on_dead)
        distance = np.linalg.norm(
            deposits.origin_cm - lab.detector().geometry.positions_cm[channel], axis=1
        )
        assert distance.max() < 3
        assert np.histogram(deposits.visible_keV, [3, 6, 12])[0].tolist() == [60, 60]


def test_dead_windows_leak_and_living_ones_do_so_when_masked(windows: Windows) -> None:
    dead, living = windows.on_dead(0), windows.probes(0)
    assert np.all(np.isin(dead.channel, SETTINGS["dead_pmts"]))
    assert not np.any(np.isin(living.channel, SETTINGS["dead_pmts"]))
    assert len(living) > 0.7 * len(dead)


def test_other_optics_are_others_and_the_light_yield_is_calibrated(windows: Windows) -> None:
    other = replace(windows, detector=Detector.from_settings(OTHER))
    scale = other.detector.collection_at_centre / windows.detector.collection_at_centre
    assert scale > 1.02
    _, events = other._events(0, on_dead=False)
    assert np.all(events.columns["light_yield_scale"] == scale)


@pytest.mark.slow
def test_any_number_of_jobs_gives_the_same_closure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closure_windows, "BLOCK", 20)
    lab.small_map().save(tmp_path / "map")
    settings = SETTINGS | {
        "closure": SETTINGS["closure"] | {"events_per_bin": 40, "probes_per_bin": 40}
    }
    whole, parts = [], []
    for which in ("data", "simulation"):
        whole.append(tmp_path / f"{which}.root")
        make_windows(settings, tmp_path / "map", which, (0, 1), whole[-1])
        for job in (0, 1):
            parts.append(tmp_path / f"{which}_{job}.root")
            make_windows(settings, tmp_path / "map", which, (job, 2), parts[-1])
    one, other = closure_of(whole, settings), closure_of(parts, settings)
    assert one.summary() == other.summary()
    with pytest.raises(InputError, match="has no events of the simulation"):
        closure_of(whole[:1], settings)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"events_per_bin": 0, "detector": OTHER}, "closure.events_per_bin: must be ≥ 1"),
        ({"probes_per_bin": 0, "detector": OTHER}, "closure.probes_per_bin: must be ≥ 1"),
        ({"edges_keV": [0, 2], "detector": OTHER}, "closure.edges_keV: must ascend from above 0"),
        ({}, "closure.detector: is empty: the data would be as simulated"),
        ({"optics": {}}, "closure.optics: is not a setting"),
    ],
)
def test_choices_are_checked(choice: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ClosureSettings.from_settings(choice)


def test_a_component_without_windows_is_refused(windows: Windows) -> None:
    copper = replace(windows, settings=replace(windows.settings, component="copper"))
    with pytest.raises(
        InputError, match=r"closure.component: has no decays on windows \(got 'copper'\)"
    ):
        copper.probes(0)


def test_bins_without_decays_are_refused(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closure_windows, "MOST_ATTEMPTS", 1)
    monkeypatch.setattr(closure_windows, "DECAYS_AT_ONCE", 200)
    with pytest.raises(InputError, match="has too few decays on dead windows"):
        windows.on_dead(0)


def test_files_of_another_step_are_refused(tmp_path: Path) -> None:
    from exonu.events.raw.writer import ColumnWriter

    with ColumnWriter(tmp_path / "a.root", "probes", {}) as writer:
        writer.write({"energy_keVee": np.ones(1)})
    with pytest.raises(InputError, match="holds no events of the closure"):
        closure_of([tmp_path / "a.root"], SETTINGS)
