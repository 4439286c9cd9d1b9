# Limits: one job per interaction sets those of all its workspaces; one table joins them.

for analysis, searched in INTERACTIONS.items():
    for interaction in searched:

        rule:
            name:
                rule_name("limits", analysis, interaction)
            input:
                workspaces=workspace_files(analysis, interaction),
                meanings=meaning_files(analysis, interaction),
            output:
                f"results/{analysis}/limits/{interaction}.json",
            params:
                settings=settings(analysis, "statistics"),
                code=code("limits"),
                libraries=libraries("limits"),
            log:
                f"results/{analysis}/logs/limits_{interaction}.log",
            benchmark:
                f"results/{analysis}/benchmarks/limits_{interaction}.tsv"
            resources:
                mem_mb=resource(1000),
                runtime=resource(10),
            conda:
                "../../envs/environment.yaml"
            shell:
                "python -m exonu.steps.limits --settings {params.settings:q} --output {output} {input.workspaces} &> {log}"


rule limits_table:
    """All limits of an analysis as rows, beside published ones; see results/README.md."""
    input:
        lambda wildcards: [
            f"results/{wildcards.analysis}/limits/{interaction}.json" for interaction in INTERACTIONS[wildcards.analysis]
        ],
    output:
        "results/{analysis}/limits/limits.csv",
    params:
        experiment=lambda wildcards: experiment_name(wildcards.analysis),
        code=code("limits_table"),
        libraries=libraries("limits_table"),
    log:
        "results/{analysis}/logs/limits_table.log",
    benchmark:
        "results/{analysis}/benchmarks/limits_table.tsv"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    conda:
        "../../envs/environment.yaml"
    shell:
        "python -m exonu.steps.limits_table --analysis {wildcards.analysis} --experiment-name {params.experiment:q} "
        "--output {output} {input} &> {log}"


rule limits:
    """The limits of every analysis."""
    input:
        expand("results/{analysis}/limits/limits.csv", analysis=ANALYSES),
    localrule: True
