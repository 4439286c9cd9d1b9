# Studies of a search, for all flavours together and two masses of the dark photon. Diagnostics of the fits belong to the
# default run. Toys and coverage are targets of their own, `snakemake toys` and `snakemake coverage`.


DIAGNOSED = OfSearches(
    {
        name: [Path(file).stem for file in files]
        for name, files in DRAWN_WORKSPACES.items()
    },
    WITHOUT_SEARCH,
)

for analysis, diagnosed in DIAGNOSED.items():

    rule:
        """Pulls, impacts, correlations, likelihood scans, goodness of fit and yields."""
        name:
            rule_name("diagnostics", analysis)
        input:
            workspaces=DRAWN_WORKSPACES[analysis],
            meanings=[str(meaning_file(file)) for file in DRAWN_WORKSPACES[analysis]],
        output:
            records=[
                f"results/{analysis}/diagnostics/{hypothesis}.json"
                for hypothesis in diagnosed
            ],
            yields=f"results/{analysis}/diagnostics/yields.csv",
        log:
            f"results/{analysis}/logs/diagnostics.log",
        benchmark:
            f"results/{analysis}/benchmarks/diagnostics.tsv"
        priority: PRIORITY["first fits" if analysis == FIRST_ANALYSIS else "search"]
        conda:
            "../../envs/environment.yaml"
        resources:
            mem_mb=resource(1000),
            runtime=resource(10),
        params:
            folder=folder_of_output,
            settings=settings(
                analysis,
                "statistics.confidence_level",
                "statistics.goodness_of_fit_toys",
                "seed",
            ),
            code=code("search.diagnostics"),
            libraries=libraries("search.diagnostics"),
        shell:
            "python -m exonu.steps.search.diagnostics --settings {params.settings:q} --output {params.folder} "
            "{input.workspaces} &> {log}"

    rule:
        """Diagnostics of each fit on a page."""
        name:
            rule_name("figure_diagnostics", analysis)
        input:
            records=[
                f"results/{analysis}/diagnostics/{hypothesis}.json"
                for hypothesis in diagnosed
            ],
            counts=f"results/{analysis}/spectra/counts.csv",
        output:
            png=report(
                [
                    f"results/{analysis}/figures/diagnostics_{hypothesis}.png"
                    for hypothesis in diagnosed
                ],
                caption="../report/diagnostics.rst",
                category=analysis,
                subcategory="diagnostics",
            ),
            pdf=[
                f"results/{analysis}/figures/diagnostics_{hypothesis}.pdf"
                for hypothesis in diagnosed
            ],
        log:
            f"results/{analysis}/logs/figure_diagnostics.log",
        benchmark:
            f"results/{analysis}/benchmarks/figure_diagnostics.tsv"
        priority: PRIORITY["long figures"]
        conda:
            "../../envs/environment.yaml"
        resources:
            mem_mb=resource(500),
            runtime=resource(5),
        params:
            folder=folder_of_output,
            settings=settings(analysis, "plots"),
            code=code("report.figure_diagnostics"),
            libraries=libraries("report.figure_diagnostics"),
        shell:
            "python -m exonu.steps.report.figure_diagnostics --settings {params.settings:q} --counts {input.counts} "
            "--output {params.folder} {input.records} &> {log}"


rule toy_chunk:
    """One job's share of the toys."""
    input:
        limits=lambda wildcards: interaction_limits(wildcards.analysis),
        workspaces=lambda wildcards: all_workspaces(wildcards.analysis),
    output:
        "results/{analysis}/toys/chunk_{chunk}.json",
    log:
        "results/{analysis}/logs/toys_{chunk}.log",
    benchmark:
        "results/{analysis}/benchmarks/toys_{chunk}.tsv"
    wildcard_constraints:
        chunk=r"\d+",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1500),
        runtime=resource(60),
    params:
        folder=lambda wildcards, input: os.path.dirname(input.workspaces[0]),
        declared=lambda wildcards: [
            Path(file).stem for file in DRAWN_WORKSPACES[wildcards.analysis]
        ],
        jobs=lambda wildcards: ANALYSES[wildcards.analysis].settings["statistics"][
            "toys"
        ]["chunks"],
        settings=lambda wildcards: settings(
            wildcards.analysis, "statistics.toys", "seed"
        ),
        code=code("search.toys"),
        libraries=libraries("search.toys"),
    shell:
        "python -m exonu.steps.search.toys --settings {params.settings:q} --limits {input.limits} --workspaces {params.folder} "
        "--declared {params.declared} --chunk {wildcards.chunk} {params.jobs} --output {output} &> {log}"


rule toy_limits:
    """CLs limits from toys, joined."""
    input:
        lambda wildcards: [
            f"results/{wildcards.analysis}/toys/chunk_{chunk}.json"
            for chunk in range(
                ANALYSES[wildcards.analysis].settings["statistics"]["toys"]["chunks"]
            )
        ],
    output:
        table="results/{analysis}/limits/toys.csv",
        records="results/{analysis}/toys/limits.json",
    log:
        "results/{analysis}/logs/toy_limits.log",
    benchmark:
        "results/{analysis}/benchmarks/toy_limits.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1500),
        runtime=resource(10),
    params:
        settings=lambda wildcards: canonical_json(
            {
                "analysis": wildcards.analysis,
                "experiment": compared_with(wildcards.analysis),
                "confidence_level": ANALYSES[wildcards.analysis].settings[
                    "statistics"
                ]["confidence_level"],
            }
        ),
        code=code("search.toys_table"),
        libraries=libraries("search.toys_table"),
    shell:
        "python -m exonu.steps.search.toys_table --settings {params.settings:q} --table {output.table} "
        "--records {output.records} {input} &> {log}"


rule coverage_table:
    """How often the limit of toy data covers the truth."""
    input:
        workspaces=lambda wildcards: DRAWN_WORKSPACES[wildcards.analysis],
        meanings=lambda wildcards: [
            str(meaning_file(file)) for file in DRAWN_WORKSPACES[wildcards.analysis]
        ],
    output:
        "results/{analysis}/coverage/coverage.csv",
    log:
        "results/{analysis}/logs/coverage.log",
    benchmark:
        "results/{analysis}/benchmarks/coverage.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(1500),
        runtime=resource(60),
    params:
        settings=lambda wildcards: settings(
            wildcards.analysis,
            "statistics.confidence_level",
            "statistics.coverage",
            "seed",
        ),
        code=code("search.coverage"),
        libraries=libraries("search.coverage"),
    shell:
        "python -m exonu.steps.search.coverage --settings {params.settings:q} --output {output} {input.workspaces} &> {log}"


rule figure_coverage:
    """Coverage against the true value."""
    input:
        coverage="results/{analysis}/coverage/coverage.csv",
        counts="results/{analysis}/spectra/counts.csv",
    output:
        png=report(
            "results/{analysis}/figures/coverage.png",
            caption="../report/coverage.rst",
            category="{analysis}",
            subcategory="search",
            labels={"figure": "coverage"},
        ),
        pdf="results/{analysis}/figures/coverage.pdf",
    log:
        "results/{analysis}/logs/figure_coverage.log",
    benchmark:
        "results/{analysis}/benchmarks/figure_coverage.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        settings=lambda wildcards: settings(wildcards.analysis, "plots"),
        code=code("report.figure_coverage"),
        libraries=libraries("report.figure_coverage"),
    shell:
        "python -m exonu.steps.report.figure_coverage --settings {params.settings:q} --coverage {input.coverage} "
        "--counts {input.counts} --output {output} &> {log}"


rule studies:
    """The studies of the default run."""
    input:
        [
            f"results/{name}/figures/diagnostics_{hypothesis}.png"
            for name, diagnosed in DIAGNOSED.items()
            for hypothesis in diagnosed
        ],
    localrule: True


rule toys:
    """Limits from toys, of every analysis."""
    input:
        expand("results/{analysis}/limits/toys.csv", analysis=INTERACTIONS),
    localrule: True


rule coverage:
    """Coverage study of every analysis."""
    input:
        expand("results/{analysis}/figures/coverage.png", analysis=INTERACTIONS),
    localrule: True
