"""What all steps share: settings from the command line, and faults of the input without a traceback."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

from exonu.core.errors import InputError


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the arguments of every step; `@file` stands for the lines of a file, an argument each."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, fromfile_prefix_chars="@"
    )
    made.add_argument("--settings", type=json.loads, required=True, help="canonical JSON of the settings that are read")
    return made


def run(main: Callable[[], None]) -> None:
    """Run a step; input that a user can mend ends it with one message and status 1."""
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
