# For readers: a page that tells an analysis's results without a workflow.


use rule step as summary with:
    """Limits, figures, plots to explore, and what is simulated or assumed, in one HTML file."""
    input:
        limits="results/{analysis}/limits/limits.csv",
        counts="results/{analysis}/spectra/counts.csv",
        records=of_analysis(interaction_limits),
        described=of_analysis(described_files),
        figures=of_analysis(main_figures),
        simulation=of_analysis(simulation_error),
        variants=where(SINGLE, "results/{analysis}/limits/variants.csv"),
        contributions=where(COMBINED, "results/{analysis}/limits/combination.csv"),
        parameters=where(COMBINED, "results/{analysis}/limits/parameters.csv"),
        ingested=of_analysis(ingest_notes),
    output:
        report(
            "results/{analysis}/summary.html",
            caption="../report/summary.rst",
            category="{analysis}",
            subcategory="search",
            labels={"figure": "summary page"},
        ),
    pathvars:
        job="summary",
    params:
        **step("report.summary", of_analysis(shown_settings), analysis=of_analysis(str)),


rule summaries:
    """The summary page of every analysis."""
    input:
        expand("results/{analysis}/summary.html", analysis=INTERACTIONS),
    localrule: True
