"""Reconstruction of vertex and energy.

For one event in a notebook and for files alike:

- `charge.ChargeReconstruction`: R(PE), the vertex from the charges, with any photomultipliers dead;
- `timing.TimeReconstruction`: R(T), the vertex from the first-hit times;
- `energy.energy_keVee`: energy from the light at the vertex;
- `chain.EventReconstruction`: all of them, `files.reconstruct_file` for files;
- `bound.cramer_rao_cm`: how precise a vertex can be at best.
"""
