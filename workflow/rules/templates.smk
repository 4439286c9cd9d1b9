# From selected events to the experiment that a search reads: the dead-PMT correction, templates with their systematic
# variations, and the priors of the activities. What follows is the same for a published spectrum.

from exonu.events.diagnostics.diagnosed_sources import (
    calibration_settings,
    source_names,
)
from exonu.templates.dead_pmt.correction_jobs import (
    closure_settings,
    correction_settings,
    histogram_settings,
    histogram_sources,
    probe_settings,
    probe_sources,
    source_name,
    wants_correction,
)
from exonu.templates.template_jobs import (
    bin_edges,
    check_fit_ranges,
    prior_settings,
    reconstructed_sources,
    selected_sources,
    template_settings,
)

try:
    TEMPLATES = OfSearches(
        {
            name: template_settings(inputs, blind=ANALYSES[name].settings["blind"])
            for name, inputs in EVENTS.items()
            if name in INTERACTIONS
        },
        WITHOUT_SEARCH,
    )
    for name, inputs in EVENTS.items():
        check_fit_ranges(
            inputs, ANALYSES[name].settings["interactions"], str(ANALYSES[name].file)
        )
except InputError as error:
    raise WorkflowError(str(error)) from None

CALIBRATIONS = {
    name: found
    for name, inputs in EVENTS.items()
    if (found := calibration_settings(inputs)) is not None
}
CORRECTED = [name for name, inputs in EVENTS.items() if wants_correction(inputs)]
CLOSURE_JOBS = 4


rule probes:
    """Events of the wall before living photomultipliers, reconstructed again without these."""
    input:
        ingested="results/{analysis}/ingested/{source}.root",
        reconstructed="results/{analysis}/reconstructed/{source}.root",
        light_map="results/{analysis}/light_map",
    output:
        "results/{analysis}/probes/{source}.root",
    log:
        "results/{analysis}/logs/probes_{source}.log",
    benchmark:
        "results/{analysis}/benchmarks/probes_{source}.tsv"
    priority: PRIORITY["events"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1500),
        runtime=resource(60),
    params:
        settings=lambda wildcards: written(
            wildcards,
            probe_settings(EVENTS[wildcards.analysis], **of_source(wildcards)),
        ),
        code=code("templates.probes"),
        libraries=libraries("templates.probes"),
    shell:
        "python -m exonu.steps.templates.probes --ingested {input.ingested} --reconstructed {input.reconstructed} "
        "--light-map {input.light_map} --settings {params.settings:q} --output {output} &> {log}"


rule dead_pmt_correction:
    """How much more often data leak before a dead photomultiplier than simulation does."""
    input:
        files_of(
            "probes",
            lambda analysis: map(source_name, probe_sources(EVENTS[analysis])),
        ),
    output:
        record="results/{analysis}/dead_pmt/correction.json",
        table="results/{analysis}/dead_pmt/correction.csv",
    log:
        "results/{analysis}/logs/dead_pmt_correction.log",
    benchmark:
        "results/{analysis}/benchmarks/dead_pmt_correction.tsv"
    priority: PRIORITY["events"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        probes=listed,
        settings=lambda wildcards: written(
            wildcards, correction_settings(EVENTS[wildcards.analysis])
        ),
        code=code("templates.dead_pmt_correction"),
        libraries=libraries("templates.dead_pmt_correction"),
    shell:
        "python -m exonu.steps.templates.dead_pmt_correction {params.probes} --settings {params.settings:q} --output {output.record} "
        "--table {output.table} &> {log}"


rule calibration_check:
    """Energy scale, resolution and vertex of the source at the centre, in data and simulation."""
    input:
        files_of("reconstructed", lambda analysis: source_names(CALIBRATIONS[analysis])),
    output:
        record="results/{analysis}/calibration/calibration.json",
        spectrum="results/{analysis}/calibration/spectrum.csv",
    log:
        "results/{analysis}/logs/calibration_check.log",
    benchmark:
        "results/{analysis}/benchmarks/calibration_check.tsv"
    priority: PRIORITY["events"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        reconstructed=listed,
        settings=lambda wildcards: written(wildcards, CALIBRATIONS[wildcards.analysis]),
        code=code("events.calibration_check"),
        libraries=libraries("events.calibration_check"),
    shell:
        "python -m exonu.steps.events.calibration_check --settings {params.settings:q} --reconstructed {params.reconstructed} "
        "--output {output.record} --spectrum {output.spectrum} &> {log}"


rule templates:
    """Spectra of all components with their systematic variations, and the response to signals."""
    input:
        selected=files_of(
            "selected", lambda analysis: selected_sources(TEMPLATES[analysis])
        ),
        reconstructed=files_of(
            "reconstructed",
            lambda analysis: reconstructed_sources(TEMPLATES[analysis]),
        ),
        correction=lambda wildcards: (
            rules.dead_pmt_correction.output.record
            if wildcards.analysis in CORRECTED
            else []
        ),
        calibration=lambda wildcards: (
            rules.calibration_check.output.record
            if wildcards.analysis in CALIBRATIONS
            else []
        ),
    output:
        record="results/{analysis}/templates/templates.json",
        histograms="results/{analysis}/templates/templates.root",
        systematics="results/{analysis}/templates/systematics.csv",
        response="results/{analysis}/templates/response.csv",
    log:
        "results/{analysis}/logs/templates.log",
    benchmark:
        "results/{analysis}/benchmarks/templates.tsv"
    priority: PRIORITY["events"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1500),
        runtime=resource(20),
    params:
        folder=folder_of_output,
        optional=lambda wildcards, input: " ".join(
            f"--{name} {input[name]}"
            for name in ("correction", "calibration")
            if input[name]
        ),
        selected=lambda wildcards, input: listed(wildcards, input.selected),
        reconstructed=lambda wildcards, input: listed(wildcards, input.reconstructed),
        settings=lambda wildcards: written(wildcards, TEMPLATES[wildcards.analysis]),
        code=code("templates.templates"),
        libraries=libraries("templates.templates"),
    shell:
        "python -m exonu.steps.templates.templates --settings {params.settings:q} --selected {params.selected} "
        "--reconstructed {params.reconstructed} {params.optional} --output {params.folder} &> {log}"


rule experiment:
    """The templates with the priors of the activities: what a published spectrum would be."""
    input:
        "results/{analysis}/templates/templates.json",
    output:
        "results/{analysis}/templates/experiment.json",
    log:
        "results/{analysis}/logs/experiment.log",
    benchmark:
        "results/{analysis}/benchmarks/experiment.tsv"
    priority: PRIORITY["events"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        settings=lambda wildcards: written(
            wildcards, prior_settings(EVENTS[wildcards.analysis])
        ),
        code=code("templates.experiment"),
        libraries=libraries("templates.experiment"),
    shell:
        "python -m exonu.steps.templates.experiment --settings {params.settings:q} --templates {input} --output {output} &> {log}"


rule histograms:
    """Spectra of all runs and samples as they are selected, for ROOT."""
    input:
        files_of(
            "selected",
            lambda analysis: map(
                source_name,
                histogram_sources(
                    EVENTS[analysis], blind=ANALYSES[analysis].settings["blind"]
                ),
            ),
        ),
    output:
        "results/{analysis}/templates/histograms.root",
    log:
        "results/{analysis}/logs/histograms.log",
    benchmark:
        "results/{analysis}/benchmarks/histograms.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        selected=listed,
        settings=lambda wildcards: written(
            wildcards,
            histogram_settings(
                EVENTS[wildcards.analysis],
                bin_edges(EVENTS[wildcards.analysis], fraction=0.5),
                blind=ANALYSES[wildcards.analysis].settings["blind"],
            ),
        ),
        code=code("templates.histograms"),
        libraries=libraries("templates.histograms"),
    shell:
        "python -m exonu.steps.templates.histograms {params.selected} --settings {params.settings:q} --output {output} &> {log}"


rule dead_pmt_check:
    """What dead photomultipliers bring into the fiducial volume, before and after the correction."""
    input:
        histograms="results/{analysis}/templates/histograms.root",
        correction="results/{analysis}/dead_pmt/correction.json",
    output:
        "results/{analysis}/dead_pmt/check.csv",
    log:
        "results/{analysis}/logs/dead_pmt_check.log",
    benchmark:
        "results/{analysis}/benchmarks/dead_pmt_check.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        code=code("templates.dead_pmt_check"),
        libraries=libraries("templates.dead_pmt_check"),
    shell:
        "python -m exonu.steps.templates.dead_pmt_check --settings '{{}}' --histograms {input.histograms} "
        "--correction {input.correction} --output {output} &> {log}"


rule figure_dead_pmt:
    """The correction of events before dead photomultipliers, and what it is made of."""
    input:
        "results/{analysis}/dead_pmt/correction.json",
    output:
        png=report(
            "results/{analysis}/figures/dead_pmt.png",
            caption="../report/dead_pmt.rst",
            category="{analysis}",
            subcategory="events",
            labels={"figure": "dead photomultipliers"},
        ),
        pdf="results/{analysis}/figures/dead_pmt.pdf",
    log:
        "results/{analysis}/logs/figure_dead_pmt.log",
    benchmark:
        "results/{analysis}/benchmarks/figure_dead_pmt.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        settings=lambda wildcards: canonical_json(
            {
                "name": TITLES[wildcards.analysis],
                "plots": ANALYSES[wildcards.analysis].settings["plots"],
            }
        ),
        code=code("report.figure_dead_pmt"),
        libraries=libraries("report.figure_dead_pmt"),
    shell:
        "python -m exonu.steps.report.figure_dead_pmt --settings {params.settings:q} --correction {input} --output {output} &> {log}"


rule closure_events:
    """Light on the windows of dead photomultipliers, of the nominal optics or of others."""
    input:
        "results/{analysis}/light_map",
    output:
        "results/{analysis}/closure/{set}_{chunk}.root",
    log:
        "results/{analysis}/logs/closure_{set}_{chunk}.log",
    benchmark:
        "results/{analysis}/benchmarks/closure_{set}_{chunk}.tsv"
    wildcard_constraints:
        set="data|simulation",
        chunk=r"\d+",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1500),
        runtime=resource(60),
    params:
        jobs=CLOSURE_JOBS,
        settings=lambda wildcards: written(
            wildcards,
            closure_settings(
                EVENTS[wildcards.analysis],
                ANALYSES[wildcards.analysis].settings["seed"],
            ),
        ),
        code=code("templates.closure_events"),
        libraries=libraries("templates.closure_events"),
    shell:
        "python -m exonu.steps.templates.closure_events --settings {params.settings:q} --light-map {input} --set {wildcards.set} "
        "--chunk {wildcards.chunk} {params.jobs} --output {output} &> {log}"


rule closure_test:
    """Whether the corrected template agrees with data of other optics, and the uncorrected one does not."""
    input:
        expand(
            "results/{{analysis}}/closure/{set}_{chunk}.root",
            set=["data", "simulation"],
            chunk=range(CLOSURE_JOBS),
        ),
    output:
        record="results/{analysis}/closure/closure.json",
        table="results/{analysis}/closure/closure.csv",
    log:
        "results/{analysis}/logs/closure.log",
    benchmark:
        "results/{analysis}/benchmarks/closure.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1000),
        runtime=resource(10),
    params:
        settings=lambda wildcards: written(
            wildcards,
            closure_settings(
                EVENTS[wildcards.analysis],
                ANALYSES[wildcards.analysis].settings["seed"],
            ),
        ),
        code=code("templates.closure"),
        libraries=libraries("templates.closure"),
    shell:
        "python -m exonu.steps.templates.closure {input} --settings {params.settings:q} --output {output.record} "
        "--table {output.table} &> {log}"


rule templates_of_all:
    """The templates of every analysis that starts from events and has samples."""
    input:
        expand("results/{analysis}/templates/experiment.json", analysis=TEMPLATES),
        expand("results/{analysis}/templates/histograms.root", analysis=TEMPLATES),
        expand("results/{analysis}/dead_pmt/check.csv", analysis=CORRECTED),
        expand("results/{analysis}/figures/dead_pmt.png", analysis=CORRECTED),
    localrule: True


rule closure:
    """The closure test of the dead-PMT correction, with statistics of its own."""
    input:
        expand("results/{analysis}/closure/closure.json", analysis=CORRECTED),
    localrule: True
