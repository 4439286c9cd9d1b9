"""`exonu init --events --level reconstructed` writes a template whose invented example gives a limit as it is."""

import shutil

import pytest

from exonu.core.files import write_json
from exonu.core.resources import resource_path
from exonu.core.settings import checked
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.selection.cuts import Selection, select
from exonu.events.tabular.read_reconstructed import read_reconstructed
from exonu.search.analysis import ANALYSIS_SCHEMA
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.from_events import with_priors
from exonu.search.experiment.read_experiment import read_experiment
from exonu.statistics import compile_workspace, upper_limit
from exonu.templates.filling import fill_templates
from exonu.templates.simulated_samples import Sources
from exonu.templates.template_jobs import prior_settings, template_settings


def test_the_example_gives_a_limit(tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(resource_path("template_reconstructed"), folder)
    inputs = read_event_inputs(folder / "events.yaml", 0)
    for name, job in (
        ("run", {"run": 1}),
        ("signal", {"sample": "signal"}),
        ("background", {"sample": "background"}),
    ):
        assert read_reconstructed(inputs.table_settings(**job), folder / f"{name}.root").notes == []
    told = inputs.select_settings(run=1)
    cuts = Selection.from_settings(told["cuts"], told["extra"], told["file"])
    select(cuts, folder / "run.root", folder / "selected.root", told["source"], told["edges_keV"])
    nominal = {name: folder / f"{name}.root" for name in ("signal", "background")}
    made = fill_templates(
        template_settings(inputs, blind=False), Sources([folder / "selected.root"], nominal, {})
    )
    write_json(
        folder / "experiment.json", with_priors(made.content, prior_settings(inputs)["priors"])
    )
    experiment = read_experiment(folder / "experiment.json")
    assert experiment.background.sum() == pytest.approx(experiment.observed.sum(), abs=40)
    kept = {(one.systematic.name, one.component) for one in made.effects if one.is_kept}
    assert {("efficiency", "signal"), ("radius", "background")} <= kept
    settings = checked({"config_version": 1, "events": "-"}, ANALYSIS_SCHEMA, "test")
    [workspace] = build_workspaces(experiment, "magnetic-moment", settings, [("all", None)])
    assert workspace.meaning["notes"] == []
    limit = upper_limit(compile_workspace(workspace.spec))
    assert 0 < limit.expected[0] < limit.expected[4] < 20
