"""Plausibility: notes on inputs and limits that are possible, and more often a slip.

In: a search before its fit (`input_checks`), or a workspace and its limit (`limit_checks`). Out:
sentences, which stand in `notes` of every JSON of limits, in limits.csv, on the summary page and in
the log. One more check is a function with `@INPUTS` or `@LIMITS` above it; its threshold stands in
`resources/plausibility`.
"""
