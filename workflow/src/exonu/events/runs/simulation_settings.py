"""What the block `simulation` of an events file says, checked, and what each of its jobs reads of
it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.settings import Settings, merged, read_yaml
from exonu.detector.optics import Electronics, LightMapSettings, Optics, Scintillation
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import NOMINAL, PHYSICS, RunList, Sample

WALL_COMPONENTS = ("surface", "copper", "seal", "pmt")
_TRACED = ("geometry", "optics", "scintillation", "electronics")
_MAPPED = ("geometry", "optics", "light_map")
TRUTH, NOMINAL_OPTICS = "truth", "nominal"
"""Detectors that have light tables: that of the simulated data and that of the samples."""


def simulate_settings(
    inputs: EventInputs, seed: int, *, run: int | None = None, sample: str | None = None
) -> Settings:
    """Settings of the step `simulate` for one run or one sample: all that it reads and nothing
    else."""
    block = _block(inputs)
    shared = {"seed": seed, "geometry": geometry_settings(inputs)}
    if run is not None:
        row, truth = inputs.runs[run], block["truth"]
        stream = block["streams"][row.stream]
        names = stream["components"]
        return shared | {
            "detector": _sections(true_detector(inputs, run), _TRACED),
            "activities": _activities(block["activities"], names),
            "calibration": asdict(inputs.calibration[run]),
            "run": {"run": run, "live_time_s": row.live_time_s, "dead_pmts": sorted(row.dead_pmts)},
            "stream": stream,
            "factors": {
                name: factor for name, factor in truth["activities"].items() if name in names
            },
            "injected": truth.get("injected") if row.stream == PHYSICS else None,
        }
    sheet = inputs.sample(sample)
    settings = block["samples"][sheet.sample]
    variation = _variation(block, sheet)
    return shared | {
        "detector": _sections(merged(inputs.settings["detector"], variation["detector"]), _TRACED),
        "activities": _activities(
            merged(block["activities"], variation["activities"]), sheet.components
        ),
        "calibration": asdict(inputs.calibration["simulation"]),
        "sample": {
            "sample": sheet.sample,
            "components": list(sheet.components),
            "decays": _decays(settings["decays"], sheet.components),
            "window_keV": settings["window_keV"],
            "liquid_radius_cm": settings.get("liquid_radius_cm"),
            "light_from_tables_above_keV": settings["light_from_tables_above_keV"],
            "focus": _focus(settings, inputs.runs),
            "emphasis": settings["emphasis"],
            "thin": settings["thin"],
            "repeat": settings["repeat"],
            "largest_weight_per_day": settings["largest_weight_per_day"],
            "outer_prescale": _outer_prescale(block, sheet.components),
        },
    }


def true_detector(inputs: EventInputs, run: int | None = None) -> Settings:
    """The detector of the simulated data; of a run, with what drifts."""
    truth = _block(inputs)["truth"]
    detector = merged(inputs.settings["detector"], truth["detector"])
    for period in truth["by_run"] if run is not None else ():
        if period["from_run"] <= run <= period["to_run"]:
            detector = merged(detector, period["detector"])
    return detector


def light_map_settings(inputs: EventInputs, seed: int) -> Settings:
    """Settings of the step `light_map`: the nominal detector as far as light is transported in
    it."""
    detector = _sections(inputs.settings["detector"], _MAPPED)
    return {"seed": seed, "geometry": geometry_settings(inputs), "detector": detector}


def raw_is_temporary(inputs: EventInputs) -> bool:
    """Whether the workflow simulates raw files that go as soon as they are ingested."""
    return "simulation" in inputs.settings and not _block(inputs)["keep_raw"]


def longest_sample(inputs: EventInputs) -> str | None:
    """The simulated sample with the most decays, the longest of all jobs; none without a
    simulation."""
    if "simulation" not in inputs.settings:
        return None
    samples = _block(inputs)["samples"]
    decays = {
        row.sample: sum(_decays(samples[row.sample]["decays"], row.components))
        for row in inputs.samples
    }
    return max(decays, key=lambda name: decays[name], default=None)


def light_tables_settings(inputs: EventInputs, seed: int, optics: str) -> Settings:
    """Settings of the step `light_tables`.

    Args:
        inputs: of the analysis.
        seed: of the analysis.
        optics: TRUTH, of the simulated data, or NOMINAL_OPTICS, of the samples.
    """
    detector = inputs.settings["detector"]
    if optics == TRUTH:
        detector = true_detector(inputs)
    return {
        "seed": seed,
        "geometry": geometry_settings(inputs),
        "detector": _sections(detector, _TRACED),
    }


def light_tables_used(
    inputs: EventInputs, *, run: int | None = None, sample: str | None = None
) -> str | None:
    """Whose light tables the simulation of a run or a sample uses: TRUTH, NOMINAL_OPTICS or
    none."""
    if "simulation" not in inputs.settings:
        return None
    block = _block(inputs)
    if run is not None:
        stream = block["streams"][inputs.runs[run].stream]
        return TRUTH if stream["light_from_tables_above_keV"] else None
    settings = block["samples"][inputs.sample(sample).sample]
    return NOMINAL_OPTICS if settings["light_from_tables_above_keV"] else None


def geometry_settings(inputs: EventInputs) -> Settings:
    """The block `geometry` with its file as seen from the working folder."""
    return inputs.geometry


def _block(inputs: EventInputs) -> Settings:
    if "simulation" not in inputs.settings:
        raise InputError(
            "is not there: the raw files are yours",
            file=inputs.file,
            field="simulation",
            remedy="see docs/events.md",
        )
    block: Settings = inputs.settings["simulation"]
    return block


def _sections(detector: Settings, names: Sequence[str]) -> Settings:
    return {name: detector[name] for name in names if detector.get(name)}


def _activities(overrides: Settings, names: Sequence[str]) -> Settings:
    components = {
        name: content for name, content in overrides.get("components", {}).items() if name in names
    }
    return {"components": components} if components else {}


def _variation(block: Settings, sample: Sample) -> Settings:
    if sample.variation == NOMINAL:
        return {"detector": {}, "activities": {}}
    found: Settings = block["variations"][sample.variation]
    return found


def _outer_prescale(block: Settings, components: Sequence[str]) -> Settings | None:
    """That of the physics data if it is of one of some components: their samples have it too."""
    found: Settings | None = block["streams"].get(PHYSICS, {}).get("outer_prescale")
    return found if found and set(components) & set(found["components"]) else None


def _decays(decays: int | Mapping[str, int], components: Sequence[str]) -> list[int]:
    return [decays[name] for name in components] if isinstance(decays, Mapping) else [decays]


def _focus(settings: Settings, runs: RunList) -> Settings | None:
    """Around the photomultipliers that are dead in some physics run."""
    share, dead = (
        settings.get("focus", 0),
        sorted({channel for run in runs.physics for channel in run.dead_pmts}),
    )
    return {"channels": dead, "share": share} if share and dead else None


# -- what a schema cannot refuse


def faults(
    settings: Settings, file: Path, runs: RunList, samples: Sequence[Sample]
) -> Iterator[InputError]:
    """Faults of the blocks `detector` and `simulation`, and of the tables of what is simulated."""
    yield from _detector_faults(settings["detector"], file, "detector")
    if "simulation" not in settings:
        return
    block = settings["simulation"]
    if not settings["is_simulated"]:
        yield InputError(
            "must be true if the file has a block `simulation`", file=file, field="is_simulated",
            remedy="write true, or remove the block if the ROOT files are data",
        )  # fmt: skip
    yield from _detector_faults(
        merged(settings["detector"], block["truth"]["detector"]), file, "simulation.truth.detector"
    )
    yield from _drift_faults(block, file, runs)
    yield from _activity_faults(block["activities"], file, "simulation.activities")
    for name, content in block["variations"].items():
        field = f"simulation.variations.{name}"
        yield from _detector_faults(
            merged(settings["detector"], content["detector"]), file, f"{field}.detector"
        )
        yield from _activity_faults(content["activities"], file, f"{field}.activities")
    for name in block["truth"]["activities"]:
        yield from _unknown(name, _components(), file, "simulation.truth.activities")
    yield from _stream_faults(block["streams"], file, runs)
    sheet = file.parent / settings.get("samples", "")
    yield from _sample_faults(block, file, samples, sheet)
    yield from _file_faults(runs, samples, sheet)


def _drift_faults(block: Settings, file: Path, runs: RunList) -> Iterator[InputError]:
    """Of `truth: by_run`: numbers of no detector, periods without runs, and light tables, which are of one detector."""
    for i, period in enumerate(block["truth"]["by_run"]):
        field, ends = f"simulation.truth.by_run.{i}", (period["from_run"], period["to_run"])
        yield from _detector_faults(period["detector"], file, f"{field}.detector")
        there = [run for run in runs.runs if ends[0] <= run.run <= ends[1]]
        if not there:
            yield InputError(
                f"holds no run of {runs.file} (got {ends[0]} to {ends[1]})", file=file, field=field,
                remedy="give numbers of the run list, the first one first",
            )  # fmt: skip
        for stream in sorted({run.stream for run in there} & block["streams"].keys()):
            if block["streams"][stream]["light_from_tables_above_keV"]:
                yield InputError(
                    f"changes the detector in the stream {stream!r}, whose light is from tables of one detector",
                    file=file, field=field, remedy="trace it: remove light_from_tables_above_keV of the stream",
                )  # fmt: skip


def _stream_faults(streams: Settings, file: Path, runs: RunList) -> Iterator[InputError]:
    for name, stream in streams.items():
        for component in stream["components"]:
            yield from _unknown(
                component, _components(), file, f"simulation.streams.{name}.components"
            )
        yield from _window_faults(stream, file, f"simulation.streams.{name}.window_keV")
        yield from _table_faults(stream, stream["components"], file, f"simulation.streams.{name}")
        for component in stream.get("outer_prescale", {}).get("components", ()):
            field = f"simulation.streams.{name}.outer_prescale.components"
            yield from _unknown(component, dict.fromkeys(stream["components"]), file, field)
    for stream in dict.fromkeys(run.stream for run in runs.runs):
        if stream not in streams:
            numbers = [run.run for run in runs.runs if run.stream == stream]
            yield InputError(
                f"has no stream {stream!r}, which run {numbers[0]} of {runs.file} belongs to",
                file=file, field="simulation.streams", remedy="say what decays in it",
            )  # fmt: skip


def _sample_faults(
    block: Settings, file: Path, samples: Sequence[Sample], sheet: Path
) -> Iterator[InputError]:
    names = {sample.sample for sample in samples}
    for name, settings in block["samples"].items():
        if name not in names:
            yield InputError(
                "is not a sample of the sample sheet", file=file, field=f"simulation.samples.{name}",
                remedy=f"its samples are {', '.join(sorted(names))}",
            )  # fmt: skip
        yield from _window_faults(settings, file, f"simulation.samples.{name}.window_keV")
    nominal: dict[str, str] = {}
    for sample in samples:
        field = f"simulation.samples.{sample.sample}"
        if sample.sample not in block["samples"]:
            yield InputError(
                "is missing, and is in the sample sheet",
                file=file,
                field=field,
                remedy="give its `decays`",
            )
        else:
            mine = block["samples"][sample.sample]
            yield from _decay_faults(mine, sample.components, file, field)
            yield from _emphasis_faults(mine, sample.components, file, field)
            yield from _thin_faults(mine, file, field)
            yield from _table_faults(mine, sample.components, file, field)
            if mine["repeat"] and sample.variation != NOMINAL:
                yield InputError(
                    f"is for nominal samples, and this one is of {sample.variation}", file=file,
                    field=f"{field}.repeat", remedy="remove it: variations are compared event by event",
                )  # fmt: skip
            if mine["light_from_tables_above_keV"] and sample.variation != NOMINAL:
                yield InputError(
                    f"is for the nominal detector, and the sample is of the variation {sample.variation}",
                    file=file, field=f"{field}.light_from_tables_above_keV",
                    remedy="remove it: variations are traced, with the random numbers of the baseline",
                )  # fmt: skip
        for component in sample.components:
            yield from _unknown(
                component, _components(), sheet, f"samples, {sample.sample}, column component"
            )
        if sample.variation != NOMINAL and sample.variation not in block["variations"]:
            yield InputError(
                f"has no variation {sample.variation!r}, which the sample {sample.sample} is of", file=file,
                field="simulation.variations", remedy="say what is varied",
            )  # fmt: skip
        for component in sample.components if sample.variation == NOMINAL else ():
            if nominal.setdefault(component, sample.sample) != sample.sample:
                yield InputError(
                    f"{component!r} is in the nominal samples {nominal[component]} and {sample.sample}, which would "
                    "have the same events", file=file, field="samples", remedy="give one of them more decays",
                )  # fmt: skip


def _decay_faults(
    settings: Settings, components: Sequence[str], file: Path, field: str
) -> Iterator[InputError]:
    decays = settings["decays"]
    if isinstance(decays, Mapping) and decays.keys() != set(components):
        yield InputError(
            f"is for {', '.join(decays)}, and the sample is of {', '.join(components)}", file=file,
            field=f"{field}.decays", remedy="give a number for each of its components",
        )  # fmt: skip
    if not isinstance(decays, Mapping) and len(components) > 1:
        yield InputError(
            f"is one number for {len(components)} components", file=file, field=f"{field}.decays",
            remedy=f"write {{{', '.join(f'{name}: {decays}' for name in components)}}}",
        )  # fmt: skip
    if settings.get("focus") and not set(components) & set(WALL_COMPONENTS):
        yield InputError(
            f"is for what decays in the wall, and the sample is of {', '.join(components)}", file=file,
            field=f"{field}.focus", remedy="remove it",
        )  # fmt: skip


def _emphasis_faults(
    settings: Settings, components: Sequence[str], file: Path, field: str
) -> Iterator[InputError]:
    """Of sources that are not in the sample: their decays would stay as they are."""
    known = [
        f"{component}/{source}"
        for component in components
        for source in _components().get(component, {"sources": ()})["sources"]
    ]
    for name in settings["emphasis"]:
        if "/".join(name.split("/")[:2]) not in known:
            yield InputError(
                f"has no {name!r}", file=file, field=f"{field}.emphasis",
                remedy=f"sources of this sample: {', '.join(known)}",
            )  # fmt: skip


def _file_faults(runs: RunList, samples: Sequence[Sample], sheet: Path) -> Iterator[InputError]:
    """Tables of what is simulated: one file each, in the units that the simulation writes."""
    for run in runs.runs:
        if len(run.files) != 1:
            yield InputError(
                f"run {run.run} has {len(run.files)} files, and is simulated into one", file=runs.file, field="files",
                remedy="name one",
            )  # fmt: skip
    for sample in samples:
        if len(sample.files) != 1:
            wrong, remedy = f"{len(sample.files)} files, and is simulated into one", "name one"
            yield InputError(
                f"the sample {sample.sample} has {wrong}", file=sheet, field="files", remedy=remedy
            )
        if sample.equivalent_live_days != 1:
            yield InputError(
                f"is {sample.equivalent_live_days:g} for the sample {sample.sample}, whose weights are per day",
                file=sheet, field="equivalent_live_days", remedy="write 1",
            )  # fmt: skip
        if sample.runs != "shared":
            yield InputError(
                f"is {sample.runs!r} for the sample {sample.sample}, which is simulated without runs", file=sheet,
                field="runs", remedy="write shared",
            )  # fmt: skip


def _thin_faults(settings: Settings, file: Path, field: str) -> Iterator[InputError]:
    for i, rule in enumerate(settings["thin"]):
        if "below_keV" in rule and rule["below_keV"] <= rule["above_keV"]:
            yield InputError(
                f"must be above `above_keV` (got {rule['below_keV']:g} and {rule['above_keV']:g})",
                file=file,
                field=f"{field}.thin.{i}.below_keV",
            )


def _table_faults(
    settings: Settings, components: Sequence[str], file: Path, field: str
) -> Iterator[InputError]:
    for name in settings["light_from_tables_above_keV"]:
        yield from _unknown(
            name, dict.fromkeys(components), file, f"{field}.light_from_tables_above_keV"
        )


def _window_faults(settings: Settings, file: Path, field: str) -> Iterator[InputError]:
    low, high = settings["window_keV"]
    if not low < high:
        yield InputError(
            f"must be two energies, low < high (got {low:g}, {high:g})",
            file=file,
            field=field,
            remedy="swap them",
        )


def _detector_faults(detector: Settings, file: Path, field: str) -> Iterator[InputError]:
    sections: dict[str, Callable[[Settings | None], object]] = {
        "optics": Optics.from_settings,
        "scintillation": Scintillation.from_settings,
        "electronics": Electronics.from_settings,
        "light_map": LightMapSettings.from_settings,
    }
    for name, read in sections.items():
        try:
            read(detector.get(name))
        except InputError as error:
            yield InputError(
                error.problem, file=file, field=f"{field}.{error.field}", remedy=error.remedy
            )


def _activity_faults(overrides: Settings, file: Path, field: str) -> Iterator[InputError]:
    for name, content in overrides.get("components", {}).items():
        yield from _unknown(name, _components(), file, f"{field}.components")
        for source in content.get("sources", {}) if name in _components() else ():
            yield from _unknown(
                source, _components()[name]["sources"], file, f"{field}.components.{name}.sources"
            )


def _unknown(name: str, known: Mapping[str, Any], file: Path, field: str) -> Iterator[InputError]:
    if name not in known:
        yield InputError(
            f"has no {name!r}", file=file, field=field, remedy=f"known: {', '.join(known)}"
        )


@cache
def _components() -> Settings:
    """The table of activities without the code that uses it, which planning need not import."""
    table: Settings = read_yaml(resource_path("detectors/xmass_like_activities.yaml"))["components"]
    return table
