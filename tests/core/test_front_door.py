"""`from exonu import …`: light, complete, and answers that fit a line and a notebook."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

import exonu
from exonu import (
    InputError,
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
    given = {"low_keV": [1, 2], "high_keV": [2, 3], "observed": [5, 4]} | changes
    backgrounds = given.pop("backgrounds", {"flat": ([4.5, 4.5], 0.1)})
    return make_experiment(
        backgrounds=backgrounds,
        exposure_tonne_year=0.5,
        resolution_keV=SqrtLinearResolution(0.3, 0.0),
        **given,
    )


def another(name):
    known = SEARCHED["dark-photon"]
    return dataclasses.replace(known, name=name, source="another")


REFUSED = {
    "lengths": (lambda _: from_arrays(observed=[1]), r"^observed: has the shape \(1,\), where low"),
    "negative": (lambda _: from_arrays(observed=[1, -1]), r"^observed: must be finite numbers ≥ 0"),
    "no width": (lambda _: from_arrays(high_keV=[2, 2]), r"^high_keV: must lie above low_keV"),
    "no background": (lambda _: from_arrays(backgrounds={}), r"^backgrounds: is empty"),
    "not published": (lambda _: published_experiment("lz"), r"^name: does not come with exonu"),
    "taken": (
        lambda _: declare_interaction(another("millicharge")),
        r"^name millicharge: is the name of another interaction",
    ),
    "no interaction": (lambda _: limit(XENONNT), r"^interaction: is missing; choose one of mag"),
    "unknown": (lambda _: limit(XENONNT, "spin"), r"^interaction: is not one that is known"),
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
        r"^unblind: is given with",
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
