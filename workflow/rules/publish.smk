# What a paper takes from an analysis: tables, and a submission to HEPData.

TABLES = ["limits", "yields", "systematics"]
EVENT_TABLES_PRINTED = ["cut_flow", "activities"]
COMBINED_TABLES = ["contributions", "shared_parameters"]


use rule step as tables_of_analysis with:
    """Limits, yields and systematic uncertainties as CSV, LaTeX and Markdown."""
    input:
        counts="results/{analysis}/spectra/counts.csv",
        limits="results/{analysis}/limits/limits.csv",
        yields="results/{analysis}/diagnostics/yields.csv",
        workspaces=one_of(DRAWN_WORKSPACES),
        records=of_analysis(diagnosed_files),
    output:
        printed("{analysis}", TABLES),
    pathvars:
        job="tables",
    params:
        **step("report.tables", "tables"),


use rule step as event_tables with:
    """The cut flow and the activities of an analysis of events, the same way."""
    input:
        counts="results/{analysis}/spectra/counts.csv",
        cut_flow="results/{analysis}/cut_flow/cut_flow.csv",
        experiment="results/{analysis}/templates/experiment.json",
        record=of_analysis(lambda analysis: diagnosed_files(analysis)[0]),
    output:
        printed("{analysis}", EVENT_TABLES_PRINTED),
    pathvars:
        job="event_tables",
    params:
        **step("report.event_tables", "tables"),


use rule step as combination_tables with:
    """What each experiment of a combination contributes, and which parameters they share, the same way."""
    input:
        counts="results/{analysis}/spectra/counts.csv",
        contributions="results/{analysis}/limits/combination.csv",
        parameters="results/{analysis}/limits/parameters.csv",
    output:
        printed("{analysis}", COMBINED_TABLES),
    pathvars:
        job="combination_tables",
    params:
        **step("report.combination_tables", "tables"),


use rule step as hepdata_submission with:
    """Limits, spectra, correlations and likelihoods in the form of HEPData, checked with its own validator."""
    input:
        of_analysis(lambda analysis: beside(all_workspaces(analysis))),
        counts="results/{analysis}/spectra/counts.csv",
        limits="results/{analysis}/limits/limits.csv",
        records=of_analysis(diagnosed_files),
        workspaces=of_analysis(all_workspaces),
        cut_flow=where(EVENTS, "results/{analysis}/cut_flow/cut_flow.csv"),
        contributions=where(COMBINED, "results/{analysis}/limits/combination.csv"),
    output:
        folder=directory("results/{analysis}/hepdata/submission"),
        tarball="results/{analysis}/hepdata/submission.tar.gz",
    pathvars:
        job="hepdata",
    params:
        **step("report.hepdata"),


rule tables:
    """The tables of every analysis."""
    input:
        [file for analysis in INTERACTIONS for file in table_files(analysis)],
    localrule: True


rule hepdata:
    """A submission to HEPData of every analysis."""
    input:
        expand("results/{analysis}/hepdata/submission.tar.gz", analysis=INTERACTIONS),
    localrule: True
