# Limits: one job per interaction sets those of all its workspaces; one table joins them.

for analysis, searched in INTERACTIONS.items():
    for interaction in searched:

        rule:
            """Limits of all workspaces of one interaction."""
            name:
                rule_name("limits", analysis, interaction)
            input:
                workspaces=workspace_files(analysis, interaction),
                meanings=meaning_files(analysis, interaction),
            output:
                f"results/{analysis}/limits/{interaction}.json",
            log:
                f"results/{analysis}/logs/limits_{interaction}.log",
            benchmark:
                f"results/{analysis}/benchmarks/limits_{interaction}.tsv"
            priority: PRIORITY["search"]
            conda:
                "../../envs/environment.yaml"
            resources:
                mem_mb=resource(1000),
                runtime=resource(10),
            params:
                settings=settings(
                    analysis,
                    "statistics.methods",
                    "statistics.confidence_level",
                    "statistics.projections",
                ),
                code=code("search.limits"),
                libraries=libraries("search.limits"),
            shell:
                "python -m exonu.steps.search.limits --settings {params.settings:q} --output {output} {input.workspaces} &> {log}"


rule limits_table:
    """All limits of an analysis as rows, beside published ones; see results/README.md."""
    input:
        lambda wildcards: interaction_limits(wildcards.analysis),
    output:
        "results/{analysis}/limits/limits.csv",
    log:
        "results/{analysis}/logs/limits_table.log",
    benchmark:
        "results/{analysis}/benchmarks/limits_table.tsv"
    priority: PRIORITY["search"]
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        settings=lambda wildcards: canonical_json(
            {
                "analysis": wildcards.analysis,
                "experiment": compared_with(wildcards.analysis),
            }
        ),
        code=code("search.limits_table"),
        libraries=libraries("search.limits_table"),
    shell:
        "python -m exonu.steps.search.limits_table --settings {params.settings:q} --output {output} {input} &> {log}"


rule variants:
    """Limits with one assumption changed at a time: what each assumption costs."""
    input:
        experiment=lambda wildcards: experiment_inputs(wildcards.analysis)[0],
        tables=lambda wildcards: experiment_inputs(wildcards.analysis)[1:],
    output:
        "results/{analysis}/limits/variants.csv",
    log:
        "results/{analysis}/logs/variants.log",
    benchmark:
        "results/{analysis}/benchmarks/variants.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1000),
        runtime=resource(10),
    params:
        settings=lambda wildcards: settings(
            wildcards.analysis,
            "config_version",
            "physics",
            "interactions",
            "systematics",
            "blind",
            "variants",
            "statistics.confidence_level",
        ),
        code=code("search.variants"),
        libraries=libraries("search.variants"),
    shell:
        "python -m exonu.steps.search.variants --analysis {wildcards.analysis} --experiment {input.experiment:q} "
        "--settings {params.settings:q} --output {output} &> {log}"


rule limits:
    """The limits of every analysis."""
    input:
        expand(
            "results/{analysis}/limits/{table}.csv",
            analysis=INTERACTIONS,
            table=["limits", "variants"],
        ),
    localrule: True
