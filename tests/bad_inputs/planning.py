"""What planning reads and checks before any job starts: the same calls as in
`workflow/rules/common.smk`."""

from __future__ import annotations

from pathlib import Path

from exonu.core.settings import read_yaml
from exonu.search.analysis import read_config
from exonu.search.event_analysis import event_inputs
from exonu.search.planning import planned_experiment, variant_settings
from exonu.templates.template_jobs import check_fit_ranges, template_settings


def plan(file: Path) -> None:
    """Read a `config.yaml` and all that it names.

    Raises:
        InputError: as the workflow prints it.
    """
    for analysis in read_config(read_yaml(file), file):
        for variant in analysis.settings["variants"]:
            variant_settings(analysis, variant)
        if analysis.starts_from_events:
            inputs = event_inputs(analysis)
            template_settings(inputs, blind=analysis.settings["blind"])
            check_fit_ranges(inputs, analysis.settings["interactions"], str(analysis.file))
        else:
            planned_experiment(analysis)
