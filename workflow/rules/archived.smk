# What goes into an archive.


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
        names += [f"cut_flow/{name}.csv" for name in ["cut_flow", "cut_efficiency", "cut_conditions"]]
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
    return [
        os.path.normpath(path)
        for path in [file, *(file.parent / table for table in named)]
    ]


def raw_of_analysis(analysis):
    """The raw files of all runs and samples."""
    inputs = EVENTS.get(analysis)
    rows = [*inputs.runs.runs, *inputs.samples] if inputs else []
    return [os.path.normpath(file) for row in rows for file in row.files]
