# pyhf workspaces: one job per interaction makes those of every flavour and mass.

PHYSICS = ["physics", "systematics", "blind"]

for analysis in SINGLE:
    for interaction in INTERACTIONS[analysis]:
        asked = [*PHYSICS, f"interactions.{interaction}"]

        rule:
            """Workspaces of one interaction, each with a page that says what its μ means."""
            name:
                rule_name("workspaces", analysis, interaction)
            input:
                experiment_inputs(analysis)[1:],
                experiment=experiment_inputs(analysis)[0],
            output:
                workspace_files(analysis, interaction),
                meaning_files(analysis, interaction),
            log:
                f"results/{analysis}/logs/workspaces_{interaction}.log",
            benchmark:
                f"results/{analysis}/benchmarks/workspaces_{interaction}.tsv"
            priority: PRIORITY["first fits" if analysis == FIRST_ANALYSIS else "search"]
            conda:
                "../../envs/environment.yaml"
            resources:
                **memory_and_time(500, 5),
            params:
                **step(
                    "search.workspaces", *asked, of=analysis, interaction=interaction
                ),
            shell:
                STEP
