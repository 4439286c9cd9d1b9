"""Faults of the configuration: the real snakemake says what is wrong, where and what helps, before
any job starts."""

import re

import pytest
from helpers import snakemake

CONFIG = "config/config.yaml"
ANALYSIS = "config/alpha/analysis.yaml"
EXPERIMENT = "config/alpha/experiment.yaml"
SPECTRUM = "config/alpha/spectrum.csv"

# A file, what is replaced in it, and the message: file, field, problem; remedy.
FAULTS = {
    "unknown key": (
        (ANALYSIS, "blind:", "blnd:"),
        r"config/alpha/analysis\.yaml: blnd: is not a known key; did you mean `blind`\?",
    ),
    "wrong unit": (
        (EXPERIMENT, "value: 1.0", "value: 1.0 kg d"),
        r"experiment\.yaml: exposure_tonne_year\.value: must be a number \(got the text '1\.0 kg d'\); write the bare",
    ),
    "column in another unit": (
        (EXPERIMENT, "energy_low_keV: energy_low_keV", "energy_low_keV: energy_low_eV"),
        r"experiment\.yaml: spectrum\.energy_low_keV: names the column 'energy_low_eV', which is in eV; convert",
    ),
    "missing table": (
        (EXPERIMENT, "file: spectrum.csv", "file: spectra.csv"),
        r"config/alpha/spectra\.csv: cannot be read \(No such file or directory\); give an existing file",
    ),
    "missing experiment": (
        (ANALYSIS, "experiment: experiment.yaml", "experiment: mine.yaml"),
        r"config/alpha/mine\.yaml: cannot be read \(No such file or directory\); give an existing file",
    ),
    "missing analysis": (
        (CONFIG, "[alpha, beta]", "[alpha, gamma]"),
        r"config\.yaml: analyses: the analysis 'gamma' has no file \(.*\); write one of them \(`exonu init` makes",
    ),
    "unequal columns": (
        (SPECTRUM, "2,3,15,14.2", "2,3,15"),
        r"spectrum\.csv: line 4: has 3 values where the header has 4 columns; give every column one value",
    ),
    "overlapping bins": (
        (SPECTRUM, "2,3,15,14.2", "1.5,3,15,14.2"),
        r"spectrum\.csv: row 2: the bin 1\.5–3 keV overlaps the one before \(1–2 keV\); sort the bins",
    ),
    "negative counts": (
        (SPECTRUM, "1,2,7,8.1", "1,2,-7,8.1"),
        r"spectrum\.csv: row 1, column observed_events: is negative \(-7\); counts and their errors are ≥ 0",
    ),
    "nan": (
        (SPECTRUM, "1,2,7,8.1", "1,2,7,nan"),
        r"spectrum\.csv: line 3, column background_events: must be a finite number \(got 'nan'\); write 0",
    ),
    "layout of another version": (
        (ANALYSIS, "config_version: 1", "config_version: 2"),
        r"analysis\.yaml: config_version: is 2, and this exonu reads 1; write `config_version: 1`",
    ),
    "no yaml": (
        (ANALYSIS, "blind: false", "blind: [false"),
        r"config/alpha/analysis\.yaml: line \d+: .*; mind indentation, colons and brackets",
    ),
}
NOT_IN_THE_FAST_TIER = {
    "column in another unit",
    "missing experiment",
    "layout of another version",
    "no yaml",
}
CASES = [
    pytest.param(*case, id=name, marks=[pytest.mark.slow] if name in NOT_IN_THE_FAST_TIER else [])
    for name, case in FAULTS.items()
]


def assert_one_message(place, ended, message):
    said = ended.stdout
    assert ended.returncode != 0
    assert re.search(message, said), said
    assert "Traceback" not in said
    assert not re.search(r"^(local)?rule ", said, re.MULTILINE)  # no job has started
    assert "Building DAG" not in said
    assert not (place.folder / "results").exists()
    # The message is all that snakemake says, beside its banner and where in the workflow it was
    # said.
    [after] = re.findall(r"^WorkflowError in file .*\n((?:.|\n)*)", said, re.MULTILINE)
    lines = [
        line for line in after.splitlines() if line.strip() and not re.match(r"\s*File \"", line)
    ]
    assert len(lines) == 1, lines


@pytest.mark.parametrize(("edit", "message"), CASES)
def test_fault(fresh, edit, message):
    fresh.edit(*edit)
    assert_one_message(fresh, snakemake(fresh, refused=True), message)


def test_text_from_the_command_line_is_no_list(fresh):
    """`--config analyses=alpha` gives a text, which the schema refuses."""
    ended = snakemake(fresh, "--config", "analyses=alpha", refused=True)
    assert_one_message(
        fresh,
        ended,
        r"config\.yaml: analyses: must be a list \(got the text 'alpha'\); it means: Names",
    )


def test_several_faults_come_at_once(fresh):
    fresh.edit(ANALYSIS, "blind:", "blnd:")
    fresh.edit(ANALYSIS, "{dpi: 100}", "{dpi: 3}")
    ended = snakemake(fresh)
    assert ended.returncode != 0
    assert "blnd: is not a known key" in ended.stdout
    assert "plots.dpi: must be ≥ 50 (got 3)" in ended.stdout
    assert not (fresh.folder / "results").exists()
