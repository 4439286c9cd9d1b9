"""Bad configuration of an analysis of a published spectrum, and bad tables of the spectrum
itself."""

# ruff: noqa: E501 (one case per line)

from bad_inputs import (
    Case,
    removed,
    replaced,
    truncated,
    with_cell,
    with_key,
    with_row,
    without_key,
    written,
)

CONFIG = "config/config.yaml"
ANALYSIS = "config/mine/analysis.yaml"
EXPERIMENT = "config/mine/experiment.yaml"
SPECTRUM = "config/mine/spectrum.csv"
EFFICIENCY = "config/mine/efficiency.csv"


def _config(key, value, field, problem):
    return Case(with_key(CONFIG, key, value), CONFIG, field, problem)


def _analysis(key, value, problem, field=None):
    return Case(with_key(ANALYSIS, key, value), ANALYSIS, field or key.replace("/", r"\."), problem)


def _experiment(key, value, problem, field=None):
    return Case(
        with_key(EXPERIMENT, key, value), EXPERIMENT, field or key.replace("/", r"\."), problem
    )


def _cell(row, column, value, problem, field, file=SPECTRUM):
    return Case(with_cell(file, row, column, value), file, field, problem)


CONFIGURATION = {
    "config: no version": Case(without_key(CONFIG, "config_version"), CONFIG, "config_version", "is missing, and this"),
    "config: no analyses": Case(without_key(CONFIG, "analyses"), CONFIG, "analyses", "is missing"),
    "config: unknown key": _config("analysis", ["mine"], "analysis", "is not a known key; did you mean `analyses`"),
    "config: empty list": _config("analyses", [], "analyses", "at least 1 entries"),
    "config: no list": _config("analyses", "mine", "analyses", "must be a list"),
    "config: twice": _config("analyses", ["mine", "mine"], "analyses", "has an entry twice"),
    "config: unknown analysis": _config("analyses", ["mine", "yours"], "analyses", "'yours' has no file"),
    "config: path as name": _config("analyses", ["../mine"], r"analyses\.0", "does not fit the pattern"),
    "config: reserved name": _config("analyses", ["comparison"], "analyses", "'comparison' is the folder"),
    "config: number as name": _config("analyses", [3], r"analyses\.0", "must be a text"),
    "config: line break in name": _config("analyses", ["mine\n"], r"analyses\.0", "does not fit the pattern"),
    "config: overrides of a stranger": _config("overrides", {"yours": {}}, r"overrides\.yours", "not one of the anal"),
    "config: overrides no mapping": _config("overrides", {"mine": 3}, r"overrides\.mine", "must be a mapping"),
    "config: override with unknown key": Case(
        with_key(CONFIG, "overrides", {"mine": {"sead": 3}}), ANALYSIS, "sead", "did you mean `seed`"
    ),
    "analysis: empty file": Case(written(ANALYSIS, ""), ANALYSIS, "", "holds no `key: value` lines"),
    "analysis: a list": Case(written(ANALYSIS, "- a\n- b\n"), ANALYSIS, "", "holds no `key: value` lines"),
    "analysis: tab": Case(written(ANALYSIS, "config_version:\t1\n\tseed: 3\n"), ANALYSIS, "line 2", "token|tab character"),
    "analysis: not UTF-8": Case(written(ANALYSIS, b"config_version: 1\nname: \xff"), ANALYSIS, "", "no text in UTF-8|is not text in UTF-8"),
    "analysis: NUL": Case(written(ANALYSIS, b"config_version: 1\n\0"), ANALYSIS, "", ""),
    "analysis: open bracket": Case(replaced(ANALYSIS, "{flavours: [", "{flavours: [["), ANALYSIS, r"line \d+", ""),
    "analysis: key twice": Case(replaced(ANALYSIS, "blind: true", "blind: true\nblind: false"), ANALYSIS, r"line \d+", "'blind' is there twice"),
    "analysis: python object": Case(written(ANALYSIS, "config_version: 1\nseed: !!python/object/apply:os.system [exit]\n"), ANALYSIS, "line 2", "could not determine a constructor"),
    "analysis: alias bomb": Case(
        written(ANALYSIS, "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
            f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
        )), ANALYSIS, "", "values"),
    "analysis: contains itself": Case(written(ANALYSIS, "config_version: 1\nvariants: &a {b: *a}\n"), ANALYSIS, "", "contains itself"),
    "analysis: nested deeply": Case(written(ANALYSIS, "config_version: 1\nseed: " + "[" * 20000 + "]" * 20000), ANALYSIS, "|line 2", "nest"),
    "analysis: number of 5000 digits": Case(written(ANALYSIS, f"config_version: 1\nseed: {'9' * 5000}\n"), ANALYSIS, "", "digits"),
    "analysis: no such date": Case(written(ANALYSIS, "config_version: 1\nseed: 2020-02-31\n"), ANALYSIS, "", "day"),
    "analysis: number as key": Case(with_key(ANALYSIS, "systematics", {3: 1, "a": 2}), ANALYSIS, r"systematics\.3", "is not a name"),
    "analysis: number as variant": Case(with_key(ANALYSIS, "variants", {3: {"description": "x"}}), ANALYSIS, r"variants(\.3)?", ""),
    "analysis: no version": Case(without_key(ANALYSIS, "config_version"), ANALYSIS, "config_version", "is missing"),
    "analysis: text as version": _analysis("config_version", "1", "is '1', and this exonu reads 1"),
    "analysis: neither experiment nor events": Case(without_key(ANALYSIS, "experiment"), ANALYSIS, "experiment", "either"),
    "analysis: both": _analysis("events", "events.yaml", "must name either", "experiment"),
    "analysis: no such experiment": Case(with_key(ANALYSIS, "experiment", "yours.yaml"), "config/mine/yours.yaml", "", "No such file"),
    "analysis: folder as experiment": Case(with_key(ANALYSIS, "experiment", "."), "config/mine", "", "directory"),
    "analysis: NUL in a file name": _analysis("experiment", "a\0b", "which is not a text"),
    "analysis: negative seed": _analysis("seed", -1, "must be ≥ 0"),
    "analysis: half a seed": _analysis("seed", 0.5, "must be a whole number"),
    "analysis: blind as text": _analysis("blind", "yes", "must be true or false"),
    "analysis: unknown interaction": _analysis("interactions/axion", {}, "is not a known key"),
    "analysis: no interaction": _analysis("interactions", {}, "at least 1 entries"),
    "analysis: unknown flavour": _analysis("interactions/millicharge/flavours", ["x"], "must be one of", r"interactions\.millicharge\.flavours\.0"),
    "analysis: masses from high to low": _analysis("interactions/dark-photon/masses_MeV", {"minimum": 5, "maximum": 1}, "must be < maximum", r"interactions\.dark-photon\.masses_MeV\.minimum"),
    "analysis: negative mass": _analysis("interactions/dark-photon/more_masses_MeV", [-1], "must be > 0", r"interactions\.dark-photon\.more_masses_MeV\.0"),
    "analysis: mass as text": _analysis("interactions/dark-photon/more_masses_MeV", ["1 MeV"], "must be a number", r"interactions\.dark-photon\.more_masses_MeV\.0"),
    "analysis: infinite mass": _analysis("interactions/dark-photon/more_masses_MeV", [float("inf")], "must be a finite number", r"interactions\.dark-photon\.more_masses_MeV\.0"),
    "analysis: nan": _analysis("statistics/confidence_level", float("nan"), "must be a finite number"),
    "analysis: mass beyond floating point": _analysis("interactions/dark-photon/more_masses_MeV", [10**400], "finite number", r"interactions\.dark-photon\.more_masses_MeV\.0"),
    "analysis: too many masses": _analysis("interactions/dark-photon/masses_MeV/number", 10**9, "must be ≤ 1000"),
    "analysis: level in per cent": _analysis("statistics/confidence_level", 90, "must be < 1"),
    "analysis: unknown method": _analysis("statistics/methods", ["cls"], "must be one of", r"statistics\.methods\.0"),
    "analysis: odd number of toys": _analysis("statistics/toys", {"number": 300}, "multiple of 250", r"statistics\.toys\.number"),
    "analysis: a job for each toy": _analysis("statistics/toys", {"chunks": 10**12}, "must be ≤", r"statistics\.toys\.chunks"),
    "analysis: unknown solar model": _analysis("physics/solar_model", "SSM", "must be one of"),
    "analysis: fit range of one end": _analysis("interactions/millicharge/fit_range_keV", [1], "at least 2 entries"),
    "analysis: fit range within a bin": _analysis("interactions/millicharge/fit_range_keV", [1.5, 5], "no|not"),
    "analysis: fit range upside down": _analysis("interactions/millicharge/fit_range_keV", [5, 3], "holds no bin|must be"),
    "analysis: variant without description": _analysis("variants", {"a": {}}, "is missing", r"variants\.a\.description"),
    "analysis: variant with unknown key": _analysis("variants", {"a": {"description": "x", "settings": {"physics": {"sun": 1}}}}, "is not a known key", r"(variants\.a\.settings\.)?physics\.sun"),
    "analysis: variant of experiment with unknown key": _analysis("variants", {"a": {"description": "x", "experiment": {"sun": 1}}}, "is not a known key", r"(variants\.a\.experiment\.)?sun"),
    "experiment: truncated": Case(truncated(EXPERIMENT, 0.5), EXPERIMENT, "", "is missing"),
    "experiment: removed": Case(removed(EXPERIMENT), EXPERIMENT, "", "No such file"),
    "experiment: exposure with unit": _experiment("exposure_tonne_year/value", "1 kg d", "must be a number"),
    "experiment: exposure negative": _experiment("exposure_tonne_year/value", -1, "must be > 0"),
    "experiment: exposure bare": _experiment("exposure_tonne_year", 1.0, "must be a mapping"),
    "experiment: no status": Case(without_key(EXPERIMENT, "exposure_tonne_year/status"), EXPERIMENT, r"exposure_tonne_year\.status", "is missing"),
    "experiment: exposure beyond floating point": _experiment("exposure_tonne_year/value", 10**400, "finite number"),
    "experiment: no backgrounds": _experiment("backgrounds", {}, "at least 1 entries"),
    "experiment: background of a bad name": _experiment("backgrounds/a b", {"column": "background_events", "normalisation": {"constraint": "free"}}, "pattern", "backgrounds"),
    "experiment: constraint without size": Case(without_key(EXPERIMENT, "backgrounds/flat/normalisation/uncertainty"), EXPERIMENT, r"backgrounds\.flat\.normalisation\.uncertainty", "is missing"),
    "experiment: background not included": _experiment("backgrounds/flat/include", False, "no component is included", "backgrounds"),
    "experiment: column in eV": _experiment("spectrum/energy_low_keV", "energy_eV", "which is in eV"),
    "experiment: no such column": Case(with_key(EXPERIMENT, "spectrum/observed", "counts"), SPECTRUM, "counts", "is not a column"),
    "experiment: unknown resolution": _experiment("resolution/form", "gauss", "must be one of"),
    "experiment: no resolution": _experiment("resolution", {"form": "sqrt-linear", "a": 0, "b": 0}, "is 0 keV"),
    "experiment: polynomial below zero": _experiment("resolution", {"form": "polynomial", "coefficients": [-1, 0.1]}, "keV at", "resolution"),
    "experiment: coefficient missing": Case(without_key(EXPERIMENT, "resolution/b"), EXPERIMENT, r"resolution\.b", "is missing"),
    "experiment: efficiency uncertainty of 100 %": _experiment("efficiency/uncertainty", 1, "must be < 1"),
    "experiment: efficiency of what": _experiment("efficiency/argument", "energy", "must be one of"),
}  # fmt: skip

SPECTRA = {
    "empty": Case(written(SPECTRUM, ""), SPECTRUM, "", "has no header line"),
    "header alone": Case(written(SPECTRUM, "energy_low_keV,energy_high_keV,observed_events,background_events\n"), SPECTRUM, "", "has no rows"),
    "removed": Case(removed(SPECTRUM), SPECTRUM, "", "No such file"),
    "cut in a line": Case(truncated(SPECTRUM, 0.98), SPECTRUM, r"line \d+", "values where the header has 4"),
    "not UTF-8": Case(written(SPECTRUM, b"\xff\xfe\x00"), SPECTRUM, "", "is text in UTF-16, not CSV"),
    "semicolons": Case(written(SPECTRUM, "energy_low_keV;energy_high_keV;observed_events;background_events\n1;2;3;4\n"), SPECTRUM, "energy_low_keV", "is not a column"),
    "open quote over 200000 characters": Case(written(SPECTRUM, 'energy_low_keV,energy_high_keV,observed_events,background_events\n1,2,3,"' + "9" * 200_000 + "\n"), SPECTRUM, "line 2", "field"),
    "column twice": Case(replaced(SPECTRUM, "observed_events,", "observed_events,observed_events,"), SPECTRUM, "observed_events", "is a column twice"),
    "column that nothing uses": Case(replaced(SPECTRUM, "background_events", "background_events,spare"), SPECTRUM, "spare", "nothing uses"),
    "row too long": Case(with_row(SPECTRUM, "30,35,1,1,1"), SPECTRUM, r"line \d+", "has 5 values"),
    "text": _cell(2, "observed_events", "many", "must be a finite number", "line 4, column observed_events"),
    "empty cell": _cell(2, "observed_events", "", "must be a finite number", "line 4, column observed_events"),
    "nan": _cell(1, "background_events", "nan", "must be a finite number", "line 3, column background_events"),
    "infinite": _cell(1, "background_events", "1e999", "must be a finite number", "line 3, column background_events"),
    "decimal comma": _cell(1, "background_events", "8,1", "has 5 values", "line 3"),
    "negative counts": _cell(1, "observed_events", "-7", "is negative", "row 1, column observed_events"),
    "half a count": _cell(1, "observed_events", "7.5", "is not a whole number", "row 1, column observed_events"),
    "negative background": _cell(1, "background_events", "-1", "is negative", "row 1, column background_events"),
    "bin of no width": _cell(1, "energy_high_keV", "1", "has no width", "row 1, .*"),
    "bin upside down": _cell(3, "energy_high_keV", "3", "has no width", "row 3, .*"),
    "overlap": _cell(2, "energy_low_keV", "1.5", "overlaps the one before", "row 2"),
    "negative energy": _cell(1, "energy_low_keV", "-1", "is below 0 keV", "row 1, energy_low_keV"),
    "in eV": Case(with_cell(SPECTRUM, 1, "energy_low_keV", "1000"), SPECTRUM, "row 1, .*", "has no width"),
    "counts beyond reason": _cell(1, "observed_events", "1e300", "", "row 1, column observed_events"),
    "efficiency: removed": Case(removed(EFFICIENCY), EFFICIENCY, "", "No such file"),
    "efficiency: per cent": _cell(3, "efficiency", "45", "must lie between 0 and 1", "row 3, column efficiency", EFFICIENCY),
    "efficiency: unsorted": _cell(3, "energy_keV", "0.7", "does not increase", "row 3, column energy_keV", EFFICIENCY),
    "efficiency: energy twice": _cell(3, "energy_keV", "1.0", "does not increase", "row 3, column energy_keV", EFFICIENCY),
    "efficiency: nan": _cell(1, "efficiency", "NaN", "must be a finite number", "line 3, column efficiency", EFFICIENCY),
}  # fmt: skip
