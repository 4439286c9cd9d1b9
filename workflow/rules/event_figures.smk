# Diagnostics of an analysis that starts from events: tables of what was measured and simulated, and figures of them.

from exonu.events.diagnostics.diagnosed_sources import (
    diagnostics_settings,
    event_figures,
)

EVENT_DIAGNOSTICS = {
    name: diagnostics_settings(
        inputs,
        blind_keVee=(
            tuple(bin_edges(inputs)[[0, -1]].tolist())
            if ANALYSES[name].settings["blind"]
            else None
        ),
    )
    for name, inputs in EVENTS.items()
}
EVENT_FIGURES = {name: event_figures(inputs) for name, inputs in EVENTS.items()}


use rule step as event_diagnostics with:
    """Hits, vertices, resolution, and every variable of a cut, of data and simulation."""
    input:
        reconstructed=files_of("reconstructed", one_of(EVENT_DIAGNOSTICS, source_names)),
        ingested=files_of("ingested", one_of(EVENT_DIAGNOSTICS, source_names)),
        light_map="results/{analysis}/light_map",
    output:
        expand("results/{{analysis}}/event_diagnostics/{table}", table=EVENT_TABLES),
    pathvars:
        job="event_diagnostics",
    priority: PRIORITY["search"]
    resources:
        **memory_and_time(1500, 30),
    params:
        **step("events.event_diagnostics", one_of(EVENT_DIAGNOSTICS)),


if AS_TABLES:

    use rule step as table_diagnostics with:
        """The same of events that come reconstructed: no hits, and time instead."""
        input:
            reconstructed=files_of(
                "reconstructed", one_of(EVENT_DIAGNOSTICS, source_names)
            ),
        output:
            expand(
                "results/{{analysis}}/event_diagnostics/{table}",
                table=OF_RECONSTRUCTED,
            ),
        pathvars:
            job="table_diagnostics",
        wildcard_constraints:
            analysis="|".join(AS_TABLES),
        priority: PRIORITY["search"]
        params:
            **step("events.table_diagnostics", one_of(EVENT_DIAGNOSTICS)),

    ruleorder: table_diagnostics > event_diagnostics


for analysis, drawn in EVENT_FIGURES.items():

    rule:
        """Figures of these tables and of the cut flow."""
        name:
            rule_name("figure_events", analysis)
        input:
            tables=event_tables(analysis),
            cut_flow=f"results/{analysis}/cut_flow/cut_flow.csv",
            efficiency=f"results/{analysis}/cut_flow/cut_efficiency.csv",
        output:
            *many_figures(analysis, drawn, "events"),
        log:
            f"results/{analysis}/logs/figure_events.log",
        benchmark:
            f"results/{analysis}/benchmarks/figure_events.tsv"
        priority: PRIORITY["long figures"]
        conda:
            "../../envs/environment.yaml"
        resources:
            **memory_and_time(1000, 10),
        params:
            **step("report.figure_events", "plots", of=analysis),
        shell:
            STEP


use rule step as figure_calibration with:
    """The calibration's line in data and simulation."""
    input:
        check="results/{analysis}/calibration/calibration.json",
        spectrum="results/{analysis}/calibration/spectrum.csv",
    output:
        **figure_files("calibration", "events"),
    pathvars:
        job="figure_calibration",
    params:
        **step("report.figure_calibration", "plots"),


use rule step as figure_optics with:
    """Light of the source at its heights before and after the fit of the optics, and what that finds."""
    input:
        record="results/{analysis}/calibration/optics.json",
        light="results/{analysis}/calibration/optics.csv",
    output:
        **figure_files("optics", "events", "optics from a source"),
    pathvars:
        job="figure_optics",
    params:
        **step("report.figure_optics", "plots"),


use rule step as figure_shells with:
    """Counts in the shells before and after the fit, and what it finds."""
    input:
        record="results/{analysis}/calibration/shells.json",
        counts="results/{analysis}/calibration/shells.csv",
    output:
        **figure_files("shells", "events", "shells outside the fiducial volume"),
    pathvars:
        job="figure_shells",
    params:
        **step("report.figure_shells", "plots"),


rule event_figures_of_all:
    """The figures of events of every analysis that starts from them."""
    input:
        [
            f"results/{analysis}/figures/{figure}.png"
            for analysis, drawn in EVENT_FIGURES.items()
            for figure in drawn
        ],
        expand("results/{analysis}/figures/calibration.png", analysis=CALIBRATIONS),
        expand("results/{analysis}/figures/optics.png", analysis=SCANS),
        expand("results/{analysis}/figures/shells.png", analysis=SHELLS),
    localrule: True
