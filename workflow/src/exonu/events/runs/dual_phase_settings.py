"""What the block `dual_phase` of an events file says, as each of its jobs reads it."""

from __future__ import annotations

from exonu.core.settings import Settings
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import SECONDS_PER_DAY


def is_drawn(inputs: EventInputs) -> bool:
    """Whether the workflow draws the files of the events itself."""
    return "dual_phase" in inputs.settings


def drawing_settings(
    inputs: EventInputs, seed: int, *, run: int | None = None, sample: str | None = None
) -> Settings:
    """Settings of the step `draw_events` for one run or one sample: all that it reads and nothing
    else."""
    block = inputs.settings["dual_phase"]
    shared = {"seed": seed, "format": block["format"]}
    if run is not None:
        rates = {name: block["truth"].get(name, 1.0) for name in block["components"]}
        days = inputs.runs[run].live_time_s / SECONDS_PER_DAY
        return shared | {"name": f"run/{run}", "run": run, "live_days": days, "rates": rates}
    row = inputs.sample(sample)
    events = block["samples"][row.sample]
    return shared | {"name": f"sample/{row.sample}", "component": row.component, "events": events}
