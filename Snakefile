# exonu: exotic interactions of solar neutrinos in liquid-xenon detectors, from data to 90 % CLs limits.
#
#   ROOT files ─► events ─► templates ─┐
#                 published spectrum ──┴─► workspaces ─► limits ─► tables · figures      results/<analysis>/
#
# What is run stands in config/config.yaml; how a rule is written, in workflow/rules/step.smk.

from snakemake.utils import min_version

min_version("9.19")  # pathvars of rules in modules


include: "workflow/rules/common.smk"
include: "workflow/rules/files.smk"
include: "workflow/rules/archive_contents.smk"
include: "workflow/rules/parameters.smk"
include: "workflow/rules/step.smk"
include: "workflow/rules/events.smk"
include: "workflow/rules/templates.smk"
include: "workflow/rules/event_figures.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/workspaces.smk"
include: "workflow/rules/limits.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/combinations.smk"
include: "workflow/rules/studies.smk"
include: "workflow/rules/publish.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/archive.smk"
include: "workflow/rules/inject.smk"


rule all:
    """Spectra, limits, tables and figures of every analysis in config/config.yaml."""
    default_target: True
    input:
        rules.events.input,
        rules.templates_of_all.input,
        rules.event_figures_of_all.input,
        rules.spectra.input,
        rules.limits.input,
        rules.combinations.input,
        rules.figures.input,
        rules.studies.input,
        rules.tables.input,
        rules.summaries.input,
