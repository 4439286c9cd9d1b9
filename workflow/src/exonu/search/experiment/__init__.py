"""An experiment: a binned spectrum with its backgrounds and response, ready to fit.

In: an experiment's YAML with CSVs, or `experiment.json` of an analysis of events. Out:
    `Experiment`.
Start with `read_experiment`; `binned_spectrum` says what an experiment is.
"""
