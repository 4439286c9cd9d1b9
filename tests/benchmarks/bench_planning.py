"""Planning, `snakemake -n`: the repository as it stands, the full search, and 10,000 ROOT files in 1,000 runs."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "workflow"))

from many_files import write_many_files  # noqa: E402


def measured(folder: Path, *arguments: str) -> tuple[float, float, float]:
    """Wall time [s], CPU time [s] and memory [MB] of one command."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"snakemake {' '.join(arguments)} ended with {process.returncode}"
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


def main() -> None:
    plan = ("--snakefile", str(ROOT / "Snakefile"), "--dry-run", "--quiet")
    with tempfile.TemporaryDirectory() as temporary:
        ours, many = Path(temporary, "ours"), Path(temporary, "many")
        shutil.copytree(ROOT / "config", ours / "config")
        write_many_files(many / "config", runs=1000, files_per_run=10)
        rows = {
            "bare start (--version)": (ours, ("--version",)),
            "config.yaml": (ROOT, plan),
            "711 days, 51 runs": (ours, (*plan, "--configfile", "config/run-711d.yaml")),
            "10,000 files, 1,000 runs": (many, plan),
        }
        print(f"{'planning':26}{'wall s':>8}{'CPU s':>8}{'MB':>8}    (floor for 10,000 files: 30 s, 2000 MB)")
        for name, (folder, arguments) in rows.items():
            wall, cpu, memory = min(measured(folder, *arguments) for _ in range(2))
            print(f"{name:26}{wall:8.1f}{cpu:8.1f}{memory:8.0f}")


if __name__ == "__main__":
    main()
