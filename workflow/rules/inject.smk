# Known signals, recovered: `snakemake inject`, for every simulated analysis of events. Signals are injected into toys, and
# as events into the whole chain: their raw files go through the very steps of the data.

INJECTED = {
    name: found
    for name, inputs in EVENTS.items()
    if name in INTERACTIONS
    and inputs.is_generated
    and (found := injected_hypotheses(ANALYSES[name].settings))
}


wildcard_constraints:
    case=r"[a-z-]+_[a-z]+_x[0-9.e+-]+",


use rule simulate as injected_simulate with:
    input:
        limits=injected_limits,
    output:
        "results/{analysis}/injection/{case}/raw/{source}.root",
    log:
        "results/{analysis}/logs/injection/{case}_simulate_{source}.log",
    benchmark:
        "results/{analysis}/benchmarks/injection/{case}_simulate_{source}.tsv"
    params:
        settings=lambda wildcards, input: written(
            wildcards,
            injected_simulate_settings(
                EVENTS[wildcards.analysis],
                ANALYSES[wildcards.analysis].settings["seed"],
                of_source(wildcards)["run"],
                injected_signal_of(wildcards.case, input.limits),
            ),
        ),


use rule ingest as injected_ingest with:
    input:
        "results/{analysis}/injection/{case}/raw/{source}.root",
    output:
        events="results/{analysis}/injection/{case}/ingested/{source}.root",
        report="results/{analysis}/injection/{case}/ingested/{source}.json",
    log:
        "results/{analysis}/logs/injection/{case}_ingest_{source}.log",
    benchmark:
        "results/{analysis}/benchmarks/injection/{case}_ingest_{source}.tsv"
    params:
        settings=lambda wildcards, input: written(
            wildcards,
            ingest_settings(
                EVENTS[wildcards.analysis],
                of_source(wildcards)["run"],
                str(input[0]),
            ),
        ),


use rule reconstruct as injected_reconstruct with:
    input:
        events="results/{analysis}/injection/{case}/ingested/{source}.root",
        light_map="results/{analysis}/light_map",
    output:
        "results/{analysis}/injection/{case}/reconstructed/{source}.root",
    log:
        "results/{analysis}/logs/injection/{case}_reconstruct_{source}.log",
    benchmark:
        "results/{analysis}/benchmarks/injection/{case}_reconstruct_{source}.tsv"


use rule select as injected_select with:
    input:
        "results/{analysis}/injection/{case}/reconstructed/{source}.root",
    output:
        events="results/{analysis}/injection/{case}/selected/{source}.root",
        counts="results/{analysis}/injection/{case}/selected/{source}.json",
    log:
        "results/{analysis}/logs/injection/{case}_select_{source}.log",
    benchmark:
        "results/{analysis}/benchmarks/injection/{case}_select_{source}.tsv"


rule injection_toys:
    """Pulls of signals that were injected into toys, and the coverage of their limits."""
    input:
        workspaces=injected_workspaces,
        meanings=lambda wildcards: [
            str(meaning_file(file)) for file in injected_workspaces(wildcards)
        ],
        limits=limits_of_injected,
    output:
        toys="results/{analysis}/injection/toys.csv",
        pulls="results/{analysis}/injection/pulls.csv",
    log:
        "results/{analysis}/logs/injection_toys.log",
    benchmark:
        "results/{analysis}/benchmarks/injection_toys.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1500),
        runtime=resource(60),
    params:
        settings=lambda wildcards: settings(
            wildcards.analysis,
            "statistics.injection",
            "statistics.confidence_level",
            "seed",
        ),
        code=code("search.injection_toys"),
        libraries=libraries("search.injection_toys"),
    shell:
        "python -m exonu.steps.search.injection_toys --settings {params.settings:q} --limits {input.limits} "
        "--output {output.toys} --pulls {output.pulls} {input.workspaces} &> {log}"


rule injection:
    """Signals recovered after the whole chain, beside the verdict on the toys."""
    input:
        workspaces=injected_workspaces,
        meanings=lambda wildcards: [
            str(meaning_file(file)) for file in injected_workspaces(wildcards)
        ],
        limits=limits_of_injected,
        selected=injected_events,
        toys="results/{analysis}/injection/toys.csv",
    output:
        table="results/{analysis}/injection/injection.csv",
        record="results/{analysis}/injection/injection.json",
    log:
        "results/{analysis}/logs/injection.log",
    benchmark:
        "results/{analysis}/benchmarks/injection.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1000),
        runtime=resource(10),
    params:
        settings=lambda wildcards: canonical_json(
            {"edges_keV": bin_edges(EVENTS[wildcards.analysis]).tolist()}
        ),
        selected=lambda wildcards, input: listed(wildcards, input.selected),
        code=code("search.injection"),
        libraries=libraries("search.injection"),
    shell:
        "python -m exonu.steps.search.injection --settings {params.settings:q} --limits {input.limits} --toys {input.toys} "
        "--output {output.table} --record {output.record} {input.workspaces} --selected {params.selected} &> {log}"


rule figure_injection:
    """Recovered against injected strength, and the pulls of toys."""
    input:
        chain="results/{analysis}/injection/injection.csv",
        toys="results/{analysis}/injection/toys.csv",
        pulls="results/{analysis}/injection/pulls.csv",
        counts="results/{analysis}/spectra/counts.csv",
    output:
        png=report(
            "results/{analysis}/figures/injection.png",
            caption="../report/injection.rst",
            category="{analysis}",
            labels={"figure": "injection"},
        ),
        pdf="results/{analysis}/figures/injection.pdf",
    log:
        "results/{analysis}/logs/figure_injection.log",
    benchmark:
        "results/{analysis}/benchmarks/figure_injection.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        settings=lambda wildcards: settings(wildcards.analysis, "plots"),
        code=code("report.figure_injection"),
        libraries=libraries("report.figure_injection"),
    shell:
        "python -m exonu.steps.report.figure_injection --settings {params.settings:q} --chain {input.chain} --toys {input.toys} "
        "--pulls {input.pulls} --counts {input.counts} --output {output} &> {log}"


rule inject:
    """Known signals in toys and through the whole chain, of every simulated analysis of events."""
    input:
        expand("results/{analysis}/injection/injection.json", analysis=INJECTED),
        expand("results/{analysis}/figures/injection.png", analysis=INJECTED),
    localrule: True
