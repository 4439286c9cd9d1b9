"""`from exonu import …`: light, complete, and answers that fit a line and a notebook."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

import exonu
from exonu import (
    Efficiency,
    InputError,
    build_workspaces,
    compile_workspace,
    declare_interaction,
    fit,
    limit,
    make_experiment,
    open_workspace,
    published_experiment,
    upper_limit,
)
from exonu.catalogue import SEARCHED
from exonu.core.resources import resource_path
from exonu.detector import SqrtLinearResolution
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import write_meaning
from exonu.solar import flavour_probabilities, oscillation
from exonu.statistics.examples import two_bins, two_bins_workspace

XENONNT = resource_path("published/xenonnt-sr0/experiment.yaml")


def test_importing_it_loads_nothing():
    code = "import sys, time; t = time.process_time(); import exonu; print(time.process_time() - t, *sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    seconds, *loaded = printed.stdout.split()
    assert float(seconds) < 0.1
    assert not {"numpy", "scipy", "pandas", "numba"} & set(loaded)


def test_every_name_is_there_and_shown():
    for name in exonu.__all__:
        assert getattr(exonu, name) is not None
        assert name in dir(exonu)
    with pytest.raises(AttributeError, match="'limits'"):
        _ = exonu.limits
    assert (Path(exonu.__file__).parent / "py.typed").is_file()


@pytest.fixture(scope="module")
def spectrum():
    return exonu.read_experiment(XENONNT)


def test_a_file_its_name_and_what_was_read_from_it_have_one_limit(spectrum):
    found = [limit(one, "magnetic-moment") for one in (XENONNT, str(XENONNT), spectrum)]
    assert found[0].observed == found[1].observed == found[2].observed > 0
    assert found[0].unit == found[0].answer["unit"]
    assert repr(found[0]).startswith("<magnetic-moment (all) in XENONnT SR0: mu_nu < ")
    assert "±1 σ" in found[0]._repr_html_()


def test_settings_are_completed_with_their_defaults(spectrum):
    """An empty mapping is not None, and one key is not all of them."""
    plain = limit(spectrum, "magnetic-moment")
    assert limit(spectrum, "magnetic-moment", settings={}).observed == plain.observed
    other = limit(
        spectrum, "magnetic-moment", settings={"physics": {"solar_model": "B16-AGSS09met"}}
    )
    assert other.observed / plain.observed == pytest.approx(1.0, rel=0.02)
    assert other.observed != plain.observed


def test_what_is_not_observed_says_so(tmp_path):
    """In a line and in a notebook; of a workspace too, whose sidecar file says it."""
    tiny = from_arrays()
    blind = limit(tiny, "millicharge", settings={"blind": True})
    assert repr(blind).endswith("; blinded; simulated>")
    assert "<th>observed (blinded, simulated)</th>" in blind._repr_html_()
    shown = limit(from_arrays(is_simulated=False), "millicharge")
    assert "blinded" not in repr(shown)
    assert "<th>observed</th>" in shown._repr_html_()
    settings = {**default_settings(), "blind": True}
    [made] = build_workspaces(tiny, "millicharge", settings, [("all", None)])
    (tmp_path / f"{made.name}.json").write_text(json.dumps(made.spec))
    write_meaning(tmp_path, made)
    again = limit(tmp_path / f"{made.name}.json")
    assert again.observed == pytest.approx(blind.observed, rel=1e-9)
    assert repr(again).endswith("; blinded; simulated>")


def test_a_workspace_is_known_by_what_it_holds(tmp_path, monkeypatch):
    """Not by its name; and an analysis by its name in `config/`, as on the command line."""
    (tmp_path / "two.txt").write_text(json.dumps(two_bins_workspace()))
    assert limit(tmp_path / "two.txt").observed == upper_limit(two_bins()).observed
    (tmp_path / "config" / "mine").mkdir(parents=True)
    (tmp_path / "config" / "mine" / "analysis.yaml").write_text(
        f"config_version: 1\nblind: false\nexperiment: {XENONNT}\n"
    )
    monkeypatch.chdir(tmp_path)
    by_name = limit("mine", "millicharge")
    assert by_name.observed == limit(XENONNT, "millicharge").observed


def test_workspace_model_and_file_have_one_limit(tmp_path):
    file = tmp_path / "two.json"
    file.write_text(json.dumps(two_bins_workspace()))
    given = [two_bins_workspace(), two_bins(), file, str(file), open_workspace(file)]
    values = {limit(one).observed for one in given}
    assert values == {upper_limit(two_bins()).observed}


def test_two_files_are_combined(tmp_path):
    both = limit([XENONNT, resource_path("published/xenon1t-sr1/experiment.yaml")], "millicharge")
    assert both.observed > 0
    assert "millicharge" in repr(both)


def test_representations_fit_a_line():
    model = two_bins()
    for one in (model, fit(model), upper_limit(model), limit(model)):
        assert "\n" not in repr(one)
        assert len(repr(one)) < 120
        assert one._repr_html_().startswith("<table><caption>")
    assert repr(model) == "<model of 2 bins in 1 channel, 3 parameters; parameter of interest mu>"
    assert repr(upper_limit(model, confidence_level=0.95)) == (
        "<mu < 1.012 at 95% CLs, expected 1.062 (0.757 to 1.501)>"
    )
    assert "uncertainty[0]" in fit(model)._repr_html_()


def from_arrays(**changes):
    given = {
        "low_keV": [1, 2],
        "high_keV": [2, 3],
        "observed": [5, 4],
        "backgrounds": {"flat": ([4.5, 4.5], 0.1)},
        "exposure_tonne_year": 0.5,
        "resolution_keV": SqrtLinearResolution(0.3, 0.0),
        "is_simulated": True,
        "includes_solar_neutrinos": True,
    }
    return make_experiment(**(given | changes))


def another(name):
    known = SEARCHED["dark-photon"]
    return dataclasses.replace(known, name=name, source="another")


REFUSED = {
    "lengths": (lambda _: from_arrays(observed=[1]), r"^observed: has the shape \(1,\), where low"),
    "negative": (
        lambda _: from_arrays(observed=[1, -1]),
        r"row 2, column observed: is negative \(-1",
    ),
    "half an event": (
        lambda _: from_arrays(observed=[1, 2.5]),
        r"row 2, column observed: is not a whole number \(2\.5\)",
    ),
    "text": (lambda _: from_arrays(observed=["a", 1]), r"^observed: is not an array of numbers"),
    "no width": (
        lambda _: from_arrays(high_keV=[2, 2]),
        r"row 2, low_keV and high_keV: the bin 2–2 keV has no width",
    ),
    "overlap": (
        lambda _: from_arrays(low_keV=[1, 1.5]),
        r"row 2: the bin 1\.5–3 keV overlaps the one before \(1–2 keV\)",
    ),
    "nan edge": (
        lambda _: from_arrays(low_keV=[float("nan"), 2]),
        r"^low_keV: must be finite numbers",
    ),
    "negative background": (
        lambda _: from_arrays(backgrounds={"flat": [1, -1]}),
        r"row 2, column backgrounds flat: is negative",
    ),
    "negative uncertainty": (
        lambda _: from_arrays(backgrounds={"flat": ([1, 1], -0.1)}),
        r"^backgrounds flat: has the relative uncertainty -0\.1; give 0 ≤ u < 1; None",
    ),
    "uncertain efficiency": (
        lambda _: from_arrays(efficiency_uncertainty=1.0),
        r"^efficiency_uncertainty: has the relative uncertainty 1\.0; give 0 ≤ u < 1$",
    ),
    "no exposure": (
        lambda _: from_arrays(exposure_tonne_year=0.0),
        r"^exposure_tonne_year: must be a finite number > 0 \(got 0\.0\)",
    ),
    "no resolution": (
        lambda _: from_arrays(resolution_keV=lambda energy: 0.5 - energy),
        r"resolution: is 0 keV at 0\.5 keV; σ must be > 0 from 0\.5 to 3\.6 keV",
    ),
    "one σ": (
        lambda _: from_arrays(resolution_keV=lambda _: 0.3),
        r"^resolution_keV: must give σ in the shape of its energies",
    ),
    "per cent seen": (
        lambda _: from_arrays(efficiency=Efficiency([0.0, 1.0], [0.0, 90.0], True)),
        r"^efficiency: must lie between 0 and 1; give fractions",
    ),
    "no background": (lambda _: from_arrays(backgrounds={}), r"^backgrounds: is empty"),
    "not published": (lambda _: published_experiment("lz"), r"^name: does not come with exonu"),
    "taken": (
        lambda _: declare_interaction(another("millicharge")),
        r"^name millicharge: is the name of another interaction",
    ),
    "no interaction": (
        lambda _: limit(XENONNT),
        r"experiment\.yaml: interaction: is missing; choose one that .*: magnetic-moment, ",
    ),
    "no interaction in memory": (lambda s: limit(s), r"^interaction: is missing; choose one that"),
    "unknown": (lambda _: limit(XENONNT, "spin"), r"^interaction: is not one that is known"),
    "misspelt": (
        lambda s: limit(s, "magnetic_moment"),
        r"^interaction: is not one .*; did you mean `magnetic-moment`\?$",
    ),
    "energy": (
        lambda _: flavour_probabilities([0.1, 0.0], 60.6, oscillation("NuFIT-6.0-NO")),
        r"^energy_MeV: must be > 0 \(got 0\)",
    ),
    "no mass": (lambda _: limit(XENONNT, "dark-photon"), r"^mass_MeV: is missing"),
    "no mass in memory": (lambda s: limit(s, "dark-photon"), r"^mass_MeV: is missing"),
    "per cent": (
        lambda _: limit(XENONNT, "millicharge", confidence_level=90),
        r"^confidence_level: must lie between 0\.5 and 1 \(got 90\)",
    ),
    "workspace": (
        lambda _: limit(two_bins(), "millicharge"),
        r"^interaction: is given with a workspace",
    ),
    "several": (
        lambda _: limit([XENONNT, XENONNT], "millicharge", unblind=True),
        r"^unblind: is given for several experiments, each of which says whether",
    ),
    "not blind": (
        lambda s: limit(s, "millicharge", unblind=True),
        r"^unblind: is given with an Experiment",
    ),
    "unknown setting": (
        lambda s: limit(s, "millicharge", settings={"physics": {"solar_modle": "B16-GS98"}}),
        r"^settings: physics\.solar_modle: is not a known key; did you mean `solar_model`\?",
    ),
    "settings": (lambda _: limit(XENONNT, "millicharge", settings={}), r"^settings: are given for"),
    "number": (lambda _: limit(3.0), r"^given: is a float; give an Experiment"),
    "name for a workspace": (
        lambda _: compile_workspace("a.json"),
        r"^workspace: is the name of a file \('a\.json'\); exonu\.open_workspace",
    ),
    "name for a model": (lambda _: fit("a.json"), r"^model: is a str, not a Model; exonu\.open"),
    "workspace for a model": (
        lambda _: upper_limit(two_bins_workspace()),
        r"^model: is a dict, not a Model; exonu\.compile_workspace",
    ),
    "experiment for a model": (
        lambda s: upper_limit(s),
        r"^model: is a Experiment, not a Model; exonu\.limit",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_names_the_argument_or_the_function(case, spectrum):
    call, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        call(spectrum)
