"""Bad configuration of an analysis that starts from events: events file, run list, sample sheet,
calibration table."""

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

EVENTS = "config/mine/events.yaml"
RUNS = "config/mine/runs.tsv"
SAMPLES = "config/mine/samples.tsv"
CALIBRATION = "config/mine/calibration.tsv"


def _events(key, value, problem, field=None):
    return Case(with_key(EVENTS, key, value), EVENTS, field or key.replace("/", r"\."), problem)


def _cut(keep, problem):
    return Case(
        with_key(EVENTS, "cuts/1/keep", keep), EVENTS, r"cuts.*keep.*|cuts.*light.*", problem
    )


def _cell(file, row, column, value, problem, field=None):
    return Case(
        with_cell(file, row, column, value),
        file,
        field or f"line {row + 1}, column {column}",
        problem,
    )


EVENT_FILES = {
    "removed": Case(removed(EVENTS), EVENTS, "", "No such file"),
    "no runs": Case(without_key(EVENTS, "runs"), EVENTS, "runs", "is missing"),
    "unknown key": _events("cut", [], "did you mean `cuts`"),
    "data with simulation": _events("is_simulated", False, "must be true if the file has a block `simulation`"),
    "no cut": _events("cuts", [], "at least 1 entries"),
    "cut without status": Case(without_key(EVENTS, "cuts/0/status"), EVENTS, r"cuts\.0\.status", "is missing"),
    "cut twice": _events("cuts/1/name", "trigger", "trigger", r"cuts.*"),
    "cut of an unknown variable": _cut("r_pe < 20", "did you mean"),
    "cut that is a number": _cut("total_pe + 1", "must be a truth value"),
    "cut that is half": _cut("total_pe >", "is missing"),
    "cut that calls": _cut("__import__('os')", "is not a function|is not part"),
    "cut of python": _cut("total_pe.__class__", "is not a documented variable"),
    "cut with a sign of unicode": _cut("total_pe ≥ 60", "is not part of the language"),
    "cut nested deeply": _cut("(" * 300 + "total_pe > 1" + ")" * 300, "nested deeper"),
    "cut of 100000 characters": _cut("total_pe > 1 or " * 6000 + "total_pe > 2", "is longer than"),
    "branch that is not an expression": _events("branches/charge", "adc[0]", "is not part of the language"),
    "branch that is empty": _events("branches/charge", "", "must not be empty"),
    "extra of a documented name": _events("branches/extra", {"total_pe": "adc"}, "documented variable", r"branches\.extra\.total_pe"),
    "extra of a bad name": _events("branches/extra", {"a b": "adc"}, "pattern", r"branches\.extra"),
    "edges unsorted": _events("efficiency", {"edges_keV": [0, 5, 3]}, "do not increase", r"efficiency\.edges_keV"),
    "one edge": _events("efficiency", {"edges_keV": [0]}, "at least 2 entries", r"efficiency\.edges_keV"),
    "bins that do not fit": _events("templates", {"low_keV": 2, "high_keV": 10, "bin_width_keV": 3}, "bin", "templates.*"),
    "bins without end": _events("templates", {"bin_width_keV": 1e-12}, "bin|must be ≥", "templates.*"),
    "bins upside down": _events("templates", {"low_keV": 200, "high_keV": 2}, "bin|range|high", "templates.*"),
    "detector of too many photomultipliers": _events("detector/geometry", {"frequency": 10**6}, "must be ≤", r"detector\.geometry\.frequency"),
    "no such geometry": Case(with_key(EVENTS, "geometry", {"file": "pmts.csv"}), "config/mine/pmts.csv", "", "No such file"),
    "geometry with a wrong header": Case(lambda folder: (with_key(EVENTS, "geometry", {"file": "pmts.csv"})(folder), written("config/mine/pmts.csv", "a,b\n1,2\n")(folder)), "config/mine/pmts.csv", "channel", "is not a column"),
    "albedo above 1": _events("detector/optics/copper_albedo", 1.2, "must be ≤ 1"),
    "negative absorption length": _events("detector/optics/absorption_cm", -5, "must be > 0"),
    "reflectance as text": _events("detector/optics/photocathode_reflectance", "20 %", "must be a number"),
    "unknown component": _events("simulation/streams/physics/components", ["lxe", "gold"], "has no 'gold'"),
    "truth of an unknown component": _events("simulation/truth/activities", {"gold": 1}, "has no 'gold'"),
    "no decays": Case(without_key(EVENTS, "simulation/samples/lxe/decays"), EVENTS, r"simulation\.samples\.lxe\.decays", "is missing"),
    "negative decays": _events("simulation/samples/lxe/decays", -5, "must be", r"simulation\.samples\.lxe\.decays.*"),
    "decays of another component": _events("simulation/samples/lxe/decays", {"seal": 5}, "is for seal"),
    "sample without sheet": _events("simulation/samples/gold", {"decays": 5}, "is not a sample of the sample sheet"),
    "sample without decays": Case(without_key(EVENTS, "simulation/samples/lxe"), EVENTS, r"simulation\.samples\.lxe", "is missing"),
    "window upside down": _events("simulation/samples/signal/window_keV", [60, 1], "low < high"),
    "focus of the liquid": _events("simulation/samples/lxe/focus", 0.5, "is for what decays in the wall"),
    "traced systematic without samples": _events("systematics", [{"name": "a", "kind": "traced", "status": "assumed", "description": "x"}], "is traced, and no sample", "systematics.*"),
    "systematic of an unknown kind": _events("systematics", [{"name": "a", "kind": "magic", "status": "assumed", "description": "x"}], "must be one of", "systematics.*"),
    "systematic of an unknown cut": _events("systematics", [{"name": "a", "kind": "cut", "cut": "b", "size": 0.1, "status": "assumed", "description": "x"}], "cut", "systematics.*"),
}  # fmt: skip

SHEETS = {
    "runs: removed": Case(removed(RUNS), RUNS, "", "No such file"),
    "runs: empty": Case(written(RUNS, ""), RUNS, "run", "is not a column"),
    "runs: header alone": Case(written(RUNS, "run\tfiles\tstart\tlive_time_s\n"), RUNS, "", "has no rows"),
    "runs: binary": Case(written(RUNS, bytes(range(256))), RUNS, "", "UTF-8"),
    "runs: truncated": Case(truncated(RUNS, 0.95), RUNS, "line 3", "has 4 values|has 3 values|must|does not fit"),
    "runs: commas": Case(written(RUNS, "run,files,start,live_time_s\n1,a,b,3\n"), RUNS, "run", "is not a column"),
    "runs: column in days": Case(replaced(RUNS, "live_time_s", "live_time_d"), RUNS, "live_time_d", "did you mean `live_time_s`"),
    "runs: column twice": Case(replaced(RUNS, "\tdead_pmts", "\trun"), RUNS, "run", "is a column twice"),
    "runs: cell of 200000 characters": Case(with_cell(RUNS, 1, "files", '"' + "a" * 200_000), RUNS, "line 2", "field"),
    "runs: NUL": _cell(RUNS, 1, "files", "a\0b.root", "NUL", "line 2"),
    "runs: negative number": _cell(RUNS, 1, "run", "-1", "must be ≥ 0"),
    "runs: half a run": _cell(RUNS, 1, "run", "1.5", "must be a whole number"),
    "runs: number of 5000 digits": _cell(RUNS, 1, "run", "9" * 5000, "must be a whole number"),
    "runs: twice": _cell(RUNS, 2, "run", "1", "run 1 is listed twice", "line 3"),
    "runs: file twice": _cell(RUNS, 2, "files", "run1.root", "is listed twice", "files"),
    "runs: no live time": _cell(RUNS, 1, "live_time_s", "0", "must be > 0"),
    "runs: live time missing": _cell(RUNS, 1, "live_time_s", "-", "is missing"),
    "runs: live time with unit": _cell(RUNS, 1, "live_time_s", "4000 s", "must be a number"),
    "runs: live time nan": _cell(RUNS, 1, "live_time_s", "nan", "must be a finite number"),
    "runs: live time beyond the calendar": _cell(RUNS, 1, "live_time_s", "1e300", "", "live_time_s|line 2, column live_time_s"),
    "runs: overlap": _cell(RUNS, 1, "live_time_s", "90000", "ends after run 2 begins", "live_time_s"),
    "runs: end of the calendar": _cell(RUNS, 2, "start", "9999-12-31T23:59:59", "", "line 3, column start|live_time_s"),
    "runs: no date": _cell(RUNS, 1, "start", "yesterday", "does not fit the pattern"),
    "runs: 31 February": _cell(RUNS, 1, "start", "2013-02-31T00:00:00", "is not a date"),
    "runs: photomultiplier outside": _cell(RUNS, 1, "dead_pmts", "3,642", "outside the geometry", "dead_pmts"),
    "runs: negative photomultiplier": _cell(RUNS, 1, "dead_pmts", "-3", "must be ≥ 0", r"line 2, column dead_pmts\.0"),
    "runs: photomultiplier twice": _cell(RUNS, 1, "dead_pmts", "3,3", "has an entry twice"),
    "runs: several files of a simulated run": _cell(RUNS, 1, "files", "a.root,b.root", "is simulated into one", "files"),
    "samples: removed": Case(removed(SAMPLES), SAMPLES, "", "No such file"),
    "samples: no signal": _cell(SAMPLES, 2, "component", "solar", "0 nominal samples of the component 'signal'", "component"),
    "samples: no background": Case(lambda folder: (without_key(EVENTS, "simulation/samples/lxe")(folder), replaced(SAMPLES, "lxe\tlxe\tlxe.root\t1\t0.06\n", "")(folder)), SAMPLES, "component", "has no background"),
    "samples: twice": _cell(SAMPLES, 2, "sample", "lxe", "is listed twice", "line 3"),
    "samples: negative activity uncertainty": _cell(SAMPLES, 1, "activity_uncertainty", "-0.1", "must be > 0"),
    "samples: no live days": _cell(SAMPLES, 1, "equivalent_live_days", "0", "must be > 0"),
    "samples: weights not per day": _cell(SAMPLES, 1, "equivalent_live_days", "10", "whose weights are per day", "equivalent_live_days"),
    "samples: unknown component": _cell(SAMPLES, 1, "component", "gold", "gold", ".*"),
    "samples: bad name": _cell(SAMPLES, 1, "sample", "../lxe", "does not fit the pattern"),
    "calibration: removed": Case(removed(CALIBRATION), CALIBRATION, "", "No such file"),
    "calibration: no gain": _cell(CALIBRATION, 1, "gain", "0", "must be > 0"),
    "calibration: nan": _cell(CALIBRATION, 1, "time_offset_ns", "nan", "must be a finite number"),
    "calibration: run missing": Case(replaced(CALIBRATION, "2\t1\t0\t1.01\n", ""), CALIBRATION, "run", "has no row for run 2"),
    "calibration: run of another list": Case(with_row(CALIBRATION, "7\t1\t0\t1"), CALIBRATION, "run", "has run 7, which is not in"),
    "calibration: run twice with a zero before": Case(with_row(CALIBRATION, "02\t2\t0\t1"), CALIBRATION, r"line 5.*|run", "twice|pattern"),
    "calibration: no run": _cell(CALIBRATION, 1, "run", "first", "does not fit the pattern"),
}  # fmt: skip
