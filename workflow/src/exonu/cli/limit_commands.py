"""Limits and what belongs to them: `exonu limit`, `combine`, `project`, `hs3`."""

from __future__ import annotations

import argparse
import csv
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from exonu.cli.answers import Rows
from exonu.cli.options import FIGURES, add_answer, add_searched, check_output, hypothesis_of
from exonu.cli.values import number, numbers, setting, span


def add_limits(commands: Any) -> None:
    """The commands of this module."""
    _add_limit(commands)
    _add_combine(commands)
    _add_project(commands)
    _add_hs3(commands)


def _add_limit(commands: Any) -> None:
    limit = commands.add_parser(
        "limit", help="upper limits from a published spectrum or a pyhf workspace as JSON"
    )
    limit.add_argument(
        "file",
        type=Path,
        nargs="+",
        help="an analysis by its name in config/, its folder or file; EXPERIMENT.yaml; or a pyhf "
        "WORKSPACE.json; several are combined",
    )
    add_searched(limit)
    limit.add_argument("--confidence-level", type=number, default=0.9)
    limit.add_argument(
        "--unblind",
        action="store_true",
        help="show the observed limit of a blind analysis; the answer records it",
    )
    limit.add_argument("--measurement", help="of a workspace that has several")
    limit.add_argument(
        "--fit-range",
        type=span,
        metavar="LOW:HIGH",
        help="edges of bins in keV between which the spectrum is fitted, e.g. 1:30",
    )
    limit.add_argument(
        "--set",
        type=setting,
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change one key of the experiment or the analysis, e.g. efficiency.uncertainty=0.1; may be repeated",
    )
    add_answer(limit, "json")
    limit.set_defaults(command=_limit)


def _limit(given: argparse.Namespace) -> Any:
    from exonu.search.combination.requested_limits import requested_limits
    from exonu.statistics.engine.backend import one_limit

    masses = given.mass_mev or [None]
    with one_limit() if len(masses) == 1 else nullcontext():
        answers = requested_limits(
            given.file,
            masses,
            interaction=given.interaction,
            flavour=given.flavour,
            atomic=given.atomic,
            confidence_level=given.confidence_level,
            unblind=given.unblind,
            measurement=given.measurement,
            fit_range_keV=given.fit_range,
            changes=given.set,
        )
    return answers if len(answers) > 1 else answers[0]


def _add_combine(commands: Any) -> None:
    combine = commands.add_parser(
        "combine", help="join experiments into one pyhf workspace with a common strength"
    )
    combine.add_argument(
        "file",
        type=Path,
        nargs="+",
        help="of each experiment its YAML, its analysis, experiment.json or workspace; or a combined analysis",
    )
    add_searched(combine)
    combine.add_argument("-o", "--output", type=Path, required=True, help="the joined workspace")
    combine.set_defaults(command=_combine)


def _combine(given: argparse.Namespace) -> str:
    from exonu.search.combination.from_files import combine_files

    check_output(given.output, "--output", (".json",))
    answer = combine_files(given.file, given.output, **hypothesis_of(given))
    return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def _add_project(commands: Any) -> None:
    project = commands.add_parser(
        "project",
        help="expected limits and discovery reach against exposure and background, as CSV",
    )
    project.add_argument(
        "file", type=Path, help="EXPERIMENT.yaml, an analysis of config/, or a workspace of exonu"
    )
    add_searched(project)
    project.add_argument(
        "--exposure", type=numbers, required=True, help="exposures in tonne·year, e.g. 1,10,100"
    )
    project.add_argument(
        "--background",
        type=numbers,
        default=[1.0],
        help="backgrounds per exposure in units of today's, e.g. 1,0.1 (default 1)",
    )
    project.add_argument("--confidence-level", type=number, default=0.9)
    project.add_argument(
        "--significance", type=number, default=3.0, help="Z of the reach (default 3)"
    )
    project.add_argument("--figure", type=Path, help="draw them too: a PNG or PDF")
    add_answer(project, "csv")
    project.set_defaults(command=_project)


def _project(given: argparse.Namespace) -> Rows:
    from exonu.search.studies.projected_experiments import projected_table

    if given.figure is not None:
        check_output(given.figure, "--figure", FIGURES)
    table = projected_table(
        given.file,
        given.exposure,
        given.background,
        confidence_level=given.confidence_level,
        significance=given.significance,
        **hypothesis_of(given),
    )
    if given.figure is not None:
        from exonu.report.figures.projected_reach import draw_projections
        from exonu.report.figures.style import save

        save(draw_projections(table), [given.figure], 160)
    header, *rows = csv.reader(table.to_csv(index=False, float_format="%.9g").splitlines())
    return Rows(header, rows)


def _add_hs3(commands: Any) -> None:
    hs3 = commands.add_parser("hs3", help="convert a pyhf workspace to HS3, or HS3 to a workspace")
    hs3.add_argument("file", type=Path, help="a pyhf workspace, or an HS3 document")
    hs3.add_argument("-o", "--output", type=Path, required=True, help="the other of both")
    hs3.set_defaults(command=_hs3)


def _hs3(given: argparse.Namespace) -> str:
    from exonu.search.hs3_files import convert_file

    check_output(given.output, "--output", (".json",))
    return json.dumps(convert_file(given.file, given.output), indent=1) + "\n"
