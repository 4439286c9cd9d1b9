"""The light map: how much of the light of a point in the liquid each photomultiplier sees.

In: a traced detector. Out: a folder of memory-mapped tables, which the vertex reconstruction fits.
Start with `light_map`; `vertices` says which points are traced and which follow by symmetry.
"""
