"""What each job of histograms, dead-PMT correction and closure reads: nothing else runs it
again."""

from __future__ import annotations

from collections.abc import Sequence

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import NOMINAL, Run, Sample


def histogram_sources(inputs: EventInputs, *, blind: bool = False) -> list[Run | Sample]:
    """Runs of the physics stream, which stay unread in a blind analysis, and all samples."""
    return [*(() if blind else inputs.runs.physics), *inputs.samples]


def histogram_settings(
    inputs: EventInputs, edges_keV: Sequence[float], *, blind: bool = False
) -> Settings:
    """Settings of the step `histograms`; its files are the selected ones of `histogram_sources`, in
    that order.

    Args:
        inputs: of the analysis.
        edges_keV: of the bins.
        blind: leave the data out.
    """
    sources = histogram_sources(inputs, blind=blind)
    return {
        "sources": [_source(inputs, row) for row in sources],
        "edges_keV": [float(edge) for edge in edges_keV],
        "components": wall_components(inputs),
        "live_days": inputs.runs.live_days,
        "is_simulated": inputs.settings["is_simulated"],
    }


def _source(inputs: EventInputs, row: Run | Sample) -> Settings:
    chosen = (
        inputs.select_settings(run=row.run)
        if isinstance(row, Run)
        else inputs.select_settings(sample=row.sample)
    )
    source: Settings = chosen["source"]
    return source


def wall_components(inputs: EventInputs) -> list[str]:
    """Components whose events in front of dead photomultipliers are corrected: those of the
    wall; none of events that come reconstructed."""
    return [] if inputs.is_reconstructed else list(inputs.settings["dead_pmt"]["components"])


def probe_sources(inputs: EventInputs) -> list[Run | Sample]:
    """Runs and samples in which probes are looked for: runs of the probes' streams, nominal samples
    of the wall."""
    streams = inputs.settings["dead_pmt"]["streams"]
    wall = set(wall_components(inputs))
    samples = [
        row
        for row in inputs.samples
        if row.variation == NOMINAL and wall & set(row.component.split(","))
    ]
    return [*(run for run in inputs.runs.runs if run.stream in streams), *samples]


def wants_correction(inputs: EventInputs) -> bool:
    """Whether there is something to correct and to measure: simulated wall components, and runs
    with probes."""
    sources = probe_sources(inputs)
    return any(isinstance(source, Run) for source in sources) and any(
        isinstance(source, Sample) for source in sources
    )


def source_name(source: Run | Sample) -> str:
    """Name of a run's or sample's files."""
    return f"run_{source.run}" if isinstance(source, Run) else f"sample_{source.sample}"


def probe_settings(
    inputs: EventInputs, *, run: int | None = None, sample: str | None = None
) -> Settings:
    """Settings of the step `probes` for one run or one sample."""
    block = inputs.settings["dead_pmt"]
    probes = {key: block[key] for key in ("at_wall_cm", "least_share", "components")}
    probes["highest_keV"] = block["edges_keV"][-1]
    selecting = inputs.select_settings(run=run, sample=sample)
    del selecting["edges_keV"]
    mine = {"dead_pmt": probes} | _reconstruction(inputs)
    return selecting | inputs.run_settings(run=run, sample=sample) | mine


def _reconstruction(inputs: EventInputs) -> Settings:
    """What a job that reconstructs reads, apart from its events."""
    settings = {key: inputs.settings[key] for key in ("detector", "reconstruction", "variables")}
    return settings | ({"geometry": inputs.geometry} if inputs.geometry else {})


def correction_settings(inputs: EventInputs) -> Settings:
    """Settings of the step `dead_pmt_correction`."""
    unread = {"components", "streams", "at_wall_cm", "least_share"}
    block = inputs.settings["dead_pmt"]
    return {"dead_pmt": {key: value for key, value in block.items() if key not in unread}}


def closure_settings(inputs: EventInputs, seed: int) -> Settings:
    """Settings of the steps `closure_events` and `closure`, on windows of the last physics run's
    dead photomultipliers.

    Args:
        inputs: of the analysis.
        seed: of the analysis.
    """
    dead = inputs.runs.physics[-1].dead_pmts
    if not dead:
        raise InputError(
            "has no dead photomultiplier in its last run", file=inputs.runs.file, field="dead_pmts"
        )
    activities = inputs.settings.get("simulation", {}).get("activities", {})
    return _reconstruction(inputs) | {
        "cuts": inputs.cuts,
        "extra": inputs.extra,
        "file": str(inputs.file),
        "dead_pmt": inputs.settings["dead_pmt"],
        "closure": inputs.settings["closure"],
        "activities": activities,
        "dead_pmts": list(dead),
        "seed": seed,
    }
