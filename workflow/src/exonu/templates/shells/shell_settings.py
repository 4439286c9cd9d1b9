"""What the step `shell_calibration` is asked for, and what speaks against it before any work starts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from exonu.core.errors import InputError, raise_all
from exonu.core.settings import Settings
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import NOMINAL
from exonu.events.variables import known_variables
from exonu.templates.fit_parts import REGION, common_point, part_settings
from exonu.templates.simulated_samples import SIGNAL, SOLAR
from exonu.templates.template_jobs import prior_settings, template_settings

CALIBRATION = "from_calibration"


def shell_settings(inputs: EventInputs) -> Settings | None:
    """Settings of the step `shell_calibration`; None if no systematic is `from_shells`.

    Data outside the fiducial volume are read of a blind analysis too: what is blind is what the cuts
    keep.

    Raises:
        InputError: no shells, shells that the cuts or a control region keep, a systematic that is also
            `from_calibration`.
    """
    wanted = [one for one in inputs.settings["systematics"] if one["from_shells"]]
    if not wanted:
        return None
    raise_all(_faults(inputs))
    whole = template_settings(inputs, blind=False)
    block = inputs.settings["shells"]
    nominal = [row for row in whole["nominal"] if row["components"][0] not in (SIGNAL, SOLAR)]
    as_simulated = {CALIBRATION: False, "from_shells": False}
    systematics = [
        one | {"ranges_keV": block["edges_keV"]} | (as_simulated if one["kind"] == "traced" else {})
        for one in whole["systematics"]
    ]
    told = {**whole, "nominal": nominal, "systematics": systematics}
    shells = []
    for low, high in pairwise(block["edges"]):
        keep = f"{low!r} <= {block['variable']} and {block['variable']} < {high!r}"
        cuts = [
            cut | {"keep": keep} if cut["name"] == block["cut"] else cut for cut in whole["cuts"]
        ]
        part = {
            "name": f"{low:g} to {high:g}", "kind": REGION, "cuts": cuts, "edges_keV": block["edges_keV"],
            "instead_of": block["cut"],
        }  # fmt: skip
        shells.append(part_settings(told, part))
    return {
        **{key: whole[key] for key in ("name", "is_simulated", "file", "runs", "varied")},
        "nominal": nominal,
        "variable": block["variable"],
        "edges": block["edges"],
        "edges_keV": block["edges_keV"],
        "measured": [one["name"] for one in wanted],
        "calibrated": [
            one["name"]
            for one in inputs.settings["systematics"]
            if one[CALIBRATION] and one["kind"] == "traced"
        ],
        "descriptions": {one["name"]: one["description"] for one in inputs.settings["systematics"]},
        "activities": block["activities"],
        **prior_settings(inputs),
        "spectrum": {**told, "systematics": [], "parts": []},
        "shells": shells,
    }


def shell_sources(settings: Settings) -> list[str]:
    """Names of the reconstructed files that the step reads, in its order: nominal samples, runs, varied
    samples."""
    return [
        *(f"sample_{row['sample']}" for row in settings["nominal"]),
        *(f"run_{run}" for run in settings["runs"]),
        *(f"sample_{row['sample']}" for row in settings["varied"]),
    ]


def _faults(inputs: EventInputs) -> Iterator[InputError]:
    block, cuts = inputs.settings.get("shells"), {cut["name"]: cut for cut in inputs.cuts}
    names = [one["name"] for one in inputs.settings["systematics"] if one["from_shells"]]
    for number, one in enumerate(inputs.settings["systematics"]):
        field = f"systematics.{number} ({one['name']})"
        if one["from_shells"] and one["kind"] != "traced":
            yield InputError(
                f"is of kind {one['kind']!r}", file=inputs.file, field=f"{field}.from_shells",
                remedy="only traced systematics are measured in shells",
            )  # fmt: skip
        if one["from_shells"] and one[CALIBRATION]:
            yield InputError(
                "is measured by the source already", file=inputs.file, field=f"{field}.from_shells",
                remedy="remove one of `from_calibration` and `from_shells`; shells take the source's result as known",
            )  # fmt: skip
    if block is None:
        yield InputError(
            f"is missing, and {', '.join(names)} needs it", file=inputs.file, field="shells",
            remedy="give the cut that the shells replace, edges of the radius and of the energy",
        )  # fmt: skip
        return
    for key in ("edges", "edges_keV"):
        if any(low >= high for low, high in pairwise(block[key])):
            yield InputError(
                "do not increase", file=inputs.file, field=f"shells.{key}", remedy="sort them"
            )
    for component in block["activities"]:
        rows = [
            row for row in inputs.samples if (row.variation, row.component) == (NOMINAL, component)
        ]
        if len(rows) != 1 or rows[0].activity_uncertainty is None:
            yield InputError(
                f"{component!r} has {len(rows)} nominal samples, and one with an `activity_uncertainty` is needed",
                file=inputs.file, field="shells.activities",
                remedy="give that in the sample sheet, or leave the component out",
            )  # fmt: skip
    if block["cut"] not in cuts:
        yield InputError(
            f"replaces the cut {block['cut']!r}, which is not there", file=inputs.file, field="shells.cut",
            remedy=f"the cuts are {', '.join(cuts)}",
        )  # fmt: skip
        return
    keep = f"{block['edges'][0]!r} <= {block['variable']} and {block['variable']} < {block['edges'][-1]!r}"
    others = {f"the cut {block['cut']}": cuts[block["cut"]]["keep"]} | {
        f"the region {region['name']}": region["keep"]
        for region in inputs.settings["templates"]["regions"]
        if region["cut"] == block["cut"]
    }
    known = known_variables(inputs.extra)
    for name, other in others.items():
        if (point := common_point(keep, other, known)) is not None:
            yield InputError(
                f"keep {point} as {name} does", file=inputs.file, field="shells.edges",
                remedy="an event is used once: take shells that the fit leaves out",
            )  # fmt: skip
