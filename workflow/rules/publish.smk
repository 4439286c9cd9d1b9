# What a paper takes from an analysis: tables, and a submission to HEPData.

TABLES = ["limits", "yields", "systematics"]
EVENT_TABLES_PRINTED = ["cut_flow", "activities"]
TABLE_SUFFIXES = ["csv", "tex", "md"]


rule tables_of_analysis:
    """Limits, yields and systematic uncertainties as CSV, LaTeX and Markdown."""
    input:
        counts="results/{analysis}/spectra/counts.csv",
        limits="results/{analysis}/limits/limits.csv",
        yields="results/{analysis}/diagnostics/yields.csv",
        workspaces=lambda wildcards: DRAWN_WORKSPACES[wildcards.analysis],
        records=lambda wildcards: diagnosed_files(wildcards.analysis),
    output:
        expand(
            "results/{{analysis}}/tables/{table}.{suffix}",
            table=TABLES,
            suffix=TABLE_SUFFIXES,
        ),
    log:
        "results/{analysis}/logs/tables.log",
    benchmark:
        "results/{analysis}/benchmarks/tables.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        folder=folder_of_output,
        code=code("report.tables"),
        libraries=libraries("report.tables"),
    shell:
        "python -m exonu.steps.report.tables --counts {input.counts} --limits {input.limits} --yields {input.yields} "
        "--workspaces {input.workspaces} --records {input.records} --output {params.folder} &> {log}"


rule event_tables:
    """The cut flow and the activities of an analysis of events, the same way."""
    input:
        counts="results/{analysis}/spectra/counts.csv",
        cut_flow="results/{analysis}/cut_flow/cut_flow.csv",
        experiment="results/{analysis}/templates/experiment.json",
        record=lambda wildcards: diagnosed_files(wildcards.analysis)[0],
    output:
        expand(
            "results/{{analysis}}/tables/{table}.{suffix}",
            table=EVENT_TABLES_PRINTED,
            suffix=TABLE_SUFFIXES,
        ),
    log:
        "results/{analysis}/logs/event_tables.log",
    benchmark:
        "results/{analysis}/benchmarks/event_tables.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        folder=folder_of_output,
        code=code("report.event_tables"),
        libraries=libraries("report.event_tables"),
    shell:
        "python -m exonu.steps.report.event_tables --counts {input.counts} --cut-flow {input.cut_flow} "
        "--experiment {input.experiment} --record {input.record} --output {params.folder} &> {log}"


rule hepdata_submission:
    """Limits, spectra, correlations and likelihoods in the form of HEPData, checked with its own validator."""
    input:
        counts="results/{analysis}/spectra/counts.csv",
        limits="results/{analysis}/limits/limits.csv",
        records=lambda wildcards: diagnosed_files(wildcards.analysis),
        workspaces=lambda wildcards: all_workspaces(wildcards.analysis),
        meanings=lambda wildcards: [
            str(meaning_file(file)) for file in all_workspaces(wildcards.analysis)
        ],
        cut_flow=lambda wildcards: (
            [f"results/{wildcards.analysis}/cut_flow/cut_flow.csv"]
            if wildcards.analysis in EVENTS
            else []
        ),
    output:
        folder=directory("results/{analysis}/hepdata/submission"),
        tarball="results/{analysis}/hepdata/submission.tar.gz",
    log:
        "results/{analysis}/logs/hepdata.log",
    benchmark:
        "results/{analysis}/benchmarks/hepdata.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        code=code("report.hepdata"),
        libraries=libraries("report.hepdata"),
    shell:
        "python -m exonu.steps.report.hepdata --counts {input.counts} --limits {input.limits} --records {input.records} "
        "--workspaces {input.workspaces} --cut-flow {input.cut_flow} --output {output.folder} "
        "--tarball {output.tarball} &> {log}"


rule tables:
    """The tables of every analysis."""
    input:
        [file for analysis in INTERACTIONS for file in table_files(analysis)],
    localrule: True


rule hepdata:
    """A submission to HEPData of every analysis."""
    input:
        expand("results/{analysis}/hepdata/submission.tar.gz", analysis=INTERACTIONS),
    localrule: True
