"""The corpus through the real `snakemake -n`: what planning reads. A handful in the fast tier, all in the slow one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cases_configuration import CONFIGURATION, SPECTRA
from cases_events import EVENT_FILES, SHEETS
from valid_inputs import write_events, write_published

from bad_inputs import assert_message

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
PLANNED = [(name, case, write_published) for name, case in (CONFIGURATION | SPECTRA).items()]
PLANNED += [(name, case, write_events) for name, case in (EVENT_FILES | SHEETS).items()]
HANDFUL = {"analysis: contains itself", "counts beyond reason", "cut that calls", "runs: 31 February"}


def planned(folder):
    """`snakemake -n` in a folder, stdout and stderr together."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"EXONU_NUMBA": "0"}
    command = [SNAKEMAKE, "--snakefile", ROOT / "Snakefile", "--cores", "1", "--dry-run"]
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


@pytest.mark.parametrize(
    ("case", "write"),
    [
        pytest.param(case, write, id=name, marks=[] if name in HANDFUL else [pytest.mark.slow])
        for name, case, write in PLANNED
    ],
)
def test_refused_before_any_job(case, write, tmp_path):
    write(tmp_path)
    case.change(tmp_path)
    before = {path for path in tmp_path.rglob("*") if ".snakemake" not in path.parts}
    ended = planned(tmp_path)
    assert ended.returncode == 1, ended.stdout
    assert "Traceback" not in ended.stdout
    [said] = re.findall(r"^WorkflowError in file .*\n((?:.|\n)*)", ended.stdout, re.MULTILINE)
    lines = [line for line in said.splitlines() if line.strip() and not re.match(r'\s*File "', line)]
    message = "\n".join(line if line.startswith("  ") else f"{tmp_path}/{line}" for line in lines)  # relative there
    assert_message(message, case, tmp_path)
    assert {path for path in tmp_path.rglob("*") if ".snakemake" not in path.parts} == before
