"""The calibration of the optics: closed forms, what errors mean, doubts, and files."""

from dataclasses import replace

import diagnostics_files as lab
import numpy as np
import pandas as pd
import pytest
from scipy.linalg import block_diag

from exonu.core.errors import InputError
from exonu.core.files import read_json
from exonu.detector.geometry import geodesic_geometry
from exonu.detector.model import Detector
from exonu.events.diagnostics.diagnosed_sources import scan_settings, source_names
from exonu.events.diagnostics.optics_calibration import optics_calibration, vertex_scale
from exonu.events.diagnostics.optics_fit import Known, OpticsFit, Varied, fit_optics
from exonu.events.diagnostics.source_scan import Rings, Scan
from exonu.events.raw.raw_events import Events, EventWriter
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.simulation.components import component
from exonu.simulation.generation.generate import generate
from exonu.simulation.light.photons import sources_from_deposits
from exonu.simulation.light.tracer import trace

Z = np.array([-30.0, 0.0, 30.0])
COSINE = np.array([-0.75, -0.25, 0.25, 0.75])
MEAN = 400 * np.exp(np.outer(Z / 30, COSINE))
EFFECTS = {
    "scattering": 0.04 * np.outer(-Z / 30, COSINE),
    "reflectivity": 0.03 * np.outer((Z / 30) ** 2, COSINE**2) + 0.02 * np.outer(-Z / 30, COSINE),
}
KNOWN = Known(position_cm=0.1, ring=0.01)


def light(rng, n, theta=(0.0, 0.0), scatter=1.0, times=1.0):
    """Events of each height: photoelectrons, and light that fluctuates by 4 % together."""
    shift = sum(m * effect for m, effect in zip(theta, EFFECTS.values(), strict=True))
    pattern = times * MEAN * np.exp(shift)
    return [
        row * (1 + scatter * (0.04 * rng.normal(size=(n, 1)) + rng.normal(size=(n, 4)) / np.sqrt(row)))
        for row in pattern
    ]  # fmt: skip


def varied(baseline, noise=0.0, rng=None, size=1.0):
    """The same events under each systematic, with noise of their own."""

    def way(effect, sign):
        return [
            one * np.exp(sign * size * row) * (1 + (noise * rng.normal(size=one.shape) if noise else 0))
            for one, row in zip(baseline, effect, strict=True)
        ]  # fmt: skip

    return [Varied(name, way(effect, 1), way(effect, -1)) for name, effect in EFFECTS.items()]


def test_the_fit_is_least_squares_with_every_nuisance_parameter_written_out():
    """Here yield, efficiencies and heights are parameters with priors; there they are covariance."""
    rng = np.random.default_rng(1)
    data, baseline = light(rng, 3000, (0.6, -0.4), times=0.97), light(rng, 3000)
    fit = fit_optics(Z, COSINE, data, baseline, varied(baseline), KNOWN)
    y = (
        np.log([one.mean(0) for one in data]).ravel()
        - np.log([b.mean(0) for b in baseline]).ravel()
    )
    relative = [[one / one.mean(0) for one in pair] for pair in zip(data, baseline, strict=True)]
    errors = block_diag(
        *(
            (np.cov(a, rowvar=False) + np.cov(b, rowvar=False)) / 3000 * (5999 / 5993)
            for a, b in relative
        )
    )
    along_z = np.gradient(np.log([b.mean(0) for b in baseline]), Z, axis=0, edge_order=2)
    design = np.column_stack([
        *(effect.ravel() for effect in EFFECTS.values()), np.ones(12), np.tile(np.eye(4), (3, 1)),
        block_diag(*(row[:, None] for row in along_z)), np.repeat(np.eye(3), 4, axis=0),
    ])  # fmt: skip
    priors = np.array([1, 1, 1, *[1 / 0.01**2] * 4, *[1 / 0.1**2] * 3, *[1 / 0.005**2] * 3])
    information = design.T @ np.linalg.solve(errors, design) + np.diag(priors)
    expected = np.linalg.solve(information, design.T @ np.linalg.solve(errors, y))
    np.testing.assert_allclose(fit.central, expected[:2], atol=2e-3)
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(information)[:2, :2], rtol=5e-3)
    rest = y - design @ expected
    chi2 = rest @ np.linalg.solve(errors, rest) + expected @ (priors * expected)
    assert fit.chi2 == pytest.approx(chi2, rel=1e-2)
    np.testing.assert_allclose(fit.fitted.ravel(), design @ expected, atol=2e-4)
    assert fit.degrees == 11
    assert np.all(np.abs(fit.central - [0.6, -0.4]) < 4 * fit.error)


def test_without_light_nothing_is_learnt():
    rng = np.random.default_rng(2)
    few = light(rng, 50, scatter=5.0)
    fit = fit_optics(Z, COSINE, few, few, varied(few), Known(position_cm=30.0, ring=3.0, light=1.0))
    np.testing.assert_allclose(fit.central, 0, atol=1e-9)
    np.testing.assert_allclose(fit.error, 1, rtol=0.1)


def test_errors_are_the_spread_of_pseudo_experiments_with_a_noisy_simulation():
    """The noise of the slopes is a fifth of the information: taken as information, it would pull the
    parameters to zero by as much."""
    rng, pulls, noise = np.random.default_rng(3), [], []
    for _ in range(80):
        theta = rng.normal(size=2) * 0.5
        data, baseline = light(rng, 300, theta), light(rng, 300)
        fit = fit_optics(
            Z, COSINE, data, baseline, varied(baseline, 0.15, rng), Known(1e-3, 1e-4, 1e-4)
        )
        pulls.append((fit.central - theta) / fit.error)
        noise.append(fit.noise)
    assert np.mean(noise, axis=0).max() > 0.02
    np.testing.assert_allclose(np.mean(pulls, axis=0), 0, atol=0.3)
    np.testing.assert_allclose(np.std(pulls, axis=0), 1, atol=0.2)


def test_one_direction_is_mirrored():
    rng = np.random.default_rng(4)
    data, baseline = light(rng, 3000, (0.5, 0.0)), light(rng, 3000)
    both = varied(baseline)
    one = [replace(way, down=None) for way in both]
    fits = [fit_optics(Z, COSINE, data, baseline, ways, KNOWN) for ways in (both, one)]
    np.testing.assert_allclose(fits[0].central, fits[1].central, atol=0.03)
    down = [replace(way, up=None) for way in both]
    mirrored = fit_optics(Z, COSINE, data, baseline, down, KNOWN)
    np.testing.assert_allclose(fits[0].central, mirrored.central, atol=0.03)


def test_implausible_light_has_larger_errors_and_a_note():
    """A pattern that no systematic makes: χ² says so, and the errors grow with it."""
    rng = np.random.default_rng(5)
    data, baseline = light(rng, 3000), light(rng, 3000)
    plain = fit_optics(Z, COSINE, data, baseline, varied(baseline), KNOWN)
    bent = [one * [1.1, 0.9, 1.1, 0.9] for one in data[:1]] + list(data[1:])
    fit = fit_optics(Z, COSINE, bent, baseline, varied(baseline), KNOWN)
    assert plain.notes() == []
    assert plain.scale == 1
    assert fit.p_value < 0.01
    assert fit.scale == pytest.approx(np.sqrt(fit.chi2 / fit.degrees))
    assert np.all(fit.error > 1.2 * plain.error)
    assert "what is varied does not describe it" in fit.notes()[0]


def test_doubts_are_noted():
    empty = np.zeros((3, 4))
    fit = OpticsFit(
        ("scattering", "absorption"), np.array([2.5, 0.1]), np.diag([0.04, 0.25]), 10.0, 11,
        np.array([0.0, 0.7]), 1.0, empty, empty, empty,
    )  # fmt: skip
    assert fit.notes() == [
        "scattering: 2.50 ± 0.20 standard deviations from what is declared",
        "scattering: 2.50 lies outside what is simulated (−1 to 1)",
        "absorption: 70 % of the information is noise of the simulation, and is taken off; simulate more decays of "
        "the source",
    ]


def test_vertex_scale_is_a_line_in_the_height():
    rng = np.random.default_rng(6)
    simulation = [rng.normal(z, 0.5, 4000) for z in Z]
    data = [rng.normal(0.3 + 1.01 * z, 0.5, 4000) for z in Z]
    found = vertex_scale(Z, data, simulation, 0.1)
    assert found["difference"] == pytest.approx(0.01, abs=1e-3)
    assert found["error"] == pytest.approx(0.1 / np.sqrt(2 * 30**2), rel=0.1)
    assert found["uncertainty"] == pytest.approx(np.hypot(found["difference"], found["error"]))
    bent = [data[0] + 2, data[1], data[2] + 2]
    wider = vertex_scale(Z, bent, simulation, 0.1)
    assert wider["difference"] == pytest.approx(found["difference"], abs=1e-6)
    assert wider["error"] > 10 * found["error"]


# -- files

GEOMETRY = geodesic_geometry()


def test_rings_are_of_living_photomultipliers():
    rings = Rings.of(GEOMETRY, 4, [0, 5])
    assert np.all(rings.of_channel[[0, 5]] == -1)
    np.testing.assert_allclose(rings.cosine, COSINE, atol=0.05)
    assert np.bincount(rings.of_channel[rings.of_channel >= 0]).sum() == 640
    with pytest.raises(InputError, match="of which number 14 has no living photomultiplier"):
        Rings.of(GEOMETRY, 30, [])


def scan_file(
    folder,
    name,
    seed,
    theta=(0.0, 0.0),
    n=120,
    component=False,
    scale=1.0,
    far=99.0,
    light_yield=1.0,
):
    """Ingested and reconstructed events of the source, one hit of each ring's light in each ring."""
    rng = np.random.default_rng(seed)
    rings = Rings.of(GEOMETRY, 4, [0])
    channels = [int(np.flatnonzero(rings.of_channel == ring)[0]) for ring in range(4)]
    charge = light_yield * np.concatenate(light(rng, n, theta))
    z = np.repeat(Z, n)
    events = lab_events(charge, channels, z, component)
    events = events.with_columns(light_yield_scale=np.full(len(events), light_yield))
    with EventWriter(folder / f"{name}_i.root", {"is_simulated": True}, tree="events") as writer:
        writer.write(events)
    found = scale * z + rng.normal(0, 0.5, len(z))
    columns = {"z_pe_cm": found.astype(np.float32), "r_pe_is_coarse": np.abs(z) > far}
    lab.write(folder / f"{name}_r.root", columns)


def lab_events(charge, channels, z, component):
    n = len(charge)
    one = Events.of([channels] * n, charge.tolist(), [[0.0] * 4] * n)
    if component:
        xyz = np.column_stack([np.zeros((n, 2)), z])
        one = replace(
            one, true_energy_keV=np.full(n, 122.0), true_xyz_cm=xyz,
            component=np.full(n, 1, np.uint16), weight=np.ones(n),
        )  # fmt: skip
    return one


SETTINGS = {
    "name": "Toy", "is_simulated": True, "baseline": "baseline", "heights_cm": Z.tolist(), "dead": [0],
    "systematics": ["scattering", "reflectivity"], "vertex": True,
    "descriptions": {"scattering": "50 ± 4 cm", "reflectivity": "0.25 ± 0.03"},
    "rings": 4, "position_error_cm": 0.1, "ring_error": 0.01, "light_yield_error": 0.005, "detector": {},
    "sources": [
        {"kind": "data", "run": 7},
        *({"kind": "simulation", "sample": name, "variation": name, "component": 1}
          for name in ("baseline", "scattering-up", "scattering-down", "reflectivity-up")),
    ],
}  # fmt: skip
VARIED = {"scattering-up": (1, 0), "scattering-down": (-1, 0), "reflectivity-up": (0, 1)}


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scan")
    scan_file(folder, "data", 8, (0.5, 0.3), scale=1.01, light_yield=0.8)
    for name, theta in {"baseline": (0, 0), **VARIED}.items():
        scan_file(folder, name, 9, theta, component=True)
    names = ("data", "baseline", *VARIED)
    return [[folder / f"{name}_{kind}.root" for name in names] for kind in "ir"]


def test_the_whole_calibration(scanned, tmp_path):
    optics_calibration(SETTINGS, *scanned, tmp_path / "o.json", tmp_path / "o.csv")
    record, table = read_json(tmp_path / "o.json"), pd.read_csv(tmp_path / "o.csv")
    assert record["order"] == ["scattering", "reflectivity"]
    for name, truth in (("scattering", 0.5), ("reflectivity", 0.3)):
        found = record["parameters"][name]
        assert found["error"] < 0.6
        assert abs(found["central"] - truth) < 3 * found["error"]
    assert record["events"] == {"data": [120] * 3, "simulation": [120] * 3}
    assert record["vertex_scale"]["difference"] == pytest.approx(0.01, abs=0.008)
    assert record["notes"] == []
    assert len(table) == 12
    assert table["ratio"].mean() == pytest.approx(1, abs=0.02)  # the run has 0.8 of the light
    chi2 = (((table["ratio"] - table["fitted"]) / table["ratio_error"]) ** 2).sum()
    before = (((table["ratio"] - 1) / table["ratio_error"]) ** 2).sum()
    assert chi2 < before


def test_only_the_vertex(scanned, tmp_path):
    """Where no optical systematic asks for it, the scale of R(PE) is still found."""
    settings = SETTINGS | {"systematics": [], "sources": SETTINGS["sources"][:2]}
    files = [part[:2] for part in scanned]
    optics_calibration(settings, *files, tmp_path / "o.json", tmp_path / "o.csv")
    record = read_json(tmp_path / "o.json")
    assert record["parameters"] == {}
    assert record["vertex_scale"]["difference"] == pytest.approx(0.01, abs=0.008)


def test_coarse_vertices_have_no_scale(tmp_path):
    for name, keys in (("data", {}), ("baseline", {"component": True})):
        scan_file(tmp_path, name, 8, far=20.0, **keys)
    files = [[tmp_path / f"{name}_{kind}.root" for name in ("data", "baseline")] for kind in "ir"]
    settings = SETTINGS | {"systematics": [], "sources": SETTINGS["sources"][:2]}
    with pytest.raises(
        InputError, match="has 1 heights at which the vertex is searched to the end"
    ):
        optics_calibration(settings, *files, tmp_path / "o.json", tmp_path / "o.csv")
    optics_calibration(
        settings | {"vertex": False}, *files, tmp_path / "o.json", tmp_path / "o.csv"
    )
    assert read_json(tmp_path / "o.json")["vertex_scale"] is None


def test_too_few_events_at_a_height(scanned, tmp_path):
    with pytest.raises(
        InputError, match=r"source_z_cm.*has 0 events of the source at 80 cm, and 40 are needed"
    ):
        optics_calibration(
            SETTINGS | {"heights_cm": [-30.0, 0.0, 80.0]}, *scanned, tmp_path / "o.json", tmp_path / "o.csv",
        )  # fmt: skip


def test_no_fewer_events_than_rings(tmp_path, monkeypatch):
    """The covariance of the rings would have no inverse, or a negative one."""
    monkeypatch.setattr("exonu.events.diagnostics.optics_calibration.LEAST", 1)
    scan_file(tmp_path, "data", 8, n=15)
    scan_file(tmp_path, "baseline", 9, n=15, component=True)
    settings = SETTINGS | {"rings": 20, "systematics": [], "sources": SETTINGS["sources"][:2]}
    files = [[tmp_path / f"{name}_{kind}.root" for name in ("data", "baseline")] for kind in "ir"]
    with pytest.raises(
        InputError, match=r"has \d+ events of the source at -30 cm, and 20 are needed"
    ):
        optics_calibration(settings, *files, tmp_path / "o.json", tmp_path / "o.csv")


def test_files_of_other_events(scanned):
    ingested, reconstructed = scanned
    few = {"z_pe_cm": np.zeros(3), "r_pe_is_coarse": np.zeros(3, bool)}
    file = lab.write(reconstructed[0].parent / "few.root", few)
    with pytest.raises(InputError, match="has not the events of"):
        Scan.read(ingested[0], file, Rings.of(GEOMETRY, 4, [0]), None)


def test_events_are_paired_by_their_numbers():
    fine = np.zeros(3, bool)
    base = Scan(np.array([2, 5, 9], np.uint64), np.ones((3, 2)), np.zeros(3), fine)
    light_of_other = np.array([[2.0, 3.0], [4.0, 4.0]])
    other = Scan(np.array([5, 7], np.uint64), light_of_other, np.zeros(2), fine[:2])
    assert other.like(base).tolist() == [[0, 0], [2, 3], [0, 0]]
    assert base.take(np.array([], int)).like(other).tolist() == [[0, 0], [0, 0]]


# -- what a workflow asks for

SYSTEMATICS = """\
systematics:
  - {name: vertex, kind: position, size: 0.01, from_calibration: true, status: assumed, description: scale}
  - {name: scattering, kind: traced, from_calibration: true, status: assumed, description: 50 ± 4 cm}
  - {name: gap, kind: traced, status: assumed, description: deeper}
"""
SAMPLES = "".join(
    f"{name}\tlxe,co57-scan\t{name}\t{name}.root\t1\t1\t-\n"
    for name in ("baseline", "scattering-down", "gap-up")
)


def analysis(folder, heights="-30,0,30", samples=SAMPLES, systematics=SYSTEMATICS):
    (folder / "events.yaml").write_text((folder / "events.yaml").read_text() + systematics)
    head = "sample\tcomponent\tvariation\tfiles\tequivalent_live_days\tactivity_prior\tactivity_uncertainty\n"
    (folder / "samples.tsv").write_text(
        head + "signal\tsignal\tnominal\tsignal.root\t10\t1\t-\n" + samples
    )
    sheet = folder / "runs.tsv"
    runs = sheet.read_text().replace("dead_pmts\n", "dead_pmts\tstream\tsource_z_cm\n")
    runs = runs.replace("3,17\n", "3,17\tphysics\t-\n")
    sheet.write_text(runs.replace("43200\t-\n", f"43200\t5\tscan\t{heights}\n"))
    return read_event_inputs(folder / "events.yaml", 642)


def test_settings_of_the_job(analysis_folder):
    settings = scan_settings(analysis(analysis_folder, heights="30,-30,0"))
    assert source_names(settings) == ["run_2", "sample_baseline", "sample_scattering-down"]
    assert settings["sources"][1]["component"] == 1
    assert (settings["heights_cm"], settings["dead"]) == ([-30, 0, 30], [3, 5, 17])
    assert (settings["systematics"], settings["vertex"]) == (["scattering"], True)


def test_without_the_setting_there_is_no_job(analysis_folder):
    plain = SYSTEMATICS.replace("from_calibration: true, ", "")
    assert scan_settings(analysis(analysis_folder, systematics=plain)) is None


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"heights": "-30,0"},
            "runs.tsv: source_z_cm: has a source at 2 heights, and the calibration of vertex, scattering needs 3",
        ),
        (
            {"samples": SAMPLES.replace("lxe,co57-scan\tscattering-down", "lxe\tscattering-down")},
            "samples.tsv: component: has no sample of 'co57-scan' with the variation 'scattering-up'",
        ),
        (
            {"samples": SAMPLES.replace("lxe,co57-scan\tbaseline", "lxe\tbaseline")},
            "samples.tsv: component: has no sample of 'co57-scan' with the variation 'baseline'",
        ),
    ],
)
def test_a_calibration_without_a_source(analysis_folder, keys, message):
    with pytest.raises(InputError, match=message):
        scan_settings(analysis(analysis_folder, **keys))


# -- with the light of the simulation


def seen(optics, seed, n):
    """Light of the source by height and ring, of a detector with these optics."""
    detector = Detector.from_settings({"optics": optics})
    scan = component("co57-scan", GEOMETRY)
    made = generate(scan, 5 * n, GEOMETRY, seed=seed)
    light = sources_from_deposits(
        made.event, made.site_position_cm, made.site_energy_keV, detector, seed=seed,
        event_ids=made.event_id, axis=made.axis, cos_min=made.cos_min, escape=made.escape,
    )  # fmt: skip
    hits = trace(light, detector, seed, made.event_id)
    blank = np.zeros(len(made))
    events = Events(
        run=blank.astype(np.uint32), event=np.arange(len(made), dtype=np.uint64), time_s=blank,
        trigger=hits.triggered.astype(np.uint8), offsets=hits.offsets, channel=hits.channel,
        charge=hits.charge, time=hits.time,
    )  # fmt: skip
    rings = Rings.of(GEOMETRY, 12, [])
    found = rings.light(events)
    return rings, [found[made.source == place] for place in range(5)]


@pytest.mark.slow
def test_shifted_optics_are_recovered():
    """Data of optics that are no variation: scattering by +0.5, reflectances by −0.6 standard
    deviations, and an eighth of the light less."""
    variations = {
        "scattering": ({"rayleigh_cm": 54}, {"rayleigh_cm": 46}),
        "reflectivity": (
            {"copper_albedo": 0.28, "photocathode_reflectance": 0.113},
            {"copper_albedo": 0.22, "photocathode_reflectance": 0.045},
        ),
    }
    rings, baseline = seen({}, 1, 400)
    truth = {"rayleigh_cm": 52, "copper_albedo": 0.232, "photocathode_reflectance": 0.0586}
    data = [one * 0.88 for one in seen(truth, 2, 1500)[1]]
    ways = [
        Varied(name, *(seen(optics, 1, 400)[1] for optics in both))
        for name, both in variations.items()
    ]
    heights = np.array([-35.0, -20, 0, 20, 35])
    fit = fit_optics(heights, rings.cosine, data, baseline, ways, Known())
    off = fit.central - [0.5, -0.6]
    assert off @ np.linalg.solve(fit.covariance, off) < 9.2  # 1 % of two parameters
    assert fit.error[0] < 0.7
    assert fit.error[1] < 0.25
    assert fit.p_value > 0.01
    assert fit.notes() == []
