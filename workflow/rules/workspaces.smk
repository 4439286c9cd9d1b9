# pyhf workspaces: one job per interaction makes those of every flavour and mass.

for analysis, searched in INTERACTIONS.items():
    for interaction in searched:

        rule:
            name:
                rule_name("workspaces", analysis, interaction)
            input:
                experiment_inputs(analysis),
            output:
                workspaces=workspace_files(analysis, interaction),
                meanings=meaning_files(analysis, interaction),
            params:
                folder=f"results/{analysis}/workspaces",
                interaction=interaction,
                settings=settings(analysis, "physics", "interactions", "systematics", "blind"),
                code=code("workspaces"),
                libraries=libraries("workspaces"),
            log:
                f"results/{analysis}/logs/workspaces_{interaction}.log",
            benchmark:
                f"results/{analysis}/benchmarks/workspaces_{interaction}.tsv"
            resources:
                mem_mb=resource(500),
                runtime=resource(5),
            conda:
                "../../envs/environment.yaml"
            shell:
                "python -m exonu.steps.workspaces --experiment {input[0]:q} --interaction {params.interaction} "
                "--settings {params.settings:q} --output {params.folder} &> {log}"
