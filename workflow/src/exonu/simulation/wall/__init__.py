"""Decays in the wall: in copper, seal and photomultipliers, and what comes out of them.

In: a wall class. Out: place, depth and emerging particles. Start with `wall_decays`; `focus` is the
    importance
sampling towards dead photomultipliers.
"""
