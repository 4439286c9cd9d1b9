"""What `from exonu import …` gives: limits from anything that has one, and workspaces from files.

Everything else that the package exports is defined where it is documented; see `exonu.__init__`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exonu.core.errors import ArgumentError
from exonu.core.resources import schema_path
from exonu.core.settings import Settings, checked, merged
from exonu.core.types import Json
from exonu.search.analysis import default_settings
from exonu.search.combination.requested_limits import refuse, requested_limits
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.limit_records import limit_of_model, limit_of_spectrum, read_model
from exonu.statistics.display import in_short, limit_html, range_in_short
from exonu.statistics.intervals.normal import require_confidence_level
from exonu.statistics.workspaces.compiled_model import Model, compile_workspace


@dataclass(frozen=True, repr=False)
class SearchLimit:
    """A 90 % CLs limit (or one at another level) on a physical parameter.

    Attributes:
        parameter, unit: what is limited, e.g. ``mu_nu`` in ``mu_B``; the parameter of interest of
            a workspace that says no more.
        observed: the limit; None if it was not found (`notes` say why).
        expected: the limits at -2, -1, 0, +1, +2 σ if there is background only, five values.
        interval: the two-sided likelihood interval at the same level, two values.
        confidence_level: of `observed`, `expected` and `interval`.
        notes: doubts about input or result.
        answer: all of it, as `exonu limit` prints it: p0, significance, best fit, flags.
    """

    parameter: str
    unit: str
    observed: float | None
    expected: tuple[float | None, ...]
    interval: tuple[float | None, ...]
    confidence_level: float
    notes: tuple[str, ...]
    answer: Json = field(compare=False)

    @classmethod
    def of(cls, answer: Json) -> SearchLimit:
        """The limit that an answer of `exonu limit` states, in the physical parameter if it has
        one."""
        stated = answer.get("physical", answer)
        return cls(
            parameter=stated["parameter"],
            unit=stated["unit"],
            observed=stated["observed"],
            expected=tuple(stated["expected"]),
            interval=tuple(stated["interval"]),
            confidence_level=stated["confidence_level"],
            notes=tuple(answer["notes"]),
            answer=answer,
        )

    @property
    def _case(self) -> str:
        """What was searched for, in words; empty for a workspace of someone else."""
        one = self.answer
        if "interaction" not in one:
            return ""
        mass = "" if one.get("mass_MeV") is None else f", {one['mass_MeV']:g} MeV"
        experiment = one.get("experiment")
        where = f" in {experiment}" if isinstance(experiment, str) else ""
        return f"{one['interaction']} ({one.get('flavour') or 'all'}{mass}){where}: "

    @property
    def _flags(self) -> tuple[str, ...]:
        """What the data are, where they are not counts that were observed."""
        words = {"blinded": "blinded", "is_simulated": "simulated"}
        return tuple(word for key, word in words.items() if self.answer.get(key))

    def __repr__(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        flags = "".join(f"; {word}" for word in self._flags)
        return (
            f"<{self._case}{self.parameter} < {in_short(self.observed)}{unit} at "
            f"{self.confidence_level:.0%} CLs, expected {range_in_short(self.expected)}{flags}>"
        )

    def _repr_html_(self) -> str:
        return limit_html(
            f"{self._case}{self.parameter}, {self.confidence_level:.0%} CLs upper limit",
            self.observed,
            self.expected,
            self.notes,
            unit="" if self.unit == "1" else self.unit,
            flags=self._flags,
        )


def limit(
    given: Experiment | Model | Mapping[str, Any] | str | Path | Sequence[str | Path],
    interaction: str | None = None,
    *,
    flavour: str | None = None,
    mass_MeV: float | None = None,
    atomic: str | None = None,
    confidence_level: float = 0.9,
    unblind: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> SearchLimit:
    """Asymptotic CLs upper limit of whatever has one; the library's `exonu limit`.

    Args:
        given: an `Experiment`; a compiled `Model`; a pyhf workspace as a mapping; or a file: an
            experiment's YAML, an analysis's (its folder, its name in ``config/``), a workspace.
            Several files are combined into one likelihood.
        interaction: needed for a spectrum, and only there: one of `exonu.interaction_names()`.
        flavour: which neutrino interacts; ``all`` if left out.
        mass_MeV: mass in MeV, of an interaction that has one.
        atomic: model of the bound electrons, if not the interaction's own.
        confidence_level: between 0.5 and 1.
        unblind: use observed counts though an analysis beside the file is blind.
        settings: of an analysis, for an `Experiment`, e.g. ``{"physics": {"solar_model":
            "B16-AGSS09met"}}``; defaults for what is left out, and not blind.

    Raises:
        InputError: what does not fit together, or is wrong with a file.

    >>> from exonu.statistics.examples import two_bins_workspace
    >>> limit(two_bins_workspace(), confidence_level=0.95)
    <mu < 1.012 at 95% CLs, expected 1.062 (0.757 to 1.501)>
    """
    require_confidence_level(confidence_level)
    if isinstance(given, Experiment):
        refuse(
            {"unblind": unblind},
            "is given with an Experiment, which is blind only where `settings` say so",
            "leave it out",
        )
        answer = limit_of_spectrum(
            given,
            interaction,
            _settings(settings),
            flavour=flavour or "all",
            mass_MeV=mass_MeV,
            atomic=atomic,
            confidence_level=confidence_level,
        )
        return SearchLimit.of(answer)
    if settings is not None:
        raise ArgumentError(
            "are given for what is not an Experiment",
            field="settings",
            remedy="write them into an analysis, and give its file or name",
        )
    if isinstance(given, Model | Mapping):
        refuse(
            {
                "interaction": interaction,
                "flavour": flavour,
                "mass_MeV": mass_MeV,
                "atomic": atomic,
                "unblind": unblind,
            },
            "is given with a workspace or a model, which has its own",
            "leave it out",
        )
        model = given if isinstance(given, Model) else compile_workspace(given)
        return SearchLimit.of(limit_of_model(model, confidence_level))
    [answer] = requested_limits(
        _files(given),
        [mass_MeV],
        interaction=interaction,
        flavour=flavour,
        atomic=atomic,
        confidence_level=confidence_level,
        unblind=unblind,
    )
    return SearchLimit.of(answer)


def _settings(given: Mapping[str, Any] | None) -> Settings:
    """Settings of an analysis with the defaults of what is left out; not blind unless they say so.

    Raises:
        InputError: as for the file of an analysis.
    """
    shown = {**default_settings(), "blind": False}
    return checked(merged(shown, given or {}), schema_path("analysis.yaml"), "settings")


def open_workspace(file: str | Path, measurement: str | None = None) -> Model:
    """Compile a workspace file: any of pyhf's, or one of exonu with its sidecar file, which ties
    the quadratic term of a signal to the linear one.

    Args:
        file: the workspace, JSON.
        measurement: name of its measurement; not needed if there is one only.

    Raises:
        InputError: if the file is no workspace, or has what the engine does not support.
    """
    model, _ = read_model(Path(file), measurement)
    return model


def _files(given: Any) -> list[Path]:
    """One file or several as paths."""
    several = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if not several or not all(isinstance(one, str | Path) for one in several):
        raise ArgumentError(
            f"is a {type(given).__name__}",
            field="given",
            remedy="give an Experiment (exonu.read_experiment), a Model (exonu.open_workspace), "
            "a workspace as a dict, or files",
        )
    return [Path(one) for one in several]
