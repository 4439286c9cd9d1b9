"""How things are drawn and named that appear in several figures.

In: names of components and parameters. Out: their one colour, hatch and line; their words.
"""
