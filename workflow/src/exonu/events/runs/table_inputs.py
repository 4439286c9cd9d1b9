"""The events file of level `reconstructed`, with its tables: what belongs to it and what does not, said
before any work starts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from exonu.core.errors import InputError, raise_all
from exonu.core.resources import resource_path
from exonu.core.settings import Settings, read_yaml
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import (
    RunList,
    Sample,
    read_calibration,
    read_run_list,
    read_samples,
)
from exonu.events.selection.cuts import Selection
from exonu.events.tabular.column_map import QUANTITIES, ColumnMap
from exonu.events.variables import COS_ZENITH, DOCUMENTED

SIGNAL = "signal"
OF_HITS = (
    "geometry", "calibration", "branches", "storage", "variables", "dead_pmt", "closure", "detector",
    "reconstruction", "simulation",
)  # fmt: skip
"""Blocks of an events file that are of hits."""
OF_TABLES_ALONE = frozenset(
    {one.variable for one in QUANTITIES.values()} | {"days", COS_ZENITH}
) - {
    "energy_keVee",
    "time_s",
    "run",
    "event",
    "weight",
    "true_energy_keV",
    "component",
}
"""Variables that events from hits do not have."""
SUFFIXES = {
    "parquet": ".parquet",
    "feather": ".feather",
    "hdf5": ".h5",
    "csv": ".csv",
    "root": ".root",
}


def read_table_inputs(file: Path, settings: Settings, given: Mapping[str, Any]) -> EventInputs:
    """Read the tables of an events file of level `reconstructed`; check the cuts and the column map.

    Args:
        file: the events file.
        settings: its settings, defaults included.
        given: the same without defaults.

    Raises:
        InputError: one line per fault, with file, field and remedy.
    """
    raise_all(_foreign_blocks(file, given))
    columns = ColumnMap.from_settings(settings["columns"], file)
    selection = Selection.from_settings(settings["cuts"], settings["columns"]["extra"], file)
    raise_all(_variable_faults(selection, columns, settings, file))
    runs = read_run_list(file.parent / settings["runs"])
    samples = read_samples(file.parent / settings["samples"]) if "samples" in settings else ()
    raise_all(
        [
            *_run_faults(runs),
            *_sample_faults(settings, file, samples, columns),
            *_dual_phase_faults(settings, file, samples),
        ]
    )
    if "dual_phase" in settings:
        suffix = SUFFIXES[settings["dual_phase"]["format"]]
        runs = RunList(
            runs.file, tuple(replace(run, files=_named(run.files, suffix)) for run in runs.runs)
        )
        samples = tuple(replace(sample, files=_named(sample.files, suffix)) for sample in samples)
    return EventInputs(file, settings, 0, runs, samples, read_calibration(None, runs))


def of_the_other_level(
    selection: Selection, others: Collection[str], level: str, file: Path
) -> Iterator[InputError]:
    """A fault for each variable of a cut that events of this level do not have.

    Args:
        selection: the cuts.
        others: variables of the other level.
        level: what to write for it.
        file: the events file.
    """
    for number, cut in enumerate(selection.cuts):
        for name in (name for name in cut.keep.names if name in others):
            yield InputError(
                f"{name!r} is a variable of `{level}`", file=file, field=f"cuts.{number}.keep ({cut.name})",
                remedy=f"{name} is the {DOCUMENTED[name].meaning}; cut on what your files hold",
            )  # fmt: skip


def _named(files: Sequence[Path], suffix: str) -> tuple[Path, ...]:
    return tuple(path.with_suffix(suffix) for path in files)


def _foreign_blocks(file: Path, given: Mapping[str, Any]) -> Iterator[InputError]:
    for key in (key for key in OF_HITS if key in given):
        yield InputError(
            "belongs to `level: hits`", file=file, field=key,
            remedy="remove it: reconstructed events have no hits, and nothing is reconstructed",
        )  # fmt: skip
    for key, why in (
        ("columns", "say in which column of your files each quantity is"),
        ("cuts", "give the cuts in their order; those of the XMASS-like detector are of hits"),
    ):
        if key not in given:
            yield InputError(
                "is missing at `level: reconstructed`", file=file, field=key, remedy=why
            )


def _variable_faults(
    selection: Selection, columns: ColumnMap, settings: Settings, file: Path
) -> Iterator[InputError]:
    """Variables of cuts that nothing in the map gives."""
    there = columns.variables | set(settings["columns"]["extra"])
    if "site" in settings and "days" in there:
        there |= {COS_ZENITH}
    keys = {one.variable: key for key, one in QUANTITIES.items()} | {
        "days": "time",
        "r_cm": "x, y or r",
    }
    wanted = [
        (f"cuts.{number}.keep ({cut.name})", name)
        for number, cut in enumerate(selection.cuts)
        for name in cut.keep.names
    ]
    if (second := settings["templates"].get("second", {}).get("variable")) in DOCUMENTED:
        wanted.append(("templates.second.variable", second))
    for field, name in ((field, name) for field, name in wanted if name not in there):
        remedy = "cut on what your files hold, or name it under `columns.extra`"
        if name == COS_ZENITH:
            remedy = "give `site: {latitude_deg: …, longitude_deg: …}` and `columns.time`"
        elif name in keys:
            remedy = f"map it: `columns.{keys[name]}`"
        yield InputError(
            f"{name!r} is not in the column map", file=file, field=field, remedy=remedy
        )
    for name in sorted(settings["columns"]["extra"].keys() & DOCUMENTED.keys()):
        yield InputError(
            "is the name of a documented variable",
            file=file,
            field=f"columns.extra.{name}",
            remedy="rename it",
        )


def _run_faults(runs: RunList) -> Iterator[InputError]:
    for run in runs.runs:
        if run.dead_pmts:
            yield InputError(
                f"run {run.run} names dead photomultipliers, and reconstructed events have no hits to leave out",
                file=runs.file, field="dead_pmts", remedy="remove the column",
            )  # fmt: skip


def _sample_faults(
    settings: Settings, file: Path, samples: Sequence[Sample], columns: ColumnMap
) -> Iterator[InputError]:
    if not samples:
        return
    mapped = {one.variable for one in columns.columns}
    needed: list[tuple[bool, str, str, str]] = [
        (any(SIGNAL in row.components for row in samples), "true_energy_keV", "true_energy", "the sample `signal`"),
        (any(SIGNAL in row.components for row in samples), "weight", "weight", "the sample `signal`"),
        (any(row.runs == "file" for row in samples), "run", "run", "a sample with `runs: file`"),
        (any(len(row.components) > 1 for row in samples), "component", "component", "a sample of several components"),
    ]  # fmt: skip
    for is_needed, variable, key, by in needed:
        if is_needed and variable not in mapped:
            yield InputError(
                f"is missing, and {by} needs it", file=file, field=f"columns.{key}",
                remedy="say in which column of the simulation it is",
            )  # fmt: skip
    if "liquid_mass_kg" not in settings["templates"]:
        yield InputError(
            "is missing: no detector model says it", file=file, field="templates.liquid_mass_kg",
            remedy="give the mass of the liquid to which the weights of the sample `signal` refer",
        )  # fmt: skip
    for number, one in enumerate(settings["systematics"]):
        field = f"systematics.{number} ({one['name']})"
        if one["kind"] == "dead-pmt" or one.get("from_calibration"):
            yield InputError("is of `level: hits`", file=file, field=field, remedy="remove it")
        if one["kind"] == "resolution" and "true_energy_keV" not in mapped:
            yield InputError(
                "needs the true energy of simulated events", file=file, field=field,
                remedy="give `columns.true_energy`",
            )  # fmt: skip


def _dual_phase_faults(
    settings: Settings, file: Path, samples: Sequence[Sample]
) -> Iterator[InputError]:
    if "dual_phase" not in settings:
        return
    block = settings["dual_phase"]
    if not settings["is_simulated"]:
        yield InputError(
            "must be true if the file has a block `dual_phase`", file=file, field="is_simulated",
            remedy="write true, or remove the block if the files are data",
        )  # fmt: skip
    known = sorted(read_yaml(resource_path("detectors/dual_phase.yaml"))["components"])
    asked = {
        "dual_phase.components": block["components"],
        "dual_phase.truth": list(block["truth"]),
        "samples (component)": [row.component for row in samples if row.component != SIGNAL],
    }
    for field, names in asked.items():
        for name in names:
            if name not in known:
                yield InputError(
                    f"{name!r} is not known",
                    file=file,
                    field=field,
                    remedy=f"known: {', '.join(known)}",
                )
    for row in samples:
        if row.sample not in block["samples"]:
            yield InputError(
                f"says nothing of the sample {row.sample}", file=file, field="dual_phase.samples",
                remedy="give the number of events that are drawn",
            )  # fmt: skip
