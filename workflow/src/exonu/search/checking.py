"""All faults of an analysis at once, before any job: `exonu check NAME`.

A published analysis is read as planning reads it, and each interaction is folded with the response,
which finds what only shows there: a hypothesis without a signal, a fit range off the bins. Of an
analysis of events, everything that planning reads is checked, and the raw files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from exonu.core.errors import InputError, InputErrors, raise_all
from exonu.events.runs.check_raw import raw_faults
from exonu.search.analysis import Analysis, find_analysis
from exonu.search.build_workspaces import build_workspaces
from exonu.search.event_analysis import event_inputs
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_inputs import CONFIG, read_with_overrides
from exonu.search.planning import planned_experiment


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
    for member in analysis.experiments:
        yield from _parts(member, folder)
    if analysis.experiments:
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
    raise_all(raw_faults(event_inputs(analysis)))
