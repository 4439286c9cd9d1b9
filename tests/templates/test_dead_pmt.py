"""The dead-PMT correction: ratios and errors in closed form, merging, what is not measured,
application."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exonu.core.errors import InputError
from exonu.core.files import read_json, write_json
from exonu.events.raw.writer import ColumnWriter
from exonu.templates.dead_pmt.correction import (
    CorrectionSettings,
    DeadPmtCorrection,
    correction_of,
    measure,
    merged_edges,
)
from exonu.templates.dead_pmt.probes import Probes
from exonu.templates.histograms import Histogram, Split, fill


def probes(*bins: tuple[float, int, int], weight: float = 1.0) -> Probes:
    """Probes at (energy, how many, how many of them leaked)."""
    energy = np.repeat([e for e, _, _ in bins], [n for _, n, _ in bins])
    leaked = np.concatenate([np.arange(n) < k for _, n, k in bins])
    return Probes(
        energy, leaked, np.full(len(energy), weight), np.zeros(len(energy), dtype=np.int64)
    )


SETTINGS = CorrectionSettings(edges_keV=(2, 4, 6))


def test_factor_is_the_ratio_of_the_leaked_fractions() -> None:
    made = measure(
        probes((3, 1000, 60), (5, 400, 20)), probes((3, 4000, 120), (5, 1000, 100)), SETTINGS
    )
    assert made.factor == pytest.approx([0.06 / 0.03, 0.05 / 0.1])
    assert made.measured.all()


def test_activities_drop_out() -> None:
    """Three times as many wall events, leaking as simulated, are no correction."""
    made = measure(probes((3, 30_000, 900)), probes((3, 10_000, 300)), SETTINGS)
    assert made.factor[0] == pytest.approx(1)


def test_relative_error_is_that_of_the_counts() -> None:
    """σ_c/c = √(1/N_data + 1/N_simulation) for many rare events; weights of simulation drop out."""
    n, m = 4000, 9000
    for weight in (1.0, 0.01):
        made = measure(
            probes((3, 1_000_000, n)), probes((3, 1_000_000, m), weight=weight), SETTINGS
        )
        expected = np.sqrt(1 / n + 1 / m)
        assert np.log(made.factor_up[0] / made.factor[0]) == pytest.approx(expected, rel=0.03)
        assert np.log(made.factor[0] / made.factor_down[0]) == pytest.approx(expected, rel=0.03)


def test_unequal_weights_count_as_fewer_events() -> None:
    data, n = probes((3, 1_000_000, 100_000)), 5000
    equal = probes((3, 10 * n, n))
    spread = Probes(
        equal.energy_keVee,
        equal.leaked,
        np.where(np.arange(10 * n) % 2 == 0, 1.9, 0.1),
        equal.channel,
    )
    even, odd = (measure(data, simulation, SETTINGS) for simulation in (equal, spread))
    assert odd.factor[0] == pytest.approx(even.factor[0])
    ratio = np.log(odd.factor_up[0] / odd.factor[0]) / np.log(even.factor_up[0] / even.factor[0])
    assert ratio == pytest.approx(np.sqrt((1.9**2 + 0.1**2) / 2), rel=0.03)


def test_errors_are_asymmetric_and_cover_with_few_events() -> None:
    random, inside, n = np.random.default_rng(4), 0, 400
    settings = CorrectionSettings(edges_keV=(2, 4), least_events=1)
    lengths = []
    for _ in range(n):
        counts = random.binomial(1000, [0.03, 0.02])
        made = measure(probes((3, 1000, counts[0])), probes((3, 1000, counts[1])), settings)
        up, down = made.factor_up[0] - made.factor[0], made.factor[0] - made.factor_down[0]
        lengths.append(up > down)
        inside += made.factor_down[0] <= 1.5 <= made.factor_up[0]
    assert all(lengths)
    assert 0.64 < inside / n < 0.85  # Clopper-Pearson intervals are long rather than short


def test_bins_with_few_events_have_no_correction_but_a_systematic() -> None:
    made = measure(
        probes((3, 1000, 9), (5, 1000, 50)), probes((3, 1000, 500), (5, 1000, 25)), SETTINGS
    )
    assert made.measured.tolist() == [False, True]
    assert (made.factor[0], made.factor_up[0], made.factor_down[0]) == (1, 2, 0.5)
    assert made.factor[1] == pytest.approx(2)


def test_no_probes_at_all_are_no_fault() -> None:
    made = measure(probes((3, 0, 0)), probes((3, 0, 0)), SETTINGS)
    assert made.factor.tolist() == [1, 1]
    assert not made.measured.any()


def test_bins_above_12_keV_are_merged_and_those_below_are_not() -> None:
    data = probes(
        *((e, 100, k) for e, k in ((11, 3), (13, 6), (15, 6), (17, 20), (19, 2), (21, 1)))
    )
    made = measure(
        data,
        probes(*((e, 1000, 100) for e in range(11, 23, 2))),
        CorrectionSettings((10, *range(12, 24, 2))),
    )
    assert made.edges_keV.tolist() == [10, 12, 16, 18, 22]
    assert made.measured.tolist() == [False, True, True, False]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=12),
    st.floats(0, 20),
    st.integers(1, 20),
)
def test_merged_bins_have_enough_events_or_are_the_last(
    counts: list, above: float, least: int
) -> None:
    edges = 2.0 * np.arange(len(counts) + 1)
    leaked = [
        Histogram(edges, column, column, column) for column in np.array(counts, dtype=float).T
    ]
    merged = merged_edges(edges, leaked, above, least)
    assert set(merged) <= set(edges)
    assert (merged[0], merged[-1]) == (edges[0], edges[-1])
    for low, high in list(pairwise(merged))[:-1]:
        if low < above:
            assert high == low + 2
        else:
            assert all(part.rebinned([low, high]).values[0] >= least for part in leaked)


def correction(
    edges: list[float], factor: list[float], up: list[float], down: list[float]
) -> DeadPmtCorrection:
    made = measure(
        probes((3, 0, 0)),
        probes((3, 0, 0)),
        CorrectionSettings(edges_keV=tuple(edges), merge_above_keV=99),
    )
    return DeadPmtCorrection(
        made.edges_keV,
        *map(np.array, (factor, up, down)),
        made.measured,
        made.data,
        made.simulation,
        (1.5, 0.75),
    )


def test_only_events_before_dead_photomultipliers_are_scaled() -> None:
    split = Split(
        fill([1, 3, 5, 7], 0.5, range(0, 10, 2)), fill([1, 3, 3, 5, 7], 1.0, range(0, 10, 2))
    )
    made = correction([2, 4, 6], [2, 0.5], [3, 0.6], [1.5, 0.2]).applied(split)
    assert made.nominal.values.tolist() == [1.5, 3, 1.25, 1.5]
    assert made.up.values.tolist() == [1.75, 3.5, 1.3, 1.75]
    assert made.down.values.tolist() == [1.375, 2.75, 1.1, 1.375]
    assert made.nominal.variances.tolist() == [1.25, 3, 1 + 0.25 * 0.25, 1.25]


def test_events_are_weighted_as_histograms_are_scaled() -> None:
    made = correction([2, 4, 6], [2, 0.5], [3, 0.6], [1.5, 0.2])
    energy, edges = np.random.default_rng(1).uniform(1, 8, 200), [0, 2, 4, 6, 8]
    applied = made.applied(Split(fill(energy, 1.0, edges), Histogram.empty(edges)))
    for histogram, factors in zip(
        (applied.nominal, applied.up, applied.down), made.factor_at(energy), strict=True
    ):
        assert np.allclose(histogram.values, fill(energy, factors, edges).values)


def write(path: Path, made: Probes, **source: str) -> Path:
    with ColumnWriter(path, "probes", {"source": source, "is_simulated": True}) as writer:
        writer.write(vars(made))
    return path


def test_files_of_probes_become_a_correction_that_reads_back_the_same(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "1.root", probes((3, 500, 20)), kind="data"),
        write(tmp_path / "2.root", probes((3, 500, 40)), kind="data"),
        write(tmp_path / "3.root", probes((3, 2000, 60), weight=0.1), kind="simulation"),
        write(tmp_path / "4.root", probes((3, 0, 0)), kind="simulation"),
    ]
    made = correction_of(files, {"dead_pmt": {"edges_keV": [2, 4]}})
    assert made.factor == pytest.approx([2])
    assert made.is_simulated
    write_json(tmp_path / "c.json", made.as_json())
    again = DeadPmtCorrection.read(tmp_path / "c.json")
    assert again.as_json() == made.as_json() == read_json(tmp_path / "c.json")
    table = again.table()
    assert table["data_leaked"].tolist() == [60]
    assert table["simulation_leaked_effective"].tolist() == pytest.approx([60])
    assert table["data_fraction"].tolist() == [0.06]


def test_correction_needs_data_and_simulation(tmp_path: Path) -> None:
    file = write(tmp_path / "1.root", probes((3, 5, 2)), kind="data")
    with pytest.raises(InputError, match="has none of a wall sample"):
        correction_of([file], {"dead_pmt": {}})


def test_another_json_is_no_correction(tmp_path: Path) -> None:
    write_json(tmp_path / "c.json", {"factor": [1]})
    with pytest.raises(InputError, match="holds no dead-PMT correction"):
        DeadPmtCorrection.read(tmp_path / "c.json")


def test_edges_within_bins_of_the_histogram_are_refused() -> None:
    with pytest.raises(InputError, match="4 keV is within a bin of the histograms"):
        correction([2, 4, 6], [1, 1], [1, 1], [1, 1]).applied(Split.empty([2, 5, 8]))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"edges_keV": (2, 2)}, r"dead_pmt.edges_keV: must ascend \(got \[2, 2\]\)"),
        ({"least_events": 0}, "dead_pmt.least_events: must be ≥ 1"),
        ({"unmeasured_up": -1}, "dead_pmt.unmeasured_up: must be ≥ 0"),
        ({"unmeasured_down": 1}, "dead_pmt.unmeasured_down: must be from 0 to below 1"),
    ],
)
def test_choices_are_checked(choice: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        CorrectionSettings(**choice)
