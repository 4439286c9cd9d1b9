"""The one exception for bad input: it names the file, the field, the problem and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class InputError(ValueError):
    """Input that a user can fix.

    The command line and the workflow print it as one message and exit with status 1, without a
    traceback.

    Args:
        problem: what is wrong, with the offending value.
        file: the file it is in.
        field: the field within the file, e.g. ``efficiency.argument`` or ``line 7, column
            observed_events``.
        remedy: what to write instead.

    >>> print(InputError("must be > 0 (got -3)", file="config/x.yaml", field="exposure", remedy="give tonne-years"))
    config/x.yaml: exposure: must be > 0 (got -3); give tonne-years
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.field = field
        self.remedy = remedy
        place = "".join(f"{part}: " for part in (self.file, field) if part)
        super().__init__(_in_one_line(f"{place}{problem}") + (f"; {remedy}" if remedy else ""))


def _in_one_line(text: str) -> str:
    """A name from a user's file may hold line breaks and worse; a message is one line that can be
    printed."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


class ArgumentError(InputError):
    """The argument of a function, in `field`, is missing or does not go with the file.

    Without a file, a plain `InputError` may name an argument; with one, its field is of the file.
    """


class InputErrors(InputError):
    """Several faults found together, one line each, so that a user fixes them in one go."""

    def __init__(self, errors: Iterable[InputError]) -> None:
        self.errors = tuple(errors)
        self.problem = "\n".join(str(error) for error in self.errors)
        self.file = self.field = self.remedy = None  # each fault has its own
        ValueError.__init__(self, self.problem)


def raise_all(errors: Iterable[InputError]) -> None:
    """Raise the faults, one or many; do nothing if there are none."""
    found = tuple(errors)
    if len(found) == 1:
        raise found[0]
    if found:
        raise InputErrors(found)
