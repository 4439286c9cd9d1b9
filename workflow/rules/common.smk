# What is asked for: the analyses and their settings, checked before the DAG is built.

import json
import os
import shutil
import sys
from pathlib import Path
from shlex import quote

TOP = Path(workflow.current_basedir).parents[1]
SOURCE = TOP / "workflow" / "src"
sys.path.insert(0, str(SOURCE))

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

from exonu.archive.final_results import record_results
from exonu.catalogue import SEARCHED
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

if set(str(TOP)) & set("{}"):
    raise WorkflowError(
        f"{TOP}: Snakemake takes braces in the path of a workflow for wildcards; move the repository to a path without"
    )

# The running interpreter and this repository's library come first; one thread in each job and a fixed date give the same
# bytes everywhere.
PYTHON, LIBRARY = (quote(str(path)) for path in (Path(sys.executable).parent, SOURCE))
shell.prefix(
    f'set -euo pipefail; export PATH={PYTHON}:"$PATH" PYTHONPATH={LIBRARY} '
    "OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 SOURCE_DATE_EPOCH=1590537600 PYTHONHASHSEED=0; "
)

# Between the names of combined experiments; Snakemake's lint takes a literal for the composition of a path.
PLUS = "\N{PLUS SIGN}".center(3)

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
        if not analysis.experiments
    }
    COMBINED = {
        name: analysis.experiments
        for name, analysis in ANALYSES.items()
        if analysis.experiments
    }
    for name, members in COMBINED.items():
        TITLES[name] = PLUS.join(TITLES[member] for member in members)
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
# Those of which other exposures are asked for.
PROJECTED = [
    name
    for name in INTERACTIONS
    if any(
        "exposure_tonne_year" in one
        for one in ANALYSES[name].settings["statistics"]["projections"]
    )
]
# Those that scan two couplings together, with a spectrum of their own.
PLANES = [
    name
    for name in INTERACTIONS
    if ANALYSES[name].settings["statistics"]["planes"] and name not in COMBINED
]
# Those with a spectrum of their own, and not a combination of others.
SINGLE = [name for name in INTERACTIONS if name not in COMBINED]
try:
    for member in [one for members in COMBINED.values() for one in members]:
        INTERACTIONS[
            member
        ]  # says why an analysis of data alone has nothing to combine
except InputError as error:
    raise WorkflowError(str(error)) from None
FIRST_ANALYSIS = next(iter(INTERACTIONS), None)

if WITHOUT_SEARCH and workflow.is_main_process:
    logger.info(
        f"{', '.join(WITHOUT_SEARCH)}: no samples, so it ends at the cut flow and figures of data; no templates and no limits."
    )


def record_digests():
    """What the run has made, for `exonu check --results`: an edit afterwards shows."""
    if workflow.is_main_process:
        for name in ANALYSES:
            record_results(Path("results", name), Path(".snakemake", "metadata"))


onstart:
    # To start at most 100 jobs a second, Snakemake (9.27) asks once more each second for every job that has ended which jobs
    # it may start: a fifth of the default run's CPU time. Only clusters need that limit.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    record_digests()


def message_first(record):
    """What a failed job said about its input comes first, and its command line, with all settings, not at all."""
    if getattr(record, "event", None) == LogEvent.JOB_ERROR:
        for file in filter(os.path.isfile, record.log):
            text = "\n{}".format(Path(file).read_text(errors="replace"))
            _, found, said = text.rpartition("\nerror: ")
            record.rule_msg = said.strip() if found else record.rule_msg
        record.shellcmd = None
    text = record.getMessage()
    return not ("CalledProcessError" in text and "exonu.steps." in text)


if workflow.is_main_process:
    logger.addFilter(message_first)


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
    interaction="|".join(SEARCHED),
    chunk=r"\d+",
