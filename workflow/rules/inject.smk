# Known signals, recovered: `snakemake inject`, for every simulated analysis of events. Signals are injected into toys, and
# as events into the whole chain: their raw files go through the very steps of the data.

from exonu.search.studies.injected_cases import (
    ingest_settings,
    injected_cases,
    injected_hypotheses,
    injected_signal,
    injected_simulate_settings,
    split_case,
)

INJECTED = {
    name: found
    for name, inputs in EVENTS.items()
    if name in INTERACTIONS
    and "simulation" in inputs.settings
    and (found := injected_hypotheses(ANALYSES[name].settings))
}


wildcard_constraints:
    case=r"[a-z-]+_[a-z]+_x[0-9.e+-]+",


use rule simulate as injected_simulate with:
    input:
        injected_limits,
    output:
        "results/{analysis}/injection/{case}/raw/{source}.root",
    pathvars:
        job="injection/{case}_simulate_{source}",
    params:
        **step("events.simulate", simulated_signal),


use rule ingest as injected_ingest with:
    input:
        "results/{analysis}/injection/{case}/raw/{source}.root",
    output:
        events="results/{analysis}/injection/{case}/ingested/{source}.root",
        report="results/{analysis}/injection/{case}/ingested/{source}.json",
    pathvars:
        job="injection/{case}_ingest_{source}",
    params:
        **step("events.ingest", ingested_signal),


use rule reconstruct as injected_reconstruct with:
    input:
        ingested="results/{analysis}/injection/{case}/ingested/{source}.root",
        light_map="results/{analysis}/light_map",
    output:
        "results/{analysis}/injection/{case}/reconstructed/{source}.root",
    pathvars:
        job="injection/{case}_reconstruct_{source}",


use rule select as injected_select with:
    input:
        reconstructed="results/{analysis}/injection/{case}/reconstructed/{source}.root",
    output:
        events="results/{analysis}/injection/{case}/selected/{source}.root",
        counts="results/{analysis}/injection/{case}/selected/{source}.json",
    pathvars:
        job="injection/{case}_select_{source}",


use rule step as injection_toys with:
    """Pulls of signals that were injected into toys, and the coverage of their limits."""
    input:
        of_analysis(lambda analysis: beside(injected_workspaces(analysis))),
        workspaces=of_analysis(injected_workspaces),
        limits=of_analysis(limits_of_injected),
    output:
        toys="results/{analysis}/injection/toys.csv",
        pulls="results/{analysis}/injection/pulls.csv",
    pathvars:
        job="injection_toys",
    resources:
        **memory_and_time(1500, 60),
    params:
        **step(
            "search.injection_toys",
            *("statistics.injection", "statistics.confidence_level", "seed"),
        ),


use rule step as injection with:
    """Signals recovered after the whole chain, beside the verdict on the toys."""
    input:
        of_analysis(lambda analysis: beside(injected_workspaces(analysis))),
        workspaces=of_analysis(injected_workspaces),
        limits=of_analysis(limits_of_injected),
        selected=of_analysis(injected_events),
        toys="results/{analysis}/injection/toys.csv",
    output:
        table="results/{analysis}/injection/injection.csv",
        record="results/{analysis}/injection/injection.json",
    pathvars:
        job="injection",
    resources:
        **memory_and_time(1000, 10),
    params:
        **step(
            "search.injection",
            of_events(lambda inputs: {"edges_keV": bin_edges(inputs).tolist()}),
        ),


use rule step as figure_injection with:
    """Recovered against injected strength, and the pulls of toys."""
    input:
        chain="results/{analysis}/injection/injection.csv",
        toys="results/{analysis}/injection/toys.csv",
        pulls="results/{analysis}/injection/pulls.csv",
        counts="results/{analysis}/spectra/counts.csv",
    output:
        **figure_files("injection", None),
    pathvars:
        job="figure_injection",
    params:
        **step("report.figure_injection", "plots"),


rule inject:
    """Known signals in toys and through the whole chain, of every simulated analysis of events."""
    input:
        expand("results/{analysis}/injection/injection.json", analysis=INJECTED),
        expand("results/{analysis}/figures/injection.png", analysis=INJECTED),
    localrule: True
