"""The corpus through `snakemake -n`: what planning reads. A handful in the fast tier, all
in the slow one."""

import re

import pytest
from cases_configuration import CONFIGURATION, SPECTRA
from cases_events import EVENT_FILES, SHEETS
from helpers import ROOT, Place, snakemake
from valid_inputs import write_events, write_published

from bad_inputs import assert_message

PLANNED = [(name, case, write_published) for name, case in (CONFIGURATION | SPECTRA).items()]
PLANNED += [(name, case, write_events) for name, case in (EVENT_FILES | SHEETS).items()]
HANDFUL = {
    "analysis: contains itself",
    "counts beyond reason",
    "cut that calls",
    "runs: 31 February",
}


@pytest.mark.parametrize(
    ("case", "write"),
    [
        pytest.param(case, write, id=name, marks=[] if name in HANDFUL else pytest.mark.slow)
        for name, case, write in PLANNED
    ],
)
def test_refused_before_any_job(case, write, tmp_path):
    write(tmp_path)
    case.change(tmp_path)
    before = {path for path in tmp_path.rglob("*") if ".snakemake" not in path.parts}
    ended = snakemake(Place(ROOT, tmp_path), "--dry-run")
    stdout = ended.stdout
    assert ended.returncode == 1, stdout
    assert "Traceback" not in stdout
    [said] = re.findall(r"^WorkflowError in file .*\n((?:.|\n)*)", stdout, re.MULTILINE)
    lines = [
        line for line in said.splitlines() if line.strip() and not re.match(r'\s*File "', line)
    ]
    message = "\n".join(
        line if line.startswith("  ") else f"{tmp_path}/{line}" for line in lines
    )  # relative there
    assert_message(message, case, tmp_path)
    assert {path for path in tmp_path.rglob("*") if ".snakemake" not in path.parts} == before
