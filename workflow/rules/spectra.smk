# Recoil spectra before any detector.

for analysis, searched in INTERACTIONS.items():

    rule:
        name:
            rule_name("spectra", analysis)
        output:
            [f"results/{analysis}/spectra/{interaction}.csv" for interaction in ["weak", *searched]],
        params:
            folder=f"results/{analysis}/spectra",
            settings=settings(analysis, "physics", "interactions"),
            code=code("spectra"),
            libraries=libraries("spectra"),
        log:
            f"results/{analysis}/logs/spectra.log",
        benchmark:
            f"results/{analysis}/benchmarks/spectra.tsv"
        resources:
            mem_mb=resource(500),
            runtime=resource(5),
        conda:
            "../../envs/environment.yaml"
        shell:
            "python -m exonu.steps.spectra --settings {params.settings:q} --output {params.folder} &> {log}"
