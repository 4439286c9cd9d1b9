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
exonu scan EXPERIMENT.yaml --interaction alp --mass-mev 2e-3:0.03:40log
exonu hs3 WORKSPACE.json -o workspace.hs3.json
exonu interactions
exonu verify ARCHIVE.zip
exonu show FILE.root EVENT -o event.png
exonu init DIR [--events [--level reconstructed]]
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from exonu import __version__
from exonu.cli.answers import FORMATS, rendered
from exonu.cli.file_commands import add_files
from exonu.cli.limit_commands import add_limits
from exonu.cli.options import check_output
from exonu.cli.physics_commands import add_physics
from exonu.cli.scan_commands import add_scans
from exonu.core.errors import ArgumentError, InputError, InputErrors

LOG_LEVELS = ("debug", "info", "warning", "error")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0, 1 for input that a user can fix, or 2 for a
    wrong call."""
    if (
        arguments is None
    ):  # in a process of its own: its arrays are small, and threads wait for each other
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
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
        check_output(given.output, "--output", ())
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


_OPTIONS = {
    "mass_MeV": "--mass-mev",
    "energies_keV": "--energies",
    "energy_MeV": "--energies-mev",
    "exposures_tonne_year": "--exposure",
    "backgrounds": "--background",
    "fit_range_keV": "--fit-range",
    "changes": "--set",
    "confidence_level": "--confidence-level",
}
_OPTIONS |= {
    name: f"--{name}"
    for name in (
        "atomic", "flavour", "interaction", "measurement", "output", "part", "run", "significance",
        "source", "strength", "unblind",
    )
}  # fmt: skip
"""Arguments of the library, and the option that gives each."""


def _with_option(error: InputError) -> InputError:
    """The fault with the option's name where the library names its own argument."""
    if isinstance(error, InputErrors):
        return InputErrors(map(_with_option, error.errors))
    file, field = error.file, error.field
    if str(file).split(" ")[0] == "changes":  # what they change is checked as a file is
        file = _option(file)
    elif isinstance(error, ArgumentError) or (file is None and field != "fit_range_keV"):
        field = _option(field)  # without a file, a fit range may be that of an analysis
    return InputError(error.problem, file=file, field=field, remedy=error.remedy)


def _option(place: str | None) -> str | None:
    """An argument as its option, with the key of a change after it; anything else as it is."""
    name, *key = str(place).split(" ")
    option = "--atomic" if name.startswith("atomic.") else _OPTIONS.get(name)
    return place if option is None else " ".join([option, *key])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="exonu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"exonu {__version__}")
    parser.add_argument("--log-level", choices=LOG_LEVELS, default="warning")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    add_physics(commands)
    add_limits(commands)
    add_scans(commands)
    add_files(commands)
    for command in commands.choices.values():  # it may stand before the command or after it
        command.add_argument(
            "--log-level", choices=LOG_LEVELS, default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
    return parser
