"""The whole default run, from Snakemake's log and the benchmark tables of its jobs.

Run: python tests/benchmarks/bench_whole.py [FOLDER]   (a folder where it has ended; the repository
    if none is given)
"""

from __future__ import annotations

import csv
import datetime
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench_planning import working_folder
from benchmarking import ROOT, Record, main

GROUP, ANALYSIS = "whole demonstration", "xmass-demo"
TO_THE_CUT_FLOW = ("light_map", "simulate", "ingest", "reconstruct", "select", "cut_flow")
LEAST_JOBS = 100
"""A log with fewer is that of a part."""


def records(run: Path = ROOT, whole: bool = False) -> Iterator[Record]:
    """Wall time and CPU time of a finished run; none if there is none.

    Args:
        run: the folder that it was made in.
        whole: run it now, in a folder of its own.
    """
    if whole:
        with tempfile.TemporaryDirectory() as temporary:
            working_folder(Path(temporary))
            command = [
                sys.executable,
                "-m",
                "snakemake",
                "--snakefile",
                str(ROOT / "Snakefile"),
                "--cores",
                "all",
            ]
            subprocess.run(
                command,
                cwd=temporary,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            yield from records(Path(temporary))
        return
    finished = [log for log in map(Log, run.glob(".snakemake/log/*.log")) if log.jobs >= LEAST_JOBS]
    if not finished:
        print(f"{run}: no finished run of {LEAST_JOBS} jobs or more; give --run FOLDER, or --whole")
        return
    log = max(finished, key=lambda log: log.begin)
    made = f"{log.cores} cores, {log.begin:%Y-%m-%d %H:%M}"
    yield Record(
        GROUP, f"wall time of the default run ({made})", "min", [log.seconds / 60], floor=8
    )
    spent = {table: _cpu_seconds(table) for table in sorted(run.glob("results/*/benchmarks/*.tsv"))}
    yield Record(GROUP, f"CPU time of its {len(spent)} jobs", "s", [sum(spent.values())])
    first = sum(
        seconds for table, seconds in spent.items()
        if table.parts[-3] == ANALYSIS and re.match(rf"({'|'.join(TO_THE_CUT_FLOW)})(_|$)", table.stem)
    )  # fmt: skip
    yield Record(GROUP, f"of these {ANALYSIS}, simulation to cut flow", "s", [first], floor=480)


class Log:
    """What a log of Snakemake says: when it began and ended, with how many cores and jobs.

    Attributes:
        begin: local time.
        seconds: to its last line with a time.
        cores, jobs: numbers; no jobs if it did not end well.
    """

    def __init__(self, file: Path) -> None:
        text = file.read_text(errors="replace")
        begin = re.search(r"Date: (\S+ \S+)", text)
        times = re.findall(r"^\[(\w{3} \w{3} +\d+ [\d:]{8} \d{4})\]$", text, re.MULTILINE)
        cores = re.search(r"Provided cores: (\d+)", text)
        ended = re.search(r"^(\d+) of \1 steps \(100%\) done", text, re.MULTILINE)
        complete = begin and times and cores and ended
        self.jobs = int(ended[1]) if complete else 0
        self.cores = int(cores[1]) if complete else 0
        self.begin = datetime.datetime.fromisoformat(begin[1]) if begin else datetime.datetime.min
        last = (
            datetime.datetime.strptime(times[-1], "%a %b %d %H:%M:%S %Y") if times else self.begin
        )
        self.seconds = (last - self.begin).total_seconds()


def _cpu_seconds(table: Path) -> float:
    """Of a benchmark table; a job that ended before Snakemake looked at it has none."""
    with table.open() as stream:
        found = [row["cpu_time"] for row in csv.DictReader(stream, delimiter="\t")]
    return sum(float(text) for text in found if re.match(r"[\d.]", text))


if __name__ == "__main__":
    main(lambda: records(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
