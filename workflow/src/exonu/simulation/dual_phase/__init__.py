"""The dual-phase data set of the demonstration: events drawn from a published response.

In: rates and response of `resources/detectors/dual_phase.yaml`, the run list. Out: tables of events in
any of the formats that are read. Start with `drawn_events`."""
