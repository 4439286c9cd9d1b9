"""What the diagnostics of an event-level analysis are asked for: their settings, their files and
their figures.

Kept apart from the diagnostics themselves so that planning a workflow stays quick.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exonu.core.errors import InputError, raise_all
from exonu.core.settings import Settings
from exonu.events.runs.bins import bin_edges
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import BASELINE, NOMINAL, Sample
from exonu.events.tabular.column_map import ColumnMap

FEWEST_HEIGHTS = 3
"""The line of the scale of R(PE), and the pattern of the optics, need the source at so many heights."""
SIGNAL = "signal"
"""Component of the simulated events from which efficiency and resolution come; it is no
background."""
CALIBRATION = "co57"
"""Component, and `calibration` the stream, of the ⁵⁷Co source."""
CALIBRATION_STREAM = "calibration"


def diagnostics_settings(
    inputs: EventInputs, *, blind_keVee: tuple[float, float] | None = None
) -> Settings:
    """Settings of the step `event_diagnostics`.

    Args:
        inputs: the analysis.
        blind_keVee: reconstructed energies at which data that pass all cuts are replaced by the
            expectation.
    """
    samples = [sample for sample in _nominal(inputs) if sample.component != CALIBRATION]
    runs = [{"kind": "data", "run": run.run} for run in inputs.runs.physics]
    simulated = [
        {"kind": "simulation", "sample": sample.sample, "component": sample.component}
        for sample in sorted(samples, key=lambda sample: sample.component == SIGNAL)
    ]
    return {
        "name": inputs.settings["name"],
        "file": str(inputs.file),
        "is_simulated": inputs.settings["is_simulated"],
        **({"tables": _of_tables(inputs)} if inputs.is_reconstructed else {}),
        "simulated_to_cm": _simulated_to(inputs, samples),
        "cuts": inputs.cuts,
        "extra": inputs.extra,
        "blind_keVee": None if blind_keVee is None else list(blind_keVee),
        "sources": [*runs, *simulated],
        **_detector(inputs),
        **_physics_runs(inputs),
    }


def calibration_settings(inputs: EventInputs) -> Settings | None:
    """Settings of the step `calibration_check`; None without a calibration run or its
    simulation."""
    runs = [run for run in inputs.runs.runs if run.stream == CALIBRATION_STREAM]
    samples = [sample for sample in _nominal(inputs) if sample.component == CALIBRATION]
    if not runs or not samples or inputs.is_reconstructed:
        return None
    sources: list[dict[str, Any]] = [{"kind": "data", "run": run.run} for run in runs]
    sources += [
        {"kind": "simulation", "sample": sample.sample, "component": CALIBRATION}
        for sample in samples
    ]
    return {
        "name": inputs.settings["name"],
        "is_simulated": inputs.settings["is_simulated"],
        "sources": sources,
    }


def scan_settings(inputs: EventInputs) -> Settings | None:
    """Settings of the step `optics_calibration`; None if no systematic asks for it.

    Raises:
        InputError: no run with heights of the source or fewer than three of them, no sample of the
            source in `baseline` or in a variation that is asked for.
    """
    wanted = [
        one
        for one in inputs.settings["systematics"]
        if one["from_calibration"] and one["kind"] in ("traced", "position")
    ]
    if not wanted:
        return None
    block, runs = inputs.settings["source_scan"], [r for r in inputs.runs.runs if r.source_z_cm]
    heights = sorted({height for run in runs for height in run.source_z_cm})
    traced = [one for one in wanted if one["kind"] == "traced"]
    rows = {
        row.variation: row
        for row in inputs.samples
        if block["component"] in row.components and row.variation != NOMINAL
    }
    raise_all(_scan_faults(inputs, [one["name"] for one in wanted], heights, traced, rows))
    names = [f"{one['name']}-{way}" for one in traced for way in ("up", "down")]
    varied = [rows[name] for name in (BASELINE, *names) if name in rows]
    dead = {channel for run in (*runs, *inputs.runs.physics) for channel in run.dead_pmts}
    return {
        "name": inputs.settings["name"],
        "is_simulated": inputs.settings["is_simulated"],
        "sources": [
            *({"kind": "data", "run": run.run} for run in runs),
            *(_varied_source(row, block["component"]) for row in varied),
        ],
        "baseline": BASELINE,
        "systematics": [one["name"] for one in traced],
        "vertex": len(wanted) > len(traced),
        "descriptions": {one["name"]: one["description"] for one in traced},
        "heights_cm": heights,
        "dead": sorted(dead),
        **{
            key: block[key]
            for key in ("rings", "position_error_cm", "ring_error", "light_yield_error")
        },
        **_detector(inputs),
    }


def _varied_source(row: Sample, component: str) -> Settings:
    place = row.components.index(component) if len(row.components) > 1 else 0
    return {
        "kind": "simulation", "sample": row.sample, "variation": row.variation, "component": place,
    }  # fmt: skip


def _scan_faults(
    inputs: EventInputs, wanted: Sequence[str], heights: Sequence[float],
    traced: Sequence[Settings], rows: Mapping[str, Sample],
) -> Iterator[InputError]:  # fmt: skip
    component = inputs.settings["source_scan"]["component"]
    sheet = inputs.file.parent / inputs.settings.get("samples", "samples.tsv")
    if len(heights) < FEWEST_HEIGHTS:
        yield InputError(
            f"has a source at {len(heights)} heights, and the calibration of {', '.join(wanted)} needs "
            f"{FEWEST_HEIGHTS}",
            file=inputs.runs.file, field="source_z_cm",
            remedy="list runs of a ⁵⁷Co source with their heights, or remove `from_calibration` of these systematics",
        )  # fmt: skip
    missing = [] if BASELINE in rows else [BASELINE]
    missing += [
        f"{one['name']}-up" for one in traced
        if not {f"{one['name']}-up", f"{one['name']}-down"} & rows.keys()
    ]  # fmt: skip
    for name in missing:
        yield InputError(
            f"has no sample of {component!r} with the variation {name!r}, which a systematic `from_calibration` needs",
            file=sheet, field="component",
            remedy=f"add {component} to the components of that variation, or remove `from_calibration`",
        )  # fmt: skip


def source_names(settings: Settings) -> list[str]:
    """Names of the files that a step reads, in its order.

    >>> source_names({"sources": [{"kind": "data", "run": 3}, {"kind": "simulation", "sample": "seal"}]})
    ['run_3', 'sample_seal']
    """
    return [
        f"run_{source['run']}" if source["kind"] == "data" else f"sample_{source['sample']}"
        for source in settings["sources"]
    ]


def event_figures(inputs: EventInputs) -> list[str]:
    """Names of the figures that the step `figure_events` draws."""
    has_signal = any(sample.component == SIGNAL for sample in _nominal(inputs))
    cuts = [f"cut_{cut['name']}" for cut in inputs.settings["cuts"]]
    if inputs.is_reconstructed:
        there = _of_tables(inputs)
        shown = [
            *(["vertices"] if there["vertex"] else []),
            *(["time"] if there["has_time"] else []),
        ]
        return [*cuts, "energy", *shown, "cut_flow", *(["cut_efficiency"] if has_signal else [])]
    from_signal = ["resolution", "cut_efficiency"] if has_signal else []
    return ["hit_map", "hits", *cuts, "energy", "vertices", "cut_flow", *from_signal]


def _of_tables(inputs: EventInputs) -> Settings:
    """What events that come reconstructed have, and how it is shown."""
    columns = ColumnMap.from_settings(inputs.settings["columns"], inputs.file)
    templates = inputs.settings["templates"]
    there = columns.variables & {"r_cm", "z_cm"}
    return {
        "vertex": sorted(there) if "r_cm" in there else [],
        "has_time": "days" in columns.variables,
        "labels": templates["labels"],
        "edges_keV": bin_edges(inputs).tolist(),
    }


def _simulated_to(inputs: EventInputs, samples: Sequence[Sample]) -> float | None:
    """Radius in cm up to which all backgrounds are simulated; None if that is everywhere."""
    block = inputs.settings.get("simulation", {}).get("samples", {})
    radii = [
        float(block[sample.sample]["liquid_radius_cm"])
        for sample in samples
        if sample.component != SIGNAL and "liquid_radius_cm" in block.get(sample.sample, {})
    ]
    return min(radii, default=None)


def _nominal(inputs: EventInputs) -> list[Sample]:
    return [sample for sample in inputs.samples if sample.variation == NOMINAL]


def _detector(inputs: EventInputs) -> Settings:
    return {
        "geometry": inputs.geometry,
        "detector": {"geometry": inputs.settings["detector"].get("geometry", {})},
    }


def _physics_runs(inputs: EventInputs) -> Settings:
    own = any(
        sample.runs == "file" for sample in inputs.samples
    )  # such a sample may name runs of any stream
    rows = [
        run.as_json() | {"files": []} for run in (inputs.runs.runs if own else inputs.runs.physics)
    ]
    return {"run_list": str(inputs.runs.file), "runs": rows}
