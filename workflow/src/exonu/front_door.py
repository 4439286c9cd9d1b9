"""What `from exonu import …` gives: limits from anything that has one, and workspaces from files.

Everything else that the package exports is defined where it is documented; see `exonu.__init__`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from exonu.catalogue import INTERACTIONS, SEARCHED, Interaction
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.types import Array, Json
from exonu.detector.response import Efficiency, build_response
from exonu.interactions import Physics, breakpoints_keV
from exonu.search.analysis import default_settings
from exonu.search.experiment.binned_spectrum import Background, Experiment
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import (
    is_combination,
    limit_of_experiment,
    limit_of_model,
    limit_of_spectrum,
    limit_of_workspace,
    read_model,
)
from exonu.statistics.engine.display import html_rows, in_short, range_in_short
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

    def __repr__(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        blind = "; blinded" if self.answer.get("blinded") else ""
        return (
            f"<{self._case}{self.parameter} < {in_short(self.observed)}{unit} at "
            f"{self.confidence_level:.0%} CLs, expected {range_in_short(self.expected)}{blind}>"
        )

    def _repr_html_(self) -> str:
        expected, unit = self.expected, "" if self.unit == "1" else self.unit
        rows = [
            ("observed", f"{in_short(self.observed)} {unit}"),
            ("expected", f"{in_short(expected[2])} {unit}"),
            ("expected, ±1 σ", f"{in_short(expected[1])} to {in_short(expected[3])} {unit}"),
            ("expected, ±2 σ", f"{in_short(expected[0])} to {in_short(expected[4])} {unit}"),
            *(("note", note) for note in self.notes),
        ]
        title = f"{self._case}{self.parameter}, {self.confidence_level:.0%} CLs upper limit"
        return html_rows(title, rows)


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
        settings: of an analysis, for an `Experiment`; defaults for what is left out.

    Raises:
        InputError: what does not fit together, or is wrong with a file.

    >>> from exonu.statistics.examples import two_bins_workspace
    >>> limit(two_bins_workspace(), confidence_level=0.95)
    <mu < 1.012 at 95% CLs, expected 1.062 (0.757 to 1.501)>
    """
    require_confidence_level(confidence_level)
    hypothesis = {"flavour": flavour, "mass_MeV": mass_MeV, "atomic": atomic}
    with _python_arguments():
        if isinstance(given, Experiment):
            return SearchLimit.of(
                limit_of_spectrum(
                    given,
                    _needed(interaction),
                    dict(settings or {**default_settings(), "blind": False}),
                    flavour=flavour or "all",
                    mass_MeV=mass_MeV,
                    atomic=atomic,
                    confidence_level=confidence_level,
                )
            )
        if settings is not None:
            raise InputError(
                "are given for what is not an Experiment",
                field="settings",
                remedy="write them into an analysis, and give its file or name",
            )
        if isinstance(given, Model | Mapping):
            _refuse_hypothesis({"interaction": interaction, **hypothesis, "unblind": unblind})
            model = given if isinstance(given, Model) else compile_workspace(given)
            return SearchLimit.of(limit_of_model(model, confidence_level))
        files = _files(given)
        if is_combination(files):
            from exonu.search.combination.from_files import limit_of_files

            if unblind:
                _refuse_hypothesis({"unblind": unblind})
            return SearchLimit.of(
                limit_of_files(files, confidence_level, interaction=interaction, **hypothesis)
            )
        [file] = files
        if file.suffix.lower() == ".json":
            _refuse_hypothesis({"interaction": interaction, **hypothesis, "unblind": unblind})
            return SearchLimit.of(limit_of_workspace(file, confidence_level))
        answer = limit_of_experiment(
            file,
            _needed(interaction),
            flavour=flavour or "all",
            mass_MeV=mass_MeV,
            atomic=atomic,
            confidence_level=confidence_level,
            unblind=unblind,
        )
        return SearchLimit.of(answer)


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


def published_experiment(name: str) -> Experiment:
    """A published spectrum that comes with exonu.

    Args:
        name: one of the folders of `resources/published`.

    Raises:
        InputError: if there is none of that name.

    >>> published_experiment("xenonnt-sr0").exposure_tonne_year
    1.16
    """
    folder = resource_path("published")
    known = sorted(file.parent.name for file in folder.glob("*/experiment.yaml"))
    if name not in known:
        remedy = f"choose one of {', '.join(known)}; read_experiment reads a file of your own"
        raise InputError(f"does not come with exonu ({name!r})", field="name", remedy=remedy)
    return read_experiment(folder / name / "experiment.yaml")


def make_experiment(
    low_keV: ArrayLike,
    high_keV: ArrayLike,
    observed: ArrayLike,
    backgrounds: Mapping[str, ArrayLike | tuple[ArrayLike, float | None]],
    *,
    exposure_tonne_year: float,
    resolution_keV: Callable[[Any], Any],
    efficiency: Efficiency | None = None,
    efficiency_uncertainty: float = 0.0,
    true_minimum_keV: float = 0.5,
    includes_solar_neutrinos: bool = True,
    is_simulated: bool = False,
    name: str = "my experiment",
    reference: str = "unpublished",
    target: str = "xenon",
) -> Experiment:
    """An experiment from arrays, without files.

    Args:
        low_keV, high_keV: edges of the bins in reconstructed energy, shape (n,) each.
        observed: counts, shape (n,).
        backgrounds: by name the expected counts, shape (n,), efficiency included; or a pair of them
            and the relative uncertainty of their normalisation, None for a free one. Without a pair
            the normalisation is known.
        exposure_tonne_year: exposure of the signals.
        resolution_keV: σ of true energies, e.g. ``exonu.detector.SqrtLinearResolution(0.31, 0.0037)``.
        efficiency: for signals; everything is seen if left out.
        efficiency_uncertainty: relative, common to all energies.
        true_minimum_keV: recoils of less energy leave no signal.
        includes_solar_neutrinos: whether the backgrounds hold those of the Standard Model; else
            they are added.
        is_simulated: whether the counts are simulated.
        name, reference, target: what it is.

    Raises:
        InputError: arrays of different lengths, negative counts, bins without a width.

    >>> from exonu.detector import SqrtLinearResolution
    >>> tiny = make_experiment([1, 2], [2, 3], [5, 4], {"flat": ([4.5, 4.5], 0.1)},
    ...     exposure_tonne_year=0.5, resolution_keV=SqrtLinearResolution(0.3, 0.0))
    >>> tiny.background
    array([4.5, 4.5])
    """
    low, high, counts = (np.asarray(one, dtype=float) for one in (low_keV, high_keV, observed))
    pairs = {
        one: given if isinstance(given, tuple) else (given, 0.0)
        for one, given in backgrounds.items()
    }
    parts = {one: np.asarray(pair[0], dtype=float) for one, pair in pairs.items()}
    _require_bins(low, {"high_keV": high, "observed": counts, **parts})
    if not parts:
        raise InputError("is empty", field="backgrounds", remedy="give at least one component")
    if np.any(high <= low):
        raise InputError("must lie above low_keV", field="high_keV")
    seen = Efficiency.perfect() if efficiency is None else efficiency
    steps = breakpoints_keV(Physics.from_settings({"target": target}))
    return Experiment(
        name=name,
        reference=reference,
        is_simulated=is_simulated,
        low_keV=low,
        high_keV=high,
        observed=counts,
        backgrounds=tuple(
            Background(one, one, parts[one], None, pair[1]) for one, pair in pairs.items()
        ),
        includes_solar_neutrinos=includes_solar_neutrinos,
        exposure_tonne_year=exposure_tonne_year,
        efficiency=seen,
        efficiency_uncertainty=efficiency_uncertainty,
        make_response=lambda: build_response(
            low,
            high,
            exposure_tonne_year=exposure_tonne_year,
            resolution_keV=resolution_keV,
            efficiency=seen,
            true_minimum_keV=true_minimum_keV,
            breakpoints_keV=steps,
        ),
        resolution_keV=resolution_keV,
        target=target,
    )


def _require_bins(low_keV: Array, arrays: Mapping[str, Array]) -> None:
    """Refuse arrays that do not hold one finite number ≥ 0 for each bin, by their names."""
    for name, values in arrays.items():
        if values.shape != low_keV.shape or low_keV.ndim != 1 or not low_keV.size:
            raise InputError(
                f"has the shape {values.shape}, where low_keV has {low_keV.shape}",
                field=name,
                remedy="give one number for each bin",
            )
        if not np.all(np.isfinite(values)) or np.any(values < 0):
            raise InputError("must be finite numbers ≥ 0", field=name)


def declare_interaction(one: Interaction) -> None:
    """Add an interaction to the catalogue of this process: rates and limits then know its name.

    A module in `exonu/catalogue/declared` adds it for good, to commands and workflow too; see
    docs/howto/interaction.md.

    Raises:
        InputError: if another interaction has its name.
    """
    new = [one, one.negative()] if one.signed else [one]
    for declared in new:
        if INTERACTIONS.get(declared.name, declared) != declared:
            raise InputError("is the name of another interaction", field=f"name {declared.name}")
    for declared in new:
        INTERACTIONS[declared.name] = declared
        if declared.formula is not None:
            SEARCHED[declared.name] = declared


def interaction_names() -> tuple[str, ...]:
    """Names of the interactions that can be searched for, as `limit` takes them.

    >>> interaction_names()[:3]
    ('magnetic-moment', 'millicharge', 'dark-photon')
    """
    return tuple(SEARCHED)


def _files(given: Any) -> list[Path]:
    """One file or several as paths."""
    several = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if not several or not all(isinstance(one, str | Path) for one in several):
        raise InputError(
            f"is a {type(given).__name__}",
            field="given",
            remedy="give an Experiment (exonu.read_experiment), a Model (exonu.open_workspace), "
            "a workspace as a dict, or files",
        )
    return [Path(one) for one in several]


def _needed(interaction: str | None) -> str:
    if interaction in SEARCHED:
        return str(interaction)
    problem = "is missing" if interaction is None else f"is not one that is known ({interaction!r})"
    raise InputError(problem, field="interaction", remedy=f"choose one of {', '.join(SEARCHED)}")


def _refuse_hypothesis(arguments: Mapping[str, Any]) -> None:
    """A workspace has its own parameter of interest: what would choose another must not be ignored
    in silence."""
    for name, value in arguments.items():
        if value not in (None, False):
            raise InputError(
                "is given with a workspace, a model or several files, which have their own",
                field=name,
                remedy="leave it out",
            )


@contextmanager
def _python_arguments() -> Iterator[None]:
    """Errors name the argument of the function where the library names the command's option."""
    try:
        yield
    except InputError as error:
        option = str(error.field)
        if not option.startswith("--"):
            raise
        name = option.removeprefix("--").replace("-", "_").replace("mass_mev", "mass_MeV")
        raise InputError(error.problem, file=error.file, field=name, remedy=error.remedy) from None
