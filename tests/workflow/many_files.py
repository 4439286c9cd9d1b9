"""An analysis of very many ROOT files, to be planned: the demonstration in all but its files, which
are empty."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path

import yaml

DEMONSTRATION = Path(__file__).resolve().parents[2] / "config" / "xmass-demo"
ALIVE, DEAD_AT_LAST = 600, 40
SECONDS = 60_000


def write_many_files(
    config: Path, runs: int = 1000, files_per_run: int = 10, name: str = "many"
) -> None:
    """Write `config/config.yaml` and `config/<name>/`, with `files_per_run` files in each run of
    the run list.

    Args:
        config: the folder `config` of a working folder.
        runs: number of runs.
        files_per_run: the ROOT files in one row of the run list.
        name: of the analysis.
    """
    folder = config / name
    (folder / "raw").mkdir(parents=True)
    (config / "config.yaml").write_text(f"config_version: 1\nanalyses: [{name}]\n")
    (folder / "analysis.yaml").write_text(
        "config_version: 1\nevents: events.yaml\ninteractions: {magnetic-moment: {}}\n"
    )
    settings = yaml.safe_load((DEMONSTRATION / "events.yaml").read_text())
    for key in ("simulation", "calibration"):
        del settings[key]
    (folder / "events.yaml").write_text(yaml.safe_dump(settings))
    _write(folder / "runs.tsv", [_run(k, runs, files_per_run) for k in range(runs)])
    with (DEMONSTRATION / "samples.tsv").open() as stream:
        samples = [
            row | {"files": f"raw/{row['sample']}.root"}
            for row in csv.DictReader(stream, delimiter="\t")
        ]
    _write(folder / "samples.tsv", samples)
    for table in ("runs.tsv", "samples.tsv"):
        with (folder / table).open() as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                for file in row["files"].split(","):
                    (folder / file).touch()


def _run(k: int, runs: int, files_per_run: int) -> dict[str, object]:
    """More and more photomultipliers are dead."""
    start = datetime.datetime(2013, 11, 20) + datetime.timedelta(seconds=k * (SECONDS + 600))
    return {
        "run": k + 1,
        "files": ",".join(f"raw/run_{k + 1:05}_{part:03}.root" for part in range(files_per_run)),
        "start": start.isoformat(),
        "live_time_s": SECONDS,
        "dead_pmts": ",".join(
            str(ALIVE - channel) for channel in range(1 + DEAD_AT_LAST * k // runs)
        ),
        "stream": "physics",
    }


def _write(file: Path, rows: list[dict[str, object]] | list[dict[str, str]]) -> None:
    with file.open("w", newline="") as stream:
        table = csv.DictWriter(stream, rows[0].keys(), delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
