"""Steps of the workflow, one module per rule: search."""
