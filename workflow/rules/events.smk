# From raw ROOT files to selected events: ingest ─► reconstruct ─► select ─► cut flow, once for every run of the run list
# and every sample of the sample sheet. Where an events file has a block `simulation`, its raw files are made here too. Events
# that come reconstructed are read by `read_reconstructed` instead, and have neither light map nor hits.

from exonu.events.runs.check_raw import check_settings
from exonu.events.runs.dual_phase_settings import drawing_settings, is_drawn
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.simulation_settings import (
    light_map_settings,
    light_tables_settings,
    light_tables_used,
    longest_sample,
    raw_is_temporary,
    simulate_settings,
)

AS_TABLES = [name for name, inputs in EVENTS.items() if inputs.is_reconstructed]
DRAWN = [name for name in AS_TABLES if is_drawn(EVENTS[name])]
SOURCES = {
    name: [
        *(f"run_{run.run}" for run in inputs.runs.runs),
        *(f"sample_{sample.sample}" for sample in inputs.samples),
    ]
    for name, inputs in EVENTS.items()
}


wildcard_constraints:
    source=r"(run|sample)_[A-Za-z0-9_.-]+",


use rule step as light_tables with:
    """Light near the wall, from which bulky classes draw their hits: of the data's detector and of the samples'."""
    output:
        directory("results/{analysis}/light_tables/{optics}"),
    pathvars:
        job="light_tables_{optics}",
    priority: PRIORITY["light map"]
    threads: 2
    resources:
        **memory_and_time(1000, 60),
    params:
        **step(
            "events.light_tables",
            lambda wildcards: light_tables_settings(
                EVENTS[wildcards.analysis], seed_of(wildcards), wildcards.optics
            ),
            threads=lambda wildcards, threads: threads,
        ),


use rule step as simulate with:
    """A run or a sample of the demonstration: decays, light, photomultipliers."""
    input:
        light_tables=light_tables_folder,
    output:
        "results/{analysis}/raw/{source}.root",
    pathvars:
        job="simulate_{source}",
    wildcard_constraints:
        analysis="|".join(set(EVENTS) - set(AS_TABLES)) or "none",
    priority: PRIORITY["simulation"]
    resources:
        **memory_and_time(1000, 60),
    params:
        **step("events.simulate", of_source(simulate_settings, seeded=True)),


LONGEST = {f"sample_{name}" for name in map(longest_sample, EVENTS.values()) if name}

if LONGEST:

    use rule simulate as simulate_longest with:
        """The same of the sample with the most decays, before all others."""
        wildcard_constraints:
            source="|".join(LONGEST),
        priority: PRIORITY["longest simulation"]

    ruleorder: simulate_longest > simulate


OWN_FILES = [name for name, inputs in EVENTS.items() if not inputs.is_generated]


use rule step as check_raw with:
    """Trees, branches and first entries of all raw files that are the user's own, before the long work."""
    input:
        of_analysis(raw_of_analysis),
    output:
        "results/{analysis}/ingested/checked.json",
    pathvars:
        job="check_raw",
    priority: PRIORITY["light map"]
    resources:
        **memory_and_time(500, 30),
    params:
        **step("events.check_raw", of_events(check_settings)),


checked_raw = where(OWN_FILES, "results/{analysis}/ingested/checked.json")


WITHOUT_RAW = [name for name in EVENTS if raw_is_temporary(EVENTS[name])]

if WITHOUT_RAW:

    use rule simulate as simulate_temporary with:
        """The same where raw files are removed as soon as they are ingested."""
        output:
            temp("results/{analysis}/raw/{source}.root"),
        wildcard_constraints:
            analysis="|".join(WITHOUT_RAW),

    ruleorder: simulate_temporary > simulate


use rule step as ingest with:
    """Calibrated events with the variables that cuts use; hits of dead photomultipliers are removed."""
    input:
        raw_files,
        ancient(checked_raw),
    output:
        events="results/{analysis}/ingested/{source}.root",
        report="results/{analysis}/ingested/{source}.json",
    pathvars:
        job="ingest_{source}",
    priority: PRIORITY["events"]
    resources:
        **memory_and_time(1000, 30),
    params:
        **step("events.ingest", of_source(EventInputs.ingest_settings)),


use rule step as ingest_table with:
    """Events, hits and medians of all runs and samples, and what of it is hardly meant."""
    input:
        reports=files_of("ingested", one_of(SOURCES), ".json"),
    output:
        table="results/{analysis}/ingested/ingested.csv",
        notes="results/{analysis}/ingested/notes.json",
    pathvars:
        job="ingest_table",
    priority: PRIORITY["search"]
    params:
        **step("events.ingest_table"),


use rule step as light_map with:
    """How much of the light of each point each photomultiplier sees; traced once."""
    input:
        ancient(checked_raw),  # it does not depend on the files, and is not traced in vain
    output:
        directory("results/{analysis}/light_map"),
    pathvars:
        job="light_map",
    priority: PRIORITY["light map"]
    threads: 2
    resources:
        **memory_and_time(1000, 60),
    params:
        **step(
            "events.light_map",
            of_events(light_map_settings, seeded=True),
            threads=lambda wildcards, threads: threads,
        ),


use rule step as reconstruct with:
    """Vertex and energy of every event."""
    input:
        ingested="results/{analysis}/ingested/{source}.root",
        light_map="results/{analysis}/light_map",
    output:
        "results/{analysis}/reconstructed/{source}.root",
    pathvars:
        job="reconstruct_{source}",
    priority: PRIORITY["events"]
    resources:
        **memory_and_time(1500, 60),
    params:
        **step("events.reconstruct", of_source(EventInputs.reconstruct_settings)),


if AS_TABLES:

    use rule step as read_reconstructed with:
        """Events that come reconstructed, as those that `reconstruct` makes; their formats and units end here."""
        input:
            raw_files,
            ancient(checked_raw),
        output:
            events="results/{analysis}/reconstructed/{source}.root",
            report="results/{analysis}/ingested/{source}.json",
        pathvars:
            job="read_{source}",
        wildcard_constraints:
            analysis="|".join(AS_TABLES),
        priority: PRIORITY["events"]
        params:
            **step("events.read_reconstructed", of_source(EventInputs.table_settings)),

    ruleorder: read_reconstructed > reconstruct > ingest


for analysis in DRAWN:

    rule:
        """All runs and samples of a dual-phase demonstration, drawn from a published response: less work than to begin."""
        name:
            rule_name("draw_events", analysis)
        output:
            tables=[os.path.normpath(file) for file in EVENTS[analysis].files],
        log:
            f"results/{analysis}/logs/draw_events.log",
        benchmark:
            f"results/{analysis}/benchmarks/draw_events.tsv"
        priority: PRIORITY["simulation"]
        conda:
            "../../envs/environment.yaml"
        resources:
            **memory_and_time(500, 5),
        params:
            **step(
                "events.draw_events",
                drawing_settings(
                    EVENTS[analysis], ANALYSES[analysis].settings["seed"]
                ),
            ),
        shell:
            STEP


use rule step as select with:
    """The events that pass all cuts, and how many passed each."""
    input:
        reconstructed="results/{analysis}/reconstructed/{source}.root",
    output:
        events="results/{analysis}/selected/{source}.root",
        counts="results/{analysis}/selected/{source}.json",
    pathvars:
        job="select_{source}",
    priority: PRIORITY["events"]
    resources:
        **memory_and_time(500, 10),
    params:
        **step("events.select", of_source(EventInputs.select_settings)),


use rule step as cut_flow with:
    """Events after each cut, and the efficiency of each cut against the true energy."""
    input:
        counts=files_of("selected", one_of(SOURCES), ".json"),
    output:
        cut_flow="results/{analysis}/cut_flow/cut_flow.csv",
        efficiency="results/{analysis}/cut_flow/cut_efficiency.csv",
        conditions="results/{analysis}/cut_flow/cut_conditions.csv",
    pathvars:
        job="cut_flow",
    priority: PRIORITY["search"]
    params:
        **step(
            "events.cut_flow", of_events(lambda it: {"live_days": it.runs.live_days})
        ),


rule events:
    """The cut flow of every analysis that starts from events, and a table of what was read."""
    input:
        expand("results/{analysis}/cut_flow/cut_flow.csv", analysis=EVENTS),
        expand("results/{analysis}/ingested/ingested.csv", analysis=EVENTS),
    localrule: True
