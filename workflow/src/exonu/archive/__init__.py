"""The archive of an analysis: a zip that proves itself.

In: `results/<analysis>/`, configuration and Snakemake's records. Out: one zip, described as a
    Workflow Run
RO-Crate. Start with `contents` (what goes in); `container` is the format, `verify` the reader.
"""
