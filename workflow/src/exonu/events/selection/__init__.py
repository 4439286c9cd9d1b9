"""Selection: cuts in their order, and what each leaves over.

In: events with the documented variables. Out: selected events and a cut flow. Start with `cuts`.
"""
