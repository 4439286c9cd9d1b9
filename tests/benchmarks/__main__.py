"""All benchmarks in one table: `make bench`, or python tests/benchmarks [names] (generate, tracer,
io, ...).

Prints the table and writes it as JSON, with a figure as PNG and PDF; with --docs also into
docs/benchmarks.md."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy

import argparse
import importlib
import json
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarking import (
    ROOT,
    as_markdown,
    as_text,
    described,
    draw,
    records_of,
    session,
    write_between_marks,
    write_json,
)

SCRIPTS = (
    "generate",
    "tracer",
    "light_tables",
    "io",
    "reconstruction",
    "templates",
    "tables",
    "signals",
    "inference",
    "combination",
    "planning",
    "whole",
)


def collect(
    names: list[str], whole: dict[str, object], measured: dict[str, Any], file: Path
) -> list[str]:
    """Run the scripts one after the other and write their records; those that fail are returned,
    the others go on."""
    failed = []
    for name in names:
        start = time.perf_counter()
        try:
            for record in importlib.import_module(f"bench_{name}").records(
                **(whole if name == "whole" else {})
            ):
                measured["records"].append(asdict(record))
        except Exception:
            traceback.print_exc()
            failed.append(name)
        write_json(file, measured)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", help=f"of the scripts; all if none is given: {' '.join(SCRIPTS)}"
    )
    parser.add_argument(
        "--run",
        type=Path,
        default=ROOT,
        help="folder of a finished run, for the whole demonstration",
    )
    parser.add_argument(
        "--whole", action="store_true", help="run the whole demonstration in a folder of its own"
    )
    parser.add_argument(
        "--from",
        dest="saved",
        type=Path,
        metavar="JSON",
        help="measure nothing, take these records",
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "build" / "bench", help="folder (build/bench)"
    )
    parser.add_argument(
        "--docs",
        type=Path,
        nargs="?",
        const=ROOT / "docs",
        help="folder whose benchmarks.md to renew",
    )
    given = parser.parse_args()
    if unknown := set(given.names) - set(SCRIPTS):
        parser.error(f"no benchmarks: {', '.join(sorted(unknown))}")
    failed: list[str] = []
    if given.saved:
        measured = json.loads(given.saved.read_text(encoding="utf-8"))
    else:
        measured = session()
        whole = {"run": given.run, "whole": given.whole}
        failed = collect(given.names or list(SCRIPTS), whole, measured, given.output / "bench.json")
    write_json(given.output / "bench.json", measured)
    figures = [given.output / f"bench.{kind}" for kind in ("png", "pdf")]
    if given.docs and not failed:
        write_between_marks(given.docs / "benchmarks.md", as_markdown(measured))
        figures.append(given.docs / "figures" / "benchmarks.png")
    draw(measured, figures)
    print(
        f"\n{as_text(records_of(measured))}\n\n{described(measured)}\n{given.output / 'bench.json'}, .png, .pdf"
    )
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
