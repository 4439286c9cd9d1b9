"""Diagnostics of an event-level analysis: the tables from which its figures are drawn.

Every file is read once, chunk by chunk; a first look at a few thousand events of each settles the
bins.

| table | holds |
|---|---|
| `events.json` | what the tables belong to: heading, cuts, components, bins and marks of each histogram |
| `histograms.csv` | data and components by bin: every number that a cut compares, energy, R³, charges, times |
| `vertices.csv` | z against R² |
| `hit_map.csv` | mean charge of each photomultiplier |
| `resolution.csv` | vertex and energy against the light, from signal simulation |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.files import write_csv, write_json
from exonu.core.progress import Progress
from exonu.core.settings import Settings
from exonu.detector.activities import activities
from exonu.detector.geometry import Geometry, geodesic_geometry
from exonu.detector.geometry_table import own_geometry
from exonu.detector.light_map.light_map import LightMap
from exonu.detector.optics import xmass_like
from exonu.events.diagnostics.diagnosed_sources import SIGNAL
from exonu.events.diagnostics.hit_histograms import HitCounts
from exonu.events.diagnostics.panels import ENERGY, VERTEX, Panel, panels_of, passed, with_edges
from exonu.events.diagnostics.resolution_table import ResolutionCounts, bound_of_one_photoelectron
from exonu.events.diagnostics.stacked_histograms import DATA, PanelCounts, Plane
from exonu.events.raw.root_files import CHUNK_BYTES, open_tree, read_columns
from exonu.events.runs.run_list import RunList
from exonu.events.selection.cuts import TREE, Selection

LOOKED_AT = 12
"""Of so many runs, evenly spread, and of all samples the first chunk settles the bins."""
LOOK_BYTES = 500_000
_TRUTH = ("true_x_cm", "true_y_cm", "true_z_cm", "true_energy_keV")


@dataclass(frozen=True)
class Source:
    """A run or a sample: where it is counted (`data` or its component), and its files."""

    name: str
    reconstructed: Path
    ingested: Path | None


def event_diagnostics(
    settings: Settings,
    reconstructed: Sequence[str | Path],
    ingested: Sequence[str | Path],
    output: str | Path,
    *,
    light_map: str | Path | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> None:
    """Run the job of the step `event_diagnostics`.

    Args:
        settings: of `diagnostics_jobs.diagnostics_settings`.
        reconstructed: the files of its sources, in their order.
        ingested: likewise, with hits; none for no diagnostics of hits.
        output: folder of the tables.
        light_map: its folder, for the Cramér–Rao bound.
        chunk_bytes: about how many uncompressed bytes to read at a time.

    Raises:
        InputError: another number of files than sources; a file without a column that a cut reads.
    """
    sources = sources_of(settings, reconstructed, ingested)
    selection = Selection.from_settings(settings["cuts"], settings["extra"], settings["file"])
    runs, geometry = RunList.from_settings(settings), _geometry(settings)
    reach = float(np.linalg.norm(geometry.positions_cm, axis=1).max())
    panels = with_seen_edges(
        panels_of(selection, settings["extra"], reach), selection, sources, _names(selection)
    )
    blind = settings["blind_keVee"]
    before = next(panel.before for panel in panels if panel.kind == "radius")
    plane = Plane.of_sphere(("x_pe_cm", "y_pe_cm", "z_pe_cm"), before, reach)
    filled = PanelCounts(
        selection, panels, plane, runs.live_days, None if blind is None else (blind[0], blind[1])
    )
    has_signal = any(source.name == SIGNAL for source in sources)
    bound = (
        bound_of_one_photoelectron(LightMap.load(light_map))
        if light_map is not None and has_signal
        else None
    )
    resolution = ResolutionCounts(bound)
    hits = HitCounts(selection, runs, geometry.n_channels, filled.counts)
    for source in sources:
        names = _names(selection) + (_TRUTH if source.name == SIGNAL else ())
        with Progress(
            f"diagnostics of {source.reconstructed.name}", _entries(source.reconstructed)
        ) as progress:
            for columns in read_columns(source.reconstructed, TREE, names, chunk_bytes):
                if source.name == SIGNAL:
                    resolution.add(columns)
                else:
                    filled.add(columns, source.name)
                progress.add(len(columns["weight"]))
        if source.ingested is not None and source.name != SIGNAL:
            hits.add_file(source.ingested, source.name, chunk_bytes)
    _write(
        Path(output), settings, runs, selection, panels, sources, filled, hits, resolution, geometry
    )


def sources_of(
    settings: Settings, reconstructed: Sequence[str | Path], ingested: Sequence[str | Path]
) -> tuple[Source, ...]:
    """Runs and samples of a job, with their files.

    Raises:
        InputError: another number of files than sources.
    """
    rows = settings["sources"]
    for what, files in (("reconstructed", reconstructed), ("ingested", ingested)):
        if len(files) != len(rows) and not (what == "ingested" and not files):
            raise InputError(
                f"are {len(files)} for {len(rows)} runs and samples",
                field=f"{what} files",
                remedy="give one of each",
            )
    return tuple(
        Source(
            DATA if row["kind"] == "data" else row["component"],
            Path(reconstructed[place]),
            Path(ingested[place]) if ingested else None,
        )
        for place, row in enumerate(rows)
    )


def _geometry(settings: Settings) -> Geometry:
    own = own_geometry(settings["geometry"])
    return own or geodesic_geometry(xmass_like(settings["detector"])["geometry"])


def _names(selection: Selection) -> tuple[str, ...]:
    """Columns that are read of every file."""
    return tuple(dict.fromkeys([*selection.wanted, *sorted(VERTEX), ENERGY, "weight", "total_pe"]))


def _entries(path: Path) -> int:
    with open_tree(path, TREE, allow_empty=True) as tree:
        return tree.n_entries


def with_seen_edges(
    panels: Sequence[Panel],
    selection: Selection,
    sources: Sequence[Source],
    names: Sequence[str],
) -> tuple[Panel, ...]:
    """Panels with bins that suit a first look at the files.

    Args:
        panels: some of them without edges.
        selection: the cuts.
        sources: runs and samples.
        names: columns that are read.
    """
    data = [source for source in sources if source.name == DATA]
    spread = (
        [data[k] for k in sorted({round(k) for k in np.linspace(0, len(data) - 1, LOOKED_AT)})]
        if data
        else []
    )
    chosen = [*spread, *(source for source in sources if source.name not in (DATA, SIGNAL))]
    seen: dict[str, list[NDArray[Any]]] = {panel.name: [] for panel in panels}
    for source in chosen:
        for columns in read_columns(source.reconstructed, TREE, names, LOOK_BYTES):
            masks = selection.passed(columns)
            for panel in panels:
                values = np.broadcast_to(panel.observable.evaluate(columns), masks.shape[1]).astype(
                    np.float64
                )
                seen[panel.name].append(values[passed(masks, panel.before)])
            break
    return tuple(
        with_edges(panel, np.concatenate([np.empty(0), *seen[panel.name]])) for panel in panels
    )


def common_record(
    settings: Settings, runs: RunList, sources: Sequence[Source], labels: Mapping[str, str]
) -> Settings:
    """What `events.json` says of any analysis of events.

    Args:
        settings: of the job.
        runs: the run list.
        sources: runs and samples.
        labels: classes in figures of components; the others have their own name.
    """
    components = dict.fromkeys(
        source.name for source in sources if source.name not in (DATA, SIGNAL)
    )
    return {
        "name": settings["name"],
        "is_simulated": settings["is_simulated"],
        "blinded": settings["blind_keVee"] is not None,
        "blind_keVee": settings["blind_keVee"],
        "live_days": runs.live_days,
        "runs": len(runs.physics),
        "components": [[name, labels.get(name, name)] for name in components],
        "cuts": settings["cuts"],
        "extra": settings["extra"],
        "has_signal": any(source.name == SIGNAL for source in sources),
    }


def _write(
    folder: Path,
    settings: Settings,
    runs: RunList,
    selection: Selection,
    panels: Sequence[Panel],
    sources: Sequence[Source],
    filled: PanelCounts,
    hits: HitCounts,
    resolution: ResolutionCounts,
    geometry: Geometry,
) -> None:
    has_hits = any(source.ingested is not None for source in sources)
    known = activities()["components"]
    labels = {name: known[name]["label"] for name in known}
    record = common_record(settings, runs, sources, labels) | {
        "inradius_cm": geometry.inradius_cm,
        "simulated_to_cm": settings["simulated_to_cm"],
        "histograms": {panel.name: panel.as_json(selection) for panel in panels}
        | (hits.as_json() if has_hits else {}),
    }
    scaled = (f"Simulation is scaled to {runs.live_days:.9g} live days.",)
    write_csv(folder / "histograms.csv", filled.counts.table(runs.live_days), scaled)
    write_csv(folder / "vertices.csv", filled.vertex_table(), scaled)
    write_csv(folder / "hit_map.csv", hits.table(geometry.positions_cm))
    write_csv(folder / "resolution.csv", resolution.table())
    write_json(folder / "events.json", record)
