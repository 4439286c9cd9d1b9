"""Figures of an event-level analysis.

In: the tables of `exonu.events.diagnostics`. Out: PNG and PDF. Start with `all_event_figures`.
"""
