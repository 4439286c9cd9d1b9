"""A cross-section from a table of one's own, against the formula that it was made from."""

from dataclasses import replace

import numpy as np
import pytest

from exonu.catalogue import INTERACTIONS, SEARCHED
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.interactions.cross_section_table import (
    CrossSectionTable,
    read_cross_section_table,
)
from exonu.interactions.cross_sections import ALPHA, ELECTRON_MASS_MEV, HBAR_C_MEV_CM
from exonu.interactions.physics import Physics, tabled
from exonu.interactions.spectra import RecoilSpectra
from exonu.search.analysis import read_analysis
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.planning import variant_settings
from exonu.search.signals import fold_signals
from exonu.sources import FluxTable

HEADER = "neutrino_energy_keV,recoil_keV,cross_section_cm2_per_keV\n"


def magnetic_moment(energy_keV, recoil_keV):
    """dσ/dT on the 54 electrons of xenon for 1 μ_B, cm²/keV, above the kinematic threshold."""
    t, e = recoil_keV * 1e-3, energy_keV * 1e-3
    lowest = (t + np.sqrt(t * (t + 2 * ELECTRON_MASS_MEV))) / 2
    per_MeV = np.pi * (ALPHA * HBAR_C_MEV_CM / ELECTRON_MASS_MEV) ** 2 * (1 / t - 1 / e)
    return np.where(e >= lowest, 54 * per_MeV * 1e-3, 0.0)


def table_of(energies, deposits):
    grid = np.stack(np.meshgrid(energies, deposits, indexing="ij"), axis=-1).reshape(-1, 2)
    return CrossSectionTable.from_settings(np.column_stack([grid, magnetic_moment(*grid.T)]))


def test_a_table_of_a_formula_gives_its_rate():
    """All sources, each flavour: 1 % from a grid of 2 %; nothing outside the deposits."""
    own = table_of(np.geomspace(10, 2000, 260), np.geomspace(1, 300, 290))
    energies = np.array([0.5, 1.5, 7.0, 60.0, 150.0, 400.0])
    tabled = RecoilSpectra(energies, Physics(cross_sections=(("magnetic-moment", own),)))
    formula = RecoilSpectra(energies)
    for flavour in ("all", "mu"):
        given = {"flavour": flavour, "strength": 3e-11}
        found = tabled.rate("magnetic-moment", **given).sum(axis=0)
        expected = formula.rate("magnetic-moment", atomic="free", **given).sum(axis=0)
        np.testing.assert_allclose(found[1:-1], expected[1:-1], rtol=0.01)
        assert found[0] == found[-1] == 0
    np.testing.assert_array_equal(tabled.rate("millicharge"), formula.rate("millicharge"))


def test_between_nodes_it_is_linear_in_the_inverse_energy():
    """A flux of one energy: the cross-section at it, between two nodes, is exact for a + b/E."""
    own = CrossSectionTable.from_settings([
        (e, t, 2.0 + 300 / e) for e in (100.0, 400.0) for t in (1.0, 10.0)
    ])  # fmt: skip
    flux = FluxTable(((0.2, 1.0, 1.0, 0.0, 0.0), (0.200001, 1.0, 1.0, 0.0, 0.0)))
    physics = Physics(flux_table=flux, cross_sections=(("millicharge", own),))
    spectra = RecoilSpectra([2.0], physics)
    ratio = spectra.rate("millicharge").sum() / flux.flux_per_cm2_s
    above = CrossSectionTable.from_settings([(e, t, 2.0) for e, t, _ in own.rows])
    flat = RecoilSpectra([2.0], Physics(flux_table=flux, cross_sections=(("millicharge", above),)))
    unit = flat.rate("millicharge").sum() / flux.flux_per_cm2_s / 2.0
    assert ratio / unit == pytest.approx(2.0 + 300 / 200, rel=1e-5)


def test_an_analysis_reads_it(tmp_path):
    (tmp_path / "q.csv").write_text(HEADER + "100,1,1e-20\n100,9,2e-20\n400,1,1e-20\n400,9,3e-20\n")
    file = tmp_path / "mine.yaml"
    file.write_text(
        "config_version: 1\nexperiment: nothing.yaml\ninteractions: {millicharge: {}}\n"
        "physics: {cross_sections: {millicharge: {file: q.csv}}}\n"
        "variants: {twice: {description: other, settings: {physics: {cross_sections: {millicharge: {file: r.csv}}}}}}\n"
    )
    (tmp_path / "r.csv").write_text((tmp_path / "q.csv").read_text().replace("3e-20", "6e-20"))
    analysis = read_analysis("mine", file)
    settings = analysis.settings["physics"]
    varied = variant_settings(analysis, "twice")["physics"]["cross_sections"]["millicharge"]
    assert varied["rows"][3] == [400, 9, 6e-20]
    assert settings["cross_sections"]["millicharge"]["rows"][3] == [400, 9, 3e-20]
    kept = {"cross_sections": settings["cross_sections"]}
    physics = Physics.from_settings(kept)
    assert physics.cross_section("millicharge").grid[2][1, 1] == 3e-20
    assert Physics.from_settings(physics.to_settings()) == physics
    assert physics.cross_section("magnetic-moment") is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "100,1,1\n100,9,2\n400,1,1\n",
            r"3 rows of 2 neutrino energies and 2 deposits: not a grid",
        ),
        ("100,1,1\n400,1,1\n", r"not a grid; give each neutrino energy with every deposit"),
        ("0,1,1\n0,9,2\n400,1,1\n400,9,1\n", r"must be > 0 \(got 0\); give energies in keV"),
        ("1,1,1\n1,9,2\n4,1,1\n4,9,-1\n", r"cross_section_cm2_per_keV: must be ≥ 0, and not 0"),
        ("1,1,0\n1,9,0\n4,1,0\n4,9,0\n", r"must be ≥ 0, and not 0 everywhere; give dσ/dT"),
    ],
)
def test_what_is_no_cross_section(tmp_path, rows, message):
    file = tmp_path / "q.csv"
    file.write_text(HEADER + rows)
    with pytest.raises(InputError, match=message):
        read_cross_section_table(file)


def test_only_what_one_cross_section_says_all_of():
    """No mass and no interference with the weak interaction."""
    assert {"millicharge", "magnetic-moment"} <= set(tabled())
    assert not {"weak", "dark-photon", "charge-radius"} & set(tabled())
    own = table_of([100.0, 400.0], [1.0, 2.0])
    with pytest.raises(InputError, match=r"cross_sections: must be one of .*millicharge"):
        Physics(cross_sections=(("dark-photon", own),))
    both = {"cross_sections": (("millicharge", own),), "millicharge_weak_interference": True}
    with pytest.raises(InputError, match="weak_interference: is not known for millicharge, whose"):
        Physics(**both)
    spectra = RecoilSpectra([1.5], Physics(cross_sections=both["cross_sections"]))
    with pytest.raises(InputError, match="part: has no interference with the weak one"):
        spectra.rate("millicharge", part="interference")


def test_what_is_declared_later_may_have_a_table(monkeypatch):
    later = replace(INTERACTIONS["magnetic-moment"], name="declared-later")
    monkeypatch.setitem(INTERACTIONS, "declared-later", later)
    assert "declared-later" in tabled()


def test_a_table_has_no_systematics_of_the_formula_that_it_replaces(monkeypatch):
    """Neither the other atomic model nor the uncertainty of the many-body ratio."""
    moment = replace(INTERACTIONS["magnetic-moment"], atomic=("rrpa", "free"))
    for catalogue in (INTERACTIONS, SEARCHED):
        monkeypatch.setitem(catalogue, "magnetic-moment", moment)
    experiment = read_experiment(resource_path("published/xenonnt-sr0/experiment.yaml"))
    own = table_of(np.geomspace(10, 2000, 20), np.geomspace(1, 300, 20))

    def systematics(name, **physics):
        cases = [("all", None)]
        [found] = fold_signals(experiment, Physics(**physics), name, cases, other_atomic="epa")
        return found.other_atomic is not None, "many_body" in found.linear_variations

    assert systematics("millicharge") == (True, False)
    assert systematics("magnetic-moment") == (False, True)
    for name in ("millicharge", "magnetic-moment"):
        assert systematics(name, cross_sections=((name, own),)) == (False, False)
