"""`exonu init --events --level reconstructed` writes a template whose invented example gives a limit as it is."""

import shutil
from datetime import UTC

import numpy as np
import pytest

from exonu.core.files import write_json
from exonu.core.resources import resource_path
from exonu.core.settings import checked
from exonu.events.raw.root_files import read_columns
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.selection.cuts import Selection, select
from exonu.events.tabular.read_reconstructed import read_reconstructed
from exonu.search.analysis import ANALYSIS_SCHEMA
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.from_events import with_priors
from exonu.search.experiment.read_experiment import read_experiment
from exonu.solar.sun_position import cos_zenith
from exonu.statistics import compile_workspace, upper_limit
from exonu.templates.filling import fill_templates
from exonu.templates.packing import unpacked
from exonu.templates.simulated_samples import Sources
from exonu.templates.template_jobs import prior_settings, template_settings


def made_from_the_example(folder, **changes):
    """Its inputs, and the templates of its events."""
    shutil.copytree(resource_path("template_reconstructed"), folder)
    inputs = read_event_inputs(folder / "events.yaml", 0, changes)
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
    settings = template_settings(inputs, blind=False)
    before_cuts = [folder / "run.root"] if settings["parts"] else []
    sources = Sources([folder / "selected.root"], nominal, {}, before_cuts=before_cuts)
    return inputs, fill_templates(settings, sources)


def test_the_example_gives_a_limit(tmp_path):
    folder = tmp_path / "mine"
    inputs, made = made_from_the_example(folder)
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


def test_night_and_day_share_the_spectrum_as_the_live_time_does(tmp_path):
    site = {"latitude_deg": 36.4, "longitude_deg": 137.3}
    second = {"variable": "cos_zenith", "edges": [-1, 0, 1]}
    inputs, made = made_from_the_example(tmp_path / "mine", site=site, templates={"second": second})
    assert made.content["notes"] == []
    night, day = made.content["parts"]
    [run] = inputs.runs.runs
    begin, live_time_s = run.start.replace(tzinfo=UTC).timestamp(), run.live_time_s
    height = cos_zenith(begin + np.linspace(0, live_time_s, 200_001), **site)
    by_day = np.mean(height >= 0)
    assert 0.40 < by_day < 0.45  # January, north of the equator
    counts = [sum(part["backgrounds"]["background"]["counts"]) for part in (night, day)]
    assert counts[1] / sum(counts) == pytest.approx(by_day, abs=0.02)
    for name in (
        "signal",
        "background",
    ):  # spread so evenly that this is exact, whatever is selected
        [columns] = read_columns(tmp_path / "mine" / f"{name}.root")
        assert np.mean(columns["cos_zenith"] >= 0) == pytest.approx(by_day, abs=2e-3)
    matrices = [unpacked(part["response"]["matrix"], 29) for part in (night, day)]
    whole = unpacked(made.content["response"]["matrix"], 29)
    np.testing.assert_allclose(sum(matrices), whole, rtol=1e-5, atol=1e-12)
    observed = np.array(night["observed"]) + np.array(day["observed"])
    np.testing.assert_array_equal(observed, made.content["observed"])
    assert night["solar_flux"] == pytest.approx(1.033, abs=1e-3)
