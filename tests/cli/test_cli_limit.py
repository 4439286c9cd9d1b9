"""`exonu limit`: JSON whose numbers are those of pyhf, of closed formulae and of the published
comparison."""

import json
import re

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from exonu.core.resources import resource_path
from exonu.core.settings import merged
from exonu.search import limit_inputs
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.experiment.read_experiment import read_experiment

pytestmark = pytest.mark.filterwarnings(
    "ignore:jsonschema.RefResolver:DeprecationWarning"
)  # pyhf's

KEYS = {
    "parameter",
    "unit",
    "observed",
    "expected",
    "interval",
    "crossings",
    "confidence_level",
    "p0",
    "significance",
    "best_fit",
    "best_fit_interval",
    "notes",
}
EXPERIMENT_KEYS = KEYS | {
    "experiment",
    "interaction",
    "flavour",
    "mass_MeV",
    "blinded",
    "blinded_by",
    "unblind",
    "is_simulated",
}


@pytest.fixture
def experiment(experiment):
    """The template, unblinded."""
    analysis = experiment.parent / "analysis.yaml"
    analysis.write_text(analysis.read_text().replace("blind: true", "blind: false"))
    return experiment


def limit(run, *arguments):
    outcome = run("limit", *arguments)
    assert (outcome.code, outcome.err) == (0, "")
    return json.loads(outcome.out)


def plain_workspace():
    """Any pyhf workspace: its own parameter of interest, a normsys and an uncorrelated shape."""
    background = [
        {"name": "scale", "type": "normsys", "data": {"hi": 1.1, "lo": 0.92}},
        {"name": "shape", "type": "shapesys", "data": [4.0, 5.0, 3.0]},
    ]
    signal = [{"name": "strength", "type": "normfactor", "data": None}]
    return {
        "version": "1.0.0",
        "channels": [
            {
                "name": "recoils",
                "samples": [
                    {"name": "signal", "data": [9.0, 6.0, 3.0], "modifiers": signal},
                    {"name": "background", "data": [50.0, 60.0, 40.0], "modifiers": background},
                ],
            }
        ],
        "observations": [{"name": "recoils", "data": [57, 55, 44]}],
        "measurements": [{"name": "search", "config": {"poi": "strength", "parameters": []}}],
    }


def written(folder, spec, name="workspace.json"):
    (folder / name).write_text(json.dumps(spec))
    return folder / name


def assert_are_limits_of_pyhf(spec, confidence_level, observed, expected, rel):
    """pyhf excludes what is so much above each limit and not what is so much below: a root search
    of its own takes ten times as many fits."""
    import pyhf

    workspace = pyhf.Workspace(spec)
    model = workspace.model()
    data = workspace.data(model)
    for band, limit in enumerate([observed, *expected]):
        below, above = (
            [found, *bands][band]
            for found, bands in (
                pyhf.infer.hypotest(limit * factor, data, model, return_expected_set=True)
                for factor in (1 - rel, 1 + rel)
            )
        )
        assert below > 1 - confidence_level > above


@pytest.mark.parametrize(
    ("options", "confidence_level"), [((), 0.9), (("--confidence-level", "0.95"), 0.95)]
)
def test_any_workspace_has_pyhf_s_limit(run, tmp_path, options, confidence_level):
    answer = limit(run, written(tmp_path, plain_workspace()), *options)
    assert answer.keys() == KEYS
    assert (answer["parameter"], answer["unit"], answer["confidence_level"]) == (
        "strength",
        "1",
        confidence_level,
    )
    assert_are_limits_of_pyhf(
        plain_workspace(), confidence_level, answer["observed"], answer["expected"], rel=1e-3
    )
    assert answer["crossings"] == [answer["observed"]]
    [note] = answer["notes"]
    assert "one bin, bin 1 of recoils, carries" in note  # 9²/50 of 9²/50 + 6²/60 + 3²/40 is 66 %


def test_expected_limits_of_counting_by_the_closed_formula(run, tmp_path):
    """One bin without nuisance parameters: q_A(μ) = 2 (s - b ln(1 + s/b)), and √q_A is known for
    each band."""
    spec = plain_workspace()
    [signal, background] = spec["channels"][0]["samples"]
    signal["data"], background["data"], background["modifiers"] = [10.0], [100.0], []
    spec["observations"][0]["data"] = [100]
    answer = limit(run, written(tmp_path, spec))
    for band, found in zip((-2, -1, 0, 1, 2), answer["expected"], strict=True):
        root = band - ndtri(0.1 * ndtr(band))
        events = 10 * found
        assert np.sqrt(2 * (events - 100 * np.log(1 + events / 100))) == pytest.approx(
            root, rel=1e-6
        )
    assert answer["observed"] == pytest.approx(
        answer["expected"][2]
    )  # the data are the expectation
    assert answer["interval"][0] == 0


def test_a_limit_that_cannot_be_found_is_null_and_says_why(run, tmp_path):
    spec = plain_workspace()
    bounded = {"name": "strength", "inits": [0.1], "bounds": [[0.0, 0.2]]}
    spec["measurements"][0]["config"]["parameters"] = [bounded]
    answer = limit(run, written(tmp_path, spec))
    assert answer["observed"] is None
    assert "above the bound of strength (0.2)" in answer["notes"][0]


def workspace_of(experiment_file, interaction, case, **settings):
    settings = merged(default_settings(), settings)
    [workspace] = build_workspaces(read_experiment(experiment_file), interaction, settings, [case])
    return workspace


def assert_is_pyhf_s(answer, experiment_file, flavour):
    workspace = workspace_of(experiment_file, "magnetic-moment", (flavour, None))
    scale = workspace.meaning["reference_strength"]
    observed, *expected = (
        (value / scale) ** 2 for value in (answer["observed"], *answer["expected"])
    )
    assert_are_limits_of_pyhf(workspace.spec, 0.9, observed, expected, rel=2e-3)


def test_limit_of_an_experiment_is_pyhf_s_in_the_physical_parameter(run, experiment):
    answer = limit(run, experiment, "--interaction", "magnetic-moment", "--flavour", "e")
    assert answer.keys() == EXPERIMENT_KEYS
    assert answer["experiment"] == "My experiment"
    assert (answer["interaction"], answer["flavour"], answer["mass_MeV"]) == (
        "magnetic-moment",
        "e",
        None,
    )
    assert (answer["parameter"], answer["unit"]) == ("mu_nu", "mu_B")
    assert (answer["blinded"], answer["is_simulated"]) == (False, True)
    assert_is_pyhf_s(answer, experiment, "e")


def test_published_spectrum_of_xenonnt(run):
    """pyhf's limit, and of the size of the published 6.4e-12 μ_B (arXiv:2207.11330), which is from
    unbinned data."""
    file = resource_path("published/xenonnt-sr0/experiment.yaml")
    answer = limit(run, file, "--interaction", "magnetic-moment")
    assert_is_pyhf_s(answer, file, "all")
    assert 6.4e-12 / 1.5 < answer["observed"] < 6.4e-12 * 1.5
    assert answer["is_simulated"] is False


def test_flavour_rule(run, experiment):
    """limit_f / limit_all = 1/√P_f, with P of pp neutrinos at 0.1 MeV; their energies differ a
    little."""
    every = limit(run, experiment, "--interaction", "millicharge")["expected"][2]
    for flavour, probability in (("e", 0.5475), ("mu", 0.2163), ("tau", 0.2361)):
        one = limit(run, experiment, "--interaction", "millicharge", "--flavour", flavour)[
            "expected"
        ][2]
        assert one / every == pytest.approx(probability**-0.5, rel=1e-2)


def test_dark_photon_has_a_mass(run, experiment):
    answer = limit(run, experiment, "--interaction", "dark-photon", "--mass-mev", "0.001")
    assert (answer["parameter"], answer["unit"], answer["mass_MeV"]) == ("g_BL", "1", 0.001)
    lighter = limit(run, experiment, "--interaction", "dark-photon", "--mass-mev", "0.0001")
    assert lighter["observed"] == pytest.approx(
        answer["observed"], rel=0.05
    )  # both far below √(2 m T): no mass
    heavy = [
        limit(run, experiment, "--interaction", "dark-photon", "--mass-mev", mass)["observed"]
        for mass in (10, 20)
    ]
    assert heavy[1] / heavy[0] == pytest.approx(2, rel=1e-2)  # contact interaction: only g/M counts


def test_atomic_model_changes_the_limit_as_it_changes_the_rate(run, experiment):
    limits = {
        atomic: limit(run, experiment, "--interaction", "millicharge", "--atomic", atomic)[
            "observed"
        ]
        for atomic in ("pai", "epa", "free")
    }
    assert limits["pai"] < limits["epa"] < limits["free"]
    assert limits["pai"] == limit(run, experiment, "--interaction", "millicharge")["observed"]


def test_an_analysis_brings_its_own_settings(run, experiment):
    analysis = experiment.parent / "analysis.yaml"
    text = analysis.read_text()
    analysis.write_text(text.replace("blind: false", "blind: true"))
    answer = limit(run, analysis, "--interaction", "magnetic-moment")
    assert answer["blinded"] is True
    assert answer["observed"] / answer["expected"][2] == pytest.approx(1, rel=1e-6)
    analysis.write_text(text.replace("solar_model: SFII-GS98", "sources: [be7]"))
    beryllium = limit(run, analysis, "--interaction", "magnetic-moment")
    alone = limit(run, experiment, "--interaction", "magnetic-moment")
    assert beryllium["blinded"] is False
    assert beryllium["observed"] > 1.5 * alone["observed"]  # pp neutrinos make most of the signal


def exonu_workspace(folder, experiment, interaction, case):
    workspace = workspace_of(experiment, interaction, case)
    write_meaning(folder, workspace)
    return written(folder, workspace.spec, f"{workspace.name}.json")


@pytest.mark.parametrize(
    ("interaction", "mass_MeV"),
    [("magnetic-moment", None), ("dark-photon", 0.001), ("dark-photon", 10.0)],
)
def test_a_workspace_with_its_page_has_the_experiment_s_limit(
    run, experiment, interaction, mass_MeV
):
    file = exonu_workspace(experiment.parent, experiment, interaction, ("all", mass_MeV))
    answer = limit(run, file)
    assert answer.keys() == KEYS | {"physical", "blinded", "is_simulated"}
    assert (answer["parameter"], answer["unit"]) == ("mu", "1")
    mass = () if mass_MeV is None else ("--mass-mev", mass_MeV)
    direct = limit(run, experiment, "--interaction", interaction, *mass)
    physical = answer["physical"]
    assert physical.keys() == KEYS
    for key in KEYS:
        assert physical[key] == direct[key]


def test_tied_parameters_are_a_quadratic_signal(run, experiment):
    """With N = μ I + μ² P by hand, the likelihood ratio at the interval's upper end is the χ²
    quantile."""
    file = exonu_workspace(experiment.parent, experiment, "dark-photon", ("all", 10.0))
    spec = json.loads(file.read_text())
    for sample in spec["channels"][0][
        "samples"
    ]:  # no nuisance parameters: the likelihood is a formula
        sample["modifiers"] = [m for m in sample["modifiers"] if m["type"] == "normfactor"]
    file.write_text(json.dumps(spec))
    answer = limit(run, file)
    counts = {sample["name"]: np.array(sample["data"]) for sample in spec["channels"][0]["samples"]}
    observed = np.array(spec["observations"][0]["data"])

    def twice_nll(mu):
        expected = counts["flat"] + mu * counts["interference"] + mu**2 * counts["pure"]
        return 2 * np.sum(expected - observed * np.log(expected))

    grid = np.linspace(0, 2 * answer["interval"][1], 20001)
    best = min(twice_nll(mu) for mu in grid)
    assert twice_nll(answer["interval"][1]) - best == pytest.approx(2.7055, abs=2e-3)


def test_without_its_page_a_quadratic_workspace_is_refused(refused, experiment):
    file = exonu_workspace(experiment.parent, experiment, "dark-photon", ("all", 10.0))
    (file.parent / f"{file.stem}.poi_map.yaml").unlink()
    message = refused("limit", file)
    assert "dark-photon_all_10MeV.json" in message
    assert "mu_sq" in message
    assert "silently wrong" in message


REFUSED = {
    "{} ": r"experiment\.yaml: --interaction: is missing; choose one that `exonu inter",
    "{} --interaction dark-photon": r"--mass-mev: is missing; a dark photon needs its mass",
    "{} --interaction dark-photon --mass-mev 0": r"--mass-mev: must be > 0 \(got 0\)",
    "{} --interaction dark-photon --mass-mev=-2": r"--mass-mev: must be > 0 \(got -2\)",
    "{} --interaction dark-photon --mass-mev 1 --flavour mu": r"--flavour: must be all for a dark photon",
    "{} --interaction millicharge --mass-mev 1": r"--mass-mev: is given for millicharge, which has no mass; leave",
    "{} --interaction magnetic-moment --atomic epa": r"--atomic: must be one of stepping, free",
    "{} --interaction millicharge --confidence-level 90": r"--confidence-level: must lie between .* \(got 90\)",
    "gone.yaml --interaction millicharge": r"gone\.yaml: cannot be read \(No such file.*\); give an existing file",
    "gone.json": r"gone\.json: cannot be read \(No such file.*\); give an existing file",
    "mine/spectrum.csv --interaction millicharge": r"spectrum\.csv: is a table, not an experiment",
    "/ --interaction millicharge": r"/: is a folder with neither analysis\.yaml nor experiment\.yaml; name the file",
}


@pytest.mark.parametrize(("call", "message"), REFUSED.items(), ids=REFUSED)
def test_refused(refused, experiment, call, message):
    assert re.search(message, refused("limit", *call.format(experiment).split()))


@pytest.mark.parametrize(
    "option",
    ["--interaction millicharge", "--flavour e", "--mass-mev 1", "--atomic epa"],
    ids=str.split,
)
def test_a_workspace_has_its_own_parameter(refused, tmp_path, option):
    file = written(tmp_path, plain_workspace())
    message = refused("limit", file, *option.split())
    assert f"{file}: {option.split()[0]}: is given with a workspace" in message
    assert message.endswith("leave it out\n")


def without_modifiers(spec):
    del spec["channels"][0]["samples"][0]["modifiers"]


def without_type(spec):
    del spec["channels"][0]["samples"][0]["modifiers"][0]["type"]


def without_measurement(spec):
    spec["measurements"] = []


def other_poi(spec):
    spec["measurements"][0]["config"]["poi"] = "tan_beta"


def negative_yield(spec):
    spec["channels"][0]["samples"][1]["data"][1] = -1.0


def unequal_bins(spec):
    spec["channels"][0]["samples"][1]["data"].append(1.0)


def negative_count(spec):
    spec["observations"][0]["data"][0] = -3


WORKSPACE_FAULTS = {
    without_modifiers: r"samples\[0\]: is not of pyhf's form \('modifiers' is a required property\); see pyhf's schema",
    without_type: r"modifiers\[0\]: is not of pyhf's form",
    without_measurement: r"measurements: the workspace has no measurement",
    other_poi: r"tan_beta",
    negative_yield: r"sample background, data: bin 1 has a negative yield \(-1\)",
    unequal_bins: r"sample background, data: has 4 bins, but the channel has 3",
    negative_count: r"observations, recoils: negative number of events",
}


@pytest.mark.parametrize(
    ("fault", "message"), WORKSPACE_FAULTS.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_faulty_workspace(refused, tmp_path, fault, message):
    spec = plain_workspace()
    fault(spec)
    answer = refused("limit", written(tmp_path, spec))
    assert "workspace.json: " in answer
    assert re.search(message, answer)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "is not a pyhf workspace; a workspace is a JSON object"),
        ('{"channels": [', "is not JSON"),
    ],
)
def test_not_a_workspace(refused, tmp_path, text, message):
    (tmp_path / "x.json").write_text(text)
    assert f"x.json: {message}" in refused("limit", "x.json")


OTHER_JSON = {
    "templates/experiment.json": (
        '{"format": "exonu-templates-2", "edges_keV": [2, 4], "response": {}, "backgrounds": {}}',
        "is not a pyhf workspace, but templates of an analysis of events; give one of the workspaces made from it",
    ),
    "limits/millicharge.json": (
        '[{"name": "millicharge_all", "meaning": {}, "methods": {}}]',
        "is not a pyhf workspace, but limits that were set already; read it, or limits.csv; or give the workspace",
    ),
    "diagnostics/millicharge_all.json": (
        '{"pulls": [], "yields": {}, "meaning": {}}',
        "is not a pyhf workspace, but the diagnostics of a fit; give the workspace itself",
    ),
    "patchset.json": (
        '{"patches": [], "metadata": {}, "version": "1.0.0"}',
        "is not a pyhf workspace, but a pyhf patchset; make a workspace of it with `pyhf patchset apply`",
    ),
    "published.json": (
        '{"name": "mine", "spectrum": {"file": "spectrum.csv"}, "exposure_tonne_year": {"value": 1}}',
        "is not a pyhf workspace, but a published experiment; name the file .yaml, and choose --interaction",
    ),
    "other.json": (
        '{"a": 1}',
        "is not a pyhf workspace; a workspace is a JSON object with channels",
    ),
    "null.json": ("null", "is not a pyhf workspace; a workspace is a JSON object with channels"),
    "words.json": (
        '["a", 1]',
        "is not a pyhf workspace; a workspace is a JSON object with channels",
    ),
}


@pytest.mark.parametrize("name", OTHER_JSON)
def test_other_json_is_called_by_its_name(refused, tmp_path, name):
    text, message = OTHER_JSON[name]
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert f"{name}: {message}" in refused("limit", name)


def test_a_published_experiment_as_json_is_read_under_the_name_yaml(run, experiment):
    """JSON is YAML, too: the remedy of the message works."""
    import yaml

    (experiment.parent / "as_json.yaml").write_text(
        json.dumps(yaml.safe_load(experiment.read_text()))
    )
    answers = [
        limit(run, file, "--interaction", "magnetic-moment")
        for file in (experiment, experiment.parent / "as_json.yaml")
    ]
    assert answers[0] == answers[1]


def test_several_faults_of_an_experiment_are_said_together(refused, experiment):
    text = experiment.read_text().replace("name: My experiment", "nama: My experiment")
    experiment.write_text(text.replace("is_simulated: true", "is_simulated: perhaps"))
    lines = refused("limit", experiment, "--interaction", "magnetic-moment").splitlines()
    assert [
        name
        for name in ("name", "nama", "is_simulated")
        if any(f": {name}: " in line for line in lines)
    ] == [
        "name",
        "nama",
        "is_simulated",
    ]


@pytest.mark.parametrize(
    ("file", "message"),
    [("analysis", "is an analysis of events"), ("events", "is the events file of an analysis")],
)
def test_an_analysis_of_events_needs_the_workflow(run, refused, file, message):
    assert run("init", "--events", "raw").code == 0
    answer = refused("limit", f"raw/{file}.yaml", "--interaction", "magnetic-moment")
    assert (
        f"{file}.yaml: {message}: its spectra are made by the workflow; set its limits with snakemake"
        in answer
    )


def test_faults_of_the_experiment_are_named(refused, experiment):
    (experiment.parent / "spectrum.csv").write_text(
        "energy_low_keV,energy_high_keV,observed_events,background_events\n"
    )
    message = refused("limit", experiment, "--interaction", "magnetic-moment")
    assert "spectrum.csv: has no rows below its header; add one line per bin" in message


def test_one_of_several_measurements_is_named(run, tmp_path):
    spec = plain_workspace()
    bounded = {"name": "strength", "inits": [0.1], "bounds": [[0.0, 0.2]]}
    spec["measurements"].append(
        {"name": "other", "config": {"poi": "strength", "parameters": [bounded]}}
    )
    file = written(tmp_path, spec)
    outcome = run("limit", file)
    assert outcome.code == 1
    assert "several measurements (search, other)" in outcome.err
    assert limit(run, file, "--measurement", "search")["observed"] > 0.2
    assert limit(run, file, "--measurement", "other")["observed"] is None
    (tmp_path / "experiment.yaml").write_text("name: a spectrum\n")
    outcome = run("limit", tmp_path / "experiment.yaml", "--measurement", "search")
    assert outcome.code == 1
    assert "--measurement: is given without a workspace" in outcome.err


def test_arguments_of_the_library_are_said_as_options(refused, tmp_path):
    """Each of several faults too, and never a field of a file."""
    file = resource_path("published/xenonnt-sr0/experiment.yaml")
    for name in "ab":
        made = exonu_workspace(tmp_path, file, "millicharge", ("all", None))
        made.with_name(f"{made.stem}.poi_map.yaml").rename(tmp_path / f"{name}.poi_map.yaml")
        made.rename(tmp_path / f"{name}.json")
    said = refused("limit", "a.json", "b.json", "--interaction", "millicharge", "--mass-mev", "1")
    named = [line.split(": ")[1] for line in said.removeprefix("error: ").splitlines()]
    assert named == ["--interaction", "--mass-mev"]
    said = refused("limit", "a.json", "b.json", "--measurement", "search")
    assert "a.json: --measurement: is given for several files, and belongs to one workspace" in said
    page = tmp_path / "a.poi_map.yaml"
    page.write_text(page.read_text().replace("flavour: all\n", ""))
    assert "a.poi_map.yaml: flavour: is missing" in refused("limit", "a.json", "b.json")


def test_a_workspace_is_not_read_as_a_table_first(tmp_path, monkeypatch):
    """A workspace of a hundred parameters is a long CSV."""
    monkeypatch.setattr(limit_inputs, "read_header_and_rows", None)
    assert limit_inputs.is_json(written(tmp_path, plain_workspace()))
