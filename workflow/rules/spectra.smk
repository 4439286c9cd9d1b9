# Recoil spectra before any detector.

for analysis, searched in INTERACTIONS.items():

    rule:
        name:
            f"spectra_{rule_name(analysis)}"
        output:
            [f"results/{analysis}/spectra/{interaction}.csv" for interaction in ["weak", *searched]],
        params:
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
        shell:
            "python -m exonu.steps.spectra --settings {params.settings:q} --output results/{analysis}/spectra &> {log}"
