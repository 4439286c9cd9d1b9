# Figures, and the numbers behind them. The rules that draw are the only ones that read the settings `plots`.

from exonu.report.numbers.counts import drawn_cases, figure_names

FIGURES = {
    analysis: figure_names(searched) for analysis, searched in INTERACTIONS.items()
}
COMPARED = {
    figure: [analysis for analysis, figures in FIGURES.items() if figure in figures]
    for figure in ["limits", "coupling_mass"]
}
DRAWN_WORKSPACES = OfSearches(
    {
        name: [
            f"results/{name}/workspaces/{hypothesis_name(*case)}.json"
            for case in drawn_cases(ANALYSES[name].settings["interactions"])
        ]
        for name in INTERACTIONS
    },
    WITHOUT_SEARCH,
)


for analysis in INTERACTIONS:

    rule:
        """Data, backgrounds, and each signal at its limit; of events, the yields by energy range too."""
        name:
            rule_name("figure_counts", analysis)
        input:
            experiment=experiment_inputs(analysis)[0],
            tables=experiment_inputs(analysis)[1:],
            limits=f"results/{analysis}/limits/limits.csv",
            workspaces=DRAWN_WORKSPACES[analysis],
            meanings=[str(meaning_file(file)) for file in DRAWN_WORKSPACES[analysis]],
        output:
            counts=f"results/{analysis}/spectra/counts.csv",
            yields=yields_by_range(analysis),
        log:
            f"results/{analysis}/logs/figure_counts.log",
        benchmark:
            f"results/{analysis}/benchmarks/figure_counts.tsv"
        priority: PRIORITY["search"]
        conda:
            "../../envs/environment.yaml"
        resources:
            mem_mb=resource(500),
            runtime=resource(5),
        params:
            yields=lambda wildcards, output: (
                f"--yields {output.yields}" if output.yields else ""
            ),
            code=code("report.figure_counts"),
            libraries=libraries("report.figure_counts"),
        shell:
            "python -m exonu.steps.report.figure_counts --experiment {input.experiment:q} --limits {input.limits} "
            "--output {output.counts} {params.yields} {input.workspaces} &> {log}"


rule figure_folded:
    """Recoil spectra with all atomic models, the same in the detector, and its efficiency."""
    input:
        experiment=lambda wildcards: experiment_inputs(wildcards.analysis)[0],
        tables=lambda wildcards: experiment_inputs(wildcards.analysis)[1:],
    output:
        curves="results/{analysis}/spectra/curves.csv",
        folded="results/{analysis}/spectra/folded.csv",
        efficiency="results/{analysis}/spectra/efficiency.csv",
    log:
        "results/{analysis}/logs/figure_folded.log",
    benchmark:
        "results/{analysis}/benchmarks/figure_folded.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        folder=folder_of_output,
        settings=lambda wildcards: settings(
            wildcards.analysis, "physics", "interactions"
        ),
        code=code("report.figure_folded"),
        libraries=libraries("report.figure_folded"),
    shell:
        "python -m exonu.steps.report.figure_folded --settings {params.settings:q} --experiment {input.experiment:q} "
        "--output {params.folder} &> {log}"


rule figure_spectrum:
    """Data, stacked backgrounds and signals at their limits."""
    input:
        counts="results/{analysis}/spectra/counts.csv",
    output:
        png=report(
            "results/{analysis}/figures/spectrum.png",
            caption="../report/spectrum.rst",
            category="{analysis}",
            subcategory="search",
            labels={"figure": "spectrum"},
        ),
        pdf="results/{analysis}/figures/spectrum.pdf",
    log:
        "results/{analysis}/logs/figure_spectrum.log",
    benchmark:
        "results/{analysis}/benchmarks/figure_spectrum.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        settings=lambda wildcards: settings(wildcards.analysis, "plots"),
        code=code("report.figure_spectrum"),
        libraries=libraries("report.figure_spectrum"),
    shell:
        "python -m exonu.steps.report.figure_spectrum --settings {params.settings:q} --counts {input.counts} "
        "--output {output} &> {log}"


rule figure_signals:
    """Signals before and behind the detector."""
    input:
        counts="results/{analysis}/spectra/counts.csv",
        curves="results/{analysis}/spectra/curves.csv",
        folded="results/{analysis}/spectra/folded.csv",
        efficiency="results/{analysis}/spectra/efficiency.csv",
    output:
        png=report(
            "results/{analysis}/figures/signals.png",
            caption="../report/signals.rst",
            category="{analysis}",
            subcategory="search",
            labels={"figure": "signals"},
        ),
        pdf="results/{analysis}/figures/signals.pdf",
    log:
        "results/{analysis}/logs/figure_signals.log",
    benchmark:
        "results/{analysis}/benchmarks/figure_signals.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        settings=lambda wildcards: settings(wildcards.analysis, "plots"),
        code=code("report.figure_signals"),
        libraries=libraries("report.figure_signals"),
    shell:
        "python -m exonu.steps.report.figure_signals --settings {params.settings:q} --counts {input.counts} "
        "--curves {input.curves} --folded {input.folded} --efficiency {input.efficiency} --output {output} &> {log}"


# One rule for each figure of limits serves an analysis and the comparison of all: the same step, with more tables.
for figure, together in COMPARED.items():

    rule:
        """Limits of one analysis beside published ones."""
        name:
            f"figure_{figure}"
        input:
            limits="results/{analysis}/limits/limits.csv",
            counts="results/{analysis}/spectra/counts.csv",
        output:
            png=report(
                f"results/{{analysis}}/figures/{figure}.png",
                caption=f"../report/{figure}.rst",
                category="{analysis}",
                subcategory="search",
                labels={"figure": figure.replace("_", " and ")},
            ),
            pdf=f"results/{{analysis}}/figures/{figure}.pdf",
        log:
            f"results/{{analysis}}/logs/figure_{figure}.log",
        benchmark:
            f"results/{{analysis}}/benchmarks/figure_{figure}.tsv"
        conda:
            "../../envs/environment.yaml"
        resources:
            mem_mb=resource(500),
            runtime=resource(5),
        params:
            step=f"figure_{figure}",
            settings=lambda wildcards: settings(wildcards.analysis, "plots"),
            code=code(f"figure_{figure}"),
            libraries=libraries(f"figure_{figure}"),
        shell:
            "python -m exonu.steps.{params.step} --settings {params.settings:q} --limits {input.limits} "
            "--counts {input.counts} --output {output} &> {log}"

    if together:

        rule:
            """The same of all analyses together, with the plot settings of the first."""
            name:
                f"comparison_{figure}"
            input:
                limits=expand("results/{analysis}/limits/limits.csv", analysis=together),
                counts=expand(
                    "results/{analysis}/spectra/counts.csv", analysis=together
                ),
            output:
                png=report(
                    f"results/comparison/figures/{figure}.png",
                    caption=f"../report/{figure}.rst",
                    category="comparison",
                    labels={"figure": figure.replace("_", " and ")},
                ),
                pdf=f"results/comparison/figures/{figure}.pdf",
            log:
                f"results/comparison/logs/figure_{figure}.log",
            benchmark:
                f"results/comparison/benchmarks/figure_{figure}.tsv"
            conda:
                "../../envs/environment.yaml"
            resources:
                mem_mb=resource(500),
                runtime=resource(5),
            params:
                step=f"figure_{figure}",
                settings=settings(together[0], "plots"),
                code=code(f"figure_{figure}"),
                libraries=libraries(f"figure_{figure}"),
            shell:
                "python -m exonu.steps.{params.step} --settings {params.settings:q} --limits {input.limits} "
                "--counts {input.counts} --output {output} &> {log}"


rule figures:
    """Every figure of every analysis, and the comparison of all."""
    input:
        [
            f"results/{analysis}/figures/{figure}.{suffix}"
            for analysis, figures in FIGURES.items()
            for figure in figures
            for suffix in ["png", "pdf"]
        ],
        [
            f"results/comparison/figures/{figure}.{suffix}"
            for figure, together in COMPARED.items()
            for suffix in ["png", "pdf"]
            if together
        ],
    localrule: True
