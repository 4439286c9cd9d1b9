"""Events before light: which nuclide decays where, and what energy it leaves in the liquid.

In: components and their activities. Out: sites of energy, event by event. Start with `generate`.
"""
