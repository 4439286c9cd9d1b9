"""Faults in published forms: one message each, with the file, the field and the remedy."""

# ruff: noqa: E501 (a block of settings in one line)

import pytest
from published_folders import edit

from exonu.core.errors import InputError
from exonu.search.experiment.read_experiment import read_experiment


def _text(name, text, **blocks):
    def change(folder):
        (folder / name).write_text(text)
        edit(folder, **blocks)

    return change


EXPERIMENT, TABLE = r"experiment\.yaml: ", r"spectrum\.csv: "
_RATE = {"value": 1, "unit": "events/(t y keV)", "efficiency": "included"}
_CURVE = {
    "file": "curve.csv",
    "energy_keV": "E",
    "rate": "r",
    "unit": "events/(t y keV)",
    "efficiency": "included",
}
_UNUSED = {"spectrum": {"ignored_columns": ["background_events"]}}
_MATRIX = {"file": "response.csv", "true_energy_keV": "E"}
_BAND = "energy_keV,efficiency,lower,upper\n0.5,0.1,{},{}\n2,0.8,0.7,0.9\n"


def _component(**keys):
    return lambda folder: edit(folder, backgrounds={"flat": keys})


def _curve(text, **keys):
    blocks = {**_UNUSED, "backgrounds": {"flat": {"column": None, "curve": {**_CURVE, **keys}}}}
    return _text("curve.csv", text, **blocks)


def _response(text, *, blocks=None, **keys):
    block = {"response": {**_MATRIX, **keys}, "efficiency": None, "resolution": None}
    block |= blocks or {}
    return _text("response.csv", text, **block)


def _observable(background=None, **spectrum):
    """The template's bins as those of S2 in PE."""
    named = {"low": "energy_low_keV", "high": "energy_high_keV", "observable": {"name": "S2", "unit": "PE"}}  # fmt: skip
    block = {"energy_low_keV": None, "energy_high_keV": None, **named, **spectrum}
    return _response(_full(), blocks={"spectrum": block, "backgrounds": {"flat": background or {}}})


def _full(rows="0.5 " + "0.01 " * 15 + "\n9 " + "0.06 " * 15):
    return "E " + " ".join(f"b{k}" for k in range(15)) + "\n" + rows + "\n"


FAULTS = {
    "no exposure": (lambda f: edit(f, exposure_tonne_year=None), EXPERIMENT + "exposure_tonne_year: is missing; give it or `exposure"),
    "two exposures": (lambda f: edit(f, exposure={"value": 1, "unit": "t y", "status": "assumed"}), EXPERIMENT + "exposure_tonne_year: is given twice"),
    "exposure: unit": (lambda f: edit(f, exposure_tonne_year=None, exposure={"value": 1, "unit": "kg", "status": "assumed"}), EXPERIMENT + r"exposure\.unit: is not a unit of an exposure \('kg'\); write kg day, t day, kg year or t year"),
    "exposure: no unit": (lambda f: edit(f, exposure_tonne_year=None, exposure={"value": 1, "status": "assumed"}), EXPERIMENT + r"exposure\.unit: is missing"),
    "exposure: negative": (lambda f: edit(f, exposure_tonne_year=None, exposure={"value": -1, "unit": "t y", "status": "assumed"}), EXPERIMENT + r"exposure\.value: must be > 0"),
    "no bins": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None}), EXPERIMENT + "spectrum: is missing; name either energy_low_keV and"),
    "bins twice": (lambda f: edit(f, spectrum={"energy_centre_keV": "energy_low_keV", "width_keV": 1}), EXPERIMENT + "spectrum: says the bins twice"),
    "centres without width": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "energy_centre_keV": "energy_low_keV", "ignored_columns": ["energy_high_keV"]}), EXPERIMENT + r"spectrum\.width_keV: is missing beside energy_centre_keV; name the column, or give a number"),
    "width of zero": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "energy_centre_keV": "energy_low_keV", "width_keV": 0}), EXPERIMENT + r"spectrum\.width_keV: must be > 0"),
    "width: no such column": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "energy_centre_keV": "energy_low_keV", "width_keV": "w", "ignored_columns": ["energy_high_keV"]}), TABLE + "w: is not a column of the file"),
    "centres in eV": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "energy_centre_keV": "centre_eV", "width_keV": 1}), EXPERIMENT + r"spectrum\.energy_centre_keV: names the column 'centre_eV', which is in eV"),
    "centres closer than their width": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "energy_centre_keV": "energy_high_keV", "width_keV": 3, "ignored_columns": ["energy_low_keV"]}), TABLE + "row 2: the bin .* overlaps the one before"),
    "low without an observable": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "low": "energy_low_keV", "high": "energy_high_keV"}), EXPERIMENT + r"spectrum\.observable: belongs to the columns `low` and `high`"),
    "observable without a response": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "low": "energy_low_keV", "high": "energy_high_keV", "observable": {"name": "S2", "unit": "PE"}}), EXPERIMENT + "response: is missing: the spectrum is not one of energy; give the matrix"),
    "observable: observed as a rate": (_observable(observed={"column": "observed_events", "unit": "1/(t y keV)"}), EXPERIMENT + r"spectrum\.observed\.unit: is a rate per keV, and the bins are not of energy but in PE; give counts"),
    "observable: background as a rate": (_observable({"unit": "events/(t y keV)"}), EXPERIMENT + r"backgrounds\.flat\.unit: is a rate per keV, and the bins are not of energy but in PE; .*`efficiency: apply`"),
    "observable: flat, included": (_observable({"column": None, "rate": _RATE}, ignored_columns=["background_events"]), EXPERIMENT + r"backgrounds\.flat\.rate\.efficiency: is a rate per keV, and the bins are not of energy but in PE"),
    "observable: curve, included": (_observable({"column": None, "curve": _CURVE}, ignored_columns=["background_events"]), EXPERIMENT + r"backgrounds\.flat\.curve\.efficiency: is a rate per keV, and the bins are not of energy but in PE"),
    "observable: overlap": (_observable(low="energy_low_keV", high="energy_low_keV", ignored_columns=["energy_high_keV"]), TABLE + r"row 1, energy_low_keV and energy_low_keV: the bin 1–1 PE has no width"),
    "observable without a unit": (lambda f: edit(f, spectrum={"observable": {"name": "S2"}}), EXPERIMENT + r"spectrum\.observable\.unit: is missing"),
    "observed: unit": (lambda f: edit(f, spectrum={"observed": {"column": "observed_events", "unit": "Hz"}}), EXPERIMENT + r"spectrum\.observed\.unit: is not a unit of counts or of a rate \('Hz'\); write counts, events"),
    "observed: no column": (lambda f: edit(f, spectrum={"observed": {"rounding": "nearest"}}), EXPERIMENT + r"spectrum\.observed\.column: is missing"),
    "observed: rounding": (lambda f: edit(f, spectrum={"observed": {"column": "observed_events", "rounding": "up"}}), EXPERIMENT + r"spectrum\.observed\.rounding: must be one of exact, nearest"),
    "background: unit": (_component(unit="events/keV"), EXPERIMENT + r"backgrounds\.flat\.unit: is not a unit of counts"),
    "background: nothing": (lambda f: edit(f, spectrum={"ignored_columns": ["background_events"]}, backgrounds={"flat": {"column": None}}), EXPERIMENT + r"backgrounds\.flat: is missing; give one of `column`, `rate` and `curve`"),
    "background: twice": (_component(rate=_RATE), EXPERIMENT + r"backgrounds\.flat: is given as column and rate"),
    "rate: unit": (lambda f: edit(f, **_UNUSED, backgrounds={"flat": {"column": None, "rate": {**_RATE, "unit": "dru"}}}), EXPERIMENT + r"backgrounds\.flat\.rate\.unit: is not a unit of counts or of a rate \('dru'\)"),
    "rate: negative": (lambda f: edit(f, **_UNUSED, backgrounds={"flat": {"column": None, "rate": {**_RATE, "value": -1}}}), EXPERIMENT + r"backgrounds\.flat\.rate\.value: must be ≥ 0"),
    "rate: efficiency of neither kind": (lambda f: edit(f, **_UNUSED, backgrounds={"flat": {"column": None, "rate": {**_RATE, "efficiency": "yes"}}}), EXPERIMENT + r"backgrounds\.flat\.rate\.efficiency: must be one of included, apply"),
    "rate: unit outside": (lambda f: edit(f, **_UNUSED, backgrounds={"flat": {"column": None, "unit": "events/(t y keV)", "rate": _RATE}}), EXPERIMENT + r"backgrounds\.flat\.unit: is the unit of a column; write it into `rate`"),
    "curve: no such column": (_curve("E,rate\n1,2\n3,4\n"), r"curve\.csv: r: is not a column of the file"),
    "curve: NaN": (_curve("E,r\n1,nan\n3,4\n"), r"curve\.csv: line 2, column r: must be a finite number \(got 'nan'\)"),
    "curve: negative": (_curve("E,r\n1,-2\n3,4\n"), r"curve\.csv: row 1, column r: is negative \(-2\); rates are ≥ 0"),
    "curve: unsorted": (_curve("E,r\n3,2\n1,4\n"), r"curve\.csv: row 2, column E: does not increase"),
    "curve: below zero": (
        _curve("E,r\n-1,2\n1,4\n"),
        r"curve\.csv: row 1, column E: is negative \(-1\); energies are ≥ 0",
    ),
    "curve: mixed lengths": (_curve("E,r\n3,2\n4\n"), r"curve\.csv: line 3: has 1 values where the header has 2"),
    "curve: in eV": (_curve("E_eV,r\n3,2\n4,2\n", energy_keV="E_eV"), EXPERIMENT + r"backgrounds\.flat\.curve\.energy_keV: names the column 'E_eV', which is in eV"),
    "curve: no file": (lambda f: edit(f, **_UNUSED, backgrounds={"flat": {"column": None, "curve": _CURVE}}), r"curve\.csv: cannot be read"),
    "norms: of nothing": (_component(norms={"activity": 0}), EXPERIMENT + r"backgrounds\.flat\.norms\.activity: must be > 0"),
    "norms: a name that is taken": (_component(norms={"flat_norm": 0.1}), EXPERIMENT + r"backgrounds\.flat\.norms\.flat_norm: is the name of another parameter; choose another name"),
    "norms: a flux": (_component(norms={"flux_pp": 0.1}), EXPERIMENT + r"backgrounds\.flat\.norms\.flux_pp: is the name of another parameter"),
    "variation: no such column": (_component(variations={"shape": {"up": "u", "down": "d"}}), "u: is not a column of the file"),
    "variation: one side": (_component(variations={"shape": {"up": "background_events"}}), EXPERIMENT + r"backgrounds\.flat\.variations\.shape\.down: is missing"),
    "variation: counts as errors": (_text("spectrum.csv", "energy_low_keV,energy_high_keV,observed_events,background_events,u\n1,2,3,4,5\n", backgrounds={"flat": {"variations": {"shape": {"up": "u", "down": "u", "kind": "errors"}}}}), EXPERIMENT + r"backgrounds\.flat\.variations\.shape\.down: takes the counts of row 1 below zero \(4 − 5\); `kind: errors` are distances"),
    "asymmetric without down": (_component(normalisation={"constraint": "asymmetric", "uncertainty": None, "up": 0.1}), EXPERIMENT + r"backgrounds\.flat\.normalisation\.down: is missing"),
    "covariance: of other bins": (_text("c.txt", "1 0\n0 1\n", backgrounds={"flat": {"covariance": {"file": "c.txt", "kind": "absolute"}}}), r"c\.txt: has 2 rows of numbers, and the spectrum 15 bins; give a row and a column for each bin"),
    "covariance: mixed lengths": (_text("c.txt", ("1 " * 15 + "\n") * 14 + "1 2\n", backgrounds={"flat": {"covariance": {"file": "c.txt", "kind": "absolute"}}}), r"c\.txt: line 15: has 2 values where the header has 15"),
    "covariance: NaN": (_text("c.txt", ("nan " * 15 + "\n") * 15, backgrounds={"flat": {"covariance": {"file": "c.txt", "kind": "absolute"}}}), r"c\.txt: line 1, column 1: must be a finite number"),
    "covariance: not symmetric": (_text("c.txt", "\n".join(" ".join(str(i + 2 * j) for i in range(15)) for j in range(15)), backgrounds={"flat": {"covariance": {"file": "c.txt", "kind": "absolute"}}}), r"c\.txt: backgrounds\.flat: is not symmetric"),
    "covariance: not positive": (_text("c.txt", "\n".join(" ".join("-1" if i == j else "0" for i in range(15)) for j in range(15)), backgrounds={"flat": {"covariance": {"file": "c.txt", "kind": "absolute"}}}), r"c\.txt: backgrounds\.flat: has the eigenvalue -1, and is not a covariance"),
    "covariance: kind": (_component(covariance={"file": "c.txt", "kind": "correlation"}), EXPERIMENT + r"backgrounds\.flat\.covariance\.kind: must be one of absolute, relative"),
    "band: one side": (lambda f: edit(f, efficiency={"lower": "lower"}), EXPERIMENT + r"efficiency\.upper: is missing beside lower; a band has both columns"),
    "band: no such column": (lambda f: edit(f, efficiency={"lower": "lower", "upper": "upper"}), r"efficiency\.csv: lower: is not a column"),
    "band: errors": (_text("efficiency.csv", _BAND.format(0.02, 0.03), efficiency={"lower": "lower", "upper": "upper"}), r"efficiency\.csv: row 1, columns lower and upper: does not hold the efficiency \(0\.1 in 0\.02 to 0\.03\); lower and upper are efficiencies"),
    "band: per cent": (_text("efficiency.csv", _BAND.format(0.05, 30), efficiency={"lower": "lower", "upper": "upper"}), r"efficiency\.csv: row 1, column upper: must lie between 0 and 1 \(got 30\)"),
    "neither efficiency nor response": (lambda f: edit(f, efficiency=None), EXPERIMENT + "efficiency: is missing; add it, or a matrix as `response`"),
    "efficiency beside a response": (_text("response.csv", _full(), response=_MATRIX), EXPERIMENT + "efficiency: is in the response matrix already"),
    "response: bins of another number": (_response("E a b\n1 0.1 0.2\n2 0.3 0.4\n"), r"response\.csv: response\.bins: has 2 columns of bins, and the spectrum 15 bins"),
    "response: no such column": (_response(_full(), true_energy_keV="T", bins=["b0"] * 15), r"response\.csv: T: is not a column"),
    "response: per cent": (_response(_full("0.5 " + "1 " * 15 + "\n9 " + "6 " * 15)), r"response\.csv: row 2, column b0: must lie between 0 and 1 \(got 6\)"),
    "response: per unit": (_response(_full("0.5 " + "0.01 " * 15 + "\n9 " + "0.6 " * 15)), r"response\.csv: row 2: sees a recoil of 9 keV with probability 9; give probabilities per bin"),
    "response: NaN": (_response(_full("0.5 " + "nan " * 15 + "\n9 " + "0 " * 15)), r"response\.csv: line 2, column b0: must be a finite number"),
    "response: unsorted": (_response(_full("5 " + "0.01 " * 15 + "\n1 " + "0.06 " * 15)), r"response\.csv: row 2, column E: does not increase"),
    "response: one energy": (_response(_full("0.5 " + "0.01 " * 15)), r"response\.csv: E: needs two true energies or more"),
    "response: below the minimum": (_response(_full("0.1 " + "0.01 " * 15 + "\n0.5 " + "0.06 " * 15)), EXPERIMENT + r"true_energy_minimum_keV: is 0\.5 keV, and the response ends at 0\.5 keV"),
    "response: mixed lengths": (_response(_full("0.5 " + "0.01 " * 15 + "\n9 0.1")), r"response\.csv: line 3: has 2 values where the header has 16"),
    "response: in eV": (_response(_full(), true_energy_keV="E_eV"), EXPERIMENT + r"response\.true_energy_keV: names the column 'E_eV', which is in eV"),
    "table: no names": (_text("spectrum.csv", "1 2 3 4\n2 3 4 5\n"), TABLE + "line 1: has no header line: it begins with numbers; write the names of the columns above"),
    "table: mixed lengths": (_text("spectrum.csv", "# energy_low_keV energy_high_keV observed_events background_events\n1 2 3 4\n2 3 4\n"), TABLE + "line 3: has 3 values where the header has 4"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_file(folder, fault):
    change, message = FAULTS[fault]
    change(folder)
    with pytest.raises(InputError, match=message):
        read_experiment(folder / "experiment.yaml")
