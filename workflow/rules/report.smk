# For readers: a page that tells an analysis's results without a workflow.


def main_figures(analysis):
    """The figures of the page: those of events first, then those of the search."""
    names = [*EVENT_FIGURES.get(analysis, []), *FIGURES[analysis]]
    return [f"results/{analysis}/figures/{name}.png" for name in names]


def described_files(analysis):
    """The YAMLs whose numbers carry a status: the experiment's, or of events and of the detector they are simulated in."""
    if analysis not in EVENTS:
        return experiment_inputs(analysis)[:1]
    files = [os.path.normpath(ANALYSES[analysis].events_file)]
    if "simulation" in EVENTS[analysis].settings:
        detectors = TOP / "resources" / "detectors"
        files += map(from_here, sorted(detectors.glob("xmass_like_*.yaml")))
    return files


def shown_settings(analysis):
    """The settings that the page shows."""
    blocks = ANALYSES[analysis].settings
    return {name: blocks[name] for name in blocks if name not in ("plots", "variants")}


use rule step as summary with:
    """Limits, figures, plots to explore, and what is simulated or assumed, in one HTML file."""
    input:
        limits="results/{analysis}/limits/limits.csv",
        variants="results/{analysis}/limits/variants.csv",
        counts="results/{analysis}/spectra/counts.csv",
        records=of_analysis(interaction_limits),
        described=of_analysis(described_files),
        figures=of_analysis(main_figures),
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
