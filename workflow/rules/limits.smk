# Limits: one job per interaction sets those of all its workspaces; one table joins them.

LIMITS = [
    *("statistics.convention", "statistics.methods", "statistics.power_constraint"),
    *("statistics.confidence_level", "statistics.projections"),
]
VARIED = [
    *("config_version", "physics", "interactions", "systematics", "blind", "variants"),
    "statistics.confidence_level",
]

for analysis, searched in INTERACTIONS.items():
    for interaction in searched:

        rule:
            """Limits of all workspaces of one interaction."""
            name:
                rule_name("limits", analysis, interaction)
            input:
                meaning_files(analysis, interaction),
                workspaces=workspace_files(analysis, interaction),
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
                **memory_and_time(1000, 10),
            params:
                **step("search.limits", *LIMITS, of=analysis),
            shell:
                STEP


use rule step as limits_table with:
    """All limits of an analysis as rows, beside published ones; see results/README.md."""
    input:
        records=of_analysis(interaction_limits),
    output:
        "results/{analysis}/limits/limits.csv",
    pathvars:
        job="limits_table",
    priority: PRIORITY["search"]
    params:
        **step("search.limits_table", of_analysis(compared)),


use rule step as variants with:
    """Limits with one assumption changed at a time: what each assumption costs."""
    input:
        tables_of_experiment,
        experiment=main_file_of_experiment,
    output:
        "results/{analysis}/limits/variants.csv",
    pathvars:
        job="variants",
    resources:
        **memory_and_time(1000, 10),
    params:
        **step("search.variants", *VARIED, analysis=of_analysis(str)),


rule limits:
    """The limits of every analysis."""
    input:
        expand("results/{analysis}/limits/limits.csv", analysis=INTERACTIONS),
        expand("results/{analysis}/limits/variants.csv", analysis=SINGLE),
    localrule: True
