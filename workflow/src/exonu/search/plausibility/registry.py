"""Checks by their name, and the thresholds that they share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import cache
from typing import Generic, TypeVar

from exonu.core.resources import resource_path
from exonu.core.settings import read_yaml

log = logging.getLogger(__name__)

Subject = TypeVar("Subject")


class Checks(Generic[Subject]):
    """Functions from one kind of subject to sentences, none if all is plausible.

    >>> checks: Checks[float] = Checks()
    >>> @checks
    ... def large(value):
    ...     if value > 3:
    ...         yield f"{value} is large"
    >>> checks.notes(4), checks.notes(2), list(checks.known)
    (['4 is large'], [], ['large'])
    """

    def __init__(self) -> None:
        self.known: dict[str, Callable[[Subject], Iterable[str]]] = {}

    def __call__(
        self, check: Callable[[Subject], Iterable[str]]
    ) -> Callable[[Subject], Iterable[str]]:
        self.known[check.__name__] = check
        return check

    def notes(self, subject: Subject) -> list[str]:
        """All notes on a subject, each once, in the order of the checks."""
        found = (note for check in self.known.values() for note in check(subject))
        return list(dict.fromkeys(found))


@cache
def threshold(name: str) -> float:
    """A threshold of `resources/plausibility`."""
    return float(read_yaml(resource_path("plausibility/thresholds.yaml"))[name]["value"])


def logged(notes: Iterable[str], about: str) -> list[str]:
    """The notes, said in the log as well."""
    found = list(notes)
    for note in found:
        log.warning("%s: %s", about, note)
    return found
