# Recoil spectra before any detector.

SPECTRA = {
    analysis: [f"results/{analysis}/spectra/{name}.csv" for name in ["weak", *searched]]
    for analysis, searched in INTERACTIONS.items()
}

for analysis, files in SPECTRA.items():

    rule:
        """Recoil rates of the Standard Model and of every interaction."""
        name:
            rule_name("spectra", analysis)
        output:
            files,
        log:
            f"results/{analysis}/logs/spectra.log",
        benchmark:
            f"results/{analysis}/benchmarks/spectra.tsv"
        conda:
            "../../envs/environment.yaml"
        resources:
            **memory_and_time(500, 5),
        params:
            **step("search.spectra", "physics", "interactions", of=analysis),
        shell:
            STEP


rule spectra:
    """The recoil spectra of every analysis."""
    input:
        [file for files in SPECTRA.values() for file in files],
    localrule: True
