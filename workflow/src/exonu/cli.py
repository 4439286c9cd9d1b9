"""The command line: rates, survival probabilities and limits without a workflow.

exonu rate --interaction magnetic-moment --source all --strength 1e-11 --energies 0.5,1,2
exonu survival --source pp --energies-mev 0.1,0.3
exonu limit ANALYSIS --interaction millicharge --flavour e
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
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exonu import __version__
from exonu.catalogue import INTERACTIONS, SEARCHED
from exonu.core.errors import InputError, InputErrors, raise_all

SOURCES = ("pp", "be7", "pep", "n13", "o15", "f17")
FIGURES = (".png", ".pdf")
FLAVOURS = tuple(dict.fromkeys(state for one in INTERACTIONS.values() for state in one.states))
ATOMIC = tuple(dict.fromkeys(name for one in INTERACTIONS.values() for name in one.atomic))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0, 1 for input that a user can fix, or 2 for a
    wrong call."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=given.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    try:
        print(given.command(given), end="")
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


_EXTRAS = {"uproot": "events", "awkward": "events", "hepdata_lib": "workflow"}
"""Optional packages, and the extra of `pyproject.toml` that installs each."""

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
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="warning"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    _add_rate(commands)
    survival = commands.add_parser("survival", help="flavour of solar neutrinos at Earth as CSV")
    survival.add_argument("--source", choices=SOURCES, required=True)
    survival.add_argument(
        "--energies-mev",
        type=_numbers,
        required=True,
        help="neutrino energies in MeV, e.g. 0.1,0.3",
    )
    survival.set_defaults(command=_survival)

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
        choices=tuple(SEARCHED),
        metavar="NAME",
        help="needed for an experiment; `exonu interactions` lists them",
    )
    _add_hypothesis(limit)
    limit.add_argument("--confidence-level", type=_number, default=0.9)
    limit.add_argument(
        "--unblind",
        action="store_true",
        help="show the observed limit of a blind analysis; the answer records it",
    )
    limit.add_argument("--measurement", help="of a workspace that has several")
    limit.set_defaults(command=_limit)

    _add_check(commands)
    _add_combine(commands)
    _add_project(commands)
    _add_hs3(commands)
    listed = commands.add_parser("interactions", help="what can be searched for, as CSV")
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
    return parser


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
    init.add_argument("folder", type=Path, help="a new folder, e.g. config/my-experiment")
    init.set_defaults(command=_init)


def _add_check(commands: Any) -> None:
    check = commands.add_parser(
        "check", help="all faults of an analysis before it runs, or of its results"
    )
    check.add_argument("name", help="an analysis of config/")
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
        choices=tuple(SEARCHED),
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
        choices=tuple(INTERACTIONS),
        metavar="NAME",
        required=True,
        help="`exonu interactions` lists them",
    )
    rate.add_argument(
        "--source", choices=(*SOURCES, "all"), default="all", help="solar neutrino source"
    )
    _add_hypothesis(rate)
    rate.add_argument(
        "--strength",
        type=_number,
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
        "--energies", type=_numbers, required=True, help="true recoil energies in keV, e.g. 0.5,1,2"
    )
    rate.set_defaults(command=_rate)


def _add_hypothesis(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--flavour",
        choices=FLAVOURS,
        metavar="STATE",
        help="which neutrino interacts (default all)",
    )
    parser.add_argument(
        "--mass-mev", type=_number, help="mass in MeV, where the interaction has one"
    )
    parser.add_argument(
        "--atomic",
        choices=ATOMIC,
        metavar="MODEL",
        help="atomic model (default: the interaction's own)",
    )


def _number(text: str) -> float:
    value = float(text)
    if not abs(value) < float("inf"):
        raise ValueError(text)
    return value


def _numbers(text: str) -> list[float]:
    return [_number(part) for part in text.split(",")]


_number.__name__ = "number"  # what argparse calls it in its messages
_numbers.__name__ = "comma-separated list of numbers"


def _rate(given: argparse.Namespace) -> str:
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
        comment = [f"# strength {strength:g}, the reference strength: --strength was not given"]
    rates = recoil_rate(
        given.interaction,
        given.energies,
        source=given.source,
        flavour=given.flavour or "all",
        strength=strength,
        mass_MeV=given.mass_mev,
        part=given.part,
        physics=Physics.from_settings(_physics_of(given)),
    )
    rows = [f"{energy:.9g},{rate:.9g}" for energy, rate in zip(given.energies, rates, strict=True)]
    return "\n".join([*comment, "energy_keV,rate_per_tonne_year_keV", *rows]) + "\n"


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


def _survival(given: argparse.Namespace) -> str:
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
        ",".join(f"{value:.9g}" for value in (energy, *column))
        for energy, column in zip(given.energies_mev, probabilities.T, strict=True)
    ]
    return "\n".join(["energy_MeV,p_ee,p_emu,p_etau", *rows]) + "\n"


def _limit(given: argparse.Namespace) -> str:
    from exonu.search.limit_records import is_combination, limit_of_experiment, limit_of_workspace
    from exonu.statistics.intervals.normal import require_confidence_level

    require_confidence_level(given.confidence_level)
    if given.measurement is not None and given.file[0].suffix.lower() != ".json":
        raise InputError(
            "is given without a workspace, which alone has measurements",
            file=given.file[0],
            field="--measurement",
            remedy="leave it out",
        )
    if is_combination(given.file):
        from exonu.search.combination.from_files import limit_of_files

        if given.unblind:
            problem = "is given for several experiments, each of which says whether it is blind"
            remedy = "write `blind: false` into their analyses"
            raise InputError(problem, field="--unblind", remedy=remedy)
        answer = limit_of_files(given.file, given.confidence_level, **_hypothesis(given))
        return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"
    [given.file] = given.file
    if given.file.suffix.lower() == ".json":
        _refuse_with_workspace(given)
        answer = limit_of_workspace(given.file, given.confidence_level, given.measurement)
    else:
        if given.interaction is None:
            raise InputError(
                "is missing",
                file=given.file,
                field="--interaction",
                remedy="choose one that `exonu interactions` lists",
            )
        answer = limit_of_experiment(
            given.file,
            given.interaction,
            flavour=given.flavour or "all",
            mass_MeV=given.mass_mev,
            atomic=given.atomic,
            confidence_level=given.confidence_level,
            unblind=given.unblind,
        )
    return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"


def _hypothesis(given: argparse.Namespace) -> dict[str, Any]:
    return {
        "interaction": given.interaction,
        "flavour": given.flavour,
        "mass_MeV": given.mass_mev,
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
        choices=tuple(SEARCHED),
        metavar="NAME",
        help="needed for an experiment; `exonu interactions` lists them",
    )
    _add_hypothesis(project)
    project.add_argument(
        "--exposure", type=_numbers, required=True, help="exposures in tonne·year, e.g. 1,10,100"
    )
    project.add_argument(
        "--background",
        type=_numbers,
        default=[1.0],
        help="backgrounds per exposure in units of today's, e.g. 1,0.1 (default 1)",
    )
    project.add_argument("--confidence-level", type=_number, default=0.9)
    project.add_argument(
        "--significance", type=_number, default=3.0, help="Z of the reach (default 3)"
    )
    project.add_argument("--figure", type=Path, help="draw them too: a PNG or PDF")
    project.set_defaults(command=_project)


def _project(given: argparse.Namespace) -> str:
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
    return str(table.to_csv(index=False, float_format="%.9g"))


def _hs3(given: argparse.Namespace) -> str:
    from exonu.search.hs3_files import convert_file

    _check_output(given.output, "--output", (".json",))
    return json.dumps(convert_file(given.file, given.output), indent=1) + "\n"


def _refuse_with_workspace(given: argparse.Namespace) -> None:
    """A workspace has its own parameter of interest: what would choose another must not be ignored
    in silence."""
    for option in ("interaction", "flavour", "mass_mev", "atomic", "unblind"):
        if getattr(given, option) not in (None, False):
            raise InputError(
                "is given with a workspace, which has its own parameter of interest and its own data",
                file=given.file,
                field=f"--{option.replace('_', '-')}",
                remedy="leave it out",
            )


def _check(given: argparse.Namespace) -> str:
    from exonu.search.checking import check_analysis

    if given.results:
        return _check_results(given.name)
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


def _interactions(_: argparse.Namespace) -> str:
    rows = ["interaction,parameter,unit,flavours,mass,atomic,source"]
    for one in SEARCHED.values():
        states, atomic = " ".join(one.states), " ".join(one.atomic)
        mass = "yes" if one.has_mass else "no"
        parameter = f"{one.parameter.name},{one.parameter.unit_name}"
        rows.append(f'{one.name},{parameter},{states},{mass},{atomic},"{one.source}"')
    return "\n".join(rows) + "\n"


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
    from exonu.core.files import write_text
    from exonu.core.resources import resource_path, schema_path

    of_tables = given.level == "reconstructed"
    if of_tables and not given.events:
        raise InputError("is of events", field="--level", remedy="add --events")
    template = resource_path("template_events") if given.events else resource_path("template")
    template = resource_path("template_reconstructed") if of_tables else template
    schemas = os.path.relpath(schema_path("analysis.yaml").parent, given.folder)
    new = "name a new folder; nothing was written"
    if given.folder.exists() and not given.folder.is_dir():
        raise InputError("is a file", file=given.folder, remedy=new)
    if given.folder.exists() and any(given.folder.iterdir()):
        raise InputError("is not empty", file=given.folder, remedy=new)
    try:
        for file in sorted(template.iterdir()):
            text = file.read_text(encoding="utf-8")
            write_text(given.folder / file.name, text.replace(_SCHEMAS, f"$schema={schemas}/"))
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})",
            file=given.folder,
            remedy="name a folder that you may write to",
        ) from None
    following = _NEXT_WITH_EVENTS if given.events else _NEXT
    return (_NEXT_WITH_TABLES if of_tables else following).format(
        folder=given.folder, name=given.folder.name
    )


_SCHEMAS = "$schema=../../workflow/schemas/"
"""Where the templates say that editors find the schemas: in the repository; `exonu init` writes where they are."""

_NEXT = """\
wrote {folder}/: experiment.yaml, spectrum.csv and efficiency.csv describe an experiment, analysis.yaml the search.
  exonu limit {folder} --interaction magnetic-moment
sets a limit, blinded as analysis.yaml says: the expected background stands in place of your counts.
For the workflow, put the folder into config/ and its name into `analyses` of config/config.yaml.
"""
_NEXT_WITH_TABLES = """\
wrote {folder}/: events.yaml says what stands in which column and how events are selected, runs.tsv and samples.tsv
list the files, the CSVs are a small invented example, analysis.yaml is the search.
1. Put the folder into config/ and its name, {name}, into `analyses` of config/config.yaml: the example runs as it is.
2. Write your columns, units and cuts into events.yaml, your files into the tables: docs/tutorial-tpc.md.
3. See what is missing or would run, then run it, first up to the cut flow:
  snakemake --dry-run
  snakemake --cores 2 results/{name}/cut_flow/cut_flow.csv
"""
_NEXT_WITH_EVENTS = """\
wrote {folder}/: events.yaml describes ROOT files and cuts, runs.tsv, samples.tsv and calibration.tsv list the files,
pmts.csv and channel_map.csv are an example of another detector, analysis.yaml is the search.
1. Write your branches and cuts into events.yaml, your files into the tables; docs/events.md explains both.
2. Put the folder into config/ and its name, {name}, into `analyses` of config/config.yaml.
3. See what is missing or would run, then run it, first up to the cut flow:
  snakemake --dry-run
  snakemake --cores 2 results/{name}/cut_flow/cut_flow.csv
"""


if __name__ == "__main__":
    sys.exit(main())
