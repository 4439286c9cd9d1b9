"""Light drawn from tables instead of photon by photon, for events near the wall that have plenty.

In: sites of energy, tables of a detector (a folder, made once). Out: hits, as `light.tracer` gives
them. Start with `drawing`; `nodes` says where light is tabulated, `table_making` makes the tables.
"""
