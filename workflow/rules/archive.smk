# The archive of an analysis: what the default run makes of it, in one zip that `exonu verify` checks.

from exonu import __version__ as VERSION


def archived(analysis):
    """The results that go into an archive: those of the default run."""
    names = [
        "summary.html",
        *(f"limits/{name}" for name in ["limits.csv", "variants.csv"]),
        *(f"spectra/{name}.csv" for name in ["weak", *INTERACTIONS[analysis]]),
        *(
            f"spectra/{name}.csv"
            for name in ["counts", "curves", "folded", "efficiency"]
        ),
        *(f"diagnostics/{name}.json" for name in DIAGNOSED[analysis]),
        "diagnostics/yields.csv",
        *(
            f"figures/{figure}.{suffix}"
            for figure in [
                *FIGURES[analysis],
                *(f"diagnostics_{name}" for name in DIAGNOSED[analysis]),
            ]
            for suffix in ["png", "pdf"]
        ),
    ]
    if analysis in EVENTS:
        names += [f"cut_flow/{name}.csv" for name in ["cut_flow", "cut_efficiency"]]
        names += [
            f"templates/{name}"
            for name in [
                "templates.json",
                "experiment.json",
                "systematics.csv",
                "response.csv",
            ]
        ]
        names += ["spectra/yields_by_range.csv"]
        names += [f"event_diagnostics/{table}" for table in EVENT_TABLES]
        drawn = [
            *EVENT_FIGURES[analysis],
            *(["calibration"] if analysis in CALIBRATIONS else []),
            *(["dead_pmt"] if analysis in CORRECTED else []),
        ]
        names += [
            f"figures/{name}.{suffix}" for name in drawn for suffix in ["png", "pdf"]
        ]
    if analysis in CALIBRATIONS:
        names += ["calibration/calibration.json", "calibration/spectrum.csv"]
    if analysis in CORRECTED:
        names += [
            f"dead_pmt/{name}"
            for name in ["correction.json", "correction.csv", "check.csv"]
        ]
    return [
        *all_workspaces(analysis),
        *(str(meaning_file(file)) for file in all_workspaces(analysis)),
        *interaction_limits(analysis),
        *table_files(analysis),
        *(f"results/{analysis}/{name}" for name in names),
    ]


def dated(analysis):
    """Results that tell when they were made, and are no part of the payload; their numbers are in templates.json."""
    names = ["histograms", "templates"] if analysis in EVENTS else []
    return [f"results/{analysis}/templates/{name}.root" for name in names]


def configured(analysis):
    """What was configured for the experiment: its YAML and CSVs, or the events file and the tables that it names."""
    if analysis not in EVENTS:
        return experiment_inputs(analysis)
    file, told = ANALYSES[analysis].events_file, EVENTS[analysis].settings
    tables = [told.get(table) for table in ("runs", "samples", "calibration")]
    named = [table for table in [*tables, told["geometry"].get("file")] if table]
    return [os.path.normpath(path) for path in [file, *(file.parent / table for table in named)]]


def raw_of_analysis(analysis):
    """The raw files of all runs and samples."""
    inputs = EVENTS.get(analysis)
    rows = [*inputs.runs.runs, *inputs.samples] if inputs else []
    return [os.path.normpath(file) for row in rows for file in row.files]


rule archive_zip:
    """One analysis, with the checksum of every file; see exonu.archive."""
    input:
        results=lambda wildcards: archived(wildcards.analysis),
        analysis=lambda wildcards: os.path.normpath(ANALYSES[wildcards.analysis].file),
        dated=lambda wildcards: dated(wildcards.analysis),
        experiment=lambda wildcards: configured(wildcards.analysis),
        lock=from_here(TOP / "envs" / "requirements.lock"),
    output:
        f"results/{{analysis}}/archive/{{analysis}}-{VERSION}.zip",
    log:
        "results/{analysis}/logs/archive.log",
    benchmark:
        "results/{analysis}/benchmarks/archive.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=resource(500),
        runtime=resource(5),
    params:
        settings=lambda wildcards: canonical_json(ANALYSES[wildcards.analysis].settings),
        raw=lambda wildcards: listed(wildcards, raw_of_analysis(wildcards.analysis)),
        code=code("archive"),
        libraries=libraries("archive"),
    shell:
        "python -m exonu.steps.archive --settings {params.settings:q} --analysis {input.analysis:q} "
        "--experiment {input.experiment:q} --lock {input.lock:q} --records .snakemake/metadata --output {output} "
        "--results {input.results} --dated {input.dated} --raw {params.raw:q} &> {log}"


rule archive:
    """An archive of every analysis."""
    input:
        expand(
            "results/{analysis}/archive/{analysis}-{version}.zip",
            analysis=INTERACTIONS,
            version=VERSION,
        ),
    localrule: True
