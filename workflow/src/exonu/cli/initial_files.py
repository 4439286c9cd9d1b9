"""What `exonu init` writes: a template, or what is guessed from the table of a spectrum."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from exonu.core.errors import InputError
from exonu.core.files import write_text
from exonu.core.resources import resource_path, schema_path
from exonu.core.text_files import read_text

_SCHEMAS = "$schema=../../workflow/schemas/"
"""Where the templates say that editors find the schemas: in the repository; `exonu init` writes where they are."""

_NEXT = """\
wrote {folder}/: experiment.yaml, spectrum.csv and efficiency.csv describe an experiment, analysis.yaml the search.
  exonu limit {folder} --interaction magnetic-moment
sets a limit, blinded as analysis.yaml says: the expected background stands in place of your counts.
For the workflow, put the folder into config/ and its name into `analyses` of config/config.yaml.
"""
_NEXT_WITH_TABLES = """\
wrote {folder}/: events.yaml says what stands in which column and how events are selected, runs.tsv and samples.tsv
list the files, the CSVs are a small invented example, analysis.yaml is the search.
1. Put the folder into config/ and its name, {name}, into `analyses` of config/config.yaml: the example runs as it is.
2. Write your columns, units and cuts into events.yaml, your files into the tables: docs/tutorial-tpc.md.
3. See what is missing or would run, then run it, first up to the cut flow:
  snakemake --dry-run
  snakemake --cores 2 results/{name}/cut_flow/cut_flow.csv
"""
_NEXT_WITH_EVENTS = """\
wrote {folder}/: events.yaml describes ROOT files and cuts, runs.tsv, samples.tsv and calibration.tsv list the files,
pmts.csv and channel_map.csv are an example of another detector, analysis.yaml is the search.
1. Write your branches and cuts into events.yaml, your files into the tables; docs/events.md explains both.
2. Put the folder into config/ and its name, {name}, into `analyses` of config/config.yaml.
3. See what is missing or would run, then run it, first up to the cut flow:
  snakemake --dry-run
  snakemake --cores 2 results/{name}/cut_flow/cut_flow.csv
"""
_NEXT_OF_TABLE = """\
wrote {folder}/: experiment.yaml describes your table as far as it could be guessed, analysis.yaml the search.
1. Look at every line of experiment.yaml that says `guessed`, correct it, and take the mark away: such a table has
   neither exposure nor efficiency.
2. exonu limit {folder} --interaction magnetic-moment
   sets a limit, blinded as analysis.yaml says: the expected background stands in place of your counts.
"""


def initial_files(given: argparse.Namespace) -> tuple[dict[str, str], str]:
    """The texts of the new files by their names, and what is said when they are written.

    Args:
        given: the arguments of `exonu init`.

    Raises:
        InputError: options that exclude each other; a table whose columns cannot be guessed.
    """
    of_tables = given.level == "reconstructed"
    if of_tables and not given.events:
        raise InputError("is of events", field="--level", remedy="add --events")
    if given.table is not None and given.events:
        raise InputError("is a table of a spectrum", field="--from", remedy="leave out --events")
    if given.table is not None:
        return _from_table(given.table, given.folder), _NEXT_OF_TABLE
    if of_tables:
        template, following = resource_path("template_reconstructed"), _NEXT_WITH_TABLES
    elif given.events:
        template, following = resource_path("template_events"), _NEXT_WITH_EVENTS
    else:
        template, following = resource_path("template"), _NEXT
    return _of_template(template, given.folder), following


def _of_template(template: Path, folder: Path) -> dict[str, str]:
    schemas = os.path.relpath(schema_path("analysis.yaml").parent, folder)
    return {
        file.name: file.read_text(encoding="utf-8").replace(_SCHEMAS, f"$schema={schemas}/")
        for file in sorted(template.iterdir())
    }


def _from_table(table: Path, folder: Path) -> dict[str, str]:
    from exonu.search.experiment.guessed_mapping import EFFICIENCY, guessed_experiment

    spectrum = f"spectrum{table.suffix.lower() if table.suffix.lower() in _ENDINGS else '.txt'}"
    experiment = guessed_experiment(table, spectrum, folder.resolve().name)
    return {
        "analysis.yaml": _of_template(resource_path("template"), folder)["analysis.yaml"],
        "efficiency.csv": EFFICIENCY,
        "experiment.yaml": experiment,
        spectrum: read_text(table, "CSV"),
    }


_ENDINGS = (".csv", ".txt", ".tsv", ".dat")


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write new files into a folder that is new or empty.

    Raises:
        InputError: a file of that name, a folder that is not empty, or one that nobody may write.
    """
    new = "name a new folder; nothing was written"
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file", file=folder, remedy=new)
    if folder.exists() and any(folder.iterdir()):
        raise InputError("is not empty", file=folder, remedy=new)
    try:
        for name, text in files.items():
            write_text(folder / name, text)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})",
            file=folder,
            remedy="name a folder that you may write to",
        ) from None
