"""Events in front of dead photomultipliers by component, and the truth of simulated data."""

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.templates.dead_pmt.correction import CorrectionSettings, DeadPmtCorrection, measure
from exonu.templates.dead_pmt.probes import NONE
from exonu.templates.dead_pmt.share_check import check_table
from exonu.templates.histograms import Spectra, Split, fill

EDGES = np.arange(2.0, 20.0)
REGION = (2.0, 15.0)


def correction(factor: float, up: float, down: float) -> DeadPmtCorrection:
    none = measure(NONE, NONE, CorrectionSettings(edges_keV=(2, 19)))
    values = (np.array([value]) for value in (factor, up, down))
    return DeadPmtCorrection(
        none.edges_keV, *values, np.array([True]), none.data, none.simulation, (2.0, 0.5)
    )


def split(dead: int, rest: int, weight: float = 1.0) -> Split:
    return Split(fill(np.full(dead, 5.0), weight, EDGES), fill(np.full(rest, 14.5), weight, EDGES))


def spectra(*, truth: bool = True) -> Spectra:
    samples = {
        ("surface", "nominal"): split(40, 10, 0.05),
        ("lxe", "nominal"): split(0, 100, 0.05),
        ("surface", "absorption-up"): split(99, 99),
    }
    return Spectra(samples, {"physics": split(48, 52)}, 10.0, True, truth)


def test_corrected_numbers_follow_from_the_histograms() -> None:
    table = check_table(spectra(), correction(2.0, 3.0, 1.5), REGION).set_index("component")
    surface = table.loc["surface"]
    assert surface["dead_uncorrected"] == pytest.approx(2)
    assert surface["dead_uncorrected_error"] == pytest.approx(0.05 * 40**0.5)
    found = [surface[f"dead_corrected{end}"] for end in ("", "_up", "_down")]
    assert found == pytest.approx([4, 6, 3])
    assert surface["dead_corrected_error"] == pytest.approx(2 * 0.05 * 40**0.5)
    assert surface["all"] == pytest.approx(4.5)
    assert surface["share"] == pytest.approx(4 / 4.5)
    assert table.loc["lxe", "share"] == 0
    assert table.loc["all components", "all"] == pytest.approx(9.5)


def test_truth_of_the_data_is_compared_with_both_templates() -> None:
    data = (
        check_table(spectra(), correction(2.0, 3.0, 1.5), REGION)
        .set_index("component")
        .loc["data (truth)"]
    )
    assert data["dead"] == pytest.approx(4.8)
    assert data["share"] == pytest.approx(0.48)
    assert data["sigma_from_uncorrected"] == pytest.approx(2.8 / np.sqrt(2 / 10 + 0.05**2 * 40))
    assert data["sigma_from_corrected"] == pytest.approx(
        0.8 / np.sqrt(4 / 10 + 4 * 0.05**2 * 40 + 2**2)
    )


def test_data_without_truth_are_not_compared() -> None:
    assert "data (truth)" not in set(
        check_table(spectra(truth=False), correction(1, 2, 0.5), REGION)["component"]
    )


def test_the_region_has_edges_of_bins() -> None:
    with pytest.raises(InputError, match=r"14.5 keV is not the edge of a bin"):
        check_table(spectra(), correction(1, 2, 0.5), (2.0, 14.5))
