# Figures, and the numbers behind them. The rules that draw are the only ones that read the settings `plots`.

from exonu.report.numbers.counts import drawn_cases, figure_names

FIGURES = {
    analysis: [
        *figure_names(searched, combined=analysis in COMBINED),
        *(["projections"] if analysis in PROJECTED else []),
        *(["planes"] if analysis in PLANES else []),
        *(["parts"] if has_parts(analysis) else []),
    ]
    for analysis, searched in INTERACTIONS.items()
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


for analysis in SINGLE:
    workspaces = DRAWN_WORKSPACES[analysis]

    rule:
        """Data, backgrounds, and each signal at its limit; of events, the yields by energy range too."""
        name:
            rule_name("figure_counts", analysis)
        input:
            experiment_inputs(analysis)[1:] + beside(workspaces),
            experiment=experiment_inputs(analysis)[0],
            limits=f"results/{analysis}/limits/limits.csv",
            workspaces=workspaces,
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
            **memory_and_time(500, 5),
        params:
            **step("report.figure_counts"),
        shell:
            STEP


use rule step as parts_table with:
    """Slices in a second variable and control regions: counts of each, and what the regions bring."""
    input:
        experiment="results/{analysis}/templates/experiment.json",
        limits="results/{analysis}/limits/limits.csv",
    output:
        table="results/{analysis}/spectra/parts.csv",
        regions="results/{analysis}/limits/regions.csv",
    pathvars:
        job="parts_table",
    params:
        **step(
            "report.parts_table",
            *("physics", "interactions", "systematics", "blind"),
            "statistics.confidence_level",
        ),


use rule step as figure_parts with:
    """All parts of the fit, each with data, backgrounds and the signal."""
    input:
        table="results/{analysis}/spectra/parts.csv",
    output:
        **figure_files("parts"),
    pathvars:
        job="figure_parts",
    params:
        **step("report.figure_parts", "plots"),


use rule step as figure_folded with:
    """Recoil spectra with all atomic models, the same in the detector, and its efficiency."""
    input:
        tables_of_experiment,
        experiment=main_file_of_experiment,
    output:
        curves="results/{analysis}/spectra/curves.csv",
        folded="results/{analysis}/spectra/folded.csv",
        efficiency="results/{analysis}/spectra/efficiency.csv",
    pathvars:
        job="figure_folded",
    params:
        **step("report.figure_folded", "physics", "interactions"),


use rule step as figure_spectrum with:
    """Data, stacked backgrounds and signals at their limits."""
    input:
        counts="results/{analysis}/spectra/counts.csv",
    output:
        **figure_files("spectrum"),
    pathvars:
        job="figure_spectrum",
    params:
        **step("report.figure_spectrum", "plots"),


use rule step as figure_signals with:
    """Signals before the detector and in it."""
    input:
        counts="results/{analysis}/spectra/counts.csv",
        curves="results/{analysis}/spectra/curves.csv",
        folded="results/{analysis}/spectra/folded.csv",
        efficiency="results/{analysis}/spectra/efficiency.csv",
    output:
        **figure_files("signals"),
    pathvars:
        job="figure_signals",
    params:
        **step("report.figure_signals", "plots"),


use rule step as figure_limits with:
    """Limits of one analysis beside published ones."""
    input:
        limits="results/{analysis}/limits/limits.csv",
        counts="results/{analysis}/spectra/counts.csv",
    output:
        **figure_files("limits"),
    pathvars:
        job="figure_limits",
    params:
        **step("report.figure_limits", "plots"),


use rule figure_limits as figure_coupling_mass with:
    """The dark photon's coupling against its mass."""
    output:
        **figure_files("coupling_mass", label="coupling and mass"),
    pathvars:
        job="figure_coupling_mass",
    params:
        **step("report.figure_coupling_mass", "plots"),


# The same steps serve the comparison of all analyses, with more tables and the plot settings of the first.
if COMPARED["limits"]:

    use rule figure_limits as comparison_limits with:
        """Limits of all analyses together."""
        input:
            **tables_of(COMPARED["limits"]),
        output:
            **figure_files("limits", None, of="comparison"),
        log:
            "results/comparison/logs/figure_limits.log",
        benchmark:
            "results/comparison/benchmarks/figure_limits.tsv"
        params:
            **step("report.figure_limits", "plots", of=COMPARED["limits"][0]),


if COMPARED["coupling_mass"]:

    use rule figure_coupling_mass as comparison_coupling_mass with:
        """Coupling and mass of all analyses together."""
        input:
            **tables_of(COMPARED["coupling_mass"]),
        output:
            **figure_files("coupling_mass", None, "coupling and mass", of="comparison"),
        log:
            "results/comparison/logs/figure_coupling_mass.log",
        benchmark:
            "results/comparison/benchmarks/figure_coupling_mass.tsv"
        params:
            **step(
                "report.figure_coupling_mass", "plots", of=COMPARED["coupling_mass"][0]
            ),


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
