"""Limits of files, whatever they hold: what `exonu limit` and `exonu.limit` ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exonu.core.errors import ArgumentError
from exonu.core.types import Json
from exonu.search.limit_inputs import combines, is_json, named_file
from exonu.search.limit_records import limit_of_experiment, limit_of_workspace
from exonu.statistics.intervals.normal import require_confidence_level


def requested_limits(
    given: Sequence[Path],
    masses_MeV: Sequence[float | None] = (None,),
    *,
    interaction: str | None = None,
    flavour: str | None = None,
    atomic: str | None = None,
    confidence_level: float = 0.9,
    unblind: bool = False,
    measurement: str | None = None,
    fit_range_keV: tuple[float, float] | None = None,
    changes: Sequence[tuple[str, str]] = (),
) -> list[Json]:
    """Asymptotic CLs limits of a workspace, of an experiment or of several together; what would be
    ignored is refused.

    Args:
        given: an experiment's YAML; an analysis's, its folder or its name in `config/`; a workspace;
            several of them are one likelihood.
        masses_MeV: one answer for each.
        interaction, flavour, atomic: the rest of the hypothesis, for what is not a workspace;
            `flavour` is ``all`` if left out.
        confidence_level: between 0.5 and 1.
        unblind: use the observed counts of one experiment though an analysis is blind.
        measurement: of a workspace that has several.
        fit_range_keV, changes: of one experiment, see `limit_records.limit_of_experiment`.

    Returns:
        An answer for each mass, one for a workspace.

    Raises:
        InputError: what is wrong with a file.
        ArgumentError: an argument that is missing or does not go with the files.
    """
    require_confidence_level(confidence_level)
    files = [named_file(file) for file in given]
    first, several = files[0], len(files) > 1
    hypothesis = {"interaction": interaction, "flavour": flavour, "atomic": atomic}
    of_spectrum = {"fit_range_keV": fit_range_keV, "changes": changes}
    if not several and is_json(first):
        masses = {"mass_MeV": [mass for mass in masses_MeV if mass is not None]}
        refuse(
            {**hypothesis, **masses, "unblind": unblind, **of_spectrum},
            "is given with a workspace, which has its own parameter of interest and its own data",
            "leave it out",
            first,
        )
        return [limit_of_workspace(first, confidence_level, measurement)]
    refuse(
        {"measurement": measurement},
        "is given without a workspace, which alone has measurements"
        if not several
        else "is given for several files, and belongs to one workspace",
        "leave it out",
        first,
    )
    if several or combines(first):
        from exonu.search.combination.from_files import limit_of_files

        problem = "is given for several experiments, each of which "
        refuse(
            {"unblind": unblind},
            f"{problem}says whether it is blind",
            "write `blind: false` into their analyses",
        )
        refuse(of_spectrum, f"{problem}has its own", "write it into their analyses")
        return [
            limit_of_files(files, confidence_level, mass_MeV=mass, **hypothesis)
            for mass in masses_MeV
        ]
    return [
        limit_of_experiment(
            first,
            interaction,
            flavour=flavour or "all",
            mass_MeV=mass,
            atomic=atomic,
            confidence_level=confidence_level,
            unblind=unblind,
            fit_range_keV=fit_range_keV,
            changes=changes,
        )
        for mass in masses_MeV
    ]


def refuse(
    arguments: Mapping[str, Any], problem: str, remedy: str, file: Path | None = None
) -> None:
    """Refuse the first of some arguments that is given at all, by its name: what would choose
    another hypothesis or other data must not be ignored in silence.

    Raises:
        ArgumentError: saying the problem.
    """
    for name, value in arguments.items():
        if value is not None and value is not False and value != [] and value != ():
            raise ArgumentError(problem, file=file, field=name, remedy=remedy)
