# pyhf workspaces: one job per interaction makes those of every flavour and mass.

# On a new machine, the diagnostics of the first analysis compile the kernels of all fits. They start at once, beside
# the first simulation, which compiles others; later, two jobs of fits would compile the same ones side by side.
FIRST_ANALYSIS = next(iter(INTERACTIONS), None)

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
            priority: int(analysis == FIRST_ANALYSIS)
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
                code=code("workspaces"),
                libraries=libraries("workspaces"),
            shell:
                "python -m exonu.steps.workspaces --experiment {input.experiment:q} --interaction {params.interaction} "
                "--settings {params.settings:q} --output {params.folder} &> {log}"
