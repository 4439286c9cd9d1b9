"""What is done with files of an analysis: `exonu check`, `verify`, `show`, `init`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from exonu.cli.options import FIGURES, check_output
from exonu.core.errors import InputError, InputErrors, raise_all


def add_files(commands: Any) -> None:
    """The commands of this module."""
    _add_check(commands)
    _add_verify(commands)
    _add_show(commands)
    _add_init(commands)


def _add_check(commands: Any) -> None:
    check = commands.add_parser(
        "check", help="all faults of an analysis before it runs, or of its results"
    )
    check.add_argument("name", help="an analysis of config/, or its folder")
    check.add_argument(
        "--results",
        action="store_true",
        help="compare final files with the digests of the run; what differs is set aside, and snakemake makes it again",
    )
    check.set_defaults(command=_check)


def _check(given: argparse.Namespace) -> str:
    from exonu.search.checking import check_analysis

    if given.results:
        return _check_results(given.name)
    place = Path(given.name)
    if (place / "analysis.yaml").is_file():
        place = place if place.name else place.resolve()  # `.` has neither name nor parent
        faults = check_analysis(place.name, place.parent)
    else:
        faults = check_analysis(given.name)
    if faults:
        raise InputErrors(InputError(fault) for fault in faults)
    return f"{given.name}: no faults\n"


def _check_results(name: str) -> str:
    from exonu.archive.final_results import changed_results, set_aside

    changed = list(changed_results(Path("results", name)))
    if not changed:
        return f"{name}: all final files are as their jobs made them\n"
    faults = []
    for path, problem in changed:
        if path.is_file():
            problem += f" (now {set_aside(path).name})"
        remedy = "snakemake makes it again"
        faults.append(InputError(problem, file=path, remedy=remedy))
    raise_all(faults)
    return ""


def _add_verify(commands: Any) -> None:
    verify = commands.add_parser(
        "verify", help="check an archive of results, and find its limits again"
    )
    verify.add_argument("archive", type=Path, help="a zip that `snakemake archive` made")
    verify.set_defaults(command=_verify)


def _verify(given: argparse.Namespace) -> str:
    from exonu.archive.verify import verify

    return json.dumps(verify(given.archive), indent=1, ensure_ascii=False) + "\n"


def _add_show(commands: Any) -> None:
    show = commands.add_parser("show", help="draw one event of a raw or ingested ROOT file")
    show.add_argument("file", type=Path, help="a raw file, or one of results/<analysis>/ingested")
    show.add_argument("event", type=int, help="number of the event")
    show.add_argument(
        "--run", type=int, help="number of its run, where several runs are in the file"
    )
    show.add_argument(
        "--events", type=Path, help="events file of the analysis: its branch map and geometry"
    )
    show.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("event.png"),
        help="PNG or PDF (default event.png)",
    )
    show.set_defaults(command=_show)


def _show(given: argparse.Namespace) -> str:
    from exonu.events.one_event import find_event
    from exonu.report.figures.events.event_display import draw_event, event_words
    from exonu.report.figures.style import save

    check_output(given.output, "--output", FIGURES)
    one = find_event(given.file, given.event, run=given.run, settings_file=given.events)
    save(draw_event(one), [given.output], 160)
    return f"wrote {given.output}: {'; '.join(event_words(one)[:3])}\n"


def _add_init(commands: Any) -> None:
    init = commands.add_parser(
        "init", help="write a commented template for one's own published spectrum or ROOT files"
    )
    init.add_argument("--events", action="store_true", help="for ROOT files of events")
    init.add_argument(
        "--level",
        choices=("hits", "reconstructed"),
        default="hits",
        help="with --events: hits of photomultipliers, or tables of events with energy and position",
    )
    init.add_argument(
        "--from",
        dest="table",
        type=Path,
        metavar="TABLE",
        help="a table of a spectrum (CSV, tabs or blanks): its columns are guessed, and guesses marked",
    )
    init.add_argument("folder", type=Path, help="a new folder, e.g. config/my-experiment")
    init.set_defaults(command=_init)


def _init(given: argparse.Namespace) -> str:
    from exonu.cli.initial_files import initial_files, write_files

    files, advice = initial_files(given)
    write_files(given.folder, files)
    return advice.format(folder=given.folder, name=given.folder.name)
