# What rules take and make: names of files, and settings, as functions of an analysis or of the wildcards.

EVENT_TABLES = [
    "events.json",
    "histograms.csv",
    "vertices.csv",
    "hit_map.csv",
    "resolution.csv",
]
OF_RECONSTRUCTED = EVENT_TABLES[:3]


def experiment_inputs(analysis):
    """The experiment: its YAML and CSVs, relative to the working directory where they are below it, or our templates."""
    if analysis in EVENTS:
        return [f"results/{analysis}/templates/experiment.json"]
    files = experiment_files(ANALYSES[analysis].experiment_file)
    return [os.path.normpath(file) for file in files]


def event_tables(analysis):
    """The tables of an analysis: without hits and light map there are fewer."""
    named = OF_RECONSTRUCTED if analysis in AS_TABLES else EVENT_TABLES
    return [f"results/{analysis}/event_diagnostics/{name}" for name in named]


def member_inputs(analysis):
    """The experiments of a combination: the main file of each, and everything that these name."""
    files = [experiment_inputs(member) for member in COMBINED[analysis]]
    return [main for main, *_ in files], [
        file for _, *tables in files for file in tables
    ]


def joined_settings(analysis, interaction):
    """What the workspaces of one interaction of a combination are made with."""
    asked = [
        *("physics", "systematics", "blind"),
        *("combination", f"interactions.{interaction}"),
    ]
    return {**settings(analysis, *asked), "members": of_members(analysis)}


def of_members(analysis):
    """What a combination takes over from the analyses of its experiments, in their order."""
    return [member_settings(ANALYSES[member]) for member in COMBINED[analysis]]


def from_here(file):
    """A file's name relative to the working directory where it is below it: records then hold in another clone too."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def workspace_files(analysis, interaction):
    """The workspaces of an interaction, one per flavour and mass."""
    block = ANALYSES[analysis].settings["interactions"][interaction]
    cases = hypotheses(interaction, block)
    return [
        f"results/{analysis}/workspaces/{hypothesis_name(interaction, *case)}.json"
        for case in cases
    ]


def scanned_workspaces(analysis, interaction):
    """Those of all masses, of the first of its flavours."""
    block = ANALYSES[analysis].settings["interactions"][interaction]
    flavour, _ = hypotheses(interaction, block)[0]
    return [
        f"results/{analysis}/workspaces/{hypothesis_name(interaction, *case)}.json"
        for case in hypotheses(interaction, block)
        if case[0] == flavour
    ]


def all_workspaces(analysis):
    """The workspaces of all interactions."""
    return [
        file
        for interaction in INTERACTIONS[analysis]
        for file in workspace_files(analysis, interaction)
    ]


def interaction_limits(analysis):
    """The limits of all interactions, one file each."""
    return [
        f"results/{analysis}/limits/{interaction}.json"
        for interaction in INTERACTIONS[analysis]
    ]


def beside(workspaces):
    """The pages beside workspaces, which say what their μ means."""
    return [str(meaning_file(file)) for file in workspaces]


def meaning_files(analysis, interaction):
    """The pages beside these workspaces."""
    return beside(workspace_files(analysis, interaction))


def diagnosed_files(analysis):
    """The records of the diagnostics, in the order of `DRAWN_WORKSPACES`."""
    return [
        f"results/{analysis}/diagnostics/{name}.json" for name in DIAGNOSED[analysis]
    ]


def compared(analysis):
    """What a table of limits is told: whose they are, and whose published limits stand beside them."""
    beside_ours = ANALYSES[analysis].settings.get("compare_with", TITLES[analysis])
    return {"analysis": analysis, "experiment": beside_ours}


def yields_by_range(analysis):
    """Yields by energy range before and after the fit, of an analysis of events."""
    file = f"results/{analysis}/spectra/yields_by_range.csv"
    return [file] if analysis in EVENTS else []


def has_parts(analysis):
    """Whether its fit has slices in a second variable, or control regions."""
    return analysis in TEMPLATES and bool(TEMPLATES[analysis]["parts"])


def is_blind(analysis):
    """Whether an analysis leaves its data aside."""
    return ANALYSES[analysis].settings["blind"]


# Functions of the wildcards, for inputs and settings.


def of_analysis(make):
    """What a function makes of an analysis's name."""
    return lambda wildcards: make(wildcards.analysis)


main_file_of_experiment = of_analysis(lambda analysis: experiment_inputs(analysis)[0])
tables_of_experiment = of_analysis(lambda analysis: experiment_inputs(analysis)[1:])


def one_of(table, of=lambda entry: entry):
    """An analysis's entry in a table, or what a function makes of it."""
    return lambda wildcards: of(table[wildcards.analysis])


def where(chosen, file):
    """A file of those analyses that are among the chosen, or none."""
    return lambda wildcards: (
        [file.format(**wildcards)] if wildcards.analysis in chosen else []
    )


def last_calibration(wildcards):
    """What templates move to: of the shells, which know that of the source, or of the source alone, or nothing."""
    files = {"shells": SHELLS, "optics": SCANS}
    made = [name for name, chosen in files.items() if wildcards.analysis in chosen]
    return [
        f"results/{wildcards.analysis}/calibration/{name}.json" for name in made[:1]
    ]


def seed_of(wildcards):
    """The seed of an analysis."""
    return ANALYSES[wildcards.analysis].settings["seed"]


def of_events(make, seeded=False):
    """What a function makes of the events, and perhaps of the seed, of an analysis."""
    return lambda wildcards: make(
        EVENTS[wildcards.analysis], *([seed_of(wildcards)] if seeded else [])
    )


def of_source(make, seeded=False):
    """The same for one run or sample of them."""
    return lambda wildcards: of_events(
        lambda *inputs: make(*inputs, **source_of(wildcards)), seeded
    )(wildcards)


def source_of(wildcards):
    """A run or a sample, as the settings of a job are asked for."""
    kind, _, name = wildcards.source.partition("_")
    return {kind: int(name) if kind == "run" else name}


def raw_files(wildcards):
    """The ROOT files of a run or a sample, relative to the working directory where they are below it."""
    inputs, source = EVENTS[wildcards.analysis], source_of(wildcards)
    is_run = "run" in source
    row = inputs.runs[source["run"]] if is_run else inputs.sample(source["sample"])
    return [os.path.normpath(file) for file in row.files]


def light_tables_folder(wildcards):
    """The tables that a run or a sample draws light from; none if all of its light is traced."""
    optics = of_source(light_tables_used)(wildcards)
    return f"results/{wildcards.analysis}/light_tables/{optics}" if optics else []


def files_of(stage, sources, suffix=".root"):
    """The files of some runs and samples; a function of the wildcards gives their names."""
    return lambda wildcards: [
        f"results/{wildcards.analysis}/{stage}/{source}{suffix}"
        for source in sources(wildcards)
    ]


# Events to templates.


def probed(inputs):
    """Names of the runs and samples that the dead-PMT correction comes from."""
    return map(source_name, probe_sources(inputs))


def histogrammed(wildcards):
    """Names of the runs and samples whose spectra are written for ROOT."""
    inputs, blind = EVENTS[wildcards.analysis], is_blind(wildcards.analysis)
    return map(source_name, histogram_sources(inputs, blind=blind))


def histogram_settings_of(wildcards):
    """What these histograms are made with."""
    inputs, blind = EVENTS[wildcards.analysis], is_blind(wildcards.analysis)
    return histogram_settings(inputs, bin_edges(inputs, fraction=0.5), blind=blind)


# Figures.


def titled_plots(wildcards):
    """How figures are drawn, and whose they are."""
    title = TITLES[wildcards.analysis]
    return {"name": title, **settings(wildcards.analysis, "plots")}


def tables_of(analyses):
    """Limits and counts of several analyses."""
    return {
        name: expand(f"results/{{analysis}}/{file}", analysis=analyses)
        for name, file in [
            ("limits", "limits/limits.csv"),
            ("counts", "spectra/counts.csv"),
        ]
    }


# Toys.


def toy_jobs(analysis):
    """How many jobs share the toys."""
    return ANALYSES[analysis].settings["statistics"]["toys"]["chunks"]


def joined_toys(analysis):
    """What the table of limits from toys is told."""
    level = ANALYSES[analysis].settings["statistics"]["confidence_level"]
    return {**compared(analysis), "confidence_level": level}


# Tables.


def printed(analysis, tables):
    """The files of some tables."""
    return [
        f"results/{analysis}/tables/{table}.{suffix}"
        for table in tables
        for suffix in ["csv", "tex", "md"]
    ]


def table_files(analysis):
    """The tables of an analysis; one of events has a cut flow and activities too, a combination its contributions."""
    of_events = EVENT_TABLES_PRINTED if analysis in EVENTS else []
    of_several = COMBINED_TABLES if analysis in COMBINED else []
    return printed(analysis, [*TABLES, *of_events, *of_several])


# The summary page.


def main_figures(analysis):
    """The figures of the page: those of events first, then those of the search."""
    names = [*EVENT_FIGURES.get(analysis, []), *FIGURES[analysis]]
    names += ["simulation_error"] if analysis in TEMPLATES else []
    return [f"results/{analysis}/figures/{name}.png" for name in names]


def simulation_error(analysis):
    """Whether enough is simulated, of an analysis of events with templates."""
    file = f"results/{analysis}/templates/simulation_error.csv"
    return [file] if analysis in TEMPLATES else []


def described_files(analysis):
    """The YAMLs whose numbers carry a status: the experiment's, or of events and of the detector they are simulated in;
    of a combination, those of its experiments."""
    if analysis in COMBINED:
        files = [described_files(member) for member in COMBINED[analysis]]
        return list(dict.fromkeys(file for of_one in files for file in of_one))
    if analysis not in EVENTS:
        return experiment_inputs(analysis)[:1]
    files = [os.path.normpath(ANALYSES[analysis].events_file)]
    if "simulation" in EVENTS[analysis].settings:
        detectors = TOP / "resources" / "detectors"
        files += map(from_here, sorted(detectors.glob("xmass_like_*.yaml")))
    return files


def ingest_notes(analysis):
    """What is doubtful about the files of an analysis of events."""
    return [f"results/{analysis}/ingested/notes.json"] if analysis in EVENTS else []


def shown_settings(analysis):
    """The settings that the page shows."""
    blocks = ANALYSES[analysis].settings
    return {
        name: blocks[name]
        for name in blocks
        if name not in ("plots", "tables", "variants")
    }


# Injected signals.


def injected_limits(wildcards):
    """The limits of which an injected strength is a multiple."""
    interaction = split_case(wildcards.case)[0].rpartition("_")[0]
    return f"results/{wildcards.analysis}/limits/{interaction}.json"


def simulated_signal(wildcards, input):
    """What simulates a case. While its limits are not there, Snakemake leaves the parameter open."""
    limits = json.loads(Path(input[0]).read_text())
    signal = injected_signal(limits, *split_case(wildcards.case))
    inputs, seed = EVENTS[wildcards.analysis], seed_of(wildcards)
    return injected_simulate_settings(inputs, seed, source_of(wildcards)["run"], signal)


def ingested_signal(wildcards, input):
    """What ingests it."""
    run = source_of(wildcards)["run"]
    return ingest_settings(EVENTS[wildcards.analysis], run, str(input[0]))


def injected_workspaces(analysis):
    """The workspaces of the injected hypotheses."""
    return [f"results/{analysis}/workspaces/{name}.json" for name in INJECTED[analysis]]


def limits_of_injected(analysis):
    """The limits of the injected hypotheses' interactions, one file each."""
    interactions = dict.fromkeys(name.rpartition("_")[0] for name in INJECTED[analysis])
    return [f"results/{analysis}/limits/{name}.json" for name in interactions]


def injected_events(analysis):
    """The selected signal events of every case and physics run."""
    return [
        f"results/{analysis}/injection/{case}/selected/run_{run.run}.root"
        for case in injected_cases(ANALYSES[analysis].settings)
        for run in EVENTS[analysis].runs.physics
    ]
