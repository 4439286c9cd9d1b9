"""The command line: rates, survival probabilities and limits without a workflow.

exonu rate --interaction magnetic-moment --source all --strength 1e-11 --energies 0.5,1,2
exonu survival --source pp --energies-mev 0.1,0.3
exonu limit ANALYSIS --interaction millicharge --flavour e
exonu limit ANALYSIS --interaction dark-photon --mass-mev 1e-3:10:9log --format csv -o limits.csv
exonu limit ANALYSIS --interaction millicharge --fit-range 2:30 --set efficiency.uncertainty=0.1
exonu limit WORKSPACE.json
exonu check ANALYSIS [--results]
exonu limit ONE.yaml OTHER.yaml --interaction millicharge
exonu combine ONE.yaml OTHER.yaml --interaction millicharge -o together.json
exonu project EXPERIMENT.yaml --interaction millicharge --exposure 1,10,100 --background 1,0.1
exonu hs3 WORKSPACE.json -o workspace.hs3.json
exonu interactions
exonu verify ARCHIVE.zip
exonu show FILE.root EVENT -o event.png
exonu init DIR [--events [--level reconstructed]]
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exonu import __version__
from exonu.catalogue import INTERACTIONS, SEARCHED
from exonu.cli.answers import FORMATS, Rows, rendered
from exonu.cli.values import (
    FLAVOUR_ALIASES,
    INTERACTION_ALIASES,
    SOURCE_ALIASES,
    number,
    numbers,
    one_of,
    setting,
    span,
)
from exonu.core.errors import InputError, InputErrors, raise_all

SOURCES = ("pp", "be7", "pep", "n13", "o15", "f17")
FIGURES = (".png", ".pdf")
LOG_LEVELS = ("debug", "info", "warning", "error")
FLAVOURS = tuple(dict.fromkeys(state for one in INTERACTIONS.values() for state in one.states))
ATOMIC = tuple(dict.fromkeys(name for one in INTERACTIONS.values() for name in one.atomic))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0, 1 for input that a user can fix, or 2 for a
    wrong call."""
    parser = _parser()
    if "_ARGCOMPLETE" in os.environ:  # the shell asks for completions
        _complete(parser)
    given = parser.parse_args(arguments)
    logging.basicConfig(level=given.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    try:
        print(_answered(given), end="")
    except InputError as error:
        print(f"error: {_with_option(error)}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        extra = f"pip install 'exonu[{_EXTRAS[error.name]}]'"
        print(f"error: needs {error.name}, which is not installed; {extra}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, as with `| head`
        return 1
    except OSError as error:
        name = "" if error.filename is None else f"{error.filename}: "
        print(f"error: {name}cannot be read or written ({error.strerror})", file=sys.stderr)
        return 1
    return 0


_EXTRAS = dict.fromkeys(("uproot", "awkward", "pyarrow", "h5py"), "events")
_EXTRAS |= dict.fromkeys(("snakemake", "hepdata_lib"), "workflow")
"""Optional packages, and the extra of `pyproject.toml` that installs each."""


def _answered(given: argparse.Namespace) -> str:
    """What a command prints: its answer in the format that is asked for, or that it was written."""
    own_format = getattr(given, "own_format", None)
    if own_format is None:
        return str(given.command(given))
    form = given.format
    if given.output is not None:
        _check_output(given.output, "--output", ())
        ending = given.output.suffix.lower().removeprefix(".")
        form = form or (ending if ending in FORMATS else None)
    text = rendered(given.command(given), form or own_format)
    if given.output is None:
        return text
    from exonu.core.files import write_text

    write_text(given.output, text)
    return f"wrote {given.output}\n"


def _complete(parser: argparse.ArgumentParser) -> None:
    """Completion by argcomplete, where it is installed; it ends the process."""
    try:
        import argcomplete
    except ImportError:
        sys.exit(1)
    argcomplete.autocomplete(parser)


_OPTIONS = {"mass_MeV": "--mass-mev", "energies_keV": "--energies", "source": "--source"}
_OPTIONS |= {"confidence_level": "--confidence-level"}
_OPTIONS |= {name: f"--{name}" for name in ("flavour", "strength", "part", "interaction")}


def _with_option(error: InputError) -> InputError:
    """The fault with the option's name where the library names its own argument."""
    field = str(error.field)
    option = "--atomic" if field.startswith("atomic.") else _OPTIONS.get(field)
    if error.file is not None or option is None:
        return error
    return InputError(error.problem, field=option, remedy=error.remedy)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="exonu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"exonu {__version__}")
    parser.add_argument("--log-level", choices=LOG_LEVELS, default="warning")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    _add_rate(commands)
    survival = commands.add_parser("survival", help="flavour of solar neutrinos at Earth as CSV")
    survival.add_argument(
        "--source", type=one_of(SOURCES, SOURCE_ALIASES), choices=SOURCES, required=True
    )
    survival.add_argument(
        "--energies-mev",
        type=numbers,
        required=True,
        help="neutrino energies in MeV, e.g. 0.1,0.3",
    )
    _add_answer(survival, "csv")
    survival.set_defaults(command=_survival)

    _add_limit(commands)
    _add_check(commands)
    _add_combine(commands)
    _add_project(commands)
    _add_hs3(commands)
    listed = commands.add_parser("interactions", help="what can be searched for, as CSV")
    _add_answer(listed, "csv")
    listed.set_defaults(command=_interactions)

    verify = commands.add_parser(
        "verify", help="check an archive of results, and find its limits again"
    )
    verify.add_argument("archive", type=Path, help="a zip that `snakemake archive` made")
    verify.set_defaults(command=_verify)

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

    _add_init(commands)
    for command in commands.choices.values():  # it may stand before the command or after it
        command.add_argument(
            "--log-level", choices=LOG_LEVELS, default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
    return parser


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
    limit.add_argument(
        "--interaction",
        type=one_of(tuple(SEARCHED), INTERACTION_ALIASES),
        metavar="NAME",
        help="needed for an experiment; `exonu interactions` lists them",
    )
    _add_hypothesis(limit)
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
    _add_answer(limit, "json")
    limit.set_defaults(command=_limit)


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
    combine.add_argument(
        "--interaction",
        type=one_of(tuple(SEARCHED), INTERACTION_ALIASES),
        metavar="NAME",
        help="needed for an experiment; `exonu interactions` lists them",
    )
    _add_hypothesis(combine)
    combine.add_argument("-o", "--output", type=Path, required=True, help="the joined workspace")
    combine.set_defaults(command=_combine)


def _add_hs3(commands: Any) -> None:
    hs3 = commands.add_parser("hs3", help="convert a pyhf workspace to HS3, or HS3 to a workspace")
    hs3.add_argument("file", type=Path, help="a pyhf workspace, or an HS3 document")
    hs3.add_argument("-o", "--output", type=Path, required=True, help="the other of both")
    hs3.set_defaults(command=_hs3)


def _add_rate(commands: Any) -> None:
    rate = commands.add_parser("rate", help="recoil rates of one interaction as CSV")
    rate.add_argument(
        "--interaction",
        type=one_of(tuple(INTERACTIONS), INTERACTION_ALIASES),
        metavar="NAME",
        required=True,
        help="`exonu interactions` lists them",
    )
    rate.add_argument(
        "--source",
        type=one_of((*SOURCES, "all"), SOURCE_ALIASES),
        choices=(*SOURCES, "all"),
        default="all",
        help="solar neutrino source",
    )
    _add_hypothesis(rate)
    rate.add_argument(
        "--strength",
        type=number,
        help="of the parameter in its unit, never scaled (default: a reference strength, printed; none for weak)",
    )
    rate.add_argument(
        "--analysis",
        type=Path,
        help="an analysis by its name in config/, its folder or file, whose block `physics` is taken: a reactor "
        "or a table as the source, target, models",
    )
    rate.add_argument(
        "--target",
        help="xenon, argon, germanium, silicon, or a folder of tables (default: the analysis's, or xenon)",
    )
    rate.add_argument("--part", choices=("total", "pure", "interference"), default="total")
    rate.add_argument(
        "--energies",
        type=numbers,
        required=True,
        help="true recoil energies in keV, e.g. 0.5,1,2, or 0.5:30:60 for 60 of them",
    )
    _add_answer(rate, "csv")
    rate.set_defaults(command=_rate)


def _add_hypothesis(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--flavor",
        "--flavour",
        dest="flavour",
        type=one_of(FLAVOURS, FLAVOUR_ALIASES),
        metavar="STATE",
        help="which neutrino interacts (default all)",
    )
    parser.add_argument(
        "--mass-mev",
        type=numbers,
        metavar="MASS",
        help="mass in MeV, where the interaction has one; `limit` takes several: 1e-3,1e-2 or 1e-5:100:40log",
    )
    parser.add_argument(
        "--atomic",
        type=one_of(ATOMIC),
        metavar="MODEL",
        help="atomic model (default: the interaction's own)",
    )


def _add_answer(parser: argparse.ArgumentParser, own_format: str) -> None:
    """Where the answer goes, and in which form."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help=f"of the answer (default {own_format}, or what the name of --output ends with)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write the answer there, not to the screen",
    )
    parser.set_defaults(own_format=own_format)


def _one_mass(given: argparse.Namespace) -> float | None:
    masses = given.mass_mev
    if masses is not None and len(masses) > 1:
        raise InputError(
            f"takes one mass here (got {len(masses)})",
            field="--mass-mev",
            remedy="`exonu limit` takes several",
        )
    return None if masses is None else float(masses[0])


def _rate(given: argparse.Namespace) -> Rows:
    from exonu.interactions import Physics, recoil_rate

    if given.interaction == "weak" and given.strength is not None:
        raise InputError(
            "is given for weak, which has no free strength",
            field="--strength",
            remedy="leave it out",
        )
    strength, comment = 1.0 if given.strength is None else given.strength, []
    if given.strength is None and given.interaction != "weak":
        strength = SEARCHED[given.interaction].reference_strength
        comment = [f"strength {strength:g}, the reference strength: --strength was not given"]
    rates = recoil_rate(
        given.interaction,
        given.energies,
        source=given.source,
        flavour=given.flavour or "all",
        strength=strength,
        mass_MeV=_one_mass(given),
        part=given.part,
        physics=Physics.from_settings(_physics_of(given)),
    )
    rows = [
        (f"{energy:.9g}", f"{rate:.9g}") for energy, rate in zip(given.energies, rates, strict=True)
    ]
    return Rows(("energy_keV", "rate_per_tonne_year_keV"), rows, comment)


def _physics_of(given: argparse.Namespace) -> dict[str, Any]:
    """The block `physics` of the analysis that is named, with what the options replace."""
    settings: dict[str, Any] = {}
    if given.analysis is not None:
        from exonu.search.analysis import read_analysis
        from exonu.search.limit_inputs import named_file

        file = named_file(given.analysis)
        settings = dict(read_analysis(file.stem, file).settings["physics"])
    if given.atomic is not None:
        settings["atomic"] = {**settings.get("atomic", {}), given.interaction: given.atomic}
    return settings if given.target is None else {**settings, "target": given.target}


def _survival(given: argparse.Namespace) -> Rows:
    import numpy as np

    from exonu.solar import flavour_probabilities, oscillation, solar_sources

    if min(given.energies_mev) <= 0:
        raise InputError(f"must be > 0 (got {min(given.energies_mev):g})", field="--energies-mev")
    source = next(source for source in solar_sources("SFII-GS98") if source.name == given.source)
    probabilities = flavour_probabilities(
        np.array(given.energies_mev),
        source.electron_density_mol_per_cm3,
        oscillation("NuFIT-6.0-NO"),
    )
    rows = [
        tuple(f"{value:.9g}" for value in (energy, *column))
        for energy, column in zip(given.energies_mev, probabilities.T, strict=True)
    ]
    return Rows(("energy_MeV", "p_ee", "p_emu", "p_etau"), rows)


def _limit(given: argparse.Namespace) -> Any:
    from exonu.search.limit_inputs import is_json, named_file
    from exonu.search.limit_records import is_combination, limit_of_workspace
    from exonu.statistics.intervals.normal import require_confidence_level

    require_confidence_level(given.confidence_level)
    given.file = [named_file(file) for file in given.file]
    first = given.file[0]
    if given.measurement is not None and not is_json(first):
        raise InputError(
            "is given without a workspace, which alone has measurements",
            file=first,
            field="--measurement",
            remedy="leave it out",
        )
    if is_combination(given.file):
        return _limit_of_several(given)
    if is_json(first):
        _refuse_with_workspace(given)
        return limit_of_workspace(first, given.confidence_level, given.measurement)
    if given.interaction is None:
        raise InputError(
            "is missing",
            file=first,
            field="--interaction",
            remedy="choose one that `exonu interactions` lists",
        )
    answers = [_limit_of_one(given, first, mass) for mass in given.mass_mev or [None]]
    return answers if len(answers) > 1 else answers[0]


def _limit_of_one(given: argparse.Namespace, file: Path, mass_MeV: float | None) -> dict[str, Any]:
    from exonu.search.limit_records import limit_of_experiment

    return limit_of_experiment(
        file,
        given.interaction,
        flavour=given.flavour or "all",
        mass_MeV=mass_MeV,
        atomic=given.atomic,
        confidence_level=given.confidence_level,
        unblind=given.unblind,
        fit_range_keV=given.fit_range,
        changes=given.set,
    )


def _limit_of_several(given: argparse.Namespace) -> Any:
    from exonu.search.combination.from_files import limit_of_files

    problem = "is given for several experiments, each of which "
    if given.unblind:
        remedy = "write `blind: false` into their analyses"
        raise InputError(f"{problem}says whether it is blind", field="--unblind", remedy=remedy)
    for option, value in (("--set", given.set), ("--fit-range", given.fit_range)):
        if value:
            raise InputError(
                f"{problem}has its own", field=option, remedy="write it into their analyses"
            )
    hypothesis = {name: getattr(given, name) for name in ("interaction", "flavour", "atomic")}
    answers = [
        limit_of_files(given.file, given.confidence_level, mass_MeV=mass, **hypothesis)
        for mass in given.mass_mev or [None]
    ]
    return answers if len(answers) > 1 else answers[0]


def _hypothesis(given: argparse.Namespace) -> dict[str, Any]:
    return {
        "interaction": given.interaction,
        "flavour": given.flavour,
        "mass_MeV": _one_mass(given),
        "atomic": given.atomic,
    }


def _combine(given: argparse.Namespace) -> str:
    from exonu.search.combination.from_files import combine_files

    _check_output(given.output, "--output", (".json",))
    answer = combine_files(given.file, given.output, **_hypothesis(given))
    return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def _add_project(commands: Any) -> None:
    project = commands.add_parser(
        "project",
        help="expected limits and discovery reach against exposure and background, as CSV",
    )
    project.add_argument(
        "file", type=Path, help="EXPERIMENT.yaml, an analysis of config/, or a workspace of exonu"
    )
    project.add_argument(
        "--interaction",
        type=one_of(tuple(SEARCHED), INTERACTION_ALIASES),
        metavar="NAME",
        help="needed for an experiment; `exonu interactions` lists them",
    )
    _add_hypothesis(project)
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
    _add_answer(project, "csv")
    project.set_defaults(command=_project)


def _project(given: argparse.Namespace) -> Rows:
    from exonu.search.studies.projected_experiments import projected_table

    if given.figure is not None:
        _check_output(given.figure, "--figure", FIGURES)
    table = projected_table(
        given.file,
        given.exposure,
        given.background,
        confidence_level=given.confidence_level,
        significance=given.significance,
        **_hypothesis(given),
    )
    if given.figure is not None:
        from exonu.report.figures.projected_reach import draw_projections
        from exonu.report.figures.style import save

        save(draw_projections(table), [given.figure], 160)
    header, *rows = csv.reader(table.to_csv(index=False, float_format="%.9g").splitlines())
    return Rows(header, rows)


def _hs3(given: argparse.Namespace) -> str:
    from exonu.search.hs3_files import convert_file

    _check_output(given.output, "--output", (".json",))
    return json.dumps(convert_file(given.file, given.output), indent=1) + "\n"


def _refuse_with_workspace(given: argparse.Namespace) -> None:
    """A workspace has its own parameter of interest: what would choose another must not be ignored
    in silence."""
    options = ("interaction", "flavour", "mass_mev", "atomic", "unblind", "fit_range", "set")
    for option in options:
        if getattr(given, option) not in (None, False, []):
            raise InputError(
                "is given with a workspace, which has its own parameter of interest and its own data",
                file=given.file[0],
                field=f"--{option.replace('_', '-')}",
                remedy="leave it out",
            )


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


def _interactions(_: argparse.Namespace) -> Rows:
    header = ("interaction", "parameter", "unit", "flavours", "mass", "atomic", "source")
    rows = []
    for one in SEARCHED.values():
        states, atomic = " ".join(one.states), " ".join(one.atomic)
        mass = "yes" if one.has_mass else "no"
        parameter = (one.parameter.name, one.parameter.unit_name)
        rows.append((one.name, *parameter, states, mass, atomic, one.source))
    return Rows(header, rows)


def _verify(given: argparse.Namespace) -> str:
    from exonu.archive.verify import verify

    return json.dumps(verify(given.archive), indent=1, ensure_ascii=False) + "\n"


def _show(given: argparse.Namespace) -> str:
    from exonu.events.one_event import find_event
    from exonu.report.figures.events.event_display import draw_event, event_words
    from exonu.report.figures.style import save

    _check_output(given.output, "--output", FIGURES)
    one = find_event(given.file, given.event, run=given.run, settings_file=given.events)
    save(draw_event(one), [given.output], 160)
    return f"wrote {given.output}: {'; '.join(event_words(one)[:3])}\n"


def _check_output(file: Path, option: str, suffixes: Sequence[str]) -> None:
    from exonu.core.files import require_output

    require_output(file, option, suffixes)


def _init(given: argparse.Namespace) -> str:
    from exonu.cli.initial_files import initial_files, write_files

    files, advice = initial_files(given)
    write_files(given.folder, files)
    return advice.format(folder=given.folder, name=given.folder.name)
