"""Simulation of the demonstration: raw files of an XMASS-like detector.

In: activities, detector and run list. Out: raw files as an experiment would write them. Start with
`simulate_raw`: it takes events before light from `generation` and follows their photons with
`light`."""
