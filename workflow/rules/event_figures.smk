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
EVENT_TABLES = [
    "events.json",
    "histograms.csv",
    "vertices.csv",
    "hit_map.csv",
    "resolution.csv",
]


rule event_diagnostics:
    """Hits, vertices, resolution, and every variable of a cut, of data and simulation."""
    input:
        reconstructed=files_of(
            "reconstructed", lambda analysis: source_names(EVENT_DIAGNOSTICS[analysis])
        ),
        ingested=files_of(
            "ingested", lambda analysis: source_names(EVENT_DIAGNOSTICS[analysis])
        ),
        light_map="results/{analysis}/light_map",
    output:
        expand("results/{{analysis}}/event_diagnostics/{table}", table=EVENT_TABLES),
    log:
        "results/{analysis}/logs/event_diagnostics.log",
    benchmark:
        "results/{analysis}/benchmarks/event_diagnostics.tsv"
    priority: PRIORITY["search"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1500),
        runtime=resource(30),
    params:
        folder=folder_of_output,
        reconstructed=lambda wildcards, input: listed(wildcards, input.reconstructed),
        ingested=lambda wildcards, input: listed(wildcards, input.ingested),
        settings=lambda wildcards: written(
            wildcards, EVENT_DIAGNOSTICS[wildcards.analysis]
        ),
        code=code("events.event_diagnostics"),
        libraries=libraries("events.event_diagnostics"),
    shell:
        "python -m exonu.steps.events.event_diagnostics --settings {params.settings:q} --reconstructed {params.reconstructed} "
        "--ingested {params.ingested} --light-map {input.light_map} --output {params.folder} &> {log}"


for analysis, drawn in EVENT_FIGURES.items():

    rule:
        """Figures of these tables and of the cut flow."""
        name:
            rule_name("figure_events", analysis)
        input:
            tables=[
                f"results/{analysis}/event_diagnostics/{table}"
                for table in EVENT_TABLES
            ],
            cut_flow=f"results/{analysis}/cut_flow/cut_flow.csv",
            efficiency=f"results/{analysis}/cut_flow/cut_efficiency.csv",
        output:
            png=report(
                [f"results/{analysis}/figures/{figure}.png" for figure in drawn],
                caption="../report/events.rst",
                category=analysis,
                subcategory="events",
            ),
            pdf=[f"results/{analysis}/figures/{figure}.pdf" for figure in drawn],
        log:
            f"results/{analysis}/logs/figure_events.log",
        benchmark:
            f"results/{analysis}/benchmarks/figure_events.tsv"
        priority: PRIORITY["long figures"]
        conda:
            "../../envs/environment.yaml"
        resources:
            mem_mb=resource(1000),
            runtime=resource(10),
        params:
            folder=folder_of_output,
            tables=lambda wildcards, input: os.path.dirname(input.tables[0]),
            settings=settings(analysis, "plots"),
            code=code("report.figure_events"),
            libraries=libraries("report.figure_events"),
        shell:
            "python -m exonu.steps.report.figure_events --settings {params.settings:q} --diagnostics {params.tables} "
            "--cut-flow {input.cut_flow} --efficiency {input.efficiency} --output {params.folder} &> {log}"


rule figure_calibration:
    """The calibration's line in data and simulation."""
    input:
        check="results/{analysis}/calibration/calibration.json",
        spectrum="results/{analysis}/calibration/spectrum.csv",
    output:
        png=report(
            "results/{analysis}/figures/calibration.png",
            caption="../report/calibration.rst",
            category="{analysis}",
            subcategory="events",
            labels={"figure": "calibration"},
        ),
        pdf="results/{analysis}/figures/calibration.pdf",
    log:
        "results/{analysis}/logs/figure_calibration.log",
    benchmark:
        "results/{analysis}/benchmarks/figure_calibration.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        settings=lambda wildcards: settings(wildcards.analysis, "plots"),
        code=code("report.figure_calibration"),
        libraries=libraries("report.figure_calibration"),
    shell:
        "python -m exonu.steps.report.figure_calibration --settings {params.settings:q} --check {input.check} "
        "--spectrum {input.spectrum} --output {output} &> {log}"


rule event_figures_of_all:
    """The figures of events of every analysis that starts from them."""
    input:
        [
            f"results/{analysis}/figures/{figure}.png"
            for analysis, drawn in EVENT_FIGURES.items()
            for figure in drawn
        ],
        expand("results/{analysis}/figures/calibration.png", analysis=CALIBRATIONS),
    localrule: True
