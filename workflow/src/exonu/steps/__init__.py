"""Steps of the workflow: a module per rule, since the digest of what a rule depends on starts
there."""
