# How a rule is written. A rule that runs a step is derived from `step` below and says what is its own: inputs, outputs,
# settings, memory and time. Rules that are made for each analysis in a loop cannot be derived, and say the rest too.
#
# Names make the command line: an input or output with a name is the step's argument of that name, and so is what `step(...)`
# is given beside the settings. An input without a name only has to be there. Outputs without names are `--output`: the
# file, or the folder of several.


rule step:
    """What every rule of a step has, unless it says otherwise."""
    log:
        "results/{analysis}/logs/<job>.log",
    benchmark:
        "results/{analysis}/benchmarks/<job>.tsv"
    pathvars:
        job="step",
    conda:
        "../../envs/environment.yaml"
    resources:
        **memory_and_time(500, 5),
    shell:
        STEP
