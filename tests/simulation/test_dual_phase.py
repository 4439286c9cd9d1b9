"""The dual-phase demonstration's events: published response, rates, and the chain in every format."""

import numpy as np
import pytest
from scipy import stats

from exonu.core.errors import InputError
from exonu.events.raw.root_files import read_columns
from exonu.events.runs.dual_phase_settings import drawing_settings
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.tabular.column_files import open_columns
from exonu.events.tabular.read_reconstructed import read_reconstructed
from exonu.interactions import RecoilSpectra
from exonu.simulation.dual_phase.drawn_events import DualPhase, draw_tables

CONFIG = (
    __import__("pathlib").Path(__file__).resolve().parents[2]
    / "config"
    / "tpc-demo"
    / "events.yaml"
)
DETECTOR = DualPhase.of_the_demonstration()


def combined_keV(columns):
    """Energy as config/tpc-demo has it, written out."""
    return 0.0137 * (columns["cs1"] / 0.142 + columns["cs2"] / 11.4)


def test_energies_have_the_published_resolution():
    found = DETECTOR.sample("lxe", 150_000, seed=1)
    true, energy = 1e-3 * found["e_true_eV"], combined_keV(found)
    for low, high in ((2, 4), (10, 14), (40, 50)):
        chosen = (true > low) & (true < high)
        sigma = 0.310 * np.sqrt(true[chosen]) + 0.0037 * true[chosen]
        pull = (energy[chosen] - true[chosen]) / sigma
        n = chosen.sum()
        assert pull.mean() == pytest.approx(0, abs=4 / np.sqrt(n))
        assert pull.std() == pytest.approx(1, abs=3 / np.sqrt(n))
    # S1 alone resolves worse, as light and charge share the quanta.
    alone = found["cs1"] / (0.142 * 0.5) * 0.0137
    chosen = (true > 10) & (true < 14)
    assert np.std(alone[chosen] / true[chosen]) > 1.1 * np.std(energy[chosen] / true[chosen])


def test_events_are_seen_with_the_published_efficiency():
    n = 200_000
    found = DETECTOR.sample("signal", n, seed=2)
    true = 1e-3 * found["e_true_eV"]
    for low, high in ((0.9, 1.1), (1.9, 2.1), (5, 6), (20, 30)):
        drawn = n * np.log(high / low) / np.log(60 / 0.5)
        seen = np.sum((true > low) & (true < high))
        middle = np.geomspace(low, high, 101)
        assert seen / drawn == pytest.approx(
            np.mean(DETECTOR.efficiency(middle)), abs=4 / np.sqrt(drawn)
        )


def test_weights_of_the_signal_are_one_per_keV_and_day():
    found = DETECTOR.sample("signal", 100_000, seed=3)
    true = 1e-3 * found["e_true_eV"]
    inside = (true > 20) & (true < 30)
    expected = 10 * np.mean(DETECTOR.efficiency(np.linspace(20, 30, 101)))
    assert found["weight"][inside].sum() == pytest.approx(expected, rel=0.02)


def test_rates_and_places():
    rate = DETECTOR.per_day("lxe") / DETECTOR.mass_tonne * 365.25 / 59.5
    assert rate == pytest.approx(75)
    energy = np.linspace(0.5, 60, 6000)
    solar = np.trapezoid(RecoilSpectra(energy).rate("weak").sum(axis=0), energy)
    assert DETECTOR.per_day("solar") * 365.25 / DETECTOR.mass_tonne == pytest.approx(
        solar, rel=0.01
    )
    random = np.random.default_rng(4)
    x, y, z = DETECTOR.positions("lxe", 20_000, random)
    assert stats.kstest((x**2 + y**2) / 47.9**2, "uniform").pvalue > 1e-4
    assert stats.kstest(-z / 96.9, "uniform").pvalue > 1e-4
    x, y, z = DETECTOR.positions("materials", 20_000, random)
    inside = (np.hypot(x, y) < 37) & (z < -9) & (z > -88)
    assert np.mean(inside) < 0.2  # of a uniform distribution: 0.49


def test_a_run_is_a_poisson_draw_in_the_order_of_time():
    rates = {"lxe": 1.0, "materials": 0.5}
    counts = [len(DETECTOR.run(5.0, rates, seed)["t_ns"]) for seed in range(60)]
    seen = [len(DETECTOR.sample(name, 50_000, 9)["number"]) / 50_000 for name in rates]
    expected = 5 * (
        seen[0] * DETECTOR.per_day("lxe") + 0.5 * seen[1] * DETECTOR.per_day("materials")
    )
    assert np.mean(counts) == pytest.approx(expected, abs=4 * np.sqrt(expected / 60))
    assert stats.chi2.sf(np.sum((np.array(counts) - expected) ** 2) / expected, 60) > 1e-4
    one = DETECTOR.run(5.0, rates, 1)
    assert (np.diff(one["t_ns"]) >= 0).all()
    assert one["t_ns"][-1] < 5 * 86400e9
    assert sorted(one["number"]) == list(range(counts[1]))


@pytest.mark.parametrize("form", ["feather", "hdf5", "csv", "root"])
def test_every_format_gives_the_same_events(form, tmp_path):
    """What selection reads is the same in every bit."""
    pytest.importorskip("pyarrow")
    pytest.importorskip("h5py")
    made = {}
    for one in ("parquet", form):
        inputs = read_event_inputs(
            CONFIG, 0, {"dual_phase": {"format": one, "samples": {"signal": 3000}}}
        )
        drawing = drawing_settings(inputs, 1)
        assert [told["name"] for told in drawing["tables"]][::5] == ["run/1", "sample/signal"]
        chosen = drawing | {"tables": drawing["tables"][::5]}
        tables = [tmp_path / f"{name}.{one}" for name in ("run_1", "sample_signal")]
        assert [file.name for file in inputs.files[::5]] == [
            table.with_suffix(inputs.files[0].suffix).name for table in tables
        ]
        draw_tables(chosen, tables)
        for job, table in zip(({"run": 1}, {"sample": "signal"}), tables, strict=True):
            output = tmp_path / f"{one}.root"
            settings = inputs.table_settings(**job)
            (settings["runs"][0] if "run" in job else settings["sample"])["files"] = [str(table)]
            read_reconstructed(settings, output)
            made[one, *job] = next(read_columns(output))
    for job in ("run", "sample"):
        first, second = made["parquet", job], made[form, job]
        assert first.keys() == second.keys()
        for name in first:
            assert first[name].dtype == second[name].dtype
            np.testing.assert_array_equal(first[name], second[name])


def test_every_file_says_that_it_is_simulated(tmp_path):
    pq, h5py = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("h5py")
    inputs = read_event_inputs(CONFIG, 0)
    [solar] = [
        one for one in drawing_settings(inputs, 1)["tables"] if one["name"] == "sample/solar"
    ]
    for form in ("parquet", "hdf5", "csv"):
        settings = {"seed": 1, "tables": [solar | {"events": 50}], "format": form}
        draw_tables(settings, [tmp_path / f"t.{form}"])
    assert pq.read_schema(tmp_path / "t.parquet").metadata[b"is_simulated"] == b"true"
    assert h5py.File(tmp_path / "t.hdf5")["events"].attrs["is_simulated"]
    assert (tmp_path / "t.csv").read_text().startswith("# is_simulated: true\n")
    with (
        open_columns(tmp_path / "t.csv", "") as opened,
        pytest.raises(InputError, match="column energy: is not in"),
    ):
        opened.require({"energy": "columns.energy"})
