"""The search: from an experiment and an analysis to limits.

In: a binned spectrum (published, or from events) and the analysis's settings. Out: pyhf workspaces
    and limits.
Start with `build_workspaces` and `limit_records`; `studies` holds what is done beside the limits.
"""
