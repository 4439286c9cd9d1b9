"""Systematics and activities from shells outside the fiducial volume: the fit, and the step on a toy."""

import numpy as np
import pytest
import toy_analysis
from hypothesis import given
from hypothesis import strategies as st

from exonu.core.errors import InputError
from exonu.core.files import canonical_json, read_json, write_json
from exonu.events.raw.writer import ColumnWriter
from exonu.search.experiment.from_events import read_event_experiment, with_priors
from exonu.steps.templates import shell_calibration as shell_step
from exonu.templates.calibrated_effects import CalibratedOptics, calibrated, central_bins
from exonu.templates.channel_filling import Filling
from exonu.templates.filling import fill_sample, fill_templates
from exonu.templates.shells.shell_fit import Background, Prior, Response, fit_shells
from exonu.templates.shells.shell_settings import shell_settings, shell_sources
from exonu.templates.simulated_samples import Sources
from exonu.templates.systematics import Effect, Systematic
from exonu.templates.template_jobs import prior_settings, template_settings

COUNTS = np.array([900.0, 1400.0, 700.0, 1100.0, 500.0, 1600.0])
GAP = np.array([0.9, 0.95, 0.8, 1.05, 1.2, 0.85])
SCATTERING = np.array([0.7, 0.6, 0.8, 0.5, 0.9, 0.75])


def response(ratio, noise=0.0):
    return Response(ratio, 1 / ratio, np.full(len(ratio), noise))


def wall(noise=0.0, error=0.0, gap=GAP):
    of = {"gap": response(gap, noise), "scattering": response(SCATTERING)}
    return Background("wall_cu", COUNTS, np.full(len(COUNTS), error), of, 0.2)


PRIOR = Prior(("scattering", "gap"), np.array([0.4, 0.0]), np.diag([0.3**2, 1.0]))


def expected(gap, scattering, factor):
    return factor * COUNTS * GAP**gap * SCATTERING**scattering


# -- the fit


def test_expected_counts_give_back_what_they_are_made_of():
    found = fit_shells(expected(0.5, 0.4, 1.1), [wall()], PRIOR)
    assert found.names == ("scattering", "gap", "wall-cu-norm")
    np.testing.assert_allclose(found.central, [0.4, 0.5, 0.5], atol=0.06)  # priors pull a little
    assert found.chi2 < 1
    assert found.scale == 1
    np.testing.assert_allclose(found.before, expected(0, 0.4, 1))
    np.testing.assert_allclose(found.after, expected(0.5, 0.4, 1.1), rtol=0.01)


def test_covariance_is_that_of_linear_gaussian_counts():
    """At its own expectation: (priors⁻¹ + slopes / counts × slopesᵀ)⁻¹, with slopes by hand."""
    mean = expected(0, 0.4, 1)
    found = fit_shells(mean, [wall()], PRIOR)
    slopes = mean * np.array([np.log(SCATTERING), np.log(GAP), np.full(len(COUNTS), 0.2)])
    known = np.diag([1 / 0.3**2, 1.0, 1.0])
    np.testing.assert_allclose(
        found.covariance, np.linalg.inv(known + slopes / mean @ slopes.T), rtol=1e-4
    )
    np.testing.assert_allclose(found.central, [0.4, 0, 0], atol=1e-6)


def test_pulls_over_many_data_sets():
    rng = np.random.default_rng(4)
    pulls = []
    for _ in range(80):
        truth = np.array([0.4 + 0.3 * rng.normal(), rng.normal(), rng.normal()])
        data = rng.poisson(expected(truth[1], truth[0], 1 + 0.2 * truth[2]))
        found = fit_shells(data.astype(float), [wall()], PRIOR)
        pulls.append((found.central - truth) / found.error)
    assert np.all(np.abs(np.mean(pulls, axis=0)) < 3 / np.sqrt(80))
    assert np.all(np.abs(np.std(pulls, axis=0) - 1) < 3 / np.sqrt(160))


def test_noise_of_the_slopes_is_no_information():
    """With slopes of a small simulation the value is not pulled to zero, and the error grows; if the
    noise is not told, it is pulled."""
    rng = np.random.default_rng(5)
    told, untold, pulls = [], [], []
    scale, sigma = 20.0, 0.07
    for _ in range(60):
        seen = np.exp(np.log(GAP) + sigma * rng.normal(size=len(GAP)))
        data = rng.poisson(scale * expected(1.0, 0.4, 1)).astype(float)
        made = [
            Background(one.name, scale * one.counts, one.error, one.responses, 0.02)
            for one in (wall(sigma, gap=seen), wall(0.0, gap=seen))
        ]
        narrow = Prior(PRIOR.names, PRIOR.central, np.diag([0.05**2, 4.0]))
        with_noise, without = (fit_shells(data, [one], narrow) for one in made)
        told.append(with_noise.central[1])
        untold.append(without.central[1])
        pulls.append((with_noise.central[1] - 1) / with_noise.error[1])
    assert np.median(untold) < 0.87  # of ratios of noisy numbers, means are skewed
    assert abs(np.median(told) - 1) < 0.08
    assert 0.5 < np.std(pulls) < 1.3
    assert with_noise.noise[1] > 0.05
    assert without.noise[1] == pytest.approx(0, abs=1e-9)


def test_data_that_nothing_describes_have_larger_errors_and_a_note():
    data = expected(0, 0.4, 1) * np.array([1.3, 0.7, 1.3, 0.7, 1.3, 0.7])
    found = fit_shells(data, [wall()], PRIOR)
    assert found.scale == pytest.approx(np.sqrt(found.chi2 / 6))
    assert found.scale > 3
    assert "shells outside the fiducial volume: χ² =" in found.notes(["gap"])[0]


def test_notes_of_values_far_from_what_is_known():
    notes = fit_shells(expected(2.5, 0.4, 1), [wall()], PRIOR).notes(["gap"])
    assert any("gap: 2." in one and "from what is declared" in one for one in notes)
    assert any("lies outside what is simulated" in one for one in notes)


def test_shells_that_say_nothing_leave_what_was_known():
    flat = Background("wall", COUNTS * 1e-9, np.zeros(6), {"gap": response(GAP)}, 0.2)
    correlated = Prior(
        ("scattering", "gap"), np.array([0.4, -0.1]), np.array([[0.09, 0.1], [0.1, 1.0]])
    )
    found = fit_shells(np.zeros(6), [flat], correlated)
    np.testing.assert_allclose(found.central, [0.4, -0.1, 0], atol=1e-5)
    np.testing.assert_allclose(found.covariance[:2, :2], correlated.covariance, rtol=1e-6)


# -- activities among the calibrated effects

UP = {"scattering": np.array([1.3, 1.5]), "gap": np.array([1.2, 1.1])}


def effects(component, names):
    found = []
    for name in names:
        systematic = Systematic(name, "traced", "assumed", from_shells=True)
        one, up = np.full(2, 0.01), UP[name]
        found.append(
            Effect(
                systematic, component, (2.0, 10.0, 30.0), up - 1, one, 1 / up - 1, one, up, 1 / up, 1e-6, 0.2
            )
        )  # fmt: skip
    return found


def measured(errors, correlation):
    e = np.asarray(errors)
    matrix = np.array([[1, correlation, 0.0], [correlation, 1, 0.2], [0.0, 0.2, 1]])
    return CalibratedOptics(
        ("cu-norm", "scattering", "gap"), np.array([-0.5, 0.3, -0.2]), matrix * np.outer(e, e), 0.0,
        activities={"cu-norm": ("copper", 0.2)},
    )  # fmt: skip


@given(
    errors=st.tuples(*3 * [st.floats(0.05, 0.8)]), correlation=st.floats(-0.9, 0.9),
)  # fmt: skip
def test_an_activity_is_one_of_the_directions(errors, correlation):
    """Σ of squares over all nuisance parameters is aᵀ C a in every bin, of the component whose activity it
    is and of another one that is scattered alike."""
    calibration = measured(errors, correlation)
    slopes = np.array([np.full(2, np.log(1.2 / 0.8) / 2), *np.log(list(UP.values()))])
    curve = np.log(1.2 * 0.8) / 2  # 1 ± 0.2 bends by this, at its central value
    found = calibrated(effects("copper", UP), calibration, "copper", (2.0, 30.0))
    assert [one.systematic.name for one in found] == ["scattering", "gap", "cu-norm"]
    moved = np.exp(slopes.T @ calibration.central + curve * 0.5**2)
    np.testing.assert_allclose(central_bins(found), moved, rtol=1e-12)
    at_centre = slopes + curve * 2 * np.outer([-0.5, 0, 0], [1, 1])
    both = np.array([(np.log(one.up_bins) - np.log(one.down_bins)) / 2 for one in found])
    np.testing.assert_allclose(
        np.sum(both**2, axis=0),
        np.einsum("kb,kl,lb->b", at_centre, calibration.covariance, at_centre),
        rtol=2e-2,
        atol=1e-4,
    )
    other = calibrated(effects("surface", ["scattering"]), calibration, "surface", (2.0, 30.0))
    total = sum(np.log(one.up_bins) ** 2 for one in other)
    np.testing.assert_allclose(total, slopes[1] ** 2 * calibration.covariance[1, 1], rtol=1e-6)
    if abs(correlation) > 1e-3:
        assert [one.systematic.name for one in other] == ["scattering", "cu-norm"]
        assert all(one.is_kept for one in other)
    assert calibration.activity("surface") is None
    assert calibration.activity("copper") == pytest.approx(
        {"central": 0.9, "error": 0.2 * errors[0]}
    )


# -- the step

EVENTS = """\
config_version: 1
name: toy
is_simulated: true
runs: runs.tsv
samples: samples.tsv
cuts:
  - {name: fiducial-volume, keep: r_pe_cm < 20, status: published}
templates: {liquid_mass_kg: 832, fiducial_mass_kg: 97}
systematics:
  - {name: fiducial, kind: cut, cut: fiducial-volume, size: 0.03, status: assumed, description: ± 3 %}
  - {name: gap, kind: traced, from_shells: true, ranges_keV: [2, 30, 200], status: assumed, description: toy}
shells: {cut: fiducial-volume, variable: r_pe_cm, edges: [22, 25, 28], edges_keV: [2, 8, 30], activities: [seal]}
"""
SAMPLES = [
    ("signal", "signal", "nominal", "-"),
    ("seal", "seal", "nominal", "0.4"),
    ("baseline", "seal", "baseline", "-"),
    ("gap-up", "seal", "gap-up", "-"),
    ("gap-down", "seal", "gap-down", "-"),
]
PER_DAY, DAYS = 4000.0, 10.0


def wall_events(rng, n, gap):
    """Energies, radii and weights: the deeper the gap, the softer, and the further inside."""
    radius, energy = 28 - rng.exponential(4, n), 2 + rng.exponential(8, n)
    return energy, radius, np.exp(0.15 * gap * ((25 - radius) / 3 - (energy - 10) / 8))


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("shells"), np.random.default_rng(11)
    inputs = toy_analysis.write_analysis(folder, EVENTS, SAMPLES)
    files = {}

    def write(name, energy, weight, radius, true=None):
        files[name] = folder / f"{name}.root"
        toy_analysis.write_events(files[name], energy, weight, radius, true)

    true, weight, energy = toy_analysis.recoils(rng, 5000)
    write("sample_signal", energy, weight, toy_analysis.radii(rng, 5000), true)
    energy, radius, _ = wall_events(rng, 100_000, 0)
    write("sample_seal", energy, PER_DAY / len(energy), radius)
    energy, radius, _ = wall_events(rng, 60_000, 0)
    for name, gap in (("baseline", 0), ("gap-up", 1), ("gap-down", -1)):
        weight = np.exp(0.15 * gap * ((25 - radius) / 3 - (energy - 10) / 8))
        write(f"sample_{name}", energy, weight, radius)
    energy, radius, weight = wall_events(rng, 400_000, 0.6)
    kept = rng.uniform(size=len(energy)) < 0.8 * PER_DAY * DAYS / len(energy) * weight
    write("run_1", energy[kept], 1.0, radius[kept])
    return folder, inputs, files


def run(toy, **other):
    folder, inputs, files = toy
    settings = {**shell_settings(inputs), **other}
    toy_analysis.run_step(
        shell_step, "--settings", canonical_json(settings), "--reconstructed",
        *(files[name] for name in shell_sources(settings)),
        "--record", folder / "shells.json", "--counts", folder / "shells.csv",
    )  # fmt: skip
    return read_json(folder / "shells.json")


def test_the_step_finds_gap_and_activity(toy):
    record = run(toy)
    assert record["order"] == ["seal-norm", "gap"]
    for name, truth in (("gap", 0.6), ("seal-norm", -0.2 / 0.4)):
        found = record["parameters"][name]
        assert abs(found["central"] - truth) < 3 * found["error"]
        assert found["error"] < 0.25
    assert record["p_value"] > 0.01
    assert record["is_simulated"]
    assert record["vertex_scale"] is None
    assert record["parameters"]["seal-norm"]["component"] == "seal"
    table = (toy[0] / "shells.csv").read_text().splitlines()
    assert table[0].startswith("r_pe_cm_low,r_pe_cm_high,energy_low_keVee")
    assert len(table) == 5
    # what it is made of is understood by the templates
    optics = CalibratedOptics.read(toy[0] / "shells.json")
    assert optics.activity("seal")["central"] == pytest.approx(
        1 + 0.4 * record["parameters"]["seal-norm"]["central"]
    )


def test_templates_and_workspace_of_a_measured_activity(toy):
    """The activity moves the counts and is one variation of its background, not a normalisation beside it."""
    folder, inputs, files = toy
    record = run(toy)
    optics = CalibratedOptics.read(folder / "shells.json")
    settings = template_settings(inputs, blind=True)
    paths = {name.removeprefix("sample_"): file for name, file in files.items()}
    sources = Sources(
        data=None,
        nominal={name: paths[name] for name in ("signal", "seal")},
        varied={name: _inside(paths[name]) for name in ("baseline", "gap-up", "gap-down")},
        optics=optics,
    )
    content = fill_templates(settings, sources).content
    seal = content["backgrounds"]["seal"]
    assert set(seal["variations"]) == {"gap", "seal_norm"}
    activity = seal["measured_activity"]["central"]
    as_sampled = fill_sample(
        [Filling({**settings, "systematics": []}, sources)], settings["nominal"][1]
    )
    before = as_sampled[0][0].spectrum.values.sum() * DAYS
    # up and down are inverse but for curvature: exp(± 0.15 × 3), the mean depth of what is inside
    gap = record["parameters"]["gap"]["central"]
    expected = before * activity * np.exp(0.15 * 3 * gap)
    assert sum(seal["counts"]) == pytest.approx(expected, rel=0.1)
    up, counts = np.sum(seal["variations"]["seal_norm"]["up"]), np.sum(seal["counts"])
    assert 1.005 < up / counts < 1.1
    write_json(
        folder / "experiment.json", with_priors(content, prior_settings(inputs)["priors"], "x")
    )
    (background,) = read_event_experiment(folder / "experiment.json").backgrounds
    assert background.is_correlated
    assert background.uncertainty == pytest.approx(seal["measured_activity"]["error"] / activity)


def _inside(file):
    """The selected events of a file."""
    import uproot

    events = uproot.open(file)["events"].arrays(library="np")
    kept = events["r_pe_cm"] < 20
    made = file.with_name(f"inside_{file.name}")
    with ColumnWriter(made, "events", {"is_simulated": True}) as writer:
        writer.write({name: column[kept] for name, column in events.items()})
    return made


def test_cells_with_few_events_are_left_out(toy):
    settings = shell_settings(toy[1])
    shells = [one | {"live_days": 0.02} for one in settings["shells"]]
    record = run(toy, shells=shells, spectrum=settings["spectrum"] | {"live_days": 0.02})
    assert any("cells expect fewer than 10 events" in one for one in record["notes"])


def test_shells_without_events(toy):
    spectrum = shell_settings(toy[1])["spectrum"] | {"live_days": 1e-4}
    with pytest.raises(InputError, match=r"expect at most .* events in a cell, and 10 are needed"):
        run(toy, spectrum=spectrum)


def test_a_systematic_that_shells_do_not_show(toy):
    with pytest.raises(InputError, match="changes no background in the shells, and 'other'"):
        run(toy, measured=["gap", "other"])


def test_data_that_the_spectrum_has_too(toy):
    settings = shell_settings(toy[1])
    cut = settings["spectrum"]["cuts"][0] | {"keep": "r_pe_cm < 23"}
    with pytest.raises(InputError, match="that the spectrum keeps too"):
        run(toy, spectrum=settings["spectrum"] | {"cuts": [cut]})


def test_analyses_without_shells_have_no_such_step(tmp_path):
    inputs = toy_analysis.write_analysis(tmp_path)
    assert shell_settings(inputs) is None


REGION = "{name: a, cut: fiducial-volume, keep: 26 <= r_pe_cm}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("shells: {", "#", "is missing, and gap needs it"),
        ("kind: traced, from_shells", "kind: position, size: 0.1, from_shells", "is of kind 'position'"),
        ("from_shells: true", "from_shells: true, from_calibration: true", "is measured by the source already"),
        ("edges: [22, 25, 28]", "edges: [22, 28, 25]", "do not increase"),
        ("edges_keV: [2, 8, 30]", "edges_keV: [2, 30, 8]", "do not increase"),
        ("edges: [22, 25, 28]", "edges: [19, 25, 28]", "keep r_pe_cm = 19.* as the cut fiducial-volume does"),
        ("shells: {cut: fiducial-volume", "shells: {cut: other", "replaces the cut 'other', which is not there"),
        ("activities: [seal]", "activities: [copper]", "'copper' has 0 nominal samples"),
        ("fiducial_mass_kg: 97}", f"fiducial_mass_kg: 97, regions: [{REGION}]}}", "keep r_pe_cm = .* as the region a"),
    ],
)  # fmt: skip
def test_faults_of_the_shells(tmp_path, old, new, message):
    assert old in EVENTS
    inputs = toy_analysis.write_analysis(tmp_path, EVENTS.replace(old, new), SAMPLES)
    with pytest.raises(InputError, match=message) as caught:
        shell_settings(inputs)
    assert "events.yaml" in str(caught.value)
