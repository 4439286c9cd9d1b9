"""Figures and tables of an analysis of events: after the fit, in classes, with fit ranges of their
own."""

import json

import numpy as np
import pandas as pd
import pytest
from toy_analysis import make_toy, run_step

from exonu.core.files import write_csv, write_json
from exonu.core.settings import checked
from exonu.report.figures.stacked_spectrum import draw_spectrum, drawn_together
from exonu.report.numbers.counts import spectrum_counts, write_counts
from exonu.report.numbers.figure_records import read_counts
from exonu.report.numbers.yields_by_range import TOTAL, yields_by_range
from exonu.search.analysis import ANALYSIS_SCHEMA
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_record
from exonu.search.limit_rows import limit_rows
from exonu.search.studies.variants import variant_limits
from exonu.steps.report import figure_counts as figure_counts_step

RANGE = {
    "millicharge": {"fit_range_keV": [2, 16], "flavours": ["all", "e"]},
    "magnetic-moment": {"flavours": ["all"]},
}


def settings(**keys):
    return checked({"config_version": 1, "events": "-", **keys}, ANALYSIS_SCHEMA, "test")


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """Files of a search: experiment.json, workspaces with pages, limits.csv."""
    folder = tmp_path_factory.mktemp("search")
    _, file = make_toy(folder)
    experiment = read_experiment(file)
    files = []
    for interaction in RANGE:
        for workspace in build_workspaces(experiment, interaction, settings(interactions=RANGE)):
            write_meaning(folder, workspace)
            write_json(folder / f"{workspace.name}.json", workspace.spec)
            files.append(folder / f"{workspace.name}.json")
    records = [limit_record(one, ["asymptotic"], 0.9, [{"days": 711}]) for one in files]
    limits = limit_rows("toy", "XMASS-I", records)
    write_csv(folder / "limits.csv", limits)
    pairs = [
        (json.loads(one.read_text()), record["meaning"])
        for one, record in zip(files, records, strict=True)
    ]
    return folder, experiment, files, pairs, limits


def test_limits_have_published_ones_beside_them_and_projections(search):
    limits = search[4].set_index(["interaction", "flavour", "method"])
    assert limits.loc[("millicharge", "e", "asymptotic"), "published"] == 7.3e-12
    for method in ("asymptotic-711d", "asymptotic-711d-no-mc", "asymptotic-711d-stat"):
        row = limits.loc[("magnetic-moment", "all", method)]
        assert np.isnan(row.observed)
        assert row.expected > 0
        assert row.published == 1.8e-10


def test_backgrounds_are_those_of_the_fit_in_classes(search):
    _, experiment, _, pairs, limits = search
    counts = spectrum_counts(experiment, pairs, limits)
    assert counts.after_fit
    assert len(counts.low_keV) == 99  # of the widest range, that of the magnetic moment
    assert list(counts.backgrounds) == [
        "LXe (w/o neutron origin)",
        "LXe neutron origin",
        "PMT aluminum seal",
        "solar neutrinos (weak interaction)",
    ]
    # free and weak constraints: the fit takes the total to that of the data, which the templates
    # are far from
    assert counts.background.sum() == pytest.approx(counts.observed.sum(), rel=0.05)
    assert experiment.background.sum() > 2 * counts.observed.sum()
    by_name = {(signal.interaction, signal.flavour): signal.counts for signal in counts.signals}
    narrow, wide = by_name["millicharge", "all"], by_name["magnetic-moment", "all"]
    assert np.isfinite(wide).all()
    np.testing.assert_array_equal(np.isfinite(narrow), counts.high_keV <= 16)


def test_yields_add_up(search):
    _, experiment, _, pairs, limits = search
    table = yields_by_range(experiment, pairs, limits)
    counts = spectrum_counts(experiment, pairs, limits)
    spans = table.groupby(["energy_low_keV", "energy_high_keV"], sort=False)
    assert list(spans.groups) == [(2, 16), (16, 30), (30, 200)]
    low = table[table.energy_low_keV == 2]
    classes = low[low["class"].isin(counts.backgrounds)]
    total = low[low["class"] == TOTAL].iloc[0]
    assert classes.after.sum() == pytest.approx(total.after)
    inside = counts.high_keV <= 16
    assert total.after == pytest.approx(counts.background[inside].sum(), rel=1e-6)
    assert total.observed == counts.observed[inside].sum()
    signal = low[low["class"] == "magnetic-moment_all at its limit"].iloc[0]
    drawn = next(one.counts for one in counts.signals if one.interaction == "magnetic-moment")
    assert signal.before == pytest.approx(drawn[inside].sum())
    assert (
        table.after_error.dropna() < table.before_error.dropna() + 1e-9
    ).mean() > 0.7  # data constrain them


def test_no_bin_is_left_out_where_a_range_ends_within_it(search):
    """15 keVee is within a bin of 2 keV from 2: the ranges end at 16."""
    _, experiment, _, pairs, limits = search
    table = yields_by_range(experiment, pairs, limits)
    total = table[table["class"] == TOTAL].observed.sum()
    assert total == spectrum_counts(experiment, pairs, limits).observed.sum()


def test_drawing_joins_bins_and_loses_no_count(search):
    folder, experiment, _, pairs, limits = search
    counts = spectrum_counts(experiment, pairs, limits)
    write_counts(folder / "counts.csv", counts)
    read = read_counts(folder / "counts.csv")
    joined = drawn_together(read)
    assert joined.observed.sum() == counts.observed.sum()
    assert joined.background.sum() == pytest.approx(counts.background.sum())
    assert len(joined.low_keV) < 50
    assert (joined.high_keV[:-1] == joined.low_keV[1:]).all()
    figure = draw_spectrum(read)
    assert figure.axes[1].get_xscale() == "log"
    (legend,) = figure.legends
    assert any("after the fit" in text.get_text() for text in legend.get_texts())


def test_step(search):
    folder, _, files, _, _ = search
    run_step(
        figure_counts_step, "--experiment", folder / "templates" / "experiment.json", "--limits", folder / "limits.csv",
        "--counts", folder / "step.csv", "--yields", folder / "yields.csv", "--workspaces", *files,
    )  # fmt: skip
    assert read_counts(folder / "step.csv").after_fit
    assert TOTAL in set(pd.read_csv(folder / "yields.csv")["class"])


def test_a_fit_range_is_a_variant(search):
    folder, *_ = search
    changed = settings(
        interactions={"millicharge": {}},
        variants={
            "narrow": {
                "description": "2 to 16",
                "settings": {"interactions": RANGE},
                "interactions": ["millicharge"],
            },
            "known": {
                "description": "seal known",
                "experiment": {"backgrounds": {"seal_u": {"normalisation": {"uncertainty": 0.01}}}},
            },
        },
    )
    table = variant_limits("toy", folder / "templates" / "experiment.json", changed).set_index(
        "variant"
    )
    assert table.loc["nominal", "ratio"] == 1
    assert table.loc["narrow", "ratio"] > 0
    assert table.loc["narrow", "observed"] != table.loc["nominal", "observed"]
    assert table.loc["known", "observed"] != table.loc["nominal", "observed"]
