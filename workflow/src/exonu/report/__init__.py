"""The report: numbers, figures, tables, the page and the HEPData submission of an analysis.

In: records and tables of the search. Out: what is published. Start with `numbers`, which the rest
    is drawn from.
"""
