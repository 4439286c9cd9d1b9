"""Projections to other exposures and backgrounds: laws that hold without knowing the numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyhf
import pytest

from exonu.cli import main
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.report.figures.projected_reach import draw_projections
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.studies.projections import discovery_reach, projection, projection_rows
from exonu.search.workspace import Workspace
from exonu.statistics import NewtonOptimizer, compile_workspace, fit, upper_limit

XENONNT = resource_path("published/xenonnt-sr0/experiment.yaml")


@pytest.fixture(scope="module")
def made() -> dict[str, Workspace]:
    experiment = read_experiment(XENONNT)
    chosen: Any = {"magnetic-moment": ("all", None), "dark-photon": ("all", 10.0)}
    return {
        name: build_workspaces(experiment, name, default_settings(), [case])[0]
        for name, case in chosen.items()
    }


def test_without_systematics_the_limit_follows_the_fourth_root(made: dict[str, Workspace]) -> None:
    """x = μ² is limited by the background's fluctuation: μ ∝ (background / exposure)^¼."""
    spec, meaning = made["magnetic-moment"].spec, made["magnetic-moment"].meaning
    rows = pd.DataFrame(projection_rows(spec, meaning, [1e3, 1e5], [1.0, 0.25]))
    alone = rows[~rows["systematics"]].set_index(["exposure_tonne_year", "background"])
    for column, tolerance in (("expected", 5e-3), ("discovery", 2e-2)):
        value = alone[column]
        assert value[1e3, 1.0] / value[1e5, 1.0] == pytest.approx(100**0.25, rel=tolerance)
        assert value[1e5, 1.0] / value[1e5, 0.25] == pytest.approx(4**0.25, rel=tolerance)
    with_all = rows[rows["systematics"]]["expected"].to_numpy()
    assert (with_all > alone["expected"].to_numpy()).all()


def test_today_without_change_is_the_asimov_limit(made: dict[str, Workspace]) -> None:
    spec, meaning = made["magnetic-moment"].spec, made["magnetic-moment"].meaning
    model = compile_workspace(spec)
    asimov = upper_limit(model, model.expected({"mu": 0.0})).expected[2]
    [row, _] = projection_rows(spec, meaning, [1.16])
    expected = meaning["reference_strength"] * asimov**0.5
    assert row["expected"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("interaction", ["magnetic-moment", "dark-photon"])
def test_data_with_the_reach_have_three_standard_deviations(
    made: dict[str, Workspace], interaction: str
) -> None:
    """q0 of pyhf for its own Asimov data with that signal."""
    workspace = made[interaction]
    spec = projection(workspace.spec, 10.0)
    model = compile_workspace(spec, poi_map=workspace.meaning["poi_map"] or None)
    reach = discovery_reach(model, 3.0)
    data = model.expected_data({"mu": reach})
    if workspace.meaning["poi_map"]:
        held = {"mu": 0.0}
        q0 = 2 * (fit(model, data, held).nll - fit(model, data).nll)
    else:
        pyhf.set_backend("numpy", NewtonOptimizer())
        try:
            oracle = pyhf.Workspace(spec).model()
            told = oracle.config
            starts = (told.suggested_init(), told.suggested_bounds(), told.suggested_fixed())
            q0 = pyhf.infer.test_statistics.q0(0.0, data.tolist(), oracle, *starts)
        finally:
            pyhf.set_backend("numpy")
    assert np.sqrt(float(q0)) == pytest.approx(3.0, abs=1e-3)


def test_backgrounds_alone_change_with_the_background(made: dict[str, Workspace]) -> None:
    spec = made["dark-photon"].spec
    cleaner = projection(spec, 2.0, background=0.5)
    samples = (one["channels"][0]["samples"] for one in (spec, cleaner))
    for before, after in zip(*samples, strict=True):
        factor = 1.0 if before["name"] == "B0" else 2.0
        np.testing.assert_allclose(after["data"], factor * np.array(before["data"]))


def test_command_line_gives_a_table_and_a_figure(tmp_path: Any, capsys: Any) -> None:
    figure = tmp_path / "reach.png"
    arguments = ["project", str(XENONNT), "--interaction", "magnetic-moment"]
    asked = ["--exposure", "1.16,20", "--background", "1,0.1", "--figure", str(figure)]
    assert main([*arguments, *asked]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 2 * 2 * 2
    assert figure.stat().st_size > 10_000
    assert main(["project", str(XENONNT), "--exposure", "1"]) == 1
    assert "--interaction: is missing" in capsys.readouterr().err
    assert main([*arguments, "--exposure=-1"]) == 1
    assert "--exposure: must be numbers > 0" in capsys.readouterr().err
    assert main([*arguments, "--exposure", "1", "--significance", "0"]) == 1
    assert "--significance: must be > 0" in capsys.readouterr().err
    assert main([*arguments, "--exposure", "1", "--figure", "x.txt"]) == 1
    assert "--figure: must end with .png or .pdf" in capsys.readouterr().err


def test_a_workspace_without_exposure_is_refused(made: dict[str, Workspace]) -> None:
    workspace = made["magnetic-moment"]
    meaning = {k: v for k, v in workspace.meaning.items() if k != "exposure_tonne_year"}
    with pytest.raises(InputError, match="exposure_tonne_year: has no exposure to project from"):
        projection_rows(workspace.spec, meaning, [1.0], file="x.json")


def test_simulated_experiments_say_so_in_the_figure(made: dict[str, Workspace]) -> None:
    meaning = {**made["magnetic-moment"].meaning, "is_simulated": True}
    rows = projection_rows(made["magnetic-moment"].spec, meaning, [1.0, 2.0])
    figure = draw_projections(pd.DataFrame(rows))
    assert "simulated" in [text.get_text() for axes in figure.axes for text in axes.texts]
