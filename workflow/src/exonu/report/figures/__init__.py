"""Figures of the search, and in `events` those of events.

In: tables of `report.numbers`. Out: PNG and PDF. Start with `style`, which all share.
"""
