"""All faults of an analysis at once, before any job: `exonu check NAME`.

A published analysis is read as planning reads it, and each interaction is folded with the response,
which finds what only shows there: a hypothesis without a signal, a fit range off the bins. Of an
analysis of events, everything that planning reads is checked, and the raw files."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from exonu.core.errors import InputError, InputErrors, raise_all
from exonu.search.analysis import Analysis, find_analysis
from exonu.search.build_workspaces import build_workspaces
from exonu.search.event_analysis import event_inputs
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_inputs import CONFIG, read_with_overrides
from exonu.search.planning import planned_experiment

RAW_CHECK = "exonu.events.raw.checking"
"""Module whose `raw_faults(inputs)` yields the faults of all raw files of an analysis."""


def check_analysis(name: str, folder: Path = CONFIG) -> list[str]:
    """Every fault of an analysis, a line each, and nothing of a sound one.

    Args:
        name: its name, `<folder>/<name>.yaml` or `<folder>/<name>/analysis.yaml`.
        folder: where the analyses are.
    """
    found: dict[str, None] = {}  # each once, in order
    for part in _parts(name, folder):
        try:
            part()
        except InputError as error:
            faults = error.errors if isinstance(error, InputErrors) else (error,)
            found |= dict.fromkeys(map(str, faults))
    return list(found)


def _parts(name: str, folder: Path) -> Iterator[Callable[[], object]]:
    """What is checked, one after the other; what cannot be read ends its own part only."""
    try:
        analysis = read_with_overrides(find_analysis(name, folder))
    except InputError as error:
        yield partial(raise_all, [error])
        return
    if analysis.starts_from_events:
        yield partial(_check_events, analysis)
        return
    yield partial(planned_experiment, analysis)
    for interaction in analysis.settings["interactions"]:
        yield partial(_fold, analysis, interaction)


def _fold(analysis: Analysis, interaction: str) -> None:
    build_workspaces(read_experiment(analysis.experiment_file), interaction, analysis.settings)


def _check_events(analysis: Analysis) -> None:
    inputs = event_inputs(analysis)
    try:
        module = importlib.import_module(RAW_CHECK)
    except ModuleNotFoundError:
        return
    raise_all(module.raw_faults(inputs))
