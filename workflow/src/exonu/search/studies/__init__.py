"""Studies beside the limits: diagnostics, toys, coverage, variants, injection, projections.

In: workspaces. Out: records and tables. Start with `toys_and_coverage`.
"""
