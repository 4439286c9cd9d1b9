"""The raw files of an analysis, looked into before the long work: trees, branches, first entries.

A mistyped branch is then said in a second, with all other faults, and not after the light map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exonu.core.errors import InputError, InputErrors
from exonu.core.progress import Progress
from exonu.core.settings import Settings
from exonu.events.ingest import disagreements
from exonu.events.raw.branches import Branches
from exonu.events.raw.channel_map import ChannelMap
from exonu.events.raw.raw_events import RawFile
from exonu.events.raw.reading import Reading
from exonu.events.raw.root_files import open_tree
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.tabular.read_reconstructed import faults_of_tables

FIRST_ENTRIES = 100


@dataclass(frozen=True)
class Group:
    """The files of one run or sample.

    Attributes:
        name: e.g. `run 7`.
        files: its files.
    """

    name: str
    files: tuple[Path, ...]


def check_settings(inputs: EventInputs) -> Settings:
    """Settings of the step `check_raw`: all that it reads and nothing else."""
    runs = [(f"run {run.run}", run.files) for run in inputs.runs.runs]
    samples = [(f"sample {sample.sample}", sample.files) for sample in inputs.samples]
    groups = [{"name": name, "files": list(map(str, files))} for name, files in [*runs, *samples]]
    if inputs.is_reconstructed:
        columns = inputs.settings["columns"]
        return {"columns": columns, "file": str(inputs.file), "groups": groups}
    channel_map = inputs.channel_map
    return {
        "branches": inputs.settings["branches"],
        "file": str(inputs.file),
        "n_channels": inputs.n_channels,
        "channel_map": None if channel_map is None else channel_map.as_json(),
        "groups": groups,
    }


def raw_faults(inputs: EventInputs) -> list[InputError]:
    """Everything that is wrong with the raw files of an analysis; nothing where the workflow
    simulates them.

    A fault that several files share is said once, with how many others have it.
    """
    return [] if inputs.is_generated else faults_of(check_settings(inputs))


def faults_of(settings: Settings) -> list[InputError]:
    """The same from the settings of a job."""
    groups = [
        Group(group["name"], tuple(map(Path, group["files"]))) for group in settings["groups"]
    ]
    if "columns" in settings:
        return _once(faults_of_tables(settings, [(group.name, group.files) for group in groups]))
    branches = Branches.from_settings(
        settings["branches"], settings["file"], ChannelMap.from_settings(settings["channel_map"])
    )
    found: list[InputError] = []
    total = sum(len(group.files) for group in groups)
    with Progress("check raw files", total, unit="files") as progress:
        for group in groups:
            found += _of_group(group, branches, settings["n_channels"], progress)
    return _once(found)


def _of_group(
    group: Group, branches: Branches, n_channels: int, progress: Progress
) -> Iterator[InputError]:
    files: list[RawFile] = []
    for path in group.files:
        yield from _of_file(path, branches, n_channels, files)
        progress.add(1)
    if len(files) == len(group.files) and not any(file.n_entries for file in files):
        yield InputError(
            "is empty" + (f", and so are all files of {group.name}" if files[1:] else ""),
            file=group.files[0],
            field=f"tree {branches.tree}",
            remedy="leave it out of the list",
        )
    yield from disagreements(files)


def _of_file(
    path: Path, branches: Branches, n_channels: int, files: list[RawFile]
) -> Iterator[InputError]:
    """Faults of one file, which is added to `files` if it can be read at all."""
    try:
        with open_tree(path, branches.tree, allow_empty=True) as tree:
            reading, missing = Reading.as_far_as_possible(tree, branches)
            yield from missing
            if reading.needed:
                for start, columns in tree.chunks(reading.needed, entries=FIRST_ENTRIES):
                    yield from reading.faults(columns, start, n_channels)
            files.append(RawFile(path, tree.n_entries, reading.optional))
    except InputError as fault:  # no such file, no such tree, or nothing in it can be read
        yield from fault.errors if isinstance(fault, InputErrors) else (fault,)


def _once(faults: list[InputError]) -> list[InputError]:
    """Each fault once, though many files may have it, at other entries and with other values."""
    kinds: dict[str, list[InputError]] = {}
    for fault in faults:
        kinds.setdefault(re.sub(r"[\d.]+", "#", f"{fault.field}: {fault.problem}"), []).append(
            fault
        )
    return [_with_count(same) for same in kinds.values()]


def _with_count(same: list[InputError]) -> InputError:
    first, others = same[0], len({fault.file for fault in same}) - 1
    if not others:
        return first
    more = f" (and so in {others} other file{'s'[: others > 1]})"
    return InputError(first.problem + more, file=first.file, field=first.field, remedy=first.remedy)
