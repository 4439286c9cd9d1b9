"""Histograms of selected events: sums, errors, split by the truth, and a ROOT file that reads back
the same."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st

from exonu.core.errors import InputError
from exonu.events.raw.writer import ColumnWriter
from exonu.events.runs.bins import uniform_edges
from exonu.templates.histograms import (
    Histogram,
    Spectra,
    Split,
    collect,
    fill,
    read_histograms,
)
from exonu.templates.histograms import write_histograms as write

EDGES = [2.0, 4.0, 6.0, 10.0]
SETTINGS = {"edges_keV": EDGES, "components": ["surface"], "live_days": 3.5, "is_simulated": True}
DATA = {"kind": "data", "stream": "physics", "run": 1}


def selected(path: Path, **columns: list) -> Path:
    with ColumnWriter(path, "events", {"is_simulated": True}) as writer:
        writer.write({name: np.asarray(values) for name, values in columns.items()})
    return path


def sample(component: str, variation: str = "nominal") -> dict:
    return {
        "kind": "simulation",
        "sample": component,
        "component": component,
        "variation": variation,
    }


@given(
    st.lists(st.tuples(st.floats(0, 20), st.floats(0, 5)), min_size=1, max_size=60),
    st.lists(st.floats(0.1, 15), min_size=2, max_size=8, unique=True).map(sorted),
)
def test_fill_is_the_sum_over_events_of_each_bin(events: list, edges: list) -> None:
    energy, weight = np.array(events).T
    found = fill(energy, weight, edges)
    for i, (low, high) in enumerate(pairwise(edges)):
        inside = (energy >= low) & (energy < high)
        assert found.values[i] == pytest.approx(weight[inside].sum())
        assert found.variances[i] == pytest.approx((weight[inside] ** 2).sum())
        assert found.entries[i] == inside.sum()


@given(st.lists(st.floats(0, 12), max_size=40), st.lists(st.floats(0, 12), max_size=40))
def test_sums_and_wider_bins_commute_with_filling(first: list, second: list) -> None:
    both = fill(first, 0.5, EDGES) + fill(second, 0.5, EDGES)
    assert np.allclose(both.values, fill(first + second, 0.5, EDGES).values)
    assert np.allclose(
        both.rebinned([2, 6, 10]).variances, fill(first + second, 0.5, [2, 6, 10]).variances
    )
    assert np.allclose(both.rebinned([4, 6]).values, fill(first + second, 0.5, [4, 6]).values)


def test_edges_are_as_in_root_and_nan_counts_nowhere() -> None:
    assert fill([2.0, 10.0, np.nan, 1.9], 1.0, EDGES).values.tolist() == [1, 0, 0]


def test_scaling_keeps_the_relative_error_and_the_entries() -> None:
    made = fill([3, 3, 5], [1, 2, 4], EDGES)
    scaled = made.scaled([2, 3, 1])
    assert scaled.values.tolist() == [6, 12, 0]
    assert np.allclose(scaled.errors[:2] / scaled.values[:2], made.errors[:2] / made.values[:2])
    assert np.array_equal(scaled.effective_entries, made.effective_entries)
    assert made.effective_entries.tolist() == [9 / 5, 1, 0]


def test_files_become_samples_and_streams(tmp_path: Path) -> None:
    files = [
        selected(
            tmp_path / "run.root",
            energy_keVee=[2.5, 3.0, 11.0],
            true_pmt_is_dead=[True, False, False],
        ),
        selected(
            tmp_path / "a.root",
            energy_keVee=[3.0, 5.0],
            weight=[0.1, 0.2],
            true_pmt_is_dead=[True, False],
        ),
        selected(tmp_path / "b.root", energy_keVee=[3.0, 5.0], weight=[0.3, 0.4]),
        selected(
            tmp_path / "c.root",
            energy_keVee=[3.0, 3.0, 5.0],
            weight=[1.0, 2.0, 4.0],
            component=np.array([0, 1, 1], dtype=np.uint16),
            true_pmt_is_dead=[True, True, False],
        ),
    ]
    sources = [DATA, sample("surface"), sample("lxe"), sample("surface,lxe", "absorption-up")]
    found = collect(files, SETTINGS | {"sources": sources})
    assert found.truth_of_data
    assert found.data["physics"].correctable.values.tolist() == [1, 0, 0]
    assert found.data["physics"].total.values.tolist() == [2, 0, 0]
    assert found.samples["surface", "nominal"].correctable.values.tolist() == [0.1, 0, 0]
    assert found.samples["surface", "nominal"].rest.values.tolist() == [0, 0.2, 0]
    assert found.samples["lxe", "nominal"].rest.values.tolist() == [0.3, 0.4, 0]
    assert found.samples["surface", "absorption-up"].correctable.values.tolist() == [1, 0, 0]
    # the liquid has no events in front of a dead photomultiplier to correct, whatever is nearest to
    # them
    assert found.samples["lxe", "absorption-up"].correctable.values.tolist() == [0, 0, 0]
    assert found.samples["lxe", "absorption-up"].rest.values.tolist() == [2, 4, 0]


def test_two_samples_of_a_component_add_up_and_empty_ones_count(tmp_path: Path) -> None:
    one = selected(tmp_path / "1.root", energy_keVee=[3.0], weight=[0.5])
    none = selected(tmp_path / "2.root", energy_keVee=np.empty(0), weight=np.empty(0))
    found = collect(
        [one, one, none], SETTINGS | {"sources": [sample("lxe"), sample("lxe"), sample("solar")]}
    )
    assert found.samples["lxe", "nominal"].total.values.tolist() == [1, 0, 0]
    assert found.samples["solar", "nominal"].total.values.tolist() == [0, 0, 0]
    assert not found.truth_of_data


def test_root_file_reads_back_the_same(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    split = Split(
        *(fill(random.uniform(0, 12, 50), random.uniform(0, 1, 50), EDGES) for _ in range(2))
    )
    counts = Split(Histogram.empty(EDGES), fill(random.uniform(0, 12, 50), 1.0, EDGES))
    spectra = Spectra({("lxe-neutron", "nominal"): split}, {"physics": counts}, 3.5, True)
    write(tmp_path / "h.root", spectra, {"seed": 3})
    found = read_histograms(tmp_path / "h.root")
    assert (found.live_days, found.is_simulated, found.truth_of_data) == (3.5, True, False)
    for before, after in (
        (split, found.samples["lxe-neutron", "nominal"]),
        (counts, found.data["physics"]),
    ):
        for part in ("correctable", "rest"):
            for column in ("edges_keV", "values", "variances", "entries"):
                assert np.array_equal(
                    getattr(getattr(before, part), column), getattr(getattr(after, part), column)
                )


def test_root_sees_a_th1d_with_errors_and_title(tmp_path: Path) -> None:
    rest = fill([3.0, 5.0, 5.0], [0.5, 1.0, 2.0], EDGES)
    write(tmp_path / "h.root", Spectra({("lxe", "nominal"): Split(Histogram.empty(EDGES), rest)}))
    with uproot.open(tmp_path / "h.root") as file:
        histogram = file["lxe/nominal/rest"]
        assert histogram.classname == "TH1D"
        assert histogram.member("fXaxis").member("fTitle") == "energy [keVee]"
        assert histogram.member("fEntries") == 3
        assert histogram.member("fTsumw") == 3.5
        assert np.allclose(histogram.errors(), [0.5, 5**0.5, 0])
        assert file["metadata"].classname == "TObjString"


def test_a_histogram_needs_ascending_edges() -> None:
    with pytest.raises(InputError, match=r"must ascend, at least two \(got \[2.0, 2.0\]\)"):
        fill([1.0], 1.0, [2, 2])


def test_a_range_must_be_whole_bins() -> None:
    with pytest.raises(InputError, match="2 to 9 keV is not a whole number of bins of 2 keV"):
        uniform_edges(2, 9, 2)


def test_wider_bins_need_edges_of_the_old_ones() -> None:
    with pytest.raises(InputError, match="3 keV is not the edge of a bin"):
        Histogram.empty(EDGES).rebinned([2, 3])


def test_sums_need_equal_bins() -> None:
    with pytest.raises(InputError, match="have other edges"):
        Histogram.empty(EDGES) + Histogram.empty([2, 4])


def test_every_file_needs_its_source(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="are 0 files for 1 runs and samples"):
        collect([], SETTINGS | {"sources": [DATA]})


def test_a_wall_sample_needs_its_truth(tmp_path: Path) -> None:
    file = selected(tmp_path / "a.root", energy_keVee=[3.0], weight=[1.0])
    with pytest.raises(
        InputError, match=r"true_pmt_is_dead.*not a branch.*wanted by dead_pmt.components"
    ):
        collect([file], SETTINGS | {"sources": [sample("surface")]})


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    file = selected(tmp_path / "a.root", energy_keVee=[3.0])
    with pytest.raises(InputError, match="holds no histograms of this program"):
        read_histograms(file)


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(1, 12), st.floats(0, 3)), max_size=25))
def test_events_of_one_decay_are_not_independent(events):
    """Values and entries as of any events; variances from the sums over a decay's events in a bin."""
    events = sorted(events, key=lambda event: event[0])
    decay, energy, weight = (
        (np.array(column) for column in zip(*events, strict=True)) if events else np.empty((3, 0))
    )
    found, plain = fill(energy, weight, EDGES, decay), fill(energy, weight, EDGES)
    np.testing.assert_array_equal(found.values, plain.values)
    np.testing.assert_array_equal(found.entries, plain.entries)
    for k, (low, high) in enumerate(pairwise(EDGES)):
        there = (energy >= low) & (energy < high)
        sums = [weight[there & (decay == one)].sum() for one in np.unique(decay)]
        assert found.variances[k] == pytest.approx(np.sum(np.square(sums)))
