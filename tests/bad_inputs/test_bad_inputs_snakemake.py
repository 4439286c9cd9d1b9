"""The corpus through the real `snakemake -n`: what planning reads. A handful in the fast tier, all
in the slow one."""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from cases_configuration import CONFIGURATION, SPECTRA
from cases_events import EVENT_FILES, SHEETS
from valid_inputs import write_events, write_published

from bad_inputs import assert_message

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
ARGUMENTS = ["--snakefile", str(ROOT / "Snakefile"), "--cores", "1", "--dry-run"]
PLANNED = [(name, case, write_published) for name, case in (CONFIGURATION | SPECTRA).items()]
PLANNED += [(name, case, write_events) for name, case in (EVENT_FILES | SHEETS).items()]
HANDFUL = {
    "analysis: contains itself",
    "counts beyond reason",
    "cut that calls",
    "runs: 31 February",
}


def planned(folder):
    """`snakemake -n` in a folder: its exit status, stdout and stderr together."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    ended = subprocess.run(
        [SNAKEMAKE, *ARGUMENTS],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return ended.returncode, ended.stdout


def planned_in_a_fork(folder):
    """The same by a fork of this process, which has imported Snakemake and the library once for all
    cases."""
    from snakemake.cli import main

    with TemporaryFile() as said:
        child = os.fork()
        if not child:
            os.chdir(folder)
            for stream in (1, 2):
                os.dup2(said.fileno(), stream)
            sys.stdout, sys.stderr = (os.fdopen(stream, "w", buffering=1) for stream in (1, 2))
            try:
                main(ARGUMENTS)
            except SystemExit as end:
                os._exit(end.code)
            os._exit(99)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        return status, said.read().decode()


@pytest.mark.parametrize(
    ("case", "write", "snakemake"),
    [
        pytest.param(case, write, planned, id=name)
        if name in HANDFUL
        else pytest.param(case, write, planned_in_a_fork, id=name, marks=pytest.mark.slow)
        for name, case, write in PLANNED
    ],
)
def test_refused_before_any_job(case, write, snakemake, tmp_path):
    write(tmp_path)
    case.change(tmp_path)
    before = {path for path in tmp_path.rglob("*") if ".snakemake" not in path.parts}
    status, stdout = snakemake(tmp_path)
    assert status == 1, stdout
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
