"""The correction for dead photomultipliers, from wall events with living ones masked.

In: ingested events of data and simulation. Out: how often events leak inwards, data over
    simulation, by energy.
Start with `correction`; `probes` are the masked events, `closure` tests that the correction closes.
"""
