# From selected events to the experiment that a search reads: the dead-PMT correction, templates with their systematic
# variations, and the priors of the activities. What follows is the same for a published spectrum.

from exonu.events.diagnostics.diagnosed_sources import (
    calibration_settings,
    scan_settings,
    source_names,
)
from exonu.events.runs.bins import bin_edges
from exonu.templates.dead_pmt.correction_jobs import (
    closure_settings,
    correction_settings,
    histogram_settings,
    histogram_sources,
    probe_settings,
    probe_sources,
    source_name,
    wants_correction,
)
from exonu.templates.shells.shell_settings import shell_settings, shell_sources
from exonu.templates.template_jobs import (
    check_fit_ranges,
    prior_settings,
    reconstructed_sources,
    selected_sources,
    template_settings,
)

try:
    TEMPLATES = OfSearches(
        {
            name: template_settings(inputs, blind=is_blind(name))
            for name, inputs in EVENTS.items()
            if name in INTERACTIONS
        },
        WITHOUT_SEARCH,
    )
    for name, inputs in EVENTS.items():
        check_fit_ranges(
            inputs, ANALYSES[name].settings["interactions"], str(ANALYSES[name].file)
        )
    SCANS = {
        name: found
        for name, inputs in EVENTS.items()
        if (found := scan_settings(inputs)) is not None
    }
    SHELLS = {
        name: found
        for name, inputs in EVENTS.items()
        if name in INTERACTIONS and (found := shell_settings(inputs)) is not None
    }
except InputError as error:
    raise WorkflowError(str(error)) from None

CALIBRATIONS = {
    name: found
    for name, inputs in EVENTS.items()
    if (found := calibration_settings(inputs)) is not None
}
CORRECTED = [name for name, inputs in EVENTS.items() if wants_correction(inputs)]
CLOSURE_JOBS = 4


use rule step as probes with:
    """Events of the wall before living photomultipliers, reconstructed again without these."""
    input:
        ingested="results/{analysis}/ingested/{source}.root",
        reconstructed="results/{analysis}/reconstructed/{source}.root",
        light_map="results/{analysis}/light_map",
    output:
        "results/{analysis}/probes/{source}.root",
    pathvars:
        job="probes_{source}",
    priority: PRIORITY["events"]
    resources:
        **memory_and_time(1500, 60),
    params:
        **step("templates.probes", of_source(probe_settings)),


use rule step as dead_pmt_correction with:
    """How much more often data leak before a dead photomultiplier than simulation does."""
    input:
        probes=files_of("probes", of_events(probed)),
    output:
        record="results/{analysis}/dead_pmt/correction.json",
        table="results/{analysis}/dead_pmt/correction.csv",
    pathvars:
        job="dead_pmt_correction",
    priority: PRIORITY["events"]
    params:
        **step("templates.dead_pmt_correction", of_events(correction_settings)),


use rule step as calibration_check with:
    """Energy scale, resolution and vertex of the source at the centre, in data and simulation."""
    input:
        reconstructed=files_of("reconstructed", one_of(CALIBRATIONS, source_names)),
    output:
        record="results/{analysis}/calibration/calibration.json",
        spectrum="results/{analysis}/calibration/spectrum.csv",
    pathvars:
        job="calibration_check",
    priority: PRIORITY["events"]
    params:
        **step("events.calibration_check", one_of(CALIBRATIONS)),


use rule step as optics_calibration with:
    """Optics and scale of the vertex from a source at several heights, data against the samples of the variations."""
    input:
        ingested=files_of("ingested", one_of(SCANS, source_names)),
        reconstructed=files_of("reconstructed", one_of(SCANS, source_names)),
    output:
        record="results/{analysis}/calibration/optics.json",
        light="results/{analysis}/calibration/optics.csv",
    pathvars:
        job="optics_calibration",
    priority: PRIORITY["events"]
    resources:
        **memory_and_time(1500, 20),
    params:
        **step("events.optics_calibration", one_of(SCANS)),


use rule step as shell_calibration with:
    """What the source does not see of the wall, from data outside the fiducial volume."""
    input:
        reconstructed=files_of("reconstructed", one_of(SHELLS, shell_sources)),
        correction=where(CORRECTED, "results/{analysis}/dead_pmt/correction.json"),
        calibration=where(
            CALIBRATIONS, "results/{analysis}/calibration/calibration.json"
        ),
        optics=where(SCANS, "results/{analysis}/calibration/optics.json"),
    output:
        record="results/{analysis}/calibration/shells.json",
        counts="results/{analysis}/calibration/shells.csv",
    pathvars:
        job="shell_calibration",
    priority: PRIORITY["events"]
    resources:
        **memory_and_time(1500, 20),
    params:
        **step("templates.shell_calibration", one_of(SHELLS)),


use rule step as templates with:
    """Spectra of all components with their systematic variations, and the response to signals."""
    input:
        selected=files_of("selected", one_of(TEMPLATES, selected_sources)),
        reconstructed=files_of(
            "reconstructed", one_of(TEMPLATES, reconstructed_sources)
        ),
        correction=where(CORRECTED, "results/{analysis}/dead_pmt/correction.json"),
        calibration=where(
            CALIBRATIONS, "results/{analysis}/calibration/calibration.json"
        ),
        optics=last_calibration,
    output:
        record="results/{analysis}/templates/templates.json",
        histograms="results/{analysis}/templates/templates.root",
        systematics="results/{analysis}/templates/systematics.csv",
        response="results/{analysis}/templates/response.csv",
    pathvars:
        job="templates",
    priority: PRIORITY["events"]
    resources:
        **memory_and_time(1500, 20),
    params:
        **step("templates.templates", one_of(TEMPLATES)),


use rule step as experiment with:
    """The templates with the priors of the activities: what a published spectrum would be."""
    input:
        templates="results/{analysis}/templates/templates.json",
    output:
        "results/{analysis}/templates/experiment.json",
    pathvars:
        job="experiment",
    priority: PRIORITY["events"]
    params:
        **step("templates.experiment", of_events(prior_settings)),


use rule step as simulation_error with:
    """Whether enough is simulated, for the live time itself and for those of the projections."""
    input:
        experiment="results/{analysis}/templates/experiment.json",
    output:
        "results/{analysis}/templates/simulation_error.csv",
    pathvars:
        job="simulation_error",
    params:
        **step("report.simulation_error", "statistics.projections"),


use rule step as figure_simulation_error with:
    """The same as a figure."""
    input:
        table="results/{analysis}/templates/simulation_error.csv",
    output:
        **figure_files("simulation_error", "events", "size of the simulation"),
    pathvars:
        job="figure_simulation_error",
    params:
        **step("report.figure_simulation_error", titled_plots),


use rule step as histograms with:
    """Spectra of all runs and samples as they are selected, for ROOT."""
    input:
        selected=files_of("selected", histogrammed),
    output:
        "results/{analysis}/templates/histograms.root",
    pathvars:
        job="histograms",
    params:
        **step("templates.histograms", histogram_settings_of),


use rule step as dead_pmt_check with:
    """What dead photomultipliers bring into the fiducial volume, before and after the correction."""
    input:
        histograms="results/{analysis}/templates/histograms.root",
        correction="results/{analysis}/dead_pmt/correction.json",
    output:
        "results/{analysis}/dead_pmt/check.csv",
    pathvars:
        job="dead_pmt_check",
    params:
        **step("templates.dead_pmt_check"),


use rule step as figure_dead_pmt with:
    """The correction of events before dead photomultipliers, and what it is made of."""
    input:
        correction="results/{analysis}/dead_pmt/correction.json",
    output:
        **figure_files("dead_pmt", "events", "dead photomultipliers"),
    pathvars:
        job="figure_dead_pmt",
    params:
        **step("report.figure_dead_pmt", titled_plots),


use rule step as closure_events with:
    """Light on the windows of dead photomultipliers, of the nominal optics or of others."""
    input:
        light_map="results/{analysis}/light_map",
    output:
        "results/{analysis}/closure/{set}_{chunk}.root",
    pathvars:
        job="closure_{set}_{chunk}",
    wildcard_constraints:
        set="data|simulation",
    resources:
        **memory_and_time(1500, 60),
    params:
        **step(
            "templates.closure_events",
            of_events(closure_settings, seeded=True),
            set=lambda wildcards: wildcards.set,
            chunk=lambda wildcards: [wildcards.chunk, CLOSURE_JOBS],
        ),


use rule step as closure_test with:
    """Whether the corrected template agrees with data of other optics, and the uncorrected one does not."""
    input:
        events=expand(
            "results/{{analysis}}/closure/{set}_{chunk}.root",
            set=["data", "simulation"],
            chunk=range(CLOSURE_JOBS),
        ),
    output:
        record="results/{analysis}/closure/closure.json",
        table="results/{analysis}/closure/closure.csv",
    pathvars:
        job="closure",
    resources:
        **memory_and_time(1000, 10),
    params:
        **step("templates.closure", of_events(closure_settings, seeded=True)),


rule templates_of_all:
    """The templates of every analysis that starts from events and has samples."""
    input:
        expand("results/{analysis}/templates/experiment.json", analysis=TEMPLATES),
        expand("results/{analysis}/templates/histograms.root", analysis=TEMPLATES),
        expand("results/{analysis}/figures/simulation_error.png", analysis=TEMPLATES),
        expand("results/{analysis}/dead_pmt/check.csv", analysis=CORRECTED),
        expand("results/{analysis}/figures/dead_pmt.png", analysis=CORRECTED),
    localrule: True


rule closure:
    """The closure test of the dead-PMT correction, with statistics of its own."""
    input:
        expand("results/{analysis}/closure/closure.json", analysis=CORRECTED),
    localrule: True
