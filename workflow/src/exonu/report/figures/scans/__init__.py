"""Figures of scans: p0 against a mass, and planes of two couplings.

In: records and tables of `exonu.search.studies`. Out: figures.
"""
