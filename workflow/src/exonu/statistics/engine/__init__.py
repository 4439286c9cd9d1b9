"""The engine: every compiled kernel of the inference, and nothing else.

In: a `Flat` model and data. Out: likelihoods and best fits. Start with `likelihood`. An edit of any
    file of this
folder compiles the kernels anew; edits elsewhere do not.
"""
