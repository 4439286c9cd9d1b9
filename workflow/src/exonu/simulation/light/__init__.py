"""From energy to hits: photons, their paths, photomultipliers and electronics.

In: sites of energy. Out: hits. Start with `tracer`; `photons` says how many there are.
"""
