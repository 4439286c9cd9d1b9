# Recoil spectra before any detector.

for analysis, searched in INTERACTIONS.items():

    rule:
        """Recoil rates of the Standard Model and of every interaction."""
        name:
            rule_name("spectra", analysis)
        output:
            [
                f"results/{analysis}/spectra/{interaction}.csv"
                for interaction in ["weak", *searched]
            ],
        log:
            f"results/{analysis}/logs/spectra.log",
        benchmark:
            f"results/{analysis}/benchmarks/spectra.tsv"
        conda:
            "../../envs/environment.yaml"
        resources:
            mem_mb=resource(500),
            runtime=resource(5),
        params:
            folder=folder_of_output,
            settings=settings(analysis, "physics", "interactions"),
            code=code("search.spectra"),
            libraries=libraries("search.spectra"),
        shell:
            "python -m exonu.steps.search.spectra --settings {params.settings:q} --output {params.folder} &> {log}"


rule spectra:
    """The recoil spectra of every analysis."""
    input:
        [
            f"results/{analysis}/spectra/{interaction}.csv"
            for analysis, searched in INTERACTIONS.items()
            for interaction in ["weak", *searched]
        ],
    localrule: True
