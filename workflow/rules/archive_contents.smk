# What goes into the archive of an analysis.


def archived(analysis):
    """The results that go into an archive: those of the default run."""
    of_events, calibrated, corrected = (
        analysis in which for which in (EVENTS, CALIBRATIONS, CORRECTED)
    )
    fits = DIAGNOSED[analysis]
    single = analysis not in COMBINED
    in_detector = ["curves", "folded", "efficiency"] if single else []
    spectra = ["weak", *INTERACTIONS[analysis], "counts", *in_detector]
    limits = ["limits", *(["variants"] if single else ["combination", "parameters"])]
    figures = [
        *FIGURES[analysis],
        *(f"diagnostics_{name}" for name in fits),
        *EVENT_FIGURES.get(analysis, []),
        *(["calibration"] if calibrated else []),
        *(["optics"] if analysis in SCANS else []),
        *(["shells"] if analysis in SHELLS else []),
        *(["dead_pmt"] if corrected else []),
        *(["simulation_error"] if analysis in TEMPLATES else []),
    ]
    names = [
        "summary.html",
        *(f"limits/{name}.csv" for name in limits),
        *(f"spectra/{name}.csv" for name in spectra),
        *(f"diagnostics/{name}.json" for name in fits),
        "diagnostics/yields.csv",
        *(f"figures/{name}.{suffix}" for name in figures for suffix in ["png", "pdf"]),
    ]
    if analysis in PROJECTED:
        names += ["limits/projections.csv"]
    if analysis in PLANES:
        names += ["limits/planes.csv", "limits/plane_contours.csv"]
    if of_events:
        names += [
            "cut_flow/cut_flow.csv",
            "cut_flow/cut_efficiency.csv",
            "cut_flow/cut_conditions.csv",
        ]
        names += ["templates/templates.json", "templates/experiment.json"]
        names += ["templates/systematics.csv", "templates/response.csv"]
        names += ["templates/simulation_error.csv"]
        names += ["spectra/yields_by_range.csv"]
        names += [f"event_diagnostics/{table}" for table in EVENT_TABLES]
    if has_parts(analysis):
        names += ["spectra/parts.csv", "limits/regions.csv"]
    if calibrated:
        names += ["calibration/calibration.json", "calibration/spectrum.csv"]
    if analysis in SCANS:
        names += ["calibration/optics.json", "calibration/optics.csv"]
    if analysis in SHELLS:
        names += ["calibration/shells.json", "calibration/shells.csv"]
    if corrected:
        names += [
            "dead_pmt/correction.json",
            "dead_pmt/correction.csv",
            "dead_pmt/check.csv",
        ]
    return [
        *all_workspaces(analysis),
        *beside(all_workspaces(analysis)),
        *interaction_limits(analysis),
        *table_files(analysis),
        *(f"results/{analysis}/{name}" for name in names),
    ]


def dated(analysis):
    """Results that tell when they were made, and are no part of the payload; their numbers are in templates.json."""
    names = ["histograms", "templates"] if analysis in EVENTS else []
    return [f"results/{analysis}/templates/{name}.root" for name in names]


def configured(analysis):
    """What was configured for the experiment: its YAML and CSVs, or the events file and the tables that it names; of a
    combination, that of all its experiments."""
    if analysis in COMBINED:
        return [file for member in COMBINED[analysis] for file in configured(member)]
    if analysis not in EVENTS:
        return experiment_inputs(analysis)
    file, told = ANALYSES[analysis].events_file, EVENTS[analysis].settings
    tables = [told.get(table) for table in ("runs", "samples", "calibration")]
    named = [table for table in [*tables, *told["geometry"].values()] if table]
    files = [file, *(file.parent / table for table in named)]
    return [os.path.normpath(path) for path in files]


def raw_of_analysis(analysis):
    """The raw files of all runs and samples."""
    if analysis in COMBINED:
        return [
            file for member in COMBINED[analysis] for file in raw_of_analysis(member)
        ]
    inputs = EVENTS.get(analysis)
    rows = [*inputs.runs.runs, *inputs.samples] if inputs else []
    return [os.path.normpath(file) for row in rows for file in row.files]
