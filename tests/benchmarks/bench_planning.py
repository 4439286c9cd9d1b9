"""Planning, `snakemake -n`: the repository as it stands, the full search, and 10,000 ROOT files in
1,000 runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarking import ROOT, Record, main

sys.path.insert(0, str(ROOT / "tests" / "workflow"))

from many_files import write_many_files

# In a small process of its own: the peak of a child begins with that of the process that starts it.
MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(process.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000)
"""


def measured(folder: Path, *arguments: str) -> tuple[float, float]:
    """CPU time [s] and memory [MB] of one command."""
    command = [sys.executable, "-c", MEASURE, sys.executable, "-m", "snakemake", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    code, cpu_s, peak_MB = done.stdout.split()
    assert code == "0", f"snakemake {' '.join(arguments)} ended with {code}"
    return float(cpu_s), float(peak_MB)


def working_folder(folder: Path) -> None:
    """The repository's configuration in a folder where nothing is made yet."""
    shutil.copytree(ROOT / "config", folder / "config")
    (folder / "resources").symlink_to(ROOT / "resources")  # published spectra


def records() -> Iterator[Record]:
    """CPU seconds, children included, and memory; there is no peer."""
    plan = ("--snakefile", str(ROOT / "Snakefile"), "--dry-run", "--quiet")
    with tempfile.TemporaryDirectory() as temporary:
        ours, many = Path(temporary, "ours"), Path(temporary, "many")
        working_folder(ours)
        write_many_files(many / "config", runs=1000, files_per_run=10)
        rows = {
            "snakemake --version": (ours, ("--version",), None),
            "snakemake -n, the default run": (ours, plan, None),
            "snakemake -n, 711 days in 51 runs": (
                ours,
                (*plan, "--configfile", "config/run-711d.yaml"),
                None,
            ),
            "snakemake -n, 10,000 files in 1,000 runs": (many, plan, 30),
        }
        for what, (folder, arguments, floor) in rows.items():
            found = [measured(folder, *arguments) for _ in range(3)]
            yield Record("planning", what, "s", [cpu for cpu, _ in found], floor=floor)
        memory = [most for _, most in found]
        yield Record("planning", "peak memory of that", "MB", memory, floor=2000)


if __name__ == "__main__":
    main(records)
