"""Events: from raw files, or simulated light, to reconstructed and selected events."""
