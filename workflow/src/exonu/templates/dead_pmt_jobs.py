"""What each job of histograms, dead-PMT correction and closure reads: nothing else runs it again."""

from __future__ import annotations

from collections.abc import Sequence

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.events.components import WALL_CLASSES
from exonu.events.cut_flow import NOMINAL
from exonu.events.runs import PHYSICS, Run, Sample
from exonu.events.runs_jobs import EventInputs

STREAMS = (PHYSICS, "wall-control")


def histogram_settings(inputs: EventInputs, edges_keV: Sequence[float]) -> Settings:
    """Settings of the step `histograms`; its files are the selected ones of `sources`, in that order.

    Args:
        inputs: of the analysis.
        edges_keV: of the bins.
    """
    sources = [inputs.select_settings(run=run.run)["source"] for run in inputs.runs.physics]
    sources += [inputs.select_settings(sample=sample.sample)["source"] for sample in inputs.samples]
    return {
        "sources": sources,
        "edges_keV": [float(edge) for edge in edges_keV],
        "components": wall_components(inputs),
        "live_days": inputs.runs.live_days,
        "is_simulated": inputs.settings["is_simulated"],
    }


def wall_components(inputs: EventInputs) -> list[str]:
    """Components whose events in front of dead photomultipliers are corrected: those listed, or all wall classes."""
    return list(inputs.settings.get("dead_pmt", {}).get("components", WALL_CLASSES))


def probe_sources(inputs: EventInputs) -> list[Run | Sample]:
    """Runs and samples in which probes are looked for: runs of the probes' streams, nominal samples of the wall."""
    streams = inputs.settings.get("dead_pmt", {}).get("streams", STREAMS)
    wall = set(wall_components(inputs))
    samples = [row for row in inputs.samples if row.variation == NOMINAL and wall & set(row.component.split(","))]
    return [*(run for run in inputs.runs.runs if run.stream in streams), *samples]


def source_name(source: Run | Sample) -> str:
    """Name of a run's or sample's files."""
    return f"run_{source.run}" if isinstance(source, Run) else f"sample_{source.sample}"


def probe_settings(inputs: EventInputs, *, run: int | None = None, sample: str | None = None) -> Settings:
    """Settings of the step `probes` for one run or one sample."""
    read = ("at_wall_cm", "least_share")
    block = inputs.settings.get("dead_pmt", {})
    probes = {key: block[key] for key in read if key in block}
    if "edges_keV" in block:
        probes["highest_keV"] = block["edges_keV"][-1]
    selecting = inputs.select_settings(run=run, sample=sample)
    del selecting["edges_keV"]
    mine = {"dead_pmt": {**probes, "components": wall_components(inputs)}} | _reconstruction(inputs)
    return selecting | inputs.run_settings(run=run, sample=sample) | mine


def _reconstruction(inputs: EventInputs) -> Settings:
    """What a job that reconstructs reads, apart from its events."""
    settings = {key: inputs.settings[key] for key in ("detector", "reconstruction", "variables")}
    if "file" in inputs.settings["geometry"]:
        settings["geometry"] = {"file": str(inputs.file.parent / inputs.settings["geometry"]["file"])}
    return settings


def correction_settings(inputs: EventInputs) -> Settings:
    """Settings of the step `dead_pmt_correction`."""
    unread = {"components", "streams", "at_wall_cm", "least_share"}
    block = inputs.settings.get("dead_pmt", {})
    return {"dead_pmt": {key: value for key, value in block.items() if key not in unread}}


def closure_settings(inputs: EventInputs, seed: int) -> Settings:
    """Settings of the steps `closure_events` and `closure`: the dead photomultipliers are those of the last run.

    Args:
        inputs: of the analysis.
        seed: of the analysis.
    """
    dead = inputs.runs.runs[-1].dead_pmts
    if not dead:
        raise InputError("has no dead photomultiplier in its last run", file=inputs.runs.file, field="dead_pmts")
    activities = inputs.settings["simulation"].get("activities", {})
    return _reconstruction(inputs) | {
        "cuts": inputs.settings["cuts"],
        "extra": sorted(inputs.settings["branches"]["extra"]),
        "file": str(inputs.file),
        "dead_pmt": inputs.settings.get("dead_pmt", {}),
        "closure": inputs.settings.get("closure", {}),
        "activities": activities,
        "dead_pmts": list(dead),
        "seed": seed,
    }
