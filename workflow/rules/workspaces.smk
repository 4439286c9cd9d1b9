# pyhf workspaces: one job per interaction makes those of every flavour and mass.

for analysis, searched in INTERACTIONS.items():
    for interaction in searched:

        rule:
            """Workspaces of one interaction, each with a page that says what its μ means."""
            name:
                rule_name("workspaces", analysis, interaction)
            input:
                experiment=experiment_inputs(analysis)[0],
                tables=experiment_inputs(analysis)[1:],
            output:
                workspaces=workspace_files(analysis, interaction),
                meanings=meaning_files(analysis, interaction),
            log:
                f"results/{analysis}/logs/workspaces_{interaction}.log",
            benchmark:
                f"results/{analysis}/benchmarks/workspaces_{interaction}.tsv"
            priority: PRIORITY["first fits" if analysis == FIRST_ANALYSIS else "search"]
            conda:
                "../../envs/environment.yaml"
            resources:
                mem_mb=resource(500),
                runtime=resource(5),
            params:
                folder=folder_of_output,
                interaction=interaction,
                settings=settings(
                    analysis,
                    "physics",
                    f"interactions.{interaction}",
                    "systematics",
                    "blind",
                ),
                code=code("search.workspaces"),
                libraries=libraries("search.workspaces"),
            shell:
                "python -m exonu.steps.search.workspaces --experiment {input.experiment:q} --interaction {params.interaction} "
                "--settings {params.settings:q} --output {params.folder} &> {log}"
