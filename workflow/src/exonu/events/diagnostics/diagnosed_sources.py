"""What the diagnostics of an event-level analysis are asked for: their settings, their files and
their figures.

Kept apart from the diagnostics themselves so that planning a workflow stays quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exonu.core.settings import Settings
from exonu.events.runs.bins import bin_edges
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import NOMINAL, Sample
from exonu.events.tabular.column_map import ColumnMap

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
