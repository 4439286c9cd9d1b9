"""Nuclear decays: spectra and schemes, from `resources/decays` (ENSDF).

In: a nuclide's name. Out: the energies of what one decay emits. Start with `beta_spectra`;
    `schemes` arranges
branches and levels for `decay_kernels`, the compiled generator.
"""
