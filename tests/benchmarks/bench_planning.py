"""Time of planning: `snakemake -n` on the repository as it stands, beside the bare start of Snakemake."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def seconds(*arguments: str) -> float:
    """Best of three wall times."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "snakemake", *arguments], cwd=ROOT, capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    bare, plan = seconds("--version"), seconds("-n")
    print(f"snakemake --version {bare:.2f} s; snakemake -n {plan:.2f} s; ratio {plan / bare:.1f} (floor: -n under 3 s)")


if __name__ == "__main__":
    main()
