"""`exonu limit` and blinding: whatever names a blind analysis, the observed counts are not used."""

import json

import pytest


@pytest.fixture
def answer(run, experiment):
    """Call `exonu limit` for the template's magnetic moment; `experiment` is in the folder mine."""

    def call(*arguments):
        outcome = run("limit", *arguments, "--interaction", "magnetic-moment")
        assert (outcome.code, outcome.err) == (0, "")
        return json.loads(outcome.out)

    return call


def is_blind(found):
    """The expected background stands for the data, so its limit is the median."""
    return found["blinded"] and abs(found["observed"] / found["expected"][2] - 1) < 1e-6


@pytest.mark.parametrize("named", ["mine", "mine/experiment.yaml", "mine/analysis.yaml"])
def test_a_new_template_is_blind_however_it_is_named(answer, named):
    found = answer(named)
    assert is_blind(found)
    assert found["blinded_by"].endswith("analysis.yaml")
    assert found["unblind"] is False


@pytest.mark.parametrize("named", ["mine", "mine/experiment.yaml", "mine/analysis.yaml"])
def test_unblinding_is_asked_for_and_recorded(answer, named):
    found = answer(named, "--unblind")
    assert (found["blinded"], found["blinded_by"], found["unblind"]) == (False, None, True)
    assert abs(found["observed"] / found["expected"][2] - 1) > 1e-3


def test_a_copy_of_the_experiment_is_as_blind(answer, experiment):
    (experiment.parent / "again.yaml").write_text(experiment.read_text())
    assert is_blind(answer("mine/again.yaml"))


def test_an_unblinded_analysis_shows_its_data(answer, experiment):
    analysis = experiment.parent / "analysis.yaml"
    analysis.write_text(analysis.read_text().replace("blind: true", "blind: false"))
    assert not answer("mine/experiment.yaml")["blinded"]
    analysis.rename(analysis.with_name("other.yaml"))
    assert not answer("mine/experiment.yaml")["blinded"]


def test_an_experiment_alone_is_not_blind(answer, experiment):
    (experiment.parent / "analysis.yaml").unlink()
    assert not answer("mine")["blinded"]


def test_the_folder_s_analysis_may_lie_above(answer, experiment):
    text = (experiment.parent / "analysis.yaml").read_text()
    (experiment.parent / "analysis.yaml").unlink()
    above = experiment.parent.parent / "mine.yaml"
    above.write_text(text.replace("experiment: ", "experiment: mine/"))
    assert is_blind(answer("mine/experiment.yaml"))


def test_an_analysis_by_its_name_with_the_overrides_of_config(answer, experiment, tmp_path):
    (tmp_path / "config").mkdir()
    experiment.parent.rename(tmp_path / "config" / "my-search")
    assert is_blind(answer("my-search"))
    (tmp_path / "config" / "config.yaml").write_text(
        "config_version: 1\nanalyses: [my-search]\noverrides: {my-search: {blind: false}}\n"
    )
    for named in ("my-search", "config/my-search", "config/my-search/experiment.yaml"):
        assert not answer(named)["blinded"]


def test_whether_a_faulty_analysis_is_blind_is_not_guessed(refused, experiment):
    (experiment.parent / "analysis.yaml").write_text("blind: [")
    message = refused("limit", experiment, "--interaction", "magnetic-moment")
    assert "analysis.yaml: line" in message


def test_what_names_nothing(refused, tmp_path):
    (tmp_path / "config").mkdir()
    arguments = ("--interaction", "millicharge")
    assert "the analysis 'gone' has no file" in refused("limit", "gone", *arguments)
    assert "config: is a folder with neither analysis.yaml nor experiment.yaml" in refused(
        "limit", "config", *arguments
    )


def test_a_workspace_holds_its_own_data(refused, tmp_path):
    (tmp_path / "w.json").write_text("{}")
    assert "w.json: --unblind: is given with a workspace" in refused("limit", "w.json", "--unblind")
