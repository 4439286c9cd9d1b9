# What is asked for. The analyses, checked before the DAG is built, and the names of their files.

import json
import os
import shutil
import sys
from pathlib import Path

TOP = Path(workflow.current_basedir).parents[1]
SOURCE = TOP / "workflow" / "src"
sys.path.insert(0, str(SOURCE))

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from exonu.core.errors import InputError
from exonu.search.analysis import read_config
from exonu.search.event_analysis import event_inputs
from exonu.search.experiment.read_experiment import experiment_files
from exonu.search.planning import (
    OfSearches,
    planned_experiment,
    variant_settings,
)
from exonu.search.build_workspaces import meaning_file
from exonu.search.signals import hypotheses, hypothesis_name

# The running interpreter and this repository's library come first; one thread in each job and a fixed date give the same
# bytes everywhere.
shell.prefix(
    f"set -euo pipefail; export PATH='{Path(sys.executable).parent}':\"$PATH\" PYTHONPATH='{SOURCE}' "
    "OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 SOURCE_DATE_EPOCH=1590537600 PYTHONHASHSEED=0; "
)

CONFIG_FILE = Path("config/config.yaml")
if not CONFIG_FILE.is_file():
    CONFIG_FILE = TOP / "config" / "config.yaml"


configfile: str(CONFIG_FILE)


try:
    ANALYSES = {
        analysis.name: analysis for analysis in read_config(config, CONFIG_FILE)
    }
    # Every table is read and checked before any work starts.
    EVENTS = {
        name: event_inputs(analysis)
        for name, analysis in ANALYSES.items()
        if analysis.starts_from_events
    }
    TITLES = {
        name: (
            EVENTS[name].settings["name"]
            if name in EVENTS
            else planned_experiment(analysis).name
        )
        for name, analysis in ANALYSES.items()
    }
    for name, analysis in ANALYSES.items():
        for variant in analysis.settings["variants"]:
            variant_settings(analysis, variant)
except InputError as error:
    raise WorkflowError(str(error)) from None


# An analysis of events without samples has nothing to compare its data with: it ends at the cut flow and figures of data.
WITHOUT_SEARCH = {
    name: inputs.file for name, inputs in EVENTS.items() if not inputs.samples
}
INTERACTIONS = OfSearches(
    {
        name: list(analysis.settings["interactions"])
        for name, analysis in ANALYSES.items()
        if name not in WITHOUT_SEARCH
    },
    WITHOUT_SEARCH,
)
FIRST_ANALYSIS = next(iter(INTERACTIONS), None)

if WITHOUT_SEARCH and workflow.is_main_process:
    logger.info(
        f"{', '.join(WITHOUT_SEARCH)}: no samples, so it ends at the cut flow and figures of data; no templates and no limits."
    )


onerror:
    # A job's log lies on the disk of the results: when that is full, the log may have no room for the reason.
    results = Path("results")
    if shutil.disk_usage(results if results.is_dir() else ".").free < 1_000_000:
        logger.error(
            "The disk of results/ is full; make room and start snakemake again."
        )


wildcard_constraints:
    analysis="|".join(ANALYSES),
    interaction="magnetic-moment|millicharge|dark-photon",
    chunk=r"\d+",


def experiment_inputs(analysis):
    """The experiment: its YAML and CSVs, relative to the working directory where they are below it, or our templates."""
    if analysis in EVENTS:
        return [f"results/{analysis}/templates/experiment.json"]
    files = [
        Path(os.path.normpath(file))
        for file in experiment_files(ANALYSES[analysis].experiment_file)
    ]
    return [str(file) for file in files]


def from_here(file):
    """A file's name relative to the working directory where it is below it: records then hold in another clone too."""
    return str(
        file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    )


def workspace_files(analysis, interaction):
    """The workspaces of an interaction, one per flavour and mass."""
    block = ANALYSES[analysis].settings["interactions"][interaction]
    names = [
        hypothesis_name(interaction, *case) for case in hypotheses(interaction, block)
    ]
    return [f"results/{analysis}/workspaces/{name}.json" for name in names]


def all_workspaces(analysis):
    """The workspaces of all interactions."""
    return [
        file
        for interaction in INTERACTIONS[analysis]
        for file in workspace_files(analysis, interaction)
    ]


def interaction_limits(analysis):
    """The limits of all interactions, one file each."""
    return [
        f"results/{analysis}/limits/{interaction}.json"
        for interaction in INTERACTIONS[analysis]
    ]


def beside(workspaces):
    """The pages beside workspaces, which say what their μ means."""
    return [str(meaning_file(file)) for file in workspaces]


def meaning_files(analysis, interaction):
    """The pages beside these workspaces."""
    return beside(workspace_files(analysis, interaction))


def diagnosed_files(analysis):
    """The records of the diagnostics, in the order of `DRAWN_WORKSPACES`."""
    return [
        f"results/{analysis}/diagnostics/{name}.json" for name in DIAGNOSED[analysis]
    ]


def compared(analysis):
    """What a table of limits is told: whose they are, and whose published limits stand beside them."""
    beside_ours = ANALYSES[analysis].settings.get("compare_with", TITLES[analysis])
    return {"analysis": analysis, "experiment": beside_ours}


def yields_by_range(analysis):
    """Yields by energy range before and after the fit, of an analysis of events."""
    return (
        [f"results/{analysis}/spectra/yields_by_range.csv"]
        if analysis in EVENTS
        else []
    )


def is_blind(analysis):
    """Whether an analysis leaves its data aside."""
    return ANALYSES[analysis].settings["blind"]


# Functions of the wildcards, for inputs and settings.


def of_analysis(make):
    """What a function makes of an analysis's name."""
    return lambda wildcards: make(wildcards.analysis)


main_file_of_experiment = of_analysis(lambda analysis: experiment_inputs(analysis)[0])
tables_of_experiment = of_analysis(lambda analysis: experiment_inputs(analysis)[1:])


def one_of(table, of=lambda entry: entry):
    """An analysis's entry in a table, or what a function makes of it."""
    return lambda wildcards: of(table[wildcards.analysis])


def where(chosen, file):
    """A file of those analyses that are among the chosen, or none."""
    return lambda wildcards: (
        [file.format(**wildcards)] if wildcards.analysis in chosen else []
    )


def seed_of(wildcards, seeded):
    return {"seed": ANALYSES[wildcards.analysis].settings["seed"]} if seeded else {}


def of_events(make, seeded=False):
    """What a function makes of the events, and perhaps of the seed, of an analysis."""
    return lambda wildcards: make(
        EVENTS[wildcards.analysis], **seed_of(wildcards, seeded)
    )


def of_source(make, seeded=False):
    """The same for one run or sample of them."""
    return lambda wildcards: make(
        EVENTS[wildcards.analysis], **seed_of(wildcards, seeded), **source_of(wildcards)
    )


def source_of(wildcards):
    """A run or a sample, as the settings of a job are asked for."""
    kind, _, name = wildcards.source.partition("_")
    return {kind: int(name) if kind == "run" else name}


def raw_files(wildcards):
    """The ROOT files of a run or a sample, relative to the working directory where they are below it."""
    inputs, source = EVENTS[wildcards.analysis], source_of(wildcards)
    row = (
        inputs.runs[source["run"]]
        if "run" in source
        else inputs.sample(source["sample"])
    )
    return [os.path.normpath(file) for file in row.files]


def files_of(stage, sources, suffix=".root"):
    """The files of some runs and samples; a function of the wildcards gives their names."""
    return lambda wildcards: [
        f"results/{wildcards.analysis}/{stage}/{source}{suffix}"
        for source in sources(wildcards)
    ]
