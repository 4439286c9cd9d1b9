"""What an analysis asks for, checked before any work starts: fit ranges and variants, as the jobs
will read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from exonu.catalogue import SEARCHED, Line
from exonu.core.errors import InputError, InputErrors, raise_all
from exonu.core.settings import Settings, checked, merged
from exonu.detector.response import TAIL_SIGMAS
from exonu.search.analysis import ANALYSIS_SCHEMA, Analysis
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.signals import masses_MeV

T = TypeVar("T")


def planned_experiment(analysis: Analysis) -> Experiment:
    """The published spectrum of an analysis, with everything that the analysis wants of it checked.

    Raises:
        InputError: one line per fault of the experiment, or of a fit range or variant.
    """
    experiment = read_experiment(analysis.experiment_file)
    raise_all(
        [
            *_range_faults(experiment, analysis.settings, analysis, "interactions"),
            *_line_faults(experiment, analysis),
            *region_faults(analysis, len(experiment.regions)),
        ]
    )
    for name, variant in analysis.settings["variants"].items():
        settings = variant_settings(analysis, name)
        try:
            varied = read_experiment(analysis.experiment_file, variant["experiment"])
        except InputError as error:
            raise InputErrors(_in_variant(error, analysis, f"variants.{name}.experiment")) from None
        raise_all(
            _range_faults(varied, settings, analysis, f"variants.{name}.settings.interactions")
        )
    return experiment


class OfSearches(dict[str, T]):
    """Something of each analysis that has a search; of one without samples it says why it is not
    there.

    Args:
        content: by the analysis's name.
        without: the events file of each analysis of data alone.

    Raises:
        InputError: when asked for such an analysis.

    >>> OfSearches({"demo": 1}, {"own": "config/own/events.yaml"})["demo"]
    1
    """

    def __init__(self, content: Mapping[str, T], without: Mapping[str, str | Path]) -> None:
        super().__init__(content)
        self._without = without

    def __missing__(self, name: str) -> T:
        if name not in self._without:
            raise KeyError(name)
        raise InputError(
            f"is missing: {name} has data alone, and templates and limits need simulation to compare them with",
            file=self._without[name],
            field="samples",
            remedy=f"add a sample sheet, see docs/events.md, or ask for results/{name}/cut_flow/cut_flow.csv",
        )


def region_faults(analysis: Analysis, n_regions: int) -> Iterator[InputError]:
    """A fault for each place that asks for control regions of an experiment that has none: its limits
    would be those without them.

    Args:
        analysis: with its variants.
        n_regions: of its events file; 0 of a published spectrum.
    """
    if n_regions:
        return
    variants = analysis.settings["variants"].items()
    blocks = {"": analysis.settings} | {
        f"variants.{name}.settings.": variant["settings"] for name, variant in variants
    }
    for field, block in blocks.items():
        if block.get("systematics", {}).get("control_regions"):
            yield InputError(
                "asks for control regions, and there are none", file=analysis.file,
                field=f"{field}systematics.control_regions",
                remedy="give them in `templates.regions` of the events file, or remove it",
            )  # fmt: skip


def variant_settings(analysis: Analysis, name: str) -> Settings:
    """The settings of an analysis with those of a variant in their place.

    Raises:
        InputError: keys or values that the analysis itself might not have either.
    """
    settings = merged(analysis.settings, analysis.settings["variants"][name]["settings"])
    try:
        return checked(settings, ANALYSIS_SCHEMA, analysis.file)
    except InputError as error:
        raise InputErrors(_in_variant(error, analysis, f"variants.{name}.settings")) from None


def _in_variant(error: InputError, analysis: Analysis, field: str) -> Iterator[InputError]:
    """Faults of a variant, named where the variant stands."""
    for fault in error.errors if isinstance(error, InputErrors) else (error,):
        place = f"{field}.{fault.field}" if fault.field else field
        problem = (
            fault.problem if fault.file == str(analysis.file) else f"{fault.problem} ({fault.file})"
        )
        yield InputError(problem, file=analysis.file, field=place, remedy=fault.remedy)


def _range_faults(
    experiment: Experiment, settings: Settings, analysis: Analysis, field: str
) -> Iterator[InputError]:
    for name, block in settings["interactions"].items():
        if "fit_range_keV" in block:
            try:
                experiment.within(*block["fit_range_keV"])
            except InputError as error:
                place = f"{field}.{name}.fit_range_keV"
                yield InputError(
                    error.problem, file=analysis.file, field=place, remedy=error.remedy
                )


def _line_faults(experiment: Experiment, analysis: Analysis) -> Iterator[InputError]:
    """Lines so far above the spectrum that no bin sees them: their limit does not exist."""
    if experiment.observable is not None or experiment.resolution_keV is None:
        return
    end = float(experiment.high_keV.max())
    reach = end + TAIL_SIGMAS * float(experiment.resolution_keV(np.array([end]))[0])
    for name, block in analysis.settings["interactions"].items():
        if isinstance(SEARCHED[name].formula, Line) and 1e3 * masses_MeV(block)[-1] > reach:
            yield InputError(
                f"has lines up to {1e3 * masses_MeV(block)[-1]:g} keV, and the spectrum of "
                f"{experiment.name} ends at {end:g} keV: it sees nothing of them",
                file=analysis.file,
                field=f"interactions.{name}.masses_MeV",
                remedy=f"write `masses_MeV: {{maximum: {1e-3 * end:g}}}`",
            )
