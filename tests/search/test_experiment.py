"""Experiments: the shipped ones, the template, and one message per fault."""

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.settings import read_yaml
from exonu.search.experiment.read_experiment import experiment_files, read_experiment

XENONNT = resource_path("published/xenonnt-sr0/experiment.yaml")
XENON1T = resource_path("published/xenon1t-sr1/experiment.yaml")


@pytest.mark.parametrize("file", [XENONNT, XENON1T])
def test_shipped_experiments(file):
    experiment = read_experiment(file)
    assert experiment.observed.size == 29
    assert not experiment.is_simulated
    assert experiment.includes_solar_neutrinos
    assert len(experiment_files(file)) == 3


def test_xenonnt_counts_are_those_of_the_released_events():
    energies = np.loadtxt(XENONNT.parent / "event_energies.csv")
    experiment = read_experiment(XENONNT)
    edges = [*experiment.low_keV, experiment.high_keV[-1]]
    np.testing.assert_array_equal(np.histogram(energies, edges)[0], experiment.observed)


def test_xenon1t_between_1_and_7_keV_is_as_published():
    """285 events observed, 232 expected (arXiv:2006.09721, abstract and section V)."""
    experiment = read_experiment(XENON1T)
    low = experiment.high_keV <= 7
    assert experiment.observed[low].sum() == 285
    assert experiment.background[low].sum() == pytest.approx(232, abs=0.5)


def test_xenon1t_tritium_is_an_option():
    base, more = (
        read_experiment(XENON1T, {"backgrounds": {"tritium": {"include": include}}})
        for include in (False, True)
    )
    assert [background.name for background in base.backgrounds] == ["B0"]
    assert [background.name for background in more.backgrounds] == ["B0", "tritium"]
    assert more.backgrounds[1].uncertainty is None
    assert (more.background > base.background)[:20].all()


def test_every_number_of_a_shipped_experiment_has_a_status():
    for file in (XENONNT, XENON1T):
        settings = read_yaml(file)
        assert {"value", "status"} <= settings["exposure_tonne_year"].keys()
        assert {"value", "status"} <= settings["true_energy_minimum_keV"].keys()
        assert "status" in settings["resolution"]
        assert "argument_status" in settings["efficiency"]
        assert "status" in settings["backgrounds"]["B0"]["normalisation"]


def edit(folder, file, old, new):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


def test_the_template_is_an_experiment(experiment_folder):
    experiment = read_experiment(experiment_folder / "experiment.yaml")
    assert experiment.is_simulated
    assert (
        experiment.response.fold(np.ones_like(experiment.response.true_energy_keV)).shape
        == experiment.observed.shape
    )


def test_gaps_between_bins_and_empty_bins_stay(experiment_folder):
    edit(experiment_folder, "spectrum.csv", "3,4,17,15.9\n", "")
    edit(experiment_folder, "spectrum.csv", "4,5,15,16.2", "4,5,0,0")
    experiment = read_experiment(experiment_folder / "experiment.yaml")
    row = list(experiment.low_keV).index(4.0)
    assert experiment.observed[row] == experiment.background[row] == 0
    assert np.isfinite(experiment.response.matrix).all()


@pytest.mark.parametrize(
    "resolution",
    [
        "{form: polynomial, coefficients: [0.1, 0.02], status: assumed}",
        "{form: table, file: sigma.csv, energy_keV: e, sigma_keV: s, status: assumed}",
    ],
)
def test_other_forms_of_the_resolution(experiment_folder, resolution):
    text = (experiment_folder / "experiment.yaml").read_text()
    head, _, tail = text.partition("resolution:")
    tail = tail[tail.index("true_energy_minimum_keV") :]
    (experiment_folder / "experiment.yaml").write_text(f"{head}resolution: {resolution}\n{tail}")
    (experiment_folder / "sigma.csv").write_text("e,s\n0.5,0.2\n30,1.5\n")
    assert read_experiment(experiment_folder / "experiment.yaml").response.matrix.min() >= 0


FAULTS = {
    "unknown key": (
        "experiment.yaml",
        "exposure_tonne_year:",
        "exposure_kg_day:",
        r"exposure_kg_day: is not a known key",
    ),
    "missing key": (
        "experiment.yaml",
        "is_simulated: true",
        "",
        r"is_simulated: is missing; add it: Whether the obs",
    ),
    "unit in a number": (
        "experiment.yaml",
        "value: 1.0",
        "value: 1.0 kg d",
        r"exposure_tonne_year\.value: must be a number",
    ),
    "zero exposure": (
        "experiment.yaml",
        "value: 1.0",
        "value: 0",
        r"exposure_tonne_year\.value: must be > 0 \(got 0\)",
    ),
    "wrong unit": (
        "experiment.yaml",
        "energy_low_keV: energy_low_keV",
        "energy_low_keV: energy_low_MeV",
        r"experiment\.yaml: spectrum\.energy_low_keV: names the column 'energy_low_MeV', which is in MeV; convert",
    ),
    "missing file": (
        "experiment.yaml",
        "file: spectrum.csv",
        "file: data.csv",
        r"data\.csv: cannot be read \(No such",
    ),
    "unknown column": (
        "spectrum.csv",
        "observed_events",
        "observed",
        r"observed_events: is not a column of the file; its columns are: energy_low_keV, energy_high_keV, observed,",
    ),
    "surplus column": (
        "spectrum.csv",
        "1,2,7,8.1",
        "1,2,7,8.1,9",
        r"line 3: has 5 values where the header has 4",
    ),
    "overlap": (
        "spectrum.csv",
        "2,3,15",
        "1.5,3,15",
        r"spectrum\.csv: row 2: the bin 1\.5–3 keV overlaps the one before",
    ),
    "unsorted": (
        "spectrum.csv",
        "2,3,15,14.2\n3,4,17,15.9",
        "3,4,17,15.9\n2,3,15,14.2",
        r"row 3: the bin 2–3 keV overlaps",
    ),
    "no width": (
        "spectrum.csv",
        "2,3,15",
        "2,2,15",
        r"row 2, energy_low_keV and energy_high_keV: the bin 2–2 keV has no wid",
    ),
    "below zero": (
        "spectrum.csv",
        "1,2,7",
        "-1,2,7",
        r"row 1, energy_low_keV: is below 0 keV \(-1\)",
    ),
    "negative count": (
        "spectrum.csv",
        "2,3,15",
        "2,3,-15",
        r"row 2, column observed_events: is negative \(-15\)",
    ),
    "negative background": (
        "spectrum.csv",
        "14.2",
        "-14.2",
        r"row 2, column background_events: is negative",
    ),
    "fraction of an event": (
        "spectrum.csv",
        "2,3,15",
        "2,3,15.5",
        r"observed_events: is not a whole number \(15\.5\)",
    ),
    "nan": (
        "spectrum.csv",
        "14.2",
        "nan",
        r"line 4, column background_events: must be a finite number",
    ),
    "per cent": (
        "efficiency.csv",
        "0.90",
        "90",
        r"efficiency\.csv: row 6, column efficiency: must lie between 0 and 1",
    ),
    "efficiency unsorted": (
        "efficiency.csv",
        "2.0,",
        "1.2,",
        r"row 4, column energy_keV: does not increase \(1\.2 after 1\.5\)",
    ),
    "resolution": ("experiment.yaml", "a: 0.310", "a: 0", r"resolution"),
    "resolution form": (
        "experiment.yaml",
        "form: sqrt-linear",
        "form: gauss",
        r"resolution\.form: must be one of sqrt-lin",
    ),
    "argument": (
        "experiment.yaml",
        "argument: true-energy",
        "argument: true",
        r"efficiency\.argument: must be one of true-e",
    ),
    "no constraint": (
        "experiment.yaml",
        "uncertainty: 0.05, ",
        "",
        r"normalisation\.uncertainty: is missing",
    ),
    "nothing included": (
        "experiment.yaml",
        "label: flat background",
        "include: false",
        r"backgrounds: no component is incl",
    ),
    "component name": ("experiment.yaml", "  flat:", "  flat one:", r"backgrounds: .*flat one"),
}


@pytest.mark.parametrize(("file", "old", "new", "message"), FAULTS.values(), ids=FAULTS)
def test_fault(experiment_folder, file, old, new, message):
    if old == "a: 0.310":
        edit(experiment_folder, file, "b: 0.0037", "b: 0")
    edit(experiment_folder, file, old, new)
    with pytest.raises(InputError, match=message):
        read_experiment(experiment_folder / "experiment.yaml")
