"""Several experiments in one likelihood, against pyhf on workspaces joined by hand."""

from __future__ import annotations

import copy
import json

import numpy as np
import pandas as pd
import pyhf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exonu.cli import main
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.report.figures.combined_experiments import draw_combination
from exonu.report.figures.style import save
from exonu.report.hepdata.submission_tables import contribution_tables
from exonu.report.numbers.combined_counts import write_combined_counts
from exonu.report.numbers.figure_records import read_heading
from exonu.report.printed_tables.combination_tables import (
    contributions_table,
    shared_parameters_table,
)
from exonu.search.analysis import default_settings, read_config
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.combination.agreement import alone, combination_record, with_own_strengths
from exonu.search.combination.combined_tables import (
    combination_table,
    of_hypotheses,
    parameter_table,
)
from exonu.search.combination.from_files import join_files
from exonu.search.combination.joining import Part, join, parameter_rows, with_reference
from exonu.search.combination.members import read_member
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_methods
from exonu.search.strengths import strength
from exonu.search.workspace import Workspace
from exonu.statistics import NewtonOptimizer, compile_workspace, fit, profile_pair

NAMES = ("xenonnt-sr0", "xenon1t-sr1")


@pytest.fixture(scope="module")
def parts() -> dict[str, list[Part]]:
    """Workspaces of both experiments, of a linear and of a quadratic signal."""
    chosen = {"magnetic-moment": ("all", None), "dark-photon": ("all", 10.0)}
    experiments = [
        read_experiment(resource_path(f"published/{name}/experiment.yaml")) for name in NAMES
    ]
    return {
        interaction: [
            Part(one.name, made.spec, made.meaning, f"{one.name}.json")
            for one in experiments
            for made in build_workspaces(one, interaction, default_settings(), [case])
        ]
        for interaction, case in chosen.items()
    }


def limit_of(joined: Workspace) -> float:
    model = compile_workspace(joined.spec, poi_map=joined.meaning["poi_map"] or None)
    found = limit_methods(model, ["asymptotic"], 0.9)["asymptotic"]["observed"]
    value = strength(found, joined.meaning)
    assert value is not None
    return value


def by_hand(parts: list[Part], reference: float) -> dict[str, object]:
    """The workspaces put together as a reader of them would, with nothing of `joining`."""
    channels, observations = [], []
    for letter, part in zip("ab", parts, strict=True):
        channel = copy.deepcopy(part.spec["channels"][0])
        channel["name"] = letter
        ratio = (reference / part.meaning["reference_strength"]) ** 2
        for sample in channel["samples"]:
            for modifier in sample["modifiers"]:
                if modifier["name"] in ("B0_norm", "efficiency"):
                    modifier["name"] += f"_{letter}"
                if sample["name"] == "signal" and modifier["type"] == "histosys":
                    for side in ("hi_data", "lo_data"):
                        modifier["data"][side] = [ratio * x for x in modifier["data"][side]]
            if sample["name"] == "signal":
                sample["data"] = [ratio * x for x in sample["data"]]
        channels.append(channel)
        observations.append({"name": letter, "data": part.spec["observations"][0]["data"]})
    measurements = parts[0].spec["measurements"]
    return {
        "version": "1.0.0",
        "channels": channels,
        "observations": observations,
        "measurements": measurements,
    }


def test_agrees_with_pyhf_on_a_workspace_joined_by_hand(parts: dict[str, list[Part]]) -> None:
    """pyhf's own statistics and root search; its own minimiser agrees too, in 20 seconds."""
    reference = 1e-11
    workspace = pyhf.Workspace(by_hand(parts["magnetic-moment"], reference))
    model = workspace.model()
    pyhf.set_backend("numpy", NewtonOptimizer())
    try:
        scan = pyhf.infer.intervals.upper_limits.toms748_scan
        observed, _ = scan(workspace.data(model), model, 0.01, 12.0, level=0.1, rtol=1e-6)
    finally:
        pyhf.set_backend("numpy")
    expected = reference * float(observed) ** 0.5
    assert limit_of(join(parts["magnetic-moment"])) == pytest.approx(expected, rel=1e-3)
    # What is avoided: the same with each experiment's own unit of μ is another number.
    naive = pyhf.Workspace(by_hand(parts["magnetic-moment"], reference))
    for channel, part in zip(naive["channels"], parts["magnetic-moment"], strict=True):
        for sample, own in zip(
            channel["samples"], part.spec["channels"][0]["samples"], strict=True
        ):
            sample["data"] = own["data"]
    found = limit_methods(compile_workspace(naive), ["asymptotic"], 0.9)["asymptotic"]["observed"]
    for part in parts["magnetic-moment"]:
        unit = part.meaning["reference_strength"]
        assert abs(unit * found**0.5 / expected - 1) > 0.03


@pytest.mark.slow
def test_agrees_with_pyhf_and_its_minimiser(parts: dict[str, list[Part]]) -> None:
    workspace = pyhf.Workspace(by_hand(parts["magnetic-moment"], 1e-11))
    model = workspace.model()
    scan = pyhf.infer.intervals.upper_limits.toms748_scan
    observed, _ = scan(workspace.data(model), model, 0.01, 12.0, level=0.1, rtol=1e-5)
    expected = 1e-11 * float(observed) ** 0.5
    assert limit_of(join(parts["magnetic-moment"])) == pytest.approx(expected, rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(factors=st.tuples(*[st.floats(1e-2, 1e2)] * 2), swap=st.booleans())
@pytest.mark.parametrize("interaction", ["magnetic-moment", "dark-photon"])
def test_order_and_references_do_not_matter(
    parts: dict[str, list[Part]], interaction: str, factors: tuple[float, float], swap: bool
) -> None:
    given_parts = parts[interaction]
    own = [
        with_reference(part, factor * part.meaning["reference_strength"])
        for part, factor in zip(given_parts, factors, strict=True)
    ]
    joined, again = join(given_parts), join(own[::-1] if swap else own)
    assert again.meaning == joined.meaning
    assert [c["name"] for c in again.spec["channels"]] == ["XENON1T_SR1", "XENONnT_SR0"]
    for channel, other in zip(joined.spec["channels"], again.spec["channels"], strict=True):
        for sample, same in zip(channel["samples"], other["samples"], strict=True):
            np.testing.assert_allclose(same["data"], sample["data"], rtol=1e-12)
            assert [m["name"] for m in same["modifiers"]] == [
                m["name"] for m in sample["modifiers"]
            ]
    assert again.spec["measurements"] == joined.spec["measurements"]


def test_an_experiment_alone_keeps_its_limit(parts: dict[str, list[Part]]) -> None:
    for hypothesis in parts.values():
        joined = join(hypothesis)
        for part in hypothesis:
            single = alone(joined.spec, joined.meaning, part.channel)
            expected = limit_of(Workspace("", part.spec, dict(part.meaning)))
            assert limit_of(Workspace("", single, joined.meaning)) == pytest.approx(
                expected, rel=2e-5
            )


@pytest.mark.parametrize("interaction", ["magnetic-moment", "dark-photon"])
def test_compatibility_is_the_ratio_of_two_fits_of_pyhf(
    parts: dict[str, list[Part]], interaction: str
) -> None:
    joined = join(parts[interaction])
    model = compile_workspace(joined.spec, poi_map=joined.meaning["poi_map"] or None)
    record = combination_record(joined.spec, joined.meaning, profile_pair(model), 0.9)
    test = record["compatibility"]
    assert test["failed"] == 0
    assert test["degrees"] == 1
    made, ties, strengths = with_own_strengths(joined.spec, joined.meaning)
    separate = compile_workspace(made, poi_map=ties or None)
    # The free model holds the common one: with all strengths at the common one they agree.
    common = dict.fromkeys(strengths.values(), test["common"])
    held = fit(separate, fixed=common)
    best = {strengths[name]: mu for name, mu in test["separate"].items()}
    assert test["q"] == pytest.approx(2 * (held.nll - fit(separate, fixed=best).nll), abs=1e-6)
    shares = [one["share"] for one in record["contributions"]]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[1] > 0.8  # XENONnT, of three times less background per exposure
    if not ties:  # plain pyhf fits both
        workspaces = [pyhf.Workspace(joined.spec), pyhf.Workspace(made)]
        values = []
        for workspace in workspaces:
            pyhf_model = workspace.model()
            _, value = pyhf.infer.mle.fit(
                workspace.data(pyhf_model), pyhf_model, return_fitted_val=True
            )
            values.append(float(value))
        assert test["q"] == pytest.approx(values[0] - values[1], abs=2e-3)


def test_compatibility_of_equal_data_is_perfect_and_toys_know_the_bound(
    parts: dict[str, list[Part]],
) -> None:
    joined = join(parts["magnetic-moment"])
    model = compile_workspace(joined.spec)
    spec = copy.deepcopy(joined.spec)
    expected = model.expected({"mu": 3.0})
    for one in spec["observations"]:
        one["data"] = expected[model.channels[one["name"]]].tolist()
    pair = profile_pair(compile_workspace(spec))
    test = combination_record(spec, joined.meaning, pair, 0.9, toys=20)["compatibility"]
    assert test["q"] == pytest.approx(0.0, abs=1e-8)
    assert test["p_value"] == pytest.approx(1.0, abs=1e-3)
    assert test["p_value_toys"] == 1.0
    assert test["toys"] == 20


@pytest.mark.slow
def test_toys_follow_chi_square_far_from_the_bound(parts: dict[str, list[Part]]) -> None:
    """With strengths far above zero q follows χ² of one degree: p from toys is p from χ²."""
    joined = join(parts["magnetic-moment"])
    model = compile_workspace(joined.spec)
    spec = copy.deepcopy(joined.spec)
    for name, mu in (("XENON1T_SR1", 60.0), ("XENONnT_SR0", 55.0)):
        [one] = [one for one in spec["observations"] if one["name"] == name]
        one["data"] = model.expected({"mu": mu})[model.channels[name]].tolist()
    pair = profile_pair(compile_workspace(spec))
    test = combination_record(spec, joined.meaning, pair, 0.9, toys=1500, seed=3)["compatibility"]
    assert 0.05 < test["p_value"] < 0.95
    assert abs(test["p_value_toys"] - test["p_value"]) < 4 * test["p_value_toys_error"] + 0.01


def test_table_says_what_is_shared(parts: dict[str, list[Part]]) -> None:
    joined = join(parts["magnetic-moment"])
    rows = {row["parameter"]: row for row in parameter_rows(joined.spec, joined.meaning)}
    assert rows["flux_pp"]["shared"]
    assert rows["flux_pp"]["experiments"] == "XENON1T_SR1;XENONnT_SR0"
    assert not rows["XENON1T_SR1_efficiency"]["shared"]
    assert rows["XENON1T_SR1_efficiency"]["experiments"] == "XENON1T_SR1"
    everything = join(parts["magnetic-moment"], ["*"])
    assert {"B0_norm", "efficiency"} <= set(everything.meaning["shared"])
    nothing = join(parts["magnetic-moment"], [])
    assert nothing.meaning["shared"] == {}
    own = [row["parameter"] for row in parameter_rows(nothing.spec, nothing.meaning)]
    assert "XENON1T_SR1_flux_pp" in own


def test_bounds_of_a_shared_parameter_hold_for_all(parts: dict[str, list[Part]]) -> None:
    first, second = (
        Part(one.experiment, copy.deepcopy(one.spec), one.meaning, one.file)
        for one in parts["magnetic-moment"]
    )
    for part, bound in ((first, 3.0), (second, 2.0)):
        settings_ = part.spec["measurements"][0]["config"]["parameters"]
        settings_.append({"name": "flux_pp", "bounds": [[-bound, bound]]})
    parameters = join([first, second]).spec["measurements"][0]["config"]["parameters"]
    assert {"name": "flux_pp", "bounds": [[-2.0, 2.0]]} in parameters


def staterror(part: Part) -> Part:
    spec = copy.deepcopy(part.spec)
    sample = spec["channels"][0]["samples"][0]
    errors = [0.1 * x + 0.1 for x in sample["data"]]
    sample["modifiers"].append({"name": "mc", "type": "staterror", "data": errors})
    return Part(part.experiment, spec, part.meaning, part.file)


def test_what_does_not_belong_together_is_refused(parts: dict[str, list[Part]]) -> None:
    moment, photon = parts["magnetic-moment"], parts["dark-photon"]
    with pytest.raises(InputError, match="needs two experiments or more"):
        join(moment[:1])
    with pytest.raises(InputError, match="is the experiment 'XENONnT SR0' again"):
        join([moment[0], moment[0]])
    with pytest.raises(InputError, match=r"XENON1T SR1.json: interaction: is 'dark-photon'"):
        join([moment[0], photon[1]])
    with pytest.raises(InputError, match=r"mc: is a staterror.*cannot be shared"):
        join([staterror(moment[0]), moment[1]], ["mc"])
    without = Part("other", moment[1].spec, {"poi_map": {}}, "x.json")
    with pytest.raises(InputError, match=r"x.json: reference_strength: has no reference_strength"):
        join([moment[0], without])


def written(parts: list[Part], folder: object) -> list[str]:
    files = []
    for part in parts:
        workspace = Workspace(part.channel, part.spec, dict(part.meaning))
        write_meaning(folder, workspace)
        file = folder / f"{part.channel}.json"
        file.write_text(json.dumps(part.spec))
        files.append(str(file))
    return files


def test_command_line_combines_workspaces_experiments_and_analyses(
    parts: dict[str, list[Part]], tmp_path, capsys
) -> None:
    moment = written(parts["magnetic-moment"], tmp_path)
    published = [str(resource_path(f"published/{name}/experiment.yaml")) for name in NAMES]
    answers = []
    for files in (moment, published, [moment[0], published[1]]):
        chosen = [] if files == moment else ["--interaction", "magnetic-moment"]
        assert main(["limit", *files, *chosen]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0]["observed"] == pytest.approx(answers[1]["observed"], rel=1e-9)
    assert answers[2] == answers[1]
    assert answers[0]["experiments"] == ["XENON1T SR1", "XENONnT SR0"]
    assert answers[0]["combination"]["compatibility"]["p_value"] < 0.01
    output = tmp_path / "both.json"
    assert main(["combine", *moment, "-o", str(output)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["channels"] == ["XENON1T_SR1", "XENONnT_SR0"]
    assert main(["limit", str(output)]) == 0
    again = json.loads(capsys.readouterr().out)["physical"]
    assert again["observed"] == pytest.approx(answers[0]["observed"], rel=1e-9)


def test_faults_of_files_are_named(parts: dict[str, list[Part]], tmp_path, capsys) -> None:
    moment = written(parts["magnetic-moment"], tmp_path)
    published = [resource_path(f"published/{name}/experiment.yaml") for name in NAMES]
    with pytest.raises(InputError, match=r"experiment\.yaml: interaction: is missing"):
        join_files(published)
    with pytest.raises(InputError, match="json: flavour: is given with workspaces"):
        join_files(moment_paths := [tmp_path / name for name in moment], flavour="e")
    page = tmp_path / "XENONnT_SR0.poi_map.yaml"
    page.write_text(page.read_text().replace("experiment: XENONnT SR0\n", ""))
    with pytest.raises(InputError, match="experiment: does not say of which experiment"):
        join_files(moment_paths)
    analysis = tmp_path / "other.yaml"
    analysis.write_text(
        f"config_version: 1\nexperiment: {published[1]}\nphysics: {{solar_model: B16-GS98}}\n"
    )
    with pytest.raises(InputError, match=r"physics.solar_model: is 'B16-GS98', and 'SFII-GS98'"):
        join_files([published[0], analysis], "magnetic-moment")
    assert main(["combine", *moment, "-o", str(tmp_path / "both.yaml")]) == 1
    assert "--output: must end with .json" in capsys.readouterr().err


def config_with(tmp_path, combined: str) -> dict[str, object]:
    for name in NAMES:
        source = resource_path(f"published/{name}/experiment.yaml")
        (tmp_path / f"{name}.yaml").write_text(f"config_version: 1\nexperiment: {source}\n")
    (tmp_path / "both.yaml").write_text(f"config_version: 1\n{combined}\n")
    return {"config_version": 1, "analyses": [*NAMES, "both"]}


@pytest.mark.parametrize(
    ("combined", "message"),
    [
        ("experiments: [xenonnt-sr0, lz]", "experiments.1: 'lz' is not one of `analyses`"),
        ("experiments: [xenonnt-sr0, both]", "experiments.1: 'both' is itself a combination"),
        ("experiments: [xenonnt-sr0]", "experiments: "),
        (
            "experiments: [xenonnt-sr0, xenon1t-sr1]\nexperiment: x.yaml",
            "must name either `experiment` or `events`, or `experiments`",
        ),
        (
            "experiments: [xenonnt-sr0, xenon1t-sr1]\ninteractions: {millicharge: {fit_range_keV: [1, 30]}}",
            "interactions.millicharge.fit_range_keV: belongs to an experiment",
        ),
        (
            "experiments: [xenonnt-sr0, xenon1t-sr1]\nvariants: {x: {description: y}}",
            "variants: change one experiment",
        ),
        (
            "experiments: [xenonnt-sr0, xenon1t-sr1]\nstatistics: {projections: [{days: 3}]}",
            "statistics.projections: scale the exposure of one experiment",
        ),
    ],
)
def test_faults_of_a_combined_analysis(tmp_path, combined: str, message: str) -> None:
    config = config_with(tmp_path, combined)
    with pytest.raises(InputError) as fault:
        read_config(config, tmp_path / "config.yaml")
    assert message in str(fault.value)


def test_a_combined_analysis_is_read(tmp_path) -> None:
    config = config_with(tmp_path, "experiments: [xenonnt-sr0, xenon1t-sr1]")
    *_, both = read_config(config, tmp_path / "config.yaml")
    assert both.experiments == NAMES
    assert not both.starts_from_events
    with pytest.raises(InputError, match="combines several experiments and has no spectrum"):
        _ = both.experiment_file
    joined = join_files([tmp_path / "both.yaml"], "millicharge")
    assert list(joined.meaning["experiments"]) == ["XENON1T_SR1", "XENONnT_SR0"]


def test_tables_of_a_combined_analysis_and_their_figure(
    parts: dict[str, list[Part]], tmp_path
) -> None:
    files = []
    for hypothesis in parts.values():
        joined = join(hypothesis)
        write_meaning(tmp_path, joined)
        files.append(tmp_path / f"{joined.name}.json")
        files[-1].write_text(json.dumps(joined.spec))
    asked = {
        "statistics": {"confidence_level": 0.9},
        "combination": {"compatibility_toys": 20},
        "seed": 1,
    }
    table = combination_table(files, files, asked)
    assert list(table["experiment"]) == ["XENON1T SR1", "XENONnT SR0", "combined"] * 2
    toys = table.set_index(["interaction", "experiment"])["compatibility_p_toys"]
    assert 0 <= toys["magnetic-moment", "combined"] < 0.3
    assert np.isnan(toys["dark-photon", "combined"])  # quadratic: asymptotic alone
    drawn = of_hypotheses(table, [files[1].stem])
    assert list(drawn["interaction"]) == ["dark-photon"] * 3
    counts = tmp_path / "counts.csv"
    members = [
        read_member(resource_path(f"published/{name}/experiment.yaml"), {"blind": name == NAMES[1]})
        for name in NAMES
    ]
    write_combined_counts(counts, members, blind=False)
    heading = read_heading(counts)
    assert heading.name == "XENON1T SR1 + XENONnT SR0"
    assert heading.exposure_tonne_year == pytest.approx(1.16 + 0.65, rel=5e-3)
    assert heading.blinded
    content = pd.read_csv(counts, comment="#")
    blind = content[content["experiment"] == "XENON1T SR1"]
    np.testing.assert_allclose(blind["observed"], blind["expected_background"])
    figure = draw_combination(table, heading)
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert any("agreement" in text for text in texts)
    save(figure, [tmp_path / "combination.png"], 80)
    contributions = contributions_table(table, heading)
    assert len(contributions.rows) == 6
    assert [row[-1] for row in contributions.rows[:2]] == ["–", "–"]
    assert contributions.rows[2][3] == "combined"
    shared = shared_parameters_table(parameter_table(files), heading)
    of = {row[0]: row[1] for row in shared.rows}
    assert (of["flux_pp"], of["XENON1T_SR1_B0_norm"]) == ("yes", "no")
    assert list(shared.values["shared"]) == sorted(shared.values["shared"], reverse=True)
    [moment, photon] = contribution_tables(table, heading)
    names = [variable.name for variable in moment.variables]
    assert names[:2] == ["M(A')", "Data of"]
    assert photon.variables[0].values == ["NU(all)"] * 3
    assert photon.variables[1].values == list(table["experiment"][:3])
    assert len(parameter_table(files)) == 10
