"""Diagnostics of events: the tables from which the figures of an event-level analysis are drawn.

In: ingested, reconstructed and selected files. Out: CSV tables. Start with `diagnostic_tables`.
"""
