# For readers: a page that tells an analysis's results without a workflow.


rule summary:
    """Limits, figures, plots to explore, and what is simulated or assumed, in one HTML file."""
    input:
        limits="results/{analysis}/limits/limits.csv",
        variants="results/{analysis}/limits/variants.csv",
        counts="results/{analysis}/spectra/counts.csv",
        records=lambda wildcards: interaction_limits(wildcards.analysis),
        described=lambda wildcards: described_files(wildcards.analysis),
        figures=lambda wildcards: main_figures(wildcards.analysis),
    output:
        report(
            "results/{analysis}/summary.html",
            caption="../report/summary.rst",
            category="{analysis}",
            subcategory="search",
            labels={"figure": "summary page"},
        ),
    log:
        "results/{analysis}/logs/summary.log",
    benchmark:
        "results/{analysis}/benchmarks/summary.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        settings=lambda wildcards: canonical_json(
            {
                key: block
                for key, block in ANALYSES[wildcards.analysis].settings.items()
                if key not in ("plots", "variants")
            }
        ),
        code=code("report.summary"),
        libraries=libraries("report.summary"),
    shell:
        "python -m exonu.steps.report.summary --analysis {wildcards.analysis} --settings {params.settings:q} "
        "--limits {input.limits} --variants {input.variants} --counts {input.counts} --records {input.records} "
        "--described {input.described:q} --figures {input.figures} --output {output} &> {log}"


rule summaries:
    """The summary page of every analysis."""
    input:
        expand("results/{analysis}/summary.html", analysis=INTERACTIONS),
    localrule: True
