"""Read an events file with its tables, and say every fault before any work starts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from exonu.core.errors import InputError, raise_all
from exonu.core.settings import Settings, merged, read_yaml
from exonu.events.raw.branches import Branches
from exonu.events.raw.channel_map import read_channel_map
from exonu.events.runs import simulation_settings
from exonu.events.runs.event_inputs import RECONSTRUCTED, EventInputs
from exonu.events.runs.run_list import (
    read_calibration,
    read_event_settings,
    read_run_list,
    read_samples,
)
from exonu.events.runs.table_inputs import (
    OF_TABLES_ALONE,
    of_the_other_level,
    read_table_inputs,
)
from exonu.events.selection.cuts import Selection
from exonu.events.variables import DOCUMENTED


def read_event_inputs(
    file: str | Path, n_channels: int, overrides: Settings | None = None
) -> EventInputs:
    """Read an events file and the tables that it names; check the cuts and the branch map.

    Args:
        file: the events file.
        n_channels: number of photomultipliers.
        overrides: settings that replace those of the file.

    Raises:
        InputError: one line per fault, with file, field and remedy.
    """
    file = Path(file)
    settings = read_event_settings(file, overrides)
    if settings["level"] == RECONSTRUCTED:
        return read_table_inputs(file, settings, merged(read_yaml(file), overrides or {}))
    raise_all(_faults(settings, file))
    Branches.from_settings(settings["branches"], file)
    selection = Selection.from_settings(settings["cuts"], settings["branches"]["extra"], file)
    raise_all(of_the_other_level(selection, OF_TABLES_ALONE, "level: reconstructed", file))
    table = settings["geometry"].get("channel_map")
    channel_map = read_channel_map(file.parent / table, n_channels) if table else None
    runs = read_run_list(file.parent / settings["runs"], n_channels, channel_map)
    samples = read_samples(file.parent / settings["samples"]) if "samples" in settings else ()
    raise_all(simulation_settings.faults(settings, file, runs, samples))
    table = file.parent / settings["calibration"] if "calibration" in settings else None
    calibration = read_calibration(table, runs)
    return EventInputs(file, settings, n_channels, runs, samples, calibration, channel_map)


def _faults(settings: Settings, file: Path) -> Iterator[InputError]:
    """What a schema cannot refuse."""
    second = settings["templates"].get("second", {}).get("variable")
    if second in OF_TABLES_ALONE:
        yield InputError(
            f"{second!r} is a variable of `level: reconstructed`", file=file, field="templates.second.variable",
            remedy="name one that events from hits have",
        )  # fmt: skip
    for key in sorted({"columns", "dual_phase", "site"} & settings.keys()):
        yield InputError(
            "belongs to `level: reconstructed`", file=file, field=key,
            remedy="write that level, or remove the block",
        )  # fmt: skip
    taken = DOCUMENTED.keys() | {"channel", "charge", "time", "nhit"}
    for number, one in enumerate(settings["systematics"]):
        if one["along"] != "all":
            yield InputError(
                f"is {one['along']}, and the vertex from hits is shifted as a whole", file=file,
                field=f"systematics.{number}.along", remedy="leave it out",
            )  # fmt: skip
    for name in sorted(settings["branches"]["extra"].keys() & taken):
        yield InputError(
            "is the name of a documented variable",
            file=file,
            field=f"branches.extra.{name}",
            remedy="rename it",
        )
    if "walls" in settings["geometry"] and "file" not in settings["geometry"]:
        yield InputError(
            "is given without the photomultipliers",
            file=file,
            field="geometry.walls",
            remedy="give their table, `file`, too",
        )
    edges = settings["efficiency"]["edges_keV"]
    for lower, upper in pairwise(edges):
        if lower >= upper:
            yield InputError(
                f"do not increase ({upper:g} after {lower:g})",
                file=file,
                field="efficiency.edges_keV",
                remedy="sort them",
            )
