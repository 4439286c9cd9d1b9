"""Rows of limits.csv: from μ to the physical parameter, one row per key, beside what was
published."""

import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exonu.catalogue import SEARCHED
from exonu.core.files import write_csv
from exonu.search.limit_rows import COLUMNS, KEY, limit_rows, published_limits
from exonu.search.strengths import strength

UNITS = {
    "magnetic-moment": ("mu_nu", "mu_B"),
    "millicharge": ("q_nu", "e"),
    "dark-photon": ("g_BL", "1"),
}


def record(
    interaction,
    flavour="all",
    mass_MeV=None,
    reference=1e-11,
    power=2,
    methods=("asymptotic",),
    **result,
):
    """A record as `exonu.steps.search.limits` writes it."""
    parameter, unit = UNITS[interaction]
    found = {
        "observed": 4.0,
        "expected": [1.0, 2.25, 4.0, 6.25, 9.0],
        "interval": [0.0, 3.0],
        "crossings": [4.0],
        "confidence_level": 0.9,
        **result,
    }
    meaning = {
        "interaction": interaction,
        "flavour": flavour,
        "mass_MeV": mass_MeV,
        "parameter": parameter,
        "unit": unit,
        "reference_strength": reference,
        "power": power,
        "blinded": False,
        "is_simulated": True,
    }
    return {"name": "-", "meaning": meaning, "methods": dict.fromkeys(methods, found)}


def only_row(experiment="nobody", **keys):
    [row] = limit_rows("mine", experiment, [record(**keys)]).to_dict("records")
    return row


def test_columns_in_the_order_of_the_contract():
    assert tuple(limit_rows("mine", "nobody", [record("millicharge")]).columns) == COLUMNS
    assert set(KEY) < set(COLUMNS)


def test_square_roots_in_units_of_the_reference_strength():
    row = only_row(interaction="magnetic-moment", crossings=[1.0, 2.25, 4.0])
    assert (row["parameter"], row["unit"], row["analysis"]) == ("mu_nu", "mu_B", "mine")
    assert row["observed"] == pytest.approx(2e-11)
    bands = ["expected_minus2", "expected_minus1", "expected", "expected_plus1", "expected_plus2"]
    assert [row[name] for name in bands] == pytest.approx([1e-11, 1.5e-11, 2e-11, 2.5e-11, 3e-11])
    assert (row["interval_low"], row["interval_high"]) == (0, pytest.approx(3**0.5 * 1e-11))
    assert [float(value) for value in row["crossings"].split(";")] == pytest.approx(
        [1e-11, 1.5e-11, 2e-11]
    )
    assert (row["blinded"], row["is_simulated"], row["confidence_level"]) == (False, True, 0.9)


def test_a_signal_linear_in_its_parameter():
    assert only_row(interaction="millicharge", reference=1e-12, power=1)[
        "observed"
    ] == pytest.approx(4e-12)


@given(st.floats(0, 1e6), st.floats(1e-20, 1), st.sampled_from([1, 2]))
def test_strength_undoes_the_meaning_of_mu(mu, reference, power):
    found = strength(mu, {"reference_strength": reference, "power": power})
    assert (found / reference) ** power == pytest.approx(mu)


def test_a_limit_that_was_not_found_is_an_empty_cell(tmp_path):
    missing = record(
        "dark-photon",
        mass_MeV=0.1,
        observed=None,
        expected=[None] * 5,
        interval=[None, None],
        crossings=[],
    )
    table = limit_rows("mine", "nobody", [missing])
    write_csv(tmp_path / "limits.csv", table)
    [row] = csv.DictReader((tmp_path / "limits.csv").open(newline=""))
    empty = {name for name, value in row.items() if value == ""}
    assert empty == {
        "observed",
        "expected_minus2",
        "expected_minus1",
        "expected",
        "expected_plus1",
        "expected_plus2",
        "interval_low",
        "interval_high",
        "crossings",
        "unconstrained",
        "p0",
        "significance",
        "best_fit",
        "published",
        "published_source",
        "notes",
    }
    assert row["mass_MeV"] == "0.1"


def test_a_method_without_bands_or_interval():
    bare = record("millicharge")
    bare["methods"] = {"delta-chi2": {"observed": 1.0, "confidence_level": 0.9}}
    [row] = limit_rows("mine", "nobody", [bare]).to_dict("records")
    assert pd.isna(row["expected"])
    assert pd.isna(row["interval_low"])
    assert (row["method"], row["crossings"]) == ("delta-chi2", "")


def test_one_row_per_key_in_a_stable_order():
    records = [
        record("millicharge", flavour, methods=("delta-chi2", "asymptotic"))
        for flavour in ("all", "e", "mu", "tau")
    ] + [record("dark-photon", mass_MeV=mass) for mass in (10.0, 1e-3)]
    table = limit_rows("mine", "nobody", records)
    assert len(table) == 10
    assert not table.duplicated(list(KEY)).any()
    assert list(table["mass_MeV"].dropna()) == [1e-3, 10.0]
    assert list(table["interaction"]) == ["dark-photon"] * 2 + ["millicharge"] * 8
    assert list(table["method"][-8:]) == ["asymptotic"] * 4 + ["delta-chi2"] * 4
    assert list(table["flavour"][-4:]) == ["all", "e", "mu", "tau"]


# What XMASS-I (arXiv:2005.11891), XENONnT and XENON1T published: experiment, interaction, flavour,
# mass, value.
XMASS = [
    ("XMASS-I", "millicharge", "all", None, 5.4e-12),
    ("XMASS-I", "millicharge", "e", None, 7.3e-12),
    ("XMASS-I", "millicharge", "mu", None, 1.1e-11),
    ("XMASS-I", "millicharge", "tau", None, 1.1e-11),
    ("XMASS-I", "magnetic-moment", "all", None, 1.8e-10),
    ("XMASS-I", "dark-photon", "all", 1e-3, 1.3e-6),
    ("XMASS-I", "dark-photon", "all", 10.0, 8.8e-5),
]
XENON = [
    ("XENONnT SR0", "magnetic-moment", "all", None, 6.4e-12),
    ("XENON1T SR1", "magnetic-moment", "all", None, 2.9e-11),
]
REFERENCES = {
    "XMASS-I": "arXiv:2005.11891",
    "XENONnT SR0": "arXiv:2207.11330",
    "XENON1T SR1": "arXiv:2006.09721",
}


@pytest.mark.parametrize(
    ("experiment", "interaction", "flavour", "mass_MeV", "value"), XMASS + XENON
)
def test_published_limit_stands_beside_ours(experiment, interaction, flavour, mass_MeV, value):
    row = only_row(
        experiment=experiment, interaction=interaction, flavour=flavour, mass_MeV=mass_MeV
    )
    assert row["published"] == value
    assert row["published_source"].startswith(f"{REFERENCES[experiment]} (")


def test_what_could_not_be_confirmed_is_said():
    assert (
        "unconfirmed"
        in only_row(experiment="XENONnT SR0", interaction="magnetic-moment")["published_source"]
    )
    assert (
        "1.4e-11 to 2.9e-11"
        in only_row(experiment="XENON1T SR1", interaction="magnetic-moment")["published_source"]
    )


def test_a_mass_of_the_grid_meets_the_published_one_within_rounding():
    row = only_row(experiment="XMASS-I", interaction="dark-photon", mass_MeV=1e-3 * (1 + 1e-12))
    assert row["published"] == 1.3e-6


@pytest.mark.parametrize(
    ("experiment", "interaction", "flavour", "mass_MeV"),
    [
        ("XMASS-I", "dark-photon", "all", 1.0),  # another mass
        ("XMASS-I", "magnetic-moment", "e", None),  # another flavour
        ("XENONnT SR0", "millicharge", "all", None),  # another interaction
        ("My experiment", "magnetic-moment", "all", None),  # another experiment
    ],
)
def test_nothing_published_for_this_hypothesis(experiment, interaction, flavour, mass_MeV):
    row = only_row(
        experiment=experiment, interaction=interaction, flavour=flavour, mass_MeV=mass_MeV
    )
    assert pd.isna(row["published"])
    assert row["published_source"] == ""


def test_every_published_limit_has_source_status_and_unit():
    table = published_limits()
    assert len(table) >= len(XMASS + XENON)
    assert table["reference"].str.len().min() > 0
    assert set(table["status"]) <= {"read", "unconfirmed"}
    assert (table["value"] > 0).all()
    for row in table.itertuples():
        one = SEARCHED[row.quantity]
        assert row.flavour in one.states
        assert row.unit == one.parameter.unit_name
        assert (row.mass_MeV == row.mass_MeV) == one.has_mass
    assert not table.duplicated(
        ["experiment", "reference", "quantity", "flavour", "mass_MeV"]
    ).any()


def test_published_xmass_limits_are_all_there():
    assert len(published_limits().query("experiment == 'XMASS-I'")) == len(XMASS)
