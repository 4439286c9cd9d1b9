"""What all steps share: the command line, made from the arguments of their `main`, and faults of the
input without a traceback.

    @step
    def main(
        settings: Settings,
        workspaces: Annotated[Files, "of one interaction"],
        output: Annotated[Path, "JSON of the limits"],
    ) -> None:

is all that a step declares: `--workspaces` takes one file or more, `--output` one, each with its
help; `--settings` takes JSON. What has a default can be left out. A module holds one step; run as a
command it calls it."""

from __future__ import annotations

import argparse
import errno
import gc
import inspect
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from exonu.core.errors import InputError

Main = Callable[..., None]
Settings = dict[str, Any]
Files = Sequence[Path]
"""Any number of files; one at least if the argument has no default."""
Counts = Annotated[Path, "counts.csv, whose heading says what this is"]
Png = Annotated[Path, "the figure as PNG"]
Pdf = Annotated[Path, "the figure as PDF"]

LOG = logging.getLogger("exonu.steps")
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""A disk that takes no more: nothing that a traceback would explain."""


def step(main: Main) -> Main:
    """Declare the step of a module, last in it: where the module is run as a command, it is called."""
    if main.__module__ == "__main__":
        logging.basicConfig(format="%(levelname)s %(message)s")
        logging.getLogger("exonu").setLevel(logging.INFO)
        gc.freeze()  # what is loaded stays
        gc.enable()
        run(main)
    return main


def parser(main: Main) -> argparse.ArgumentParser:
    """The command line of a step; `@file` stands for the lines of a file, an argument each."""
    made = argparse.ArgumentParser(
        description=sys.modules[main.__module__].__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        fromfile_prefix_chars="@",
    )
    declared = inspect.signature(main).parameters
    made.add_argument(
        "--settings",
        type=json.loads,
        required="settings" in declared,
        help="canonical JSON of the settings that are read",
    )
    for name, parameter in declared.items():
        if name != "settings":
            made.add_argument(f"--{name.replace('_', '-')}", **_as_argument(parameter))
    return made


def _as_argument(parameter: inspect.Parameter) -> dict[str, Any]:
    """What argparse is told of an argument of `main`."""
    hint, help_text = get_args(parameter.annotation)
    required = parameter.default is parameter.empty
    told: dict[str, Any] = {"help": help_text, "required": required}
    if not required:
        told["default"] = parameter.default
    kind, parts = get_origin(hint), get_args(hint)
    if kind is tuple:
        told["nargs"] = len(parts)
    elif kind is not None and issubclass(kind, Sequence):
        told["nargs"] = "+" if required else "*"
    return told | {"type": parts[0] if parts else hint}


def call(main: Main, words: Sequence[str] | None = None) -> None:
    """Call a step with the words of a command line, by default this process's own."""
    given = vars(parser(main).parse_args(words))
    for name in inspect.signature(main).parameters:
        given[name] = tuple(given[name]) if isinstance(given[name], list) else given[name]
    main(**{name: given[name] for name in inspect.signature(main).parameters})


def run(main: Main, words: Sequence[str] | None = None) -> None:
    """Run a step as a command; input that a user can fix ends it with one message and status 1."""
    try:
        call(main, words)
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno not in _DISK:
            raise
        sys.exit(
            f"error: {error.filename or 'a file'}: cannot be written ({error.strerror}); make room and start snakemake "
            "again: what is finished is kept, and nothing is half written"
        )
