"""The archive of an analysis, made from its results."""

from pathlib import Path

from exonu.archive.contents import archive_results
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--analysis", type=Path, required=True, help="the analysis's YAML")
    arguments.add_argument(
        "--experiment", type=Path, nargs="+", required=True, help="its YAML and tables"
    )
    arguments.add_argument("--lock", type=Path, required=True, help="lock file of the environment")
    arguments.add_argument(
        "--records", type=Path, required=True, help="Snakemake's records, .snakemake/metadata"
    )
    arguments.add_argument("--output", type=Path, required=True, help="the zip")
    arguments.add_argument(
        "--results", type=Path, nargs="+", required=True, help="files to archive"
    )
    arguments.add_argument(
        "--dated", type=Path, nargs="*", default=[], help="results that tell when they were made"
    )
    arguments.add_argument(
        "--raw", type=Path, nargs="*", default=[], help="raw files, to be listed with checksums"
    )
    given = arguments.parse_args()
    digest = archive_results(
        given.output,
        given.results,
        given.analysis,
        given.experiment,
        given.settings,
        given.lock,
        given.records,
        given.dated,
        given.raw,
    )
    print(f"payload.sha256 {digest}")


if __name__ == "__main__":
    run(main)
