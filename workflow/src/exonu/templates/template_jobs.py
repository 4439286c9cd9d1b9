"""What the steps `templates` and `experiment` read: priors of activities are of the second
alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exonu.core.errors import InputError, raise_all
from exonu.core.settings import Settings
from exonu.events.runs.bins import bin_edges
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import BASELINE, NOMINAL, Sample
from exonu.templates.dead_pmt.correction_jobs import wall_components
from exonu.templates.fit_parts import faults_of_parts, parts_of_the_fit
from exonu.templates.simulated_samples import SIGNAL, SOLAR
from exonu.templates.systematics import declared


def template_settings(inputs: EventInputs, *, blind: bool) -> Settings:
    """Settings of the step `templates`.

    Args:
        inputs: of the analysis.
        blind: whether to leave the data unread.

    Raises:
        InputError: no signal sample or no background, a nominal sample of several components,
            variations and systematics that do not belong together, faults of the systematics.
    """
    raise_all(_faults(inputs))
    nominal, varied = _nominal(inputs), [row for row in inputs.samples if row.variation != NOMINAL]
    return {
        **{
            key: inputs.settings[key]
            for key in ("name", "is_simulated", "detector", "templates", "systematics")
        },
        "cuts": inputs.cuts,
        **({"geometry": inputs.geometry} if inputs.geometry else {}),
        "file": str(inputs.file),
        "extra": inputs.extra,
        "live_days": inputs.runs.live_days,
        "edges_keV": bin_edges(inputs).tolist(),
        "parts": parts_of_the_fit(inputs),
        "wall": wall_components(inputs),
        "runs": [] if blind else [run.run for run in inputs.runs.physics],
        "blind": blind,
        "nominal": [_row(row) for row in nominal],
        "varied": [_row(row) | {"variation": row.variation} for row in varied],
    }


def selected_sources(settings: Mapping[str, Any]) -> list[str]:
    """Names of the selected files that the step reads, in its order."""
    return [
        *(f"run_{run}" for run in settings["runs"]),
        *(f"sample_{row['sample']}" for row in settings["varied"]),
    ]


def reconstructed_sources(settings: Mapping[str, Any]) -> list[str]:
    """Names of the reconstructed files that the step reads, in its order: nominal samples, and, where
    there are regions or slices, the sources of `selected_sources` before their cuts."""
    nominal = [f"sample_{row['sample']}" for row in settings["nominal"]]
    return nominal + (selected_sources(settings) if settings["parts"] else [])


def prior_settings(inputs: EventInputs) -> Settings:
    """Settings of the step `experiment`: activity of each background relative to its sample, and
    its uncertainty."""
    backgrounds = [row for row in _nominal(inputs) if row.component not in (SIGNAL, SOLAR)]
    priors = {
        _name(row): {"activity": row.activity_prior, "uncertainty": row.activity_uncertainty}
        for row in backgrounds
    }
    return {"priors": priors}


def check_fit_ranges(inputs: EventInputs, interactions: Mapping[str, Any], file: str) -> None:
    """Check the fit ranges of an analysis before any work starts.

    Args:
        inputs: of the analysis.
        interactions: the block of its settings.
        file: where that stands.

    Raises:
        InputError: an end of a range that is not an edge of a bin.
    """
    edges = bin_edges(inputs)
    raise_all(
        InputError(
            f"{end:g} keV is not an edge of a bin", file=file, field=f"interactions.{name}.fit_range_keV",
            remedy=f"the nearest is {edges[np.argmin(np.abs(edges - end))]:g} keV",
        )
        for name, block in interactions.items()
        for end in block.get("fit_range_keV", ())
        if np.min(np.abs(edges - end)) > 1e-9 * max(end, 1)
    )  # fmt: skip


def _nominal(inputs: EventInputs) -> list[Sample]:
    unused = inputs.settings["templates"]["unused_components"]
    return [
        row for row in inputs.samples if row.variation == NOMINAL and row.component not in unused
    ]


def _name(row: Sample) -> str:
    """Name of a background in workspaces: that of its sample, with what names of parameters may
    hold."""
    return row.sample.replace("-", "_")


def _row(row: Sample) -> Settings:
    return {"sample": row.sample, "name": _name(row), "components": row.component.split(",")}


def _faults(inputs: EventInputs) -> Iterator[InputError]:
    """What no sheet by itself shows."""
    sheet = inputs.file.parent / inputs.settings.get("samples", "samples.tsv")
    nominal = _nominal(inputs)
    components = [row.component for row in nominal]
    if components.count(SIGNAL) != 1:
        yield InputError(
            f"has {components.count(SIGNAL)} nominal samples of the component {SIGNAL!r}", file=sheet,
            field="component", remedy="one is needed for the response: recoils flat in the logarithm of their energy; "
            "or leave out `samples` in the events file for a cut flow of data alone",
        )  # fmt: skip
    if components.count(SOLAR) > 1:
        yield InputError(
            f"has two nominal samples of the component {SOLAR!r}", file=sheet, field="component"
        )
    if not set(components) - {SIGNAL, SOLAR}:
        yield InputError(
            "has no background", file=sheet, field="component", remedy="add a nominal sample of one"
        )
    beside, cuts = inputs.settings["templates"]["beside"], [cut["name"] for cut in inputs.cuts]
    if beside and beside["cut"] not in cuts:
        yield InputError(
            f"is the cut {beside['cut']!r}, which is not there", file=inputs.file,
            field="templates.beside.cut", remedy=f"the cuts are {', '.join(cuts)}",
        )  # fmt: skip
    for row in (row for row in nominal if "," in row.component):
        yield InputError(
            f"the nominal sample {row.sample} has several components", file=sheet, field="component",
            remedy="give each background a sample of its own; only variations may share one",
        )  # fmt: skip
    for name, count in Counter(map(_name, nominal)).items():
        if count > 1:
            yield InputError(
                f"two samples would be called {name} in workspaces", file=sheet, field="sample"
            )
    yield from _faults_of_variations(inputs, str(sheet))
    yield from faults_of_parts(inputs)


def _faults_of_variations(inputs: EventInputs, sheet: str) -> Iterator[InputError]:
    cuts = [cut["name"] for cut in inputs.settings["cuts"]]
    systematics = declared(inputs.settings["systematics"], cuts, inputs.file)
    traced = {
        f"{one.name}-{way}": one.name
        for one in systematics
        if one.kind == "traced"
        for way in ("up", "down")
    }
    found = {row.variation for row in inputs.samples} - {NOMINAL}
    for variation in sorted(found - traced.keys() - {BASELINE}):
        yield InputError(
            f"the variation {variation!r} belongs to no systematic", file=sheet, field="variation",
            remedy="declare one of kind `traced` in `systematics` of the events file, or remove the sample",
        )  # fmt: skip
    for name in dict.fromkeys(traced.values()):
        if not {f"{name}-up", f"{name}-down"} & found:
            yield InputError(
                f"is traced, and no sample has the variation '{name}-up' or '{name}-down'", file=inputs.file,
                field=f"systematics ({name})", remedy="add one to the sample sheet",
            )  # fmt: skip
    if traced and BASELINE not in found:
        yield InputError(
            f"has no sample of the variation {BASELINE!r}", file=sheet, field="variation",
            remedy="add one: the nominal detector with the decays and seeds of the variations",
        )  # fmt: skip
