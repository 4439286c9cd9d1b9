"""Several experiments in one likelihood: one strength of the interaction, common physics.

In: workspaces of one hypothesis, one per experiment, with the pages beside them. Out: one pyhf
    workspace, what each experiment contributes to its limit, and whether they agree. Start with
    `joining`.
"""
