"""From a pyhf workspace to a model that the engine fits.

In: pyhf's JSON. Out: `Model`. Start with `compiled_model`; `workspace_reading` refuses what the
    engine cannot take.
"""
