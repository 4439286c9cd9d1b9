# Several experiments in one likelihood: their workspaces joined, what each contributes, and whether they agree. Limits and
# their figures are made as for any analysis.

from exonu.search.combination.members import member_settings

for analysis in COMBINED:

    experiments, named = member_inputs(analysis)

    for interaction in INTERACTIONS[analysis]:
        joined = joined_settings(analysis, interaction)

        rule:
            """Joined workspaces of one interaction, each with a page that says what its μ means."""
            name:
                rule_name("workspaces", analysis, interaction)
            input:
                named,
                experiments=experiments,
            output:
                workspace_files(analysis, interaction),
                meaning_files(analysis, interaction),
            log:
                f"results/{analysis}/logs/workspaces_{interaction}.log",
            benchmark:
                f"results/{analysis}/benchmarks/workspaces_{interaction}.tsv"
            priority: PRIORITY["search"]
            conda:
                "../../envs/environment.yaml"
            resources:
                **memory_and_time(1000, 10),
            params:
                **step("search.combined_workspaces", joined, interaction=interaction),
            shell:
                STEP

    rule:
        """What the experiments of a combination measured, headed with what they are."""
        name:
            rule_name("combined_counts", analysis)
        input:
            named,
            experiments=experiments,
        output:
            f"results/{analysis}/spectra/counts.csv",
        log:
            f"results/{analysis}/logs/combined_counts.log",
        benchmark:
            f"results/{analysis}/benchmarks/combined_counts.tsv"
        conda:
            "../../envs/environment.yaml"
        resources:
            **memory_and_time(500, 5),
        params:
            **step(
                "report.combined_counts",
                {"members": of_members(analysis), "blind": is_blind(analysis)},
            ),
        shell:
            STEP


use rule step as combination with:
    """Contributions of the experiments, their agreement, and the parameters that they share."""
    input:
        of_analysis(lambda analysis: beside(all_workspaces(analysis))),
        workspaces=of_analysis(all_workspaces),
        declared=one_of(DRAWN_WORKSPACES),
    output:
        contributions="results/{analysis}/limits/combination.csv",
        parameters="results/{analysis}/limits/parameters.csv",
    pathvars:
        job="combination",
    resources:
        **memory_and_time(1000, 30),
    params:
        **step(
            "search.combination",
            *("statistics.confidence_level", "combination", "seed"),
        ),


use rule step as figure_combination with:
    """Limits of the experiments alone and together."""
    input:
        contributions="results/{analysis}/limits/combination.csv",
        declared=one_of(DRAWN_WORKSPACES),
        counts="results/{analysis}/spectra/counts.csv",
    output:
        **figure_files("combination"),
    pathvars:
        job="figure_combination",
    params:
        **step("report.figure_combination", "plots"),


rule combinations:
    """Limits of every combined analysis, with what each experiment contributes."""
    input:
        expand(
            "results/{analysis}/limits/{table}.csv",
            analysis=COMBINED,
            table=["limits", "combination", "parameters"],
        ),
    localrule: True
