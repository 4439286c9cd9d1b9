# From raw ROOT files to selected events: ingest ─► reconstruct ─► select ─► cut flow, once for every run of the run list
# and every sample of the sample sheet. Where an events file has a block `simulation`, its raw files are made here too.

from exonu.events.runs.simulation_settings import light_map_settings, simulate_settings

SOURCES = {
    name: [
        *(f"run_{run.run}" for run in inputs.runs.runs),
        *(f"sample_{sample.sample}" for sample in inputs.samples),
    ]
    for name, inputs in EVENTS.items()
}


wildcard_constraints:
    source=r"(run|sample)_[A-Za-z0-9_.-]+",


rule simulate:
    """A run or a sample of the demonstration: decays, light, photomultipliers."""
    output:
        "results/{analysis}/raw/{source}.root",
    log:
        "results/{analysis}/logs/simulate_{source}.log",
    benchmark:
        "results/{analysis}/benchmarks/simulate_{source}.tsv"
    priority: PRIORITY["simulation"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1000),
        runtime=resource(60),
    params:
        settings=lambda wildcards: written(
            wildcards,
            simulate_settings(
                EVENTS[wildcards.analysis],
                seed=ANALYSES[wildcards.analysis].settings["seed"],
                **of_source(wildcards),
            ),
        ),
        code=code("events.simulate"),
        libraries=libraries("events.simulate"),
    shell:
        "python -m exonu.steps.events.simulate --settings {params.settings:q} --output {output} &> {log}"


rule ingest:
    """Calibrated events with the variables that cuts use; hits of dead photomultipliers are removed."""
    input:
        raw_files,
    output:
        events="results/{analysis}/ingested/{source}.root",
        report="results/{analysis}/ingested/{source}.json",
    log:
        "results/{analysis}/logs/ingest_{source}.log",
    benchmark:
        "results/{analysis}/benchmarks/ingest_{source}.tsv"
    priority: PRIORITY["events"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1000),
        runtime=resource(30),
    params:
        settings=lambda wildcards: written(
            wildcards,
            EVENTS[wildcards.analysis].ingest_settings(**of_source(wildcards)),
        ),
        code=code("events.ingest"),
        libraries=libraries("events.ingest"),
    shell:
        "python -m exonu.steps.events.ingest --settings {params.settings:q} --output {output.events} --report {output.report} &> {log}"


rule light_map:
    """How much of the light of each point each photomultiplier sees; traced once."""
    output:
        directory("results/{analysis}/light_map"),
    log:
        "results/{analysis}/logs/light_map.log",
    benchmark:
        "results/{analysis}/benchmarks/light_map.tsv"
    priority: PRIORITY["light map"]
    conda:
        "../../envs/environment.yaml"
    threads: 2
    resources:
        mem_mb=resource(1000),
        runtime=resource(60),
    params:
        settings=lambda wildcards: written(
            wildcards,
            light_map_settings(
                EVENTS[wildcards.analysis],
                seed=ANALYSES[wildcards.analysis].settings["seed"],
            ),
        ),
        code=code("events.light_map"),
        libraries=libraries("events.light_map"),
    shell:
        "python -m exonu.steps.events.light_map --settings {params.settings:q} --threads {threads} --output {output} &> {log}"


rule reconstruct:
    """Vertex and energy of every event."""
    input:
        events="results/{analysis}/ingested/{source}.root",
        light_map="results/{analysis}/light_map",
    output:
        "results/{analysis}/reconstructed/{source}.root",
    log:
        "results/{analysis}/logs/reconstruct_{source}.log",
    benchmark:
        "results/{analysis}/benchmarks/reconstruct_{source}.tsv"
    priority: PRIORITY["events"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1500),
        runtime=resource(60),
    params:
        settings=lambda wildcards: written(
            wildcards,
            EVENTS[wildcards.analysis].reconstruct_settings(**of_source(wildcards)),
        ),
        code=code("events.reconstruct"),
        libraries=libraries("events.reconstruct"),
    shell:
        "python -m exonu.steps.events.reconstruct {input.events} --light-map {input.light_map} --settings {params.settings:q} "
        "--output {output} &> {log}"


rule select:
    """The events that pass all cuts, and how many passed each."""
    input:
        "results/{analysis}/reconstructed/{source}.root",
    output:
        events="results/{analysis}/selected/{source}.root",
        counts="results/{analysis}/selected/{source}.json",
    log:
        "results/{analysis}/logs/select_{source}.log",
    benchmark:
        "results/{analysis}/benchmarks/select_{source}.tsv"
    priority: PRIORITY["events"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(10),
    params:
        settings=lambda wildcards: written(
            wildcards,
            EVENTS[wildcards.analysis].select_settings(**of_source(wildcards)),
        ),
        code=code("events.select"),
        libraries=libraries("events.select"),
    shell:
        "python -m exonu.steps.events.select {input} --settings {params.settings:q} --output {output.events} "
        "--counts {output.counts} &> {log}"


rule cut_flow:
    """Events after each cut, and the efficiency of each cut against the true energy."""
    input:
        of_all_sources("results/{analysis}/selected/{source}.json"),
    output:
        cut_flow="results/{analysis}/cut_flow/cut_flow.csv",
        efficiency="results/{analysis}/cut_flow/cut_efficiency.csv",
        conditions="results/{analysis}/cut_flow/cut_conditions.csv",
    log:
        "results/{analysis}/logs/cut_flow.log",
    benchmark:
        "results/{analysis}/benchmarks/cut_flow.tsv"
    priority: PRIORITY["search"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        counts=listed,
        settings=lambda wildcards: written(
            wildcards, {"live_days": EVENTS[wildcards.analysis].runs.live_days}
        ),
        code=code("events.cut_flow"),
        libraries=libraries("events.cut_flow"),
    shell:
        "python -m exonu.steps.events.cut_flow {params.counts} --settings {params.settings:q} --cut-flow {output.cut_flow} "
        "--efficiency {output.efficiency} --conditions {output.conditions} &> {log}"


rule events:
    """The cut flow of every analysis that starts from events."""
    input:
        expand("results/{analysis}/cut_flow/cut_flow.csv", analysis=EVENTS),
    localrule: True
