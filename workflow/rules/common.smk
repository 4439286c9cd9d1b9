# What all rules share. The settings of the analyses, checked before the DAG is built, and the parameters by which
# Snakemake knows that a job has to run again.

import json
import os
import shlex
import shutil
import sys
from hashlib import sha256
from pathlib import Path

TOP = Path(workflow.current_basedir).parents[1]
SOURCE = TOP / "workflow" / "src"
sys.path.insert(0, str(SOURCE))

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from exonu.archive.final_results import record_results
from exonu.core.digest import code_digest, library_digest
from exonu.core.errors import InputError
from exonu.core.files import canonical_json, write_text
from exonu.search.analysis import read_config
from exonu.search.event_analysis import event_inputs
from exonu.search.experiment.read_experiment import experiment_files
from exonu.search.planning import (
    OfSearches,
    planned_experiment,
    variant_settings,
)
from exonu.search.studies.injected_cases import (
    ingest_settings,
    injected_cases,
    injected_hypotheses,
    injected_signal,
    injected_simulate_settings,
    split_case,
)
from exonu.search.build_workspaces import meaning_file
from exonu.search.signals import hypotheses, hypothesis_name

if set(str(TOP)) & set("{}"):
    raise WorkflowError(
        f"{TOP}: Snakemake takes braces in the path of a workflow for wildcards; move the repository to a path without"
    )

# The running interpreter and this repository's library come first; one thread in each job and a fixed date give the same
# bytes everywhere.
shell.prefix(
    (
        f'set -euo pipefail; export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH" PYTHONPATH={shlex.quote(str(SOURCE))} '
        "OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 SOURCE_DATE_EPOCH=1590537600 PYTHONHASHSEED=0; "
    )
    .replace("{", "{{")
    .replace("}", "}}")
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

# Of the jobs that could start, that one comes first for which most others wait; figures fill the gaps at the end. On a
# new machine the first job of a kind compiles its kernels while the other core does something else: fits of the first
# analysis beside the first simulation, and the reconstruction of the first sample beside the second simulation.
PRIORITY = {
    "light map": 20,  # it takes two cores: later, one would wait for the other (priorities of jobs side by side add up)
    "first fits": 5,
    "events": 4,
    "simulation": 3,
    "search": 2,
    "long figures": 1,
}

if WITHOUT_SEARCH and workflow.is_main_process:
    logger.info(
        f"{', '.join(WITHOUT_SEARCH)}: no samples, so it ends at the cut flow and figures of data; no templates and no limits."
    )


def record_digests():
    """What the run has made, for `exonu check --results`: an edit afterwards shows."""
    if workflow.is_main_process:
        for name in ANALYSES:
            record_results(Path("results", name), Path(".snakemake", "metadata"))


onsuccess:
    record_digests()


onerror:
    # A job's log lies on the disk of the results: when that is full, the log may have no room for the reason.
    results = Path("results")
    if shutil.disk_usage(results if results.is_dir() else ".").free < 1_000_000:
        logger.error(
            "The disk of results/ is full; make room and start snakemake again."
        )
    else:
        record_digests()


wildcard_constraints:
    analysis="|".join(ANALYSES),
    interaction="magnetic-moment|millicharge|dark-photon",


def settings(analysis, *blocks):
    """Canonical JSON of what a step reads of an analysis's settings: blocks, or parts of them as `statistics.toys`."""
    chosen = {}
    for block in blocks:
        name, _, part = block.partition(".")
        content = ANALYSES[analysis].settings[name]
        chosen[name] = (
            {**chosen.get(name, {}), part: content[part]} if part else content
        )
    return canonical_json(chosen)


LONGEST_ARGUMENT = 20_000


def argument(wildcards, text):
    """Text for the command line of a step. Linux takes 131 072 characters for a whole job, and the settings or the files of
    thousands of runs are more: they go into a file that is named after its content, and the step reads `@file`.
    """
    if len(text) <= LONGEST_ARGUMENT:
        return text
    file = Path(
        "results",
        wildcards.analysis,
        "arguments",
        f"{sha256(text.encode()).hexdigest()[:20]}.txt",
    )
    if not file.is_file():
        write_text(file, text)
    return f"@{file}"


def written(wildcards, content):
    """Canonical JSON of settings, as a step is given it."""
    return argument(wildcards, canonical_json(content))


def listed(wildcards, input):
    """The names of many files, as a step is given them: one name per line in a file if there are too many."""
    names = argument(wildcards, "\n".join(input))
    return names if names.startswith("@") else list(input)


def code(step):
    """Digest of a step's modules and of the facts that they read."""
    return code_digest(f"exonu.steps.{step}")


def libraries(step):
    """Digest of the installed versions of the packages that a step imports."""
    return library_digest(f"exonu.steps.{step}")


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


def meaning_files(analysis, interaction):
    """The pages beside these workspaces."""
    return [str(meaning_file(file)) for file in workspace_files(analysis, interaction)]


def diagnosed_files(analysis):
    """The records of the diagnostics, in the order of `DRAWN_WORKSPACES`."""
    return [
        f"results/{analysis}/diagnostics/{name}.json" for name in DIAGNOSED[analysis]
    ]


def compared_with(analysis):
    """The experiment whose published limits stand beside ours."""
    return ANALYSES[analysis].settings.get("compare_with", TITLES[analysis])


def yields_by_range(analysis):
    """Yields by energy range before and after the fit, of an analysis of events."""
    return (
        [f"results/{analysis}/spectra/yields_by_range.csv"]
        if analysis in EVENTS
        else []
    )


def table_files(analysis):
    """The tables of an analysis; one of events has a cut flow and activities too."""
    return [
        f"results/{analysis}/tables/{table}.{suffix}"
        for table in [*TABLES, *(EVENT_TABLES_PRINTED if analysis in EVENTS else [])]
        for suffix in TABLE_SUFFIXES
    ]


def rule_name(*parts):
    """A rule's name made from names with dashes."""
    return "_".join(parts).replace("-", "_")


def resource(amount):
    """An amount of memory or time that grows when a job is tried again."""
    return lambda wildcards, attempt: amount * attempt


def folder_of_output(wildcards, output):
    """The folder that a step with many outputs writes into."""
    return os.path.dirname(output[0])


def of_source(wildcards):
    """A run or a sample, as the settings of a job are asked for."""
    kind, _, name = wildcards.source.partition("_")
    return {kind: int(name) if kind == "run" else name}


def raw_files(wildcards):
    """The ROOT files of a run or a sample, relative to the working directory where they are below it."""
    inputs, source = EVENTS[wildcards.analysis], of_source(wildcards)
    row = (
        inputs.runs[source["run"]]
        if "run" in source
        else inputs.sample(source["sample"])
    )
    return [os.path.normpath(file) for file in row.files]


def of_all_sources(pattern):
    """The files of all runs and samples of an analysis."""
    return lambda wildcards: [
        pattern.format(analysis=wildcards.analysis, source=source)
        for source in SOURCES[wildcards.analysis]
    ]


def files_of(stage, sources):
    """The files of some runs and samples; `sources` gives their names for an analysis."""
    return lambda wildcards: [
        f"results/{wildcards.analysis}/{stage}/{source}.root"
        for source in sources(wildcards.analysis)
    ]


def injected_limits(wildcards):
    """The limits of which an injected strength is a multiple."""
    interaction = split_case(wildcards.case)[0].rpartition("_")[0]
    return f"results/{wildcards.analysis}/limits/{interaction}.json"


def injected_signal_of(case, limits):
    """What a case injects. While its limits are not there, Snakemake leaves the parameter open."""
    return injected_signal(json.loads(Path(limits).read_text()), *split_case(case))


def injected_workspaces(wildcards):
    """The workspaces of the injected hypotheses."""
    return [
        f"results/{wildcards.analysis}/workspaces/{name}.json"
        for name in INJECTED[wildcards.analysis]
    ]


def limits_of_injected(wildcards):
    """The limits of the injected hypotheses' interactions, one file each."""
    names = (name.rpartition("_")[0] for name in INJECTED[wildcards.analysis])
    return [
        f"results/{wildcards.analysis}/limits/{interaction}.json"
        for interaction in dict.fromkeys(names)
    ]


def injected_events(wildcards):
    """The selected signal events of every case and physics run."""
    return [
        f"results/{wildcards.analysis}/injection/{case}/selected/run_{run.run}.root"
        for case in injected_cases(ANALYSES[wildcards.analysis].settings)
        for run in EVENTS[wildcards.analysis].runs.physics
    ]


def described_files(analysis):
    """The YAMLs whose numbers carry a status: the experiment's, or of events and of the detector they are simulated in."""
    if analysis not in EVENTS:
        return experiment_inputs(analysis)[:1]
    files = [os.path.normpath(ANALYSES[analysis].events_file)]
    if "simulation" in EVENTS[analysis].settings:
        detectors = TOP / "resources" / "detectors"
        files += map(from_here, sorted(detectors.glob("xmass_like_*.yaml")))
    return files


def main_figures(analysis):
    """The figures of the page: those of events first, then those of the search."""
    names = [*EVENT_FIGURES.get(analysis, []), *FIGURES[analysis]]
    return [f"results/{analysis}/figures/{name}.png" for name in names]
