"""Runs and samples: what an event-level analysis was given, read and checked before any work.

In: the events file and its sheets. Out: `EventInputs`, which says what each job reads. Start with
`read_inputs`; `run_list` reads the sheets, `simulation_settings` the block `simulation`.
"""
