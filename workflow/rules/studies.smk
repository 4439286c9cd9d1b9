# Studies of a search, for all flavours together and two masses of a mediator. Diagnostics of the fits belong to the
# default run. Toys, coverage and the scan of masses are
# targets of their own: `snakemake toys`, `snakemake coverage` and `snakemake discovery`.


DIAGNOSED = OfSearches(
    {
        name: [Path(file).stem for file in files]
        for name, files in DRAWN_WORKSPACES.items()
    },
    WITHOUT_SEARCH,
)

FITS = [
    *("statistics.confidence_level", "statistics.goodness_of_fit_toys"),
    "seed",
]


for analysis, workspaces in DRAWN_WORKSPACES.items():

    rule:
        """Pulls, impacts, correlations, likelihood scans, goodness of fit and yields."""
        name:
            rule_name("diagnostics", analysis)
        input:
            beside(workspaces),
            workspaces=workspaces,
        output:
            diagnosed_files(analysis),
            f"results/{analysis}/diagnostics/yields.csv",
        log:
            f"results/{analysis}/logs/diagnostics.log",
        benchmark:
            f"results/{analysis}/benchmarks/diagnostics.tsv"
        priority: PRIORITY["first fits" if analysis == FIRST_ANALYSIS else "search"]
        conda:
            "../../envs/environment.yaml"
        resources:
            **memory_and_time(1000, 10),
        params:
            **step("search.diagnostics", *FITS, of=analysis),
        shell:
            STEP


for analysis, diagnosed in DIAGNOSED.items():

    rule:
        """Diagnostics of each fit on a page."""
        name:
            rule_name("figure_diagnostics", analysis)
        input:
            records=diagnosed_files(analysis),
            counts=f"results/{analysis}/spectra/counts.csv",
        output:
            *many_figures(
                analysis, map("diagnostics_{}".format, diagnosed), "diagnostics"
            ),
        log:
            f"results/{analysis}/logs/figure_diagnostics.log",
        benchmark:
            f"results/{analysis}/benchmarks/figure_diagnostics.tsv"
        priority: PRIORITY["long figures"]
        conda:
            "../../envs/environment.yaml"
        resources:
            **memory_and_time(500, 5),
        params:
            **step("report.figure_diagnostics", "plots", of=analysis),
        shell:
            STEP


use rule step as projections with:
    """Limits and the reach of a discovery against exposure and background."""
    input:
        one_of(DRAWN_WORKSPACES, beside),
        workspaces=one_of(DRAWN_WORKSPACES),
    output:
        "results/{analysis}/limits/projections.csv",
    pathvars:
        job="projections",
    params:
        **step(
            "search.projections",
            *("statistics.confidence_level", "statistics.projections"),
        ),


use rule step as figure_projections with:
    """The same drawn."""
    input:
        projections="results/{analysis}/limits/projections.csv",
    output:
        **figure_files("projections"),
    pathvars:
        job="figure_projections",
    params:
        **step("report.figure_projections", "plots"),


use rule step as planes with:
    """The likelihood over planes of two couplings, and its contours."""
    input:
        tables_of_experiment,
        experiment=main_file_of_experiment,
    output:
        grid="results/{analysis}/limits/planes.csv",
        contours="results/{analysis}/limits/plane_contours.csv",
    pathvars:
        job="planes",
    params:
        **step(
            "search.planes",
            *("physics", "systematics", "blind"),
            *("statistics.confidence_level", "statistics.planes"),
        ),


use rule step as figure_planes with:
    """The contours drawn."""
    input:
        contours="results/{analysis}/limits/plane_contours.csv",
        counts="results/{analysis}/spectra/counts.csv",
    output:
        **figure_files("planes"),
    pathvars:
        job="figure_planes",
    params:
        **step("report.figure_planes", "plots"),


use rule step as toy_chunk with:
    """One job's share of the toys."""
    input:
        limits=of_analysis(interaction_limits),
        workspaces=of_analysis(all_workspaces),
    output:
        "results/{analysis}/toys/chunk_{chunk}.json",
    pathvars:
        job="toys_{chunk}",
    resources:
        **memory_and_time(1500, 60),
    params:
        **step(
            "search.toys",
            *("statistics.confidence_level", "statistics.toys", "seed"),
            declared=one_of(DIAGNOSED),
            chunk=lambda wildcards: [wildcards.chunk, toy_jobs(wildcards.analysis)],
        ),


use rule step as toy_limits with:
    """CLs limits from toys, joined."""
    input:
        shares=lambda wildcards: [
            f"results/{wildcards.analysis}/toys/chunk_{chunk}.json"
            for chunk in range(toy_jobs(wildcards.analysis))
        ],
    output:
        table="results/{analysis}/limits/toys.csv",
        records="results/{analysis}/toys/limits.json",
    pathvars:
        job="toy_limits",
    resources:
        **memory_and_time(1500, 10),
    params:
        **step("search.toys_table", of_analysis(joined_toys)),


use rule step as coverage_table with:
    """How often the limit of toy data covers the truth."""
    input:
        one_of(DRAWN_WORKSPACES, beside),
        workspaces=one_of(DRAWN_WORKSPACES),
    output:
        "results/{analysis}/coverage/coverage.csv",
    pathvars:
        job="coverage",
    resources:
        **memory_and_time(1500, 60),
    params:
        **step(
            "search.coverage",
            *("statistics.confidence_level", "statistics.coverage", "seed"),
        ),


use rule step as figure_coverage with:
    """Coverage against the true value."""
    input:
        coverage="results/{analysis}/coverage/coverage.csv",
        counts="results/{analysis}/spectra/counts.csv",
    output:
        **figure_files("coverage"),
    pathvars:
        job="figure_coverage",
    params:
        **step("report.figure_coverage", "plots"),


use rule step as mass_scan with:
    """p0 against the mass of one interaction, with the global p of the largest excess."""
    input:
        lambda wildcards: beside(
            scanned_workspaces(wildcards.analysis, wildcards.interaction)
        ),
        workspaces=lambda wildcards: scanned_workspaces(
            wildcards.analysis, wildcards.interaction
        ),
    output:
        table="results/{analysis}/discovery/mass_scan_{interaction}.csv",
        record="results/{analysis}/discovery/mass_scan_{interaction}.json",
    pathvars:
        job="mass_scan_{interaction}",
    resources:
        **memory_and_time(1500, 60),
    params:
        **step("search.mass_scan", "statistics.mass_scan", "seed"),


use rule step as figure_mass_scan with:
    """p0 against mass."""
    input:
        record="results/{analysis}/discovery/mass_scan_{interaction}.json",
        counts="results/{analysis}/spectra/counts.csv",
    output:
        **figure_files(
            "mass_scan_{interaction}", label="p0 and mass", caption="mass_scan"
        ),
    pathvars:
        job="figure_mass_scan_{interaction}",
    params:
        **step("report.figure_mass_scan", "plots"),


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


rule discovery:
    """The scans of p0 over masses, of everything that is searched for and has masses."""
    input:
        [
            f"results/{analysis}/figures/mass_scan_{interaction}.png"
            for analysis, searched in INTERACTIONS.items()
            for interaction in searched
            if SEARCHED[interaction].has_mass
        ],
    localrule: True


rule coverage:
    """Coverage study of every analysis."""
    input:
        expand("results/{analysis}/figures/coverage.png", analysis=INTERACTIONS),
    localrule: True
