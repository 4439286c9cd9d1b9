"""What the block `dual_phase` of an events file says, as each of its jobs reads it."""

from __future__ import annotations

from exonu.core.settings import Settings
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import SECONDS_PER_DAY


def is_drawn(inputs: EventInputs) -> bool:
    """Whether the workflow draws the files of the events itself."""
    return "dual_phase" in inputs.settings


def drawing_settings(inputs: EventInputs, seed: int) -> Settings:
    """Settings of the step `draw_events`: all that it reads and nothing else.

    Returns:
        `seed`, `format`, and `tables`, each a run or a sample, in the order of `EventInputs.files`.
    """
    block = inputs.settings["dual_phase"]
    rates = {name: block["truth"].get(name, 1.0) for name in block["components"]}
    tables: list[Settings] = [
        {
            "name": f"run/{run.run}",
            "run": run.run,
            "live_days": run.live_time_s / SECONDS_PER_DAY,
            "rates": rates,
        }
        for run in inputs.runs.runs
    ]
    tables += [
        {
            "name": f"sample/{row.sample}",
            "component": row.component,
            "events": block["samples"][row.sample],
        }
        for row in inputs.samples
    ]
    return {"seed": seed, "format": block["format"], "tables": tables}
