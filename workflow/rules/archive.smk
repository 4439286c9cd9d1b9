# The archive of an analysis: what the default run makes of it, in one zip that `exonu verify` checks.

from exonu import __version__ as VERSION


use rule step as archive_zip with:
    """One analysis, with the checksum of every file; see exonu.archive.container."""
    input:
        results=of_analysis(archived),
        analysis=of_analysis(lambda name: os.path.normpath(ANALYSES[name].file)),
        dated=of_analysis(dated),
        experiment=of_analysis(configured),
        lock=from_here(TOP / "envs" / "requirements.lock"),
    output:
        f"results/{{analysis}}/archive/{{analysis}}-{VERSION}.zip",
    pathvars:
        job="archive",
    params:
        **step(
            "report.archive",
            of_analysis(lambda name: ANALYSES[name].settings),
            raw=of_analysis(raw_of_analysis),
            records=".snakemake/metadata",
        ),


rule archive:
    """An archive of every analysis."""
    input:
        [f"results/{name}/archive/{name}-{VERSION}.zip" for name in INTERACTIONS],
    localrule: True
