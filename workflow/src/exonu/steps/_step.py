"""What all steps share: settings from the command line, and faults of the input without a
traceback."""

from __future__ import annotations

import argparse
import errno
import json
import sys
from collections.abc import Callable

from exonu.core.errors import InputError

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""A disk that takes no more: nothing that a traceback would explain."""


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the arguments of every step; `@file` stands for the lines of a file, an
    argument each."""
    made = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        fromfile_prefix_chars="@",
    )
    made.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="canonical JSON of the settings that are read",
    )
    return made


def run(main: Callable[[], None]) -> None:
    """Run a step; input that a user can mend ends it with one message and status 1."""
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno not in _DISK:
            raise
        sys.exit(
            f"error: {error.filename or 'a file'}: cannot be written ({error.strerror}); make room and start snakemake "
            "again: what is finished is kept, and nothing is half written"
        )
