"""What runs again after a change: the jobs that depend on it, and no others. Dry runs after one
finished run."""

import re
from pathlib import Path

import pytest
from helpers import plan, python, results

ALPHA = "config/alpha/analysis.yaml"


def made(place, analysis):
    """All outputs of an analysis in the finished run."""
    return {f"results/{analysis}/{name}" for name in results(place.folder / "results" / analysis)}


def figures(outputs):
    return {name for name in outputs if re.match(r"results/\w+/figures/", name)}


COMPARISON = re.compile(r"results/comparison/figures/")


def without_comparison(outputs):
    return {name for name in outputs if not COMPARISON.match(name)}


def test_nothing_changed(place):
    """Not even by moving the repository and the folder elsewhere: `place` is a copy."""
    assert plan(place).outputs == frozenset()


def test_order_of_keys_comments_and_kind_of_a_whole_number(place):
    """Nor the date of a file."""
    place.edit(
        ALPHA,
        "experiment: experiment.yaml\nblind: false\n",
        "# mine\nblind: false\nexperiment: experiment.yaml\n",
    )
    place.edit(ALPHA, "minimum: 0.001, maximum: 10,", "maximum: 10.0, minimum: 1.0e-3,")
    place.edit(ALPHA, "plots: {dpi: 100}", "plots:\n  dpi: 100 # as printed")
    place.edit(
        "config/config.yaml",
        "config_version: 1\nanalyses: [alpha, beta]",
        "analyses: [alpha, beta]\nconfig_version: 1",
    )
    place.edit(
        ALPHA, "plots:", "physics: {solar_model: SFII-GS98}\nplots:"
    )  # the default, spelled out
    (place.folder / "config" / "alpha" / "spectrum.csv").touch()
    assert plan(place).outputs == frozenset()


def test_a_plot_setting_changes_plots_alone(place):
    place.edit(ALPHA, "dpi: 100", "dpi: 120")
    planned = plan(place).outputs
    page = "results/alpha/summary.html"  # shows the figures
    assert without_comparison(planned) - {page} == figures(made(place, "alpha"))
    assert figures(planned) == planned - {page}


def test_physics_changes_everything_of_its_analysis(place):
    place.edit(ALPHA, "plots:", "physics: {solar_model: B16-GS98}\nplots:")
    planned = plan(place)
    assert without_comparison(planned.outputs) == made(place, "alpha")
    assert {
        "spectra_alpha",
        "workspaces_alpha_magnetic_moment",
        "workspaces_alpha_dark_photon",
    } <= planned.changed
    assert not {
        rule for rule in planned.changed if rule.startswith("limits")
    }  # only their inputs are new


def test_a_statistics_setting_leaves_spectra_and_workspaces(place):
    place.edit(ALPHA, "{methods: [asymptotic],", "{confidence_level: 0.95, methods: [asymptotic],")
    planned = without_comparison(plan(place).outputs)
    assert "results/alpha/limits/limits.csv" in planned
    assert not {name for name in planned if "/workspaces/" in name or "beta" in name}
    assert not planned & {
        f"results/alpha/spectra/{name}.csv" for name in ("weak", "magnetic-moment", "dark-photon")
    }


def test_settings_of_other_targets_leave_the_default_run(place):
    """Injection, toys and coverage are targets of their own; only the page that shows all settings
    is made again."""
    place.edit(ALPHA, "{methods: [asymptotic],", "{injection: {toys: 300}, methods: [asymptotic],")
    place.edit(ALPHA, "{injection:", "{toys: {number: 500}, coverage: {toys: 10}, injection:")
    assert plan(place).outputs == {"results/alpha/summary.html"}


def test_published_limits_beside_ours_set_no_limit_again(place):
    place.edit(ALPHA, "plots:", "compare_with: XMASS-I\nplots:")
    planned = plan(place)
    assert "limits_table" in kinds(planned.changed) <= {"limits_table", "summary"}
    assert "results/alpha/limits/variants.csv" not in planned.outputs


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("config/alpha/spectrum.csv", "1,2,7,8.1", "1,2,8,8.1"),
        pytest.param("config/alpha/efficiency.csv", "5.0,0.90", "5.0,0.91", marks=pytest.mark.slow),
        pytest.param(
            "config/alpha/experiment.yaml", "value: 1.0", "value: 1.1", marks=pytest.mark.slow
        ),
    ],
)
def test_an_experiment_leaves_the_other_alone_and_the_spectra_before_the_detector(
    place, file, old, new
):
    place.edit(file, old, new)
    planned = without_comparison(plan(place).outputs)
    before_detector = {
        f"results/alpha/spectra/{name}.csv" for name in ("weak", "magnetic-moment", "dark-photon")
    }
    assert planned == made(place, "alpha") - before_detector


def test_a_new_analysis_adds_to_the_others(place):
    place.edit("config/config.yaml", "[alpha, beta]", "[alpha, beta, gamma]")
    gamma = place.folder / "config" / "gamma.yaml"
    gamma.write_text(
        "config_version: 1\nexperiment: alpha/experiment.yaml\ninteractions: {magnetic-moment: {}}\n"
    )
    planned = without_comparison(plan(place).outputs)
    assert planned
    assert {name.split("/")[1] for name in planned} == {"gamma"}


def kinds(rules):
    """Rules by what they do: `limits_alpha_dark_photon` is a `limits`."""
    return {re.sub(r"_(alpha|beta).*", "", rule) for rule in rules}


# A file of the library or of the facts; the kinds of jobs that depend on it, and those that do not.
DRAWING = {"figure_spectrum", "figure_signals", "figure_limits"}
LIBRARY = "workflow/src/exonu"
EDITED = {
    f"{LIBRARY}/cli/answers.py": (
        set(),
        {"spectra", "workspaces", "limits", "limits_table", "variants", *DRAWING},
    ),
    f"{LIBRARY}/steps/search/limits_table.py": (
        {"limits_table"},
        {"spectra", "workspaces", "limits", "variants", *DRAWING},
    ),
    f"{LIBRARY}/solar/spectrum.py": (
        {"spectra", "workspaces", "variants", "figure_folded"},
        {"figure_spectrum"},
    ),
    f"{LIBRARY}/detector/response.py": (
        {"workspaces", "variants", "figure_folded"},
        {"figure_spectrum"},
    ),
    f"{LIBRARY}/statistics/engine/minimiser.py": (
        {"limits", "variants"},
        {"spectra", "workspaces", "limits_table", *DRAWING},
    ),
    f"{LIBRARY}/report/figures/style.py": (
        DRAWING,
        {"spectra", "workspaces", "limits", "limits_table", "variants"},
    ),
    "resources/solar/fluxes.csv": (
        {"spectra", "workspaces", "variants", "figure_folded"},
        {"limits_table"},
    ),
    "resources/limits/limits.csv": (
        {"limits_table", "figure_limits"},
        {"spectra", "workspaces", "limits", "diagnostics", "figure_spectrum"},
    ),
    "resources/template/efficiency.csv": (
        set(),
        {"spectra", "workspaces", "limits", "limits_table", *DRAWING},
    ),
}


IN_THE_FAST_TIER = {"answers.py", "limits_table.py", "spectrum.py", "limits.csv"}
CASES = [
    pytest.param(
        file,
        dependence,
        id=file,
        marks=[] if Path(file).name in IN_THE_FAST_TIER else [pytest.mark.slow],
    )
    for file, dependence in EDITED.items()
]


@pytest.mark.parametrize(("file", "dependence"), CASES)
def test_edited_code_or_fact(place, file, dependence):
    runs, rests = dependence
    path = place.repository / file
    path.write_text(path.read_text() + "\n# edited\n")
    planned = plan(place)
    assert runs <= kinds(planned.rules)
    assert not rests & kinds(planned.changed)
    if not runs:
        assert planned.outputs == frozenset()


WHAT_A_STEP_LOADS = """
import importlib, sys
from exonu.core.digest import closure
for step in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "exonu"]:
        del sys.modules[name]
    importlib.import_module(step)
    loaded = {name for name in sys.modules if name.split(".")[0] == "exonu"}
    print(step, len(loaded), *sorted(loaded - closure(step)[0]))
"""


@pytest.mark.parametrize("one_in", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_the_digest_of_a_step_holds_every_module_that_python_loads_for_it(finished, one_in):
    folder = finished.repository / LIBRARY / "steps"
    steps = sorted(f"{file.parent.name}.{file.stem}" for file in folder.glob("*/[a-z]*.py"))
    assert len(steps) > 40
    steps = steps[::one_in]
    ended = python(finished, "-c", WHAT_A_STEP_LOADS, *(f"exonu.steps.{step}" for step in steps))
    assert ended.returncode == 0, ended.stderr
    lines = [line.split() for line in ended.stdout.splitlines()]
    assert [name for name, *_ in lines] == [f"exonu.steps.{step}" for step in steps]
    for _, loaded, *missing in lines:
        assert int(loaded) > 5
        assert missing == []
