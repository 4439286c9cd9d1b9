# The archive of an analysis: what the default run makes of it, in one zip that `exonu verify` checks.

from exonu import __version__ as VERSION


rule archive_zip:
    """One analysis, with the checksum of every file; see exonu.archive.container."""
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
        code=code("report.archive"),
        libraries=libraries("report.archive"),
    shell:
        "python -m exonu.steps.report.archive --settings {params.settings:q} --analysis {input.analysis:q} "
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
