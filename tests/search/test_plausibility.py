"""Each note is said where it should be and not where it should not; the shipped experiments are the negative cases."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.settings import merged
from exonu.detector import Efficiency, SqrtLinearResolution
from exonu.interactions import Physics
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_methods
from exonu.search.limit_rows import BETWEEN_NOTES, limit_rows
from exonu.search.plausibility.input_checks import INPUTS, SearchInputs, highest_recoil_keV
from exonu.search.plausibility.limit_checks import LIMITS, FoundLimit, without_bins
from exonu.search.plausibility.registry import threshold
from exonu.search.signals import fold_solar_neutrinos
from exonu.statistics import compile_workspace, upper_limit

SHIPPED = ("published/xenonnt-sr0/experiment.yaml", "published/xenon1t-sr1/experiment.yaml")


@pytest.fixture(scope="module")
def xenonnt():
    return read_experiment(resource_path("published/xenonnt-sr0/experiment.yaml"))


def notes_on(experiment, **physics):
    chosen = Physics(**physics)
    return INPUTS.notes(SearchInputs(experiment, chosen, fold_solar_neutrinos(experiment, chosen)))


def only(notes, text):
    """The one note that there is, with this text."""
    [note] = notes
    assert text in note, note
    return note


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_experiments_are_plausible(name):
    assert notes_on(read_experiment(resource_path(name))) == []


def scaled(experiment, factor):
    """The same with other backgrounds."""
    backgrounds = tuple(replace(b, counts=factor * b.counts) for b in experiment.backgrounds)
    return replace(experiment, backgrounds=backgrounds)


def test_solar_neutrinos_that_no_background_can_contain(xenonnt):
    solar = fold_solar_neutrinos(xenonnt, Physics()).counts.sum(axis=0)
    share = float(np.max(solar / xenonnt.background))
    assert 0.02 < share < 0.5  # of order a tenth in XENONnT, arXiv:2207.11330
    note = only(notes_on(scaled(xenonnt, 0.9 * share)), "declared to contain the Standard Model's")
    at = int(np.argmax(solar / xenonnt.background))
    assert f"{xenonnt.low_keV[at]:g}" in note
    assert notes_on(scaled(xenonnt, share)) == []  # equal within rounding
    lacking = replace(scaled(xenonnt, 0.1 * share), includes_solar_neutrinos=False)
    assert notes_on(lacking) == []  # then they are added


def test_a_resolution_above_the_energy(xenonnt):
    wide = replace(xenonnt, resolution_keV=SqrtLinearResolution(1.5, 0.0))
    note = only(notes_on(wide), "resolution is worse than 100 %")
    assert "the bin 1–2 keV: σ = 1.84 keV at 1.5 keV" in note  # 1.5 √1.5


def test_a_resolution_better_than_ionisation_allows(xenonnt):
    """√(F W E) at 1.5 keV is 34 eV."""
    note = only(
        notes_on(replace(xenonnt, resolution_keV=SqrtLinearResolution(1e-9, 0.0))), "Fano limit"
    )
    assert "ionisation alone fluctuates by 0.034 keV" in note
    assert notes_on(replace(xenonnt, resolution_keV=SqrtLinearResolution(0.03, 0.0))) == []


def test_a_point_of_the_efficiency_off_its_neighbours(xenonnt):
    def with_point(value, live_days=None):
        table = Efficiency(np.array([1.0, 2, 3, 4]), np.array([0.2, 0.7, value, 0.86]), True)
        return notes_on(replace(xenonnt, efficiency=table, live_days=live_days))

    assert "0.0085 at 3 keV, and 0.7 and 0.86 on both sides" in only(
        with_point(0.0085), "the efficiency is"
    )
    assert with_point(0.85) == with_point(0.3) == []
    counted = with_point(0.0085, live_days=9)  # from simulated events: a fluctuation, no lost digit
    assert not any("digit" in note for note in counted)


def test_an_uncertainty_that_nobody_has(xenonnt):
    backgrounds = tuple(replace(b, uncertainty=5e-6) for b in xenonnt.backgrounds[:1])
    known = (*backgrounds, *xenonnt.backgrounds[1:])
    only(
        notes_on(replace(xenonnt, backgrounds=known)), "the relative uncertainty of the background"
    )
    only(notes_on(replace(xenonnt, efficiency_uncertainty=3e-7)), "of the efficiency is 3e-07")
    assert notes_on(replace(xenonnt, efficiency_uncertainty=0.0)) == []  # 0 says that none is known


def test_bins_above_the_endpoint_of_the_sources(xenonnt):
    assert highest_recoil_keV(Physics()) == pytest.approx(1509, abs=10)  # f17, 2E²/(m + 2E)
    assert highest_recoil_keV(Physics(sources=("be7",))) == pytest.approx(665, abs=1)
    shifted = replace(
        xenonnt, low_keV=xenonnt.low_keV + 250, high_keV=xenonnt.high_keV + 250, resolution_keV=None
    )
    pp = replace(shifted, includes_solar_neutrinos=False)
    note = only(notes_on(pp, sources=("pp",)), "above 264")
    places = int(np.sum(shifted.low_keV >= highest_recoil_keV(Physics(sources=("pp",)))))
    assert note.startswith(f"{places} of {shifted.low_keV.size} bins")
    assert notes_on(pp) == []


def test_a_row_that_is_missing(xenonnt):
    kept = np.arange(xenonnt.low_keV.size) != 4
    lost = replace(
        xenonnt,
        low_keV=xenonnt.low_keV[kept],
        high_keV=xenonnt.high_keV[kept],
        backgrounds=tuple(replace(b, counts=b.counts[kept]) for b in xenonnt.backgrounds),
        make_response=lambda: replace(xenonnt.response, matrix=xenonnt.response.matrix[kept]),
    )
    place = f"{xenonnt.low_keV[4]:g}–{xenonnt.high_keV[4]:g} keV"
    only(notes_on(lost), f"the bins leave 1 gap, {place}: is a row missing?")


def test_electronvolts_taken_for_keV(xenonnt):
    in_eV = replace(
        xenonnt,
        low_keV=1000 * xenonnt.low_keV,
        high_keV=1000 * xenonnt.high_keV,
        includes_solar_neutrinos=False,
    )
    assert any("are the energies in eV?" in note for note in notes_on(in_eV))


@pytest.mark.parametrize(("exposure", "said"), [(1.16e5, 1), (100.0, 0), (1e-4, 0), (5e-5, 1)])
def test_an_exposure_that_nobody_has(xenonnt, exposure, said):
    other = replace(xenonnt, exposure_tonne_year=exposure)
    found = [note for note in notes_on(other) if "the exposure is" in note]
    assert len(found) == said
    if exposure > 1000:
        assert "is it in kg·d (0.318 tonne·year then)?" in found[0]  # 365.25 d · 1000 kg


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "the efficiency is 0"), (1.0, "the efficiency is 1")]
)
def test_an_efficiency_that_says_nothing(xenonnt, value, text):
    flat = Efficiency(np.array([0.0, 200.0]), np.full(2, value), of_true_energy=True)
    only(notes_on(replace(xenonnt, efficiency=flat)), text)
    almost = Efficiency(np.array([0.0, 1.5, 200.0]), np.array([value, 0.5, value]), True)
    assert notes_on(replace(xenonnt, efficiency=almost)) == []


def test_a_search_without_any_signal_is_refused(xenonnt):
    blind = Efficiency(np.array([0.5, 30.0]), np.zeros(2), of_true_energy=True)
    response = xenonnt.response
    nothing = replace(
        xenonnt,
        efficiency=blind,
        make_response=lambda: replace(response, matrix=0 * response.matrix),
    )
    with pytest.raises(
        InputError, match=r"magnetic-moment_e: expects no signal in any bin from 1 to"
    ):
        build_workspaces(nothing, "magnetic-moment", default_settings(), [("e", None)])
    with pytest.raises(InputError, match=r"dark-photon_all_1MeV: expects no signal"):
        build_workspaces(nothing, "dark-photon", default_settings(), [("all", 1.0)])


# --- workspaces and their limits -------------------------------------------------------------------------------------


def workspace(background, signal, observed=None, width=0.05):
    """A workspace of one channel with one normalisation of its background."""
    norm = {"name": "norm", "type": "normsys", "data": {"hi": 1 + width, "lo": 1 - width}}
    mu = {"name": "mu", "type": "normfactor", "data": None}
    samples = [
        {"name": "background", "data": list(map(float, background)), "modifiers": [norm]},
        {"name": "signal", "data": list(map(float, signal)), "modifiers": [mu]},
    ]
    data = list(background if observed is None else observed)
    return {
        "version": "1.0.0",
        "channels": [{"name": "recoils", "samples": samples}],
        "observations": [{"name": "recoils", "data": data}],
        "measurements": [{"name": "search", "config": {"poi": "mu", "parameters": []}}],
    }


def limit_notes(spec, **meaning):
    model = compile_workspace(spec)
    found = limit_methods(model, ["asymptotic"], 0.9)["asymptotic"]
    return LIMITS.notes(FoundLimit(spec, model, {}, found, meaning))


def test_even_bins_give_no_note():
    assert limit_notes(workspace([100, 90, 110], [10, 9, 11])) == []


def test_a_bin_without_background_and_the_limit_without_it():
    full, less = workspace([100, 90, 0], [10, 9, 5], [100, 90, 0]), workspace([100, 90], [10, 9])
    note = only(limit_notes(full), "next to no background (0 events)")
    assert "in bin 3 of recoils" in note
    other, with_it = (
        upper_limit(compile_workspace(spec), confidence_level=0.9) for spec in (less, full)
    )
    assert (
        f"observed limit {other.observed:.3g}, {other.observed / with_it.observed:.3g} times"
        in note
    )
    assert other.observed > 1.5 * with_it.observed
    assert limit_notes(workspace([100, 100, 0], [10, 10, 0])) == []  # nothing hangs on that bin


def test_the_limit_without_a_bin_is_in_the_physical_parameter():
    note = only(
        limit_notes(
            workspace([100, 90, 1e-3], [10, 9, 5], [100, 90, 0]),
            bins_keV=[[1, 2], [2, 3], [3, 4]], power=2, reference_strength=1e-11, unit="mu_B",
        ),
        "in 3–4 keV; without them: observed limit ",
    )  # fmt: skip
    less = upper_limit(compile_workspace(workspace([100, 90], [10, 9])), confidence_level=0.9)
    assert f"observed limit {1e-11 * np.sqrt(less.observed):.3g} mu_B" in note


def test_no_bin_has_a_background():
    only(limit_notes(workspace([0.001, 0.001], [2, 1], [0, 0])), "in no bin is there any")


def test_one_bin_decides():
    note = only(limit_notes(workspace([100, 100, 100], [30, 10, 10])), "one bin, bin 1 of recoils")
    # (s + b) ln(1 + s/b) − s at the limit is s²/2b and a little less: 9 of 11 parts
    share = float(note.partition("carries ")[2].partition("%")[0])
    assert share == pytest.approx(100 * 9 / 11, abs=2)


def test_data_far_from_the_expectation():
    spec = workspace([100, 100], [10, 10], [150, 160])
    sigma = np.hypot(np.sqrt(200), 0.05 * 200)
    assert f"({110 / sigma:+.1f} σ)" in only(
        limit_notes(spec), "310 events were observed where 200"
    )
    assert limit_notes(workspace([100, 100], [10, 10], [110, 120])) == []
    assert "σ)" in only(limit_notes(workspace([100, 100], [10, 10], [10, 10])), "(-")
    # 30 % allow even a wrong unit at 3.3 σ.
    of_kilograms = workspace([1e5, 1e5], [10, 10], [100, 100], width=0.3)
    assert "200 events were observed where 200000 ± " in only(limit_notes(of_kilograms), "(-")
    free = workspace([100, 100], [10, 10], [150, 160])
    free["channels"][0]["samples"][0]["modifiers"] = [
        {"name": "norm", "type": "normfactor", "data": None}
    ]
    assert limit_notes(free) == []  # a free background is whatever was observed


def test_one_count_with_a_digit_lost():
    spec = workspace([330, 330, 340, 330], [30, 30, 30, 30], [300, 30, 350, 330])
    expected = 330 * np.median([30 / 33, 3 / 33, 35 / 34, 1])
    note = only(
        limit_notes(spec),
        f"30 events were observed in one bin, bin 2 of recoils, where {expected:.3g}",
    )
    assert f"({(30 - expected) / np.sqrt(expected):+.1f} σ)" in note
    assert limit_notes(workspace([330, 330, 340, 330], [30] * 4, [300, 300, 350, 330])) == []


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.9, 110.0, "may change 0.9 to 110 times"),
        (9e-6, 1.1, "may change 9e-06"),
        (1.2, 1.1, "both on one side of 1"),
    ],
)
def test_factors_out_of_scale(low, high, text):
    spec = workspace([100, 90, 110], [10, 9, 11])
    spec["channels"][0]["samples"][0]["modifiers"][0]["data"] = {"lo": low, "hi": high}
    assert any(text in note for note in limit_notes(spec))


@pytest.mark.parametrize(
    ("sample", "high", "low", "said"),
    [
        (0, [110, -95, 120], [90, 85, 100], "sample background of recoils below zero in 1 of 3 bins, down to -95"),
        (1, [11, 10, 12], [9, -8, -10], "sample signal of recoils below zero in 2 of 3 bins, down to -10"),
        (1, [11, 10, 12], [9, 8, 10], None),
    ],
)  # fmt: skip
def test_a_variation_with_a_sign_lost(sample, high, low, said):
    """Negative counts themselves are refused when a workspace is read."""
    spec = workspace([100, 90, 110], [10, 9, 11])
    data = {"hi_data": list(map(float, high)), "lo_data": list(map(float, low))}
    shape = {"name": "shape", "type": "histosys", "data": data}
    spec["channels"][0]["samples"][sample]["modifiers"].append(shape)
    found = [note for note in limit_notes(spec) if "below zero" in note]
    assert len(found) == (said is not None)
    assert said is None or f"one standard deviation of shape takes the {said}" in found[0]


def test_an_interference_may_be_negative_and_the_square_may_not(xenonnt):
    [made] = build_workspaces(xenonnt, "charge-radius", default_settings(), [("mu", None)])
    samples = made.spec["channels"][0]["samples"]
    assert min(min(sample["data"]) for sample in samples) < 0

    def said():
        tied = made.meaning["poi_map"]
        model = compile_workspace(made.spec, poi_map=tied)
        found = limit_methods(model, ["asymptotic"], 0.9)["asymptotic"]
        notes = LIMITS.notes(FoundLimit(made.spec, model, tied, found, made.meaning))
        return [one for one in notes if "below zero" in one or "is negative in" in one]

    assert not said()
    squared = next(
        one for one in samples if any(modifier["name"] == "mu_sq" for modifier in one["modifiers"])
    )
    squared["data"][3] *= -1
    assert len(said()) == 1
    assert re.search(
        r"rises with the square of the strength, is negative in 1 of \d+ bins, down to -", said()[0]
    )


def test_without_bins_of_several_channels():
    """Channels are kept in the order of their names, however the file has them."""
    spec = workspace([1, 2, 3], [4, 5, 6])
    shape = {
        "name": "shape",
        "type": "histosys",
        "data": {"hi_data": [2, 3, 4], "lo_data": [0, 1, 2]},
    }
    spec["channels"][0]["samples"][0]["modifiers"].append(shape)
    other = {"name": "early", "samples": [{"name": "b", "data": [7.0, 8.0], "modifiers": []}]}
    spec["channels"].append(other)
    spec["observations"].append({"name": "early", "data": [7, 8]})
    channels = compile_workspace(spec).channels
    assert channels["early"].start == 0
    less = without_bins(spec, np.array([True, False, False, True, False]), channels)
    recoils, early = less["channels"]
    assert [sample["data"] for sample in recoils["samples"]] == [[1.0, 3.0], [4.0, 6.0]]
    assert recoils["samples"][0]["modifiers"][1]["data"] == {"hi_data": [2, 4], "lo_data": [0, 2]}
    assert early["samples"][0]["data"] == [8.0]
    assert [entry["data"] for entry in less["observations"]] == [[1, 3], [8]]
    assert [
        c["name"]
        for c in without_bins(spec, np.array([True] * 2 + [False] * 3), channels)["channels"]
    ] == ["recoils"]


def test_published_limits_on_a_millicharge_hang_on_one_bin(xenonnt):
    """A millicharge rises so steeply that the lowest bin of XENONnT's spectrum carries most of the limit."""
    [made] = build_workspaces(xenonnt, "millicharge", default_settings(), [("all", None)])
    note = only(limit_notes(made.spec, **made.meaning), "one bin, 1–2 keV, carries")
    assert made.meaning["notes"] == []
    assert "%" in note


def test_notes_are_in_the_rows_of_limits(xenonnt):
    settings = merged(default_settings(), {"blind": True})
    [made] = build_workspaces(xenonnt, "magnetic-moment", settings, [("all", None)])
    model = compile_workspace(made.spec)
    methods = limit_methods(model, ["asymptotic"], 0.9)
    methods["asymptotic"]["record"]["notes"] = ["of the engine"]
    record = {"meaning": made.meaning, "methods": methods, "notes": ["one", "two; and more"]}
    table = limit_rows(
        "mine", "", [record], pd.DataFrame(columns=["experiment"]).assign(quantity=[], flavour=[])
    )
    assert table["notes"].iloc[0].split(BETWEEN_NOTES) == ["of the engine", "one", "two; and more"]


def test_thresholds_have_a_status_and_a_source():
    from exonu.core.settings import read_yaml

    known = read_yaml(resource_path("plausibility/thresholds.yaml"))
    for name, entry in known.items():
        assert threshold(name) == entry["value"] > 0
        assert entry["status"] in ("published", "derived", "assumed")
        assert entry["source"]
